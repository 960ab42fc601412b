//! Why a text is not in a file: what is there instead.

use std::cmp::Reverse;

use similar::TextDiff;

use crate::tool::limit;

/// The most lines of the file that are compared letter by letter, and the longest of them in bytes.
const COMPARED: usize = 200;
const COMPARED_LINE: usize = 400;
/// How alike a line must be to be worth showing, 1 being the same.
const ALIKE: f32 = 0.6;
const CLOSEST: usize = 3;
/// Lines shown of a part that differs in white space or in some lines only.
const SHOWN: usize = 20;

/// A text that is not where it was said to be, and how it is called.
pub(in crate::tool) struct Wanted<'a> {
    pub(in crate::tool) text: &'a str,
    pub(in crate::tool) name: &'a str,
}

/// What the model should know to get a text right that is not in `text`.
pub(in crate::tool) fn explain(text: &str, wanted: &Wanted<'_>) -> String {
    let Wanted { text: old, name } = *wanted;
    let lines: Vec<&str> = text.lines().collect();
    let unnumbered = without_numbers(old);
    if unnumbered.as_ref().is_some_and(|old| text.contains(old.as_str())) {
        return format!("{name} was not found: leave out the line numbers that `read` puts in front");
    }
    let unescaped = old.replace("\\n", "\n").replace("\\t", "\t").replace("\\\"", "\"");
    if unescaped != old && text.contains(&unescaped) {
        return format!(
            "{name} was not found: it has `\\n`, `\\t` or `\\\"` where the file has the characters themselves"
        );
    }
    let old = unnumbered.as_deref().unwrap_or(old);
    if let Some(start) = spaced_otherwise(&lines, old) {
        let count = old.trim_matches('\n').lines().count();
        let part = lines.get(start..start + count).unwrap_or_default();
        return format!(
            "{name} was not found: {} differs. The file has, from line {}:\n{}",
            if same_letters(part, old) {
                "the white space"
            } else {
                "white space or punctuation (quotes, dashes)"
            },
            start + 1,
            numbered(part.iter().take(SHOWN).enumerate().map(|(at, line)| (start + at, *line)))
        );
    }
    if let Some((start, count)) = around(&lines, old) {
        let part = lines.iter().enumerate().skip(start).take(count).map(|(at, line)| (at, *line));
        return format!(
            "{name} was not found: some of its lines differ. The file has, from line {}:\n{}",
            start + 1,
            numbered(part)
        );
    }
    let closest = closest(&lines, old);
    if closest.is_empty() {
        return format!("{name} was not found, nor anything like it; read the file again");
    }
    format!(
        "{name} was not found. The lines most like it:\n{}",
        numbered(closest.into_iter().filter_map(|at| Some((at, *lines.get(at)?))))
    )
}

/// Lines as `read` shows them, counted from 0 here and from 1 there.
fn numbered<'a>(lines: impl Iterator<Item = (usize, &'a str)>) -> String {
    let lines: Vec<String> =
        lines.map(|(at, line)| format!("{:>6}\t{}", at + 1, limit::cut(line, COMPARED_LINE))).collect();
    lines.join("\n")
}

/// The text without what `cat -n` puts before each line, if that is before each.
fn without_numbers(old: &str) -> Option<String> {
    let strip = |line: &str| {
        let (number, rest) = line.split_once('\t')?;
        let number = number.trim_start();
        (!number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())).then(|| rest.to_owned())
    };
    let lines: Option<Vec<String>> = old.lines().map(strip).collect();
    lines.map(|lines| lines.join("\n"))
}

/// Typographic quotes, dashes and spaces as the plain ones that a keyboard has.
pub(in crate::tool) fn plain(char: char) -> char {
    match char {
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        '\u{2018}'..='\u{201b}' => '\'',
        '\u{201c}'..='\u{201f}' => '"',
        '\u{a0}' | '\u{2002}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => ' ',
        other => other,
    }
}

fn same_letters(part: &[&str], old: &str) -> bool {
    let letters = |text: &str| text.chars().filter(|char| !char.is_whitespace()).collect::<String>();
    letters(&part.concat()) == letters(old)
}

/// Where the same lines stand with other white space or punctuation in them.
fn spaced_otherwise(lines: &[&str], old: &str) -> Option<usize> {
    let squeezed =
        |line: &str| line.chars().map(plain).filter(|char| !char.is_whitespace()).collect::<String>();
    let wanted: Vec<String> = old.trim_matches('\n').lines().map(squeezed).collect();
    if wanted.iter().all(String::is_empty) {
        return None;
    }
    let there: Vec<String> = lines.iter().map(|line| squeezed(line)).collect();
    there.windows(wanted.len()).position(|part| part == wanted)
}

/// Where the longest line of several stands among most of the others, as the first line of that part and how many
/// there are.
fn around(lines: &[&str], old: &str) -> Option<(usize, usize)> {
    let old: Vec<&str> = old.trim_matches('\n').lines().map(str::trim).collect();
    let (at, longest) = old.iter().enumerate().max_by_key(|(_, line)| line.len())?;
    if old.len() < 2 || longest.is_empty() {
        return None;
    }
    let skipped = at.saturating_sub(SHOWN / 2);
    let wanted = old.get(skipped..)?.get(..SHOWN.min(old.len() - skipped))?;
    let same = |start: usize| {
        let there = lines.iter().skip(start);
        there.zip(wanted).filter(|(line, wanted)| line.trim() == **wanted).count()
    };
    let found = lines.iter().enumerate().filter(|(_, line)| line.trim() == *longest);
    let starts = found.map(|(line, _)| line.saturating_sub(at - skipped));
    let best = starts.min_by_key(|start| Reverse(same(*start)))?;
    Some((best, wanted.len()))
}

/// The lines most like the longest line of `old`, best first.
fn closest(lines: &[&str], old: &str) -> Vec<usize> {
    let Some(wanted) =
        old.lines().map(str::trim).max_by_key(|line| line.len()).filter(|line| !line.is_empty())
    else {
        return Vec::new();
    };
    let wanted = limit::split(wanted, COMPARED_LINE).0;
    let mut candidates: Vec<(f32, usize)> = lines
        .iter()
        .enumerate()
        .filter(|(_, line)| line.len() <= 2 * COMPARED_LINE)
        .map(|(at, line)| (could_be_alike(wanted, line.trim()), at))
        .filter(|(alike, _)| *alike >= ALIKE)
        .collect();
    best_first(&mut candidates);
    candidates.truncate(COMPARED);
    let mut alike: Vec<(f32, usize)> = candidates
        .into_iter()
        .filter_map(|(_, at)| {
            let ratio = TextDiff::from_chars(wanted, lines.get(at)?.trim()).ratio();
            (ratio >= ALIKE).then_some((ratio, at))
        })
        .collect();
    best_first(&mut alike);
    alike.into_iter().take(CLOSEST).map(|(_, at)| at).collect()
}

fn best_first(lines: &mut [(f32, usize)]) {
    lines.sort_by(|(a, at), (b, bt)| b.total_cmp(a).then(at.cmp(bt)));
}

/// A bound from above for how alike two lines are: by the letters they have, in whatever order.
fn could_be_alike(a: &str, b: &str) -> f32 {
    let mut left = [0u32; 256];
    for byte in a.bytes() {
        if let Some(count) = left.get_mut(usize::from(byte)) {
            *count += 1;
        }
    }
    let mut shared = 0;
    for byte in b.bytes() {
        if let Some(count) = left.get_mut(usize::from(byte)).filter(|count| **count > 0) {
            *count -= 1;
            shared += 1;
        }
    }
    2.0 * shared as f32 / (a.len() + b.len()).max(1) as f32
}
