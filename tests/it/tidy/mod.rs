//! What the guide asks of the sources, as tests: who imports whom (`import`), how large things grow (`size`), what
//! every room says at its door (`header`), which words do not belong (`language`), that lints are silenced with a
//! reason (`lint`), that every fixture is used (`fixture`) and where things lie (`layout`).
//!
//! No test of behaviour lives here, and no check that the compiler or clippy does better.
//!
//! What always holds: a check is a pure function from sources to findings, run over the repository and over a
//! planted fault of every kind it knows; a finding names the file, the line and what to do; an exemption is a row of
//! a table with its reason, and a row that exempts nothing any more is a finding too.
//!
//! To add a check: a file with the function, a test over [`source::repository`], and a test over a planted fault.

mod fixture;
mod header;
mod import;
mod language;
mod layout;
mod lint;
mod size;
mod source;

/// Fails with every finding, a line each.
fn none(findings: &[String]) {
    assert!(findings.is_empty(), "{} found:\n  {}", findings.len(), findings.join("\n  "));
}

/// Fails unless each finding in turn speaks of what was planted.
fn caught(findings: &[String], planted: &[&str]) {
    let each = findings.iter().zip(planted).all(|(finding, part)| finding.contains(part));
    assert!(each && findings.len() == planted.len(), "planted {planted:#?}\nfound {findings:#?}");
}
