//! Words that do not belong into the repository: unfinished work, unbounded queues, the machine somebody worked on,
//! where packages came from, and numbers that mean something elsewhere only.

use super::source::{self, Source};
use super::{caught, none};

/// Code that is not finished, or has no bound.
const CODE: &[&str] =
    &["todo!", "unimplemented!", "unbounded_channel", "UnboundedSender", "UnboundedReceiver"];

/// Said of work that is to be done later.
const LATER: [&str; 2] = [concat!("for", " now"), concat!("temporary", " fix")];

/// Marks of it at the beginning of a comment; elsewhere they are what somebody looks for.
const MARKS: [&str; 4] = ["TODO", "FIXME", "HACK", "XXX"];

/// Folders in which one machine keeps its people and their work.
const FOLDERS: [&str; 3] = ["work", "root", "home"];

fn unfinished(sources: &[Source]) -> Vec<String> {
    let mut findings = Vec::new();
    for source in sources.iter().filter(|it| it.is_rust()) {
        for (at, line) in source.code().lines().enumerate() {
            for word in CODE.iter().filter(|word| line.contains(**word)) {
                findings.push(format!("{}:{}: {word}", source.path, at + 1));
            }
        }
    }
    for source in sources.iter().filter(|it| !it.path.starts_with("fixtures/")) {
        for (at, line) in source.text.lines().enumerate().map(|(at, line)| (at, line.trim())) {
            let comment = line.trim_start_matches(['/', '#', '!', '-', '*', ' ']);
            let later = LATER.iter().any(|word| line.contains(word));
            let marked = comment.len() < line.len() && MARKS.iter().any(|mark| comment.starts_with(mark));
            if later || marked || elsewhere(line) {
                findings.push(format!("{}:{}: means something elsewhere: {line}", source.path, at + 1));
            }
        }
    }
    findings
}

/// Whether a line names an issue: `#` and digits, after a blank or the name of a repository.
fn elsewhere(line: &str) -> bool {
    line.match_indices('#').any(|(at, _)| {
        let digits = line[at + 1..].bytes().take_while(u8::is_ascii_digit).count();
        let after = line[at + 1 + digits..].chars().next();
        let before = line[..at].chars().next_back();
        let ends = after.is_none_or(|it| it.is_whitespace() || ".,;:)".contains(it));
        digits > 0 && ends && before.is_some_and(|it| it.is_alphanumeric() || it == ' ' || it == '(')
    })
}

/// Paths of the machine that somebody worked on: this checkout's own, and what lies in [`FOLDERS`].
fn machine_paths(sources: &[Source], checkout: &str) -> Vec<String> {
    let mut findings = Vec::new();
    for source in sources {
        // Tests of paths and commands make up paths.
        let made_up = source.path.starts_with("fixtures/") || source.is_test() && source.is_rust();
        let folders = FOLDERS.map(|it| format!("/{it}/"));
        let mut needles: Vec<&str> =
            if made_up { Vec::new() } else { folders.iter().map(String::as_str).collect() };
        if checkout.matches('/').count() > 1 {
            needles.push(checkout);
        }
        for (at, line) in source.text.lines().enumerate() {
            if needles.iter().any(|needle| has_absolute(line, needle)) {
                findings.push(format!("{}:{}: a path of one machine: {}", source.path, at + 1, line.trim()));
            }
        }
    }
    findings
}

/// Whether the path stands in the line, and not as the end of a longer one.
fn has_absolute(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        before.is_none_or(|it| !it.is_alphanumeric() && !"._-~/}$".contains(it))
    })
}

/// Lines that say from where packages are fetched.
fn registries(sources: &[Source]) -> Vec<String> {
    let said = [
        "\"resolved\":",
        "index-url",
        "--index-url",
        "--extra-index-url",
        "registry=",
        "registry =",
        "[source.",
        "[registries",
    ];
    let mut findings = Vec::new();
    for source in sources.iter().filter(|it| !it.is_rust() && !it.path.starts_with("fixtures/")) {
        for (at, line) in source.text.lines().enumerate() {
            if said.iter().any(|word| line.trim_start().starts_with(word)) {
                findings.push(format!("{}:{}: names a registry: {}", source.path, at + 1, line.trim()));
            }
        }
    }
    findings
}

#[test]
fn nothing_is_left_for_later() {
    none(&unfinished(source::repository()));
}

#[test]
fn no_path_of_one_machine_is_written_down() {
    none(&machine_paths(source::repository(), source::root().to_str().unwrap()));
}

#[test]
fn no_registry_is_written_down() {
    none(&registries(source::repository()));
}

#[test]
fn planted_words_are_found() {
    let planted = |path: &str, text: &str| unfinished(&[Source::new(path, text)]);
    caught(&planted("src/a.rs", "\nfn a() { todo!() }"), &["src/a.rs:2: todo!"]);
    caught(&planted("src/a.rs", "let (a, b) = mpsc::unbounded_channel();"), &["unbounded_channel"]);
    caught(&planted("src/a.rs", &format!("// Good enough {}.", LATER[0])), &["elsewhere"]);
    caught(&planted("tests/run", "  # TODO: more"), &["elsewhere"]);
    caught(&planted("tests/run", "grep 'TODO: more'"), &[]);
    for text in ["see N12", "fixed (editorN4711)", "as in acme/editorN9:"] {
        caught(&planted("README.md", &text.replace('N', "#")), &["elsewhere"]);
    }
    for text in ["# 1", "#1a2b3c", "&#39;", "a #[b]"] {
        caught(&planted("README.md", text), &[]);
    }
}

#[test]
fn planted_machines_are_found() {
    let planted =
        |path: &str, text: &str| machine_paths(&[Source::new(path, text)], "/srv/checkouts/adjutant");
    let folder = format!("cd /{}/me/x", FOLDERS[2]);
    caught(&planted("README.md", &folder), &["README.md:1"]);
    caught(&planted("tests/run", &folder), &["tests/run:1"]);
    caught(&planted("fixtures/a.txt", &folder), &[]);
    caught(&planted("fixtures/a.txt", "\n/srv/checkouts/adjutant/src"), &["fixtures/a.txt:2"]);
    caught(&planted("src/a.rs", "../work/file, ~/home/x, /proc/self/root/etc"), &[]);
    let lock = |text: &str| registries(&[Source::new("tests/interop/x/package-lock.json", text)]);
    caught(&lock("{\n \"resolved\": \"https://example.org/x.tgz\"\n}"), &["package-lock.json:2"]);
}
