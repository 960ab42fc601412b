//! How large files and functions are: a tripwire, not an aim.

use super::source::{self, Source};
use super::{caught, none};

/// Lines of a file.
const MOST: usize = 400;
/// Lines of a test file.
const MOST_OF_A_TEST: usize = 800;
/// Lines of a function.
const SCREEN: usize = 70;

fn large_files(sources: &[Source]) -> Vec<String> {
    let mut findings = Vec::new();
    for source in sources {
        let lines = source.text.lines().count();
        let most = if source.is_test() { MOST_OF_A_TEST } else { MOST };
        if lines > most {
            findings.push(format!("{}: {lines} lines, more than {most}: take it apart", source.path));
        }
    }
    findings
}

fn large_functions(sources: &[Source]) -> Vec<String> {
    let mut findings = Vec::new();
    for source in sources {
        for (name, line, length) in functions(source.code()) {
            if length > SCREEN {
                findings.push(format!(
                    "{}:{line}: fn {name} has {length} lines, more than {SCREEN}",
                    source.path
                ));
            }
        }
    }
    findings
}

/// Name, first line and length in lines of every function that has a body.
fn functions(code: &str) -> Vec<(&str, usize, usize)> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("fn ") {
        let name_at = at + "fn ".len();
        let name =
            code[name_at..].split(|it: char| !it.is_alphanumeric() && it != '_').next().unwrap_or_default();
        if name.is_empty() || code[..at].ends_with(|it: char| it.is_alphanumeric() || it == '_') {
            continue;
        }
        let Some(body) = code[at..].find(['{', ';']).map(|body| at + body) else { continue };
        if code[body..].starts_with('{') {
            let lines = |text: &str| text.matches('\n').count();
            found.push((name, lines(&code[..at]) + 1, lines(&code[at..body + block(&code[body..])]) + 1));
        }
    }
    found
}

/// Length of the block that begins here.
fn block(code: &str) -> usize {
    let mut depth = 0_usize;
    for (at, it) in code.char_indices() {
        match it {
            '{' => depth += 1,
            '}' if depth == 1 => return at + 1,
            '}' => depth -= 1,
            _ => {}
        }
    }
    code.len()
}

#[test]
fn a_file_is_not_large() {
    none(&large_files(source::rust()));
}

#[test]
fn a_function_fits_a_screen() {
    none(&large_functions(source::rust()));
}

#[test]
fn planted_sizes_are_found() {
    let file = |path: &str, lines: usize| large_files(&[Source::new(path, &"x\n".repeat(lines))]);
    caught(&file("src/a.rs", MOST), &[]);
    caught(&file("src/a.rs", MOST + 1), &["401 lines, more than 400"]);
    caught(&file("tests/it/a.rs", MOST_OF_A_TEST + 1), &["801 lines"]);
    let function = |lines: usize| {
        let body = "    if a { '{' } // {\n".repeat(lines - 2);
        large_functions(&[Source::new(
            "src/a.rs",
            &format!("\npub fn long(f: fn ()) -> A {{\n{body}}}\nfn short() {{}}"),
        )])
    };
    caught(&function(SCREEN), &[]);
    caught(&function(SCREEN + 1), &["src/a.rs:2: fn long has 71 lines"]);
}
