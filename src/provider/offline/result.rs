//! What tools' result texts say, read leniently: a line that is not of the expected form is skipped.

/// A match of the search tool: `path:line: text`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Match<'a> {
    pub path: &'a str,
    pub line: u64,
    pub text: &'a str,
}

/// The matches of a search, and how many there are in all, which may be more.
pub(super) fn matches(text: &str) -> (usize, Vec<Match<'_>>) {
    let found: Vec<Match<'_>> = text.lines().filter_map(match_of).collect();
    let head = text.lines().next().unwrap_or_default();
    let counted = head.contains("match").then(|| head.split_whitespace().find_map(|word| word.parse().ok()));
    (counted.flatten().unwrap_or(0).max(found.len()), found)
}

fn match_of(line: &str) -> Option<Match<'_>> {
    let mut from = 0;
    while let Some(colon) = line[from..].find(':').map(|at| from + at) {
        let rest = &line[colon + 1..];
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        if colon > 0 && digits > 0 && rest[digits..].starts_with(':') {
            let line_number = rest[..digits].parse().ok()?;
            let text = &rest[digits + 1..];
            return Some(Match {
                path: &line[..colon],
                line: line_number,
                text: text.strip_prefix(' ').unwrap_or(text),
            });
        }
        from = colon + 1;
    }
    None
}

/// The exit code a command's result ends or starts with: `exit code 1`, `exited with status: 1`.
pub(super) fn exit_code(text: &str) -> Option<i32> {
    let ends = [text.lines().next_back(), text.lines().next()];
    ends.into_iter().flatten().find_map(|line| {
        let line = line.trim_matches(['(', ')', '[', ']', '.', ' ']).to_lowercase();
        let rest = line.strip_prefix("exited").or_else(|| line.strip_prefix("exit"))?;
        rest.split_whitespace().next_back()?.trim_matches([':', '(', ')']).parse().ok()
    })
}

/// Whether a command printed nothing.
pub(super) fn is_silent(text: &str) -> bool {
    text.lines().map(str::trim).all(|line| {
        line.is_empty()
            || line.to_lowercase().contains("no output")
            || (exit_code(line) == Some(0) && line.len() < 40)
    })
}

/// The paths of a result with one path a line; headings and notes are left out.
pub(super) fn paths(text: &str) -> Vec<&str> {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.ends_with(':') && !is_note(line))
        .map(|line| line.strip_prefix("- ").unwrap_or(line))
        .collect()
}

/// Whether a line talks about the result instead of being part of it.
pub(super) fn is_note(line: &str) -> bool {
    let lower = line.to_lowercase();
    let counts = ["file", "match", "entr", "more", "result"].iter().any(|word| lower.contains(word));
    let number =
        lower.trim_start_matches(['…', '(', '[', '.', ' ']).starts_with(|c: char| c.is_ascii_digit());
    lower.starts_with('…')
        || lower.starts_with("...")
        || lower.starts_with('(')
        || lower.starts_with("no files")
        || lower.starts_with("no match")
        || lower.starts_with("found ")
        || (number && counts && lower.contains(' '))
}

/// Whether the result says that it is not the whole.
pub(super) fn is_cut(text: &str) -> bool {
    text.lines().next_back().is_some_and(|line| {
        let lower = line.to_lowercase();
        is_note(line)
            && ["more", "omitted", "truncated", "limit", "first"].iter().any(|word| lower.contains(word))
    })
}

/// Every word of a listing that can be an entry's name; directories keep their slash.
pub(super) fn names(text: &str) -> Vec<&str> {
    text.split_whitespace().collect()
}

/// The text of a file without the line numbers a reading tool may put before each line.
pub(super) fn plain(text: &str) -> String {
    let mut expected = None;
    let mut lines = Vec::new();
    for line in text.lines() {
        match numbered(line) {
            Some((number, rest)) if expected.is_none_or(|expected| expected == number) => {
                expected = number.checked_add(1);
                lines.push(rest);
            }
            // A note at the end says that there is more.
            None if expected.is_some() && is_note(line) => lines.push(line),
            _ => return text.to_owned(),
        }
    }
    lines.join("\n")
}

fn numbered(line: &str) -> Option<(u64, &str)> {
    let line = line.trim_start();
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let number = line[..digits].parse().ok()?;
    let rest = &line[digits..];
    ["\t", "→", " | ", ": ", "│"].iter().find_map(|mark| rest.strip_prefix(mark)).map(|rest| (number, rest))
}

/// A glob for files whose name starts so, anywhere and in any case.
pub(super) fn like(name: &str) -> String {
    let class = |c: char| {
        if c.is_ascii_alphabetic() {
            format!("[{}{}]", c.to_ascii_uppercase(), c.to_ascii_lowercase())
        } else if "[]{}*?!\\".contains(c) {
            "?".to_owned()
        } else {
            c.to_string()
        }
    };
    let name: String = name.chars().map(class).collect();
    format!("**/{name}*")
}

/// Those of the found files that are called `name` but for the case and an extension; if one of them lies
/// in the root, that alone.
pub(super) fn called<'a>(text: &'a str, name: &str) -> Vec<&'a str> {
    let wanted = name.to_lowercase();
    let fits = |path: &&str| {
        let leaf = path.rsplit('/').next().unwrap_or_default().to_lowercase();
        leaf.strip_prefix(&wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let found: Vec<&str> = paths(text).into_iter().filter(fits).collect();
    let root: Vec<&str> = found.iter().copied().filter(|path| !path.contains('/')).collect();
    if root.len() == 1 { root } else { found }
}

/// A word for the shell, quoted where it needs it.
pub(super) fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:@%,".contains(c);
    let text = if text.starts_with('-') { format!("./{text}") } else { text.to_owned() };
    if !text.is_empty() && text.chars().all(plain) { text } else { quoted(&text) }
}

/// Text in single quotes for the shell.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
