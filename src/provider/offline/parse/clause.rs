//! From a text to its clauses: lines, list items, `A, then B`, `A; B`, `A and B`.

use std::cell::Cell;
use std::ops::Range;

use super::phrase::{self, Scope};
use super::token::{self, Mark, Word};
use super::vocabulary::among;
use super::{clause, find, run, slash, talk};
use crate::provider::offline::step::{Purpose, Step};

/// The steps of a clause, or the source of one that no rule knows.
pub(super) type Read = Result<Vec<Step>, String>;

/// Lines and words a line that are read; more is not a list of commands.
const LINES: usize = 100;
const WORDS: usize = 300;

/// Clauses that are tried for one text.
const TRIES: u32 = 600;

/// Words of one clause; quoted texts and code blocks count as one.
const CLAUSE: usize = 80;

/// Reads a text clause by clause.
pub(super) fn read(text: &str, cwd: &str, attached: &[String]) -> Vec<Read> {
    let words = token::words(text);
    let lines = lines(text, &words);
    if words.len() > token::MOST || lines.len() > LINES {
        return vec![Err(text.to_owned())];
    }
    let mut reader = Reader { text, cwd, meant: attached.to_vec(), tries: Cell::new(TRIES) };
    let mut out = Vec::new();
    let count = lines.len();
    for (index, line) in lines.into_iter().enumerate() {
        let words = &words[line];
        let read = reader.line(words);
        let heading = phrase::source_of(words, text).ends_with(':') && index + 1 < count;
        if !(heading && read.iter().all(Result::is_err)) {
            out.extend(read);
        }
    }
    out
}

/// The words of each line. A code block belongs to the line before it, or after it if it is the first.
fn lines(text: &str, words: &[Word]) -> Vec<Range<usize>> {
    let mut lines: Vec<Range<usize>> = Vec::new();
    for (index, word) in words.iter().enumerate() {
        let before = index.checked_sub(1).map(|before| &words[before]);
        let breaks = before.is_none_or(|before| text[before.end..word.start].contains('\n'));
        let only_block = |line: &Range<usize>| line.len() == 1 && words[line.start].mark == Mark::Fence;
        match lines.last_mut() {
            Some(line) if !breaks || word.mark == Mark::Fence || only_block(line) => line.end = index + 1,
            _ => lines.push(index..index + 1),
        }
    }
    lines
}

struct Reader<'a> {
    text: &'a str,
    cwd: &'a str,
    /// The files `it` means.
    meant: Vec<String>,
    tries: Cell<u32>,
}

/// A place where a line may be cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cut {
    /// `then`
    Then,
    /// `;`
    Semicolon,
    /// `and`, a comma
    Comma,
    /// The end of a sentence.
    Sentence,
}

impl Reader<'_> {
    fn line(&mut self, words: &[Word]) -> Vec<Read> {
        let numbered = words.first().is_some_and(|word| is_number(word, self.text));
        let items =
            words.split(|word| is_item(word, self.text) && (numbered || word.start == words[0].start));
        let mut out = Vec::new();
        for item in items.filter(|item| !item.is_empty()) {
            out.extend(self.item(item));
        }
        out
    }

    fn item(&mut self, words: &[Word]) -> Vec<Read> {
        let source = phrase::source_of(words, self.text);
        if words.is_empty() || words.len() > WORDS {
            return vec![Err(source.to_owned())];
        }
        if let Some(command) = source.strip_prefix("$ ").or_else(|| source.strip_prefix('!')).map(str::trim)
            && !command.is_empty()
        {
            return vec![Ok(vec![run::asked(command)])];
        }
        let mut out: Vec<Read> = Vec::new();
        let scope = Scope { source: self.text, cwd: self.cwd, meant: &self.meant };
        if let Some(read) = slash::read(words, &scope) {
            return vec![read];
        }
        let mut words = words.to_vec();
        if words[0].mark == Mark::Fence {
            words.rotate_left(1);
        }
        let mut begun = 0;
        for (range, by) in parts(&words, self.text) {
            let read = self.whole(&words[range.clone()], &self.meant);
            // What follows the `;` of a command line may be more of the command.
            if read.is_none()
                && by == Some(Cut::Semicolon)
                && matches!(out.last(), Some(Ok(steps)) if matches!(steps[..], [Step::Run { purpose: Purpose::Asked, .. }]))
                && let Some(steps) = self.tried(&words[begun..range.end], &self.meant)
            {
                out.pop();
                out.push(Ok(steps));
                continue;
            }
            begun = range.start;
            match read {
                Some(steps) => {
                    self.remember(&steps);
                    out.push(Ok(steps));
                }
                None => out.extend(self.sentences(&words[range])),
            }
        }
        out
    }

    /// Sentence by sentence: some may be understood.
    fn sentences(&mut self, words: &[Word]) -> Vec<Read> {
        let mut out = Vec::new();
        let ends = |word: &Word| !word.is_marked() && word.raw(self.text).ends_with(['.', '!', '?']);
        let sentences: Vec<&[Word]> = words.split_inclusive(ends).collect();
        for sentence in sentences {
            match self.whole(sentence, &self.meant) {
                Some(steps) => {
                    self.remember(&steps);
                    out.push(Ok(steps));
                }
                None => out.push(Err(phrase::source_of(sentence, self.text).to_owned())),
            }
        }
        out
    }

    fn remember(&mut self, steps: &[Step]) {
        if let Some(path) = steps.iter().rev().find_map(Step::file) {
            self.meant = vec![path.to_owned()];
        }
    }

    /// The steps of the words if all of them are understood, cut at commas and `and` where both sides are
    /// requests.
    fn whole(&self, words: &[Word], meant: &[String]) -> Option<Vec<Step>> {
        let scope = Scope { source: self.text, cwd: self.cwd, meant };
        // These lists hold commas and `and` themselves.
        if words.len() <= CLAUSE {
            let todos = || find::todos(phrase::bare_request(words), &scope);
            if let Some(steps) = talk::rule(words, &scope).or_else(todos) {
                return Some(steps);
            }
        }
        for at in 1..words.len() {
            let Some((cut, left, right)) = cut(words, at, self.text) else { continue };
            if !matches!(cut, Cut::Comma | Cut::Sentence) || left == 0 || right >= words.len() {
                continue;
            }
            let Some(mut steps) = self.tried(&words[..left], meant) else { continue };
            let file = steps.iter().rev().find_map(Step::file).map(|path| vec![path.to_owned()]);
            if let Some(rest) = self.whole(&words[right..], file.as_deref().unwrap_or(meant)) {
                steps.extend(rest);
                return Some(steps);
            }
        }
        self.tried(words, meant)
    }

    fn tried(&self, words: &[Word], meant: &[String]) -> Option<Vec<Step>> {
        if words.len() > CLAUSE {
            return None;
        }
        let left = self.tries.get().checked_sub(1)?;
        self.tries.set(left);
        clause(words, &Scope { source: self.text, cwd: self.cwd, meant })
    }
}

/// The parts between `then` and `;`, each with the cut before it.
fn parts(words: &[Word], source: &str) -> Vec<(Range<usize>, Option<Cut>)> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut by = None;
    for at in 1..words.len() {
        if let Some((found @ (Cut::Then | Cut::Semicolon), left, right)) = cut(words, at, source) {
            if left > start {
                parts.push((start..left, by));
                by = Some(found);
            }
            start = right;
        }
    }
    if start < words.len() {
        parts.push((start..words.len(), by));
    }
    parts
}

/// The cut before the word at `at`: what kind, where the left side ends and the right one starts.
fn cut(words: &[Word], at: usize, source: &str) -> Option<(Cut, usize, usize)> {
    let (word, before) = (&words[at], &words[at - 1]);
    let joins = |word: &Word| among(&word.key, "and &");
    if !word.is_marked() && word.key == "then" {
        return Some((Cut::Then, if joins(before) { at - 1 } else { at }, at + 1));
    }
    let end = before.raw(source);
    if end.ends_with(';') && !end.ends_with("\\;") {
        return Some((Cut::Semicolon, at, at));
    }
    if joins(word) {
        return Some((Cut::Comma, at, at + 1));
    }
    if end.ends_with(',') {
        return Some((Cut::Comma, at, at));
    }
    end.ends_with(['.', '!', '?']).then_some((Cut::Sentence, at, at))
}

/// `1.`, `2)`
fn is_number(word: &Word, source: &str) -> bool {
    let raw = word.raw(source).trim_start_matches('(');
    let digits = raw.trim_end_matches(['.', ')']);
    !word.is_marked()
        && digits.len() < raw.len()
        && (1..=3).contains(&digits.len())
        && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_item(word: &Word, source: &str) -> bool {
    is_number(word, source) || (among(word.raw(source), "- * • +"))
}
