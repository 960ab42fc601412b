//! Removing quotes the way a shell does, for words as they stand in the text.

use std::{iter::Peekable, str::Chars};

/// The word with its quotes and backslashes removed. Expansions keep their text. `$'…'` escapes are
/// decoded, so that a denial sees `rm` in `$'\x72m'`.
pub(in crate::permission) fn dequote(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source.chars().peekable();
    while let Some(next) = rest.next() {
        match next {
            '\'' => out.extend(rest.by_ref().take_while(|&c| c != '\'')),
            '"' => double(&mut rest, &mut out),
            '$' if rest.peek() == Some(&'\'') => {
                rest.next();
                ansi(&mut rest, &mut out);
            }
            '$' if rest.peek() == Some(&'"') => {}
            '\\' => match rest.next() {
                Some('\n') | None => {}
                Some(escaped) => out.push(escaped),
            },
            other => out.push(other),
        }
    }
    out
}

/// Whether an unquoted `*` or `?` stands in the word.
pub(super) fn has_glob(source: &str) -> bool {
    let mut quote = None;
    let mut rest = source.chars();
    while let Some(next) = rest.next() {
        match (quote, next) {
            (None, '\\') => drop(rest.next()),
            (None, '\'' | '"') => quote = Some(next),
            (Some(open), close) if open == close => quote = None,
            (None, '*' | '?') => return true,
            _ => {}
        }
    }
    false
}

fn double(rest: &mut impl Iterator<Item = char>, out: &mut String) {
    while let Some(next) = rest.next() {
        match next {
            '"' => return,
            '\\' => match rest.next() {
                Some('\n') | None => {}
                Some(escaped @ ('$' | '`' | '"' | '\\')) => out.push(escaped),
                Some(other) => out.extend(['\\', other]),
            },
            other => out.push(other),
        }
    }
}

fn ansi(rest: &mut Peekable<Chars<'_>>, out: &mut String) {
    while let Some(next) = rest.next() {
        match next {
            '\'' => return,
            '\\' => match rest.next() {
                Some('x') => out.extend(number(rest, 16, 2, 0)),
                Some('u') => out.extend(number(rest, 16, 4, 0)),
                Some('U') => out.extend(number(rest, 16, 8, 0)),
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some(first) if first.is_digit(8) => {
                    let start = first.to_digit(8).unwrap_or_default();
                    out.extend(number(rest, 8, 2, start));
                }
                Some(other) => out.push(other),
                None => return,
            },
            other => out.push(other),
        }
    }
}

/// The character whose number stands next, with at most `most` more digits after `start`.
fn number(rest: &mut Peekable<Chars<'_>>, radix: u32, most: usize, start: u32) -> Option<char> {
    let mut value = start;
    for _ in 0..most {
        let Some(digit) = rest.peek().and_then(|c| c.to_digit(radix)) else { break };
        value = value.wrapping_mul(radix).wrapping_add(digit);
        rest.next();
    }
    char::from_u32(value)
}
