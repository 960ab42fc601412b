//! Names as models and clients take them.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

/// Characters of a tool's name: what the strictest model takes.
const LONGEST: usize = 64;

/// The name with every character replaced that models do not take.
pub(super) fn plain(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '_' | '-') { c } else { '_' };
    let name: String = name.trim().chars().map(plain).collect();
    if name.is_empty() { "_".to_owned() } else { name }
}

/// `<server>_<tool>`, shortened where it is too long.
pub(super) fn tool(server: &str, tool: &str) -> String {
    let name = format!("{}_{}", plain(server), plain(tool));
    if name.len() <= LONGEST { name } else { distinct(&name, &format!("{server}\n{tool}")) }
}

/// The name with a mark that depends on `whole`.
pub(super) fn distinct(name: &str, whole: &str) -> String {
    let mark = &hash(&[whole])[..6];
    let kept = &name[..name.len().min(LONGEST - 7)];
    format!("{kept}_{mark}")
}

/// SHA-256 over parts, in hexadecimal. No part can be taken for two.
pub(super) fn hash(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a String cannot fail.
        write!(text, "{byte:02x}").unwrap_or_default();
        text
    })
}
