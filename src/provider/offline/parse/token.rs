//! Words of a request: bare, quoted, or a fenced code block, each with its place in the source.

/// How a word was marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Bare,
    /// `"…"`, `'…'`, `“…”`, `«…»`
    Text,
    /// One backtick or more on one line.
    Code,
    /// `/…/`, a regular expression where one is expected.
    Pattern,
    /// A fenced code block.
    Fence,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Word {
    pub mark: Mark,
    /// What it says: without quotes; bare words without punctuation at their end.
    pub text: String,
    /// Lower case, for bare words; empty for marked ones, so that quoted text is never taken for a verb.
    pub key: String,
    /// Bytes of the source.
    pub start: usize,
    pub end: usize,
    /// Whether a `/…/i` asks for any case.
    pub any_case: bool,
}

impl Word {
    /// The source of the word, with its quotes and punctuation.
    pub(super) fn raw<'a>(&self, source: &'a str) -> &'a str {
        source.get(self.start..self.end).unwrap_or_default()
    }

    pub(super) fn is_marked(&self) -> bool {
        self.mark != Mark::Bare
    }
}

/// Words that are read; a text of more is not a request, and looking for the ends of its quotes takes long.
pub(super) const MOST: usize = 2000;

/// The words of the source in order, [`MOST`] and one at most.
pub(super) fn words(source: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut at = 0;
    while words.len() <= MOST
        && let Some(offset) = source[at..].find(|c: char| !c.is_whitespace())
    {
        let start = at + offset;
        let word = marked(source, start).unwrap_or_else(|| bare(source, start));
        at = word.end;
        words.push(word);
    }
    words
}

fn marked(source: &str, start: usize) -> Option<Word> {
    let rest = &source[start..];
    if rest.starts_with("```") {
        return Some(fence(source, start));
    }
    let (mark, open, close) = match rest.chars().next()? {
        '"' => (Mark::Text, '"', '"'),
        '\'' => (Mark::Text, '\'', '\''),
        '“' => (Mark::Text, '“', '”'),
        '‘' => (Mark::Text, '‘', '’'),
        '«' => (Mark::Text, '«', '»'),
        '`' => (Mark::Code, '`', '`'),
        '/' => return pattern(source, start),
        _ => return None,
    };
    let from = start + open.len_utf8();
    let to = from + closing(&source[from..], close)?;
    let inner = &source[from..to];
    let text = if open == '"' { unescape(inner) } else { inner.to_owned() };
    let end = to + close.len_utf8();
    // A quote that opens a longer word, `"a"b` or `'90s`, is a part of that word.
    let after = source[end..].chars().next();
    let alone = after.is_none_or(|c| c.is_whitespace() || ",.;:!?)]…".contains(c));
    let end = end + source[end..].bytes().take_while(|byte| b",.:;!?".contains(byte)).count();
    alone.then(|| Word { mark, text, key: String::new(), start, end, any_case: false })
}

/// Where the closing quote is: not behind a backslash, and for `'` not inside a word.
fn closing(text: &str, close: char) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        if c == close && !escaped {
            let next = text[at + c.len_utf8()..].chars().next();
            if close != '\'' || next.is_none_or(|next| !next.is_alphanumeric()) {
                return Some(at);
            }
        }
        escaped = c == '\\' && !escaped && close == '"';
    }
    None
}

fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, c == '\\') {
            (_, false) => out.push(c),
            (_, true) => match chars.next() {
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some(quoted @ ('"' | '\\')) => out.push(quoted),
                Some(other) => out.extend(['\\', other]),
                None => out.push('\\'),
            },
        }
    }
    out
}

/// `/…/` or `/…/i` that ends at a blank or the end; `/usr/lib` is not one.
fn pattern(source: &str, start: usize) -> Option<Word> {
    let body = &source[start + 1..];
    let line = &body[..body.find('\n').unwrap_or(body.len())];
    let mut escaped = false;
    for (at, c) in line.char_indices() {
        if c == '/' && !escaped && at > 0 {
            let after = &line[at + 1..];
            let any_case = after.starts_with('i');
            let tail = after.strip_prefix('i').unwrap_or(after);
            if tail.chars().next().is_none_or(|c| c.is_whitespace() || ",.;!?".contains(c)) {
                let end = start + 2 + at + usize::from(any_case);
                let end = end + source[end..].bytes().take_while(|byte| b",.:;!?".contains(byte)).count();
                let text = line[..at].replace("\\/", "/");
                return Some(Word { mark: Mark::Pattern, text, key: String::new(), start, end, any_case });
            }
        }
        escaped = c == '\\' && !escaped;
    }
    None
}

/// A fenced block: the content is the lines between the fences, with the last line's end.
fn fence(source: &str, start: usize) -> Word {
    let ticks = source[start..].bytes().take_while(|byte| *byte == b'`').count();
    let mark = &source[start..start + ticks];
    let body = source[start..].find('\n').map_or(source.len(), |at| start + at + 1);
    let mut end = source.len();
    let mut content = source.len();
    let mut line = body;
    while line < source.len() {
        let next = source[line..].find('\n').map_or(source.len(), |at| line + at + 1);
        if source[line..next].trim_start().starts_with(mark) {
            content = line;
            end = line + source[line..next].find(mark).unwrap_or(0) + ticks;
            break;
        }
        line = next;
    }
    let text = source.get(body..content).unwrap_or_default().to_owned();
    Word { mark: Mark::Fence, text, key: String::new(), start, end, any_case: false }
}

/// A bare word up to the next blank; a quoted part inside, as in `--name="a b"`, does not end it.
fn bare(source: &str, start: usize) -> Word {
    let mut end = start;
    while let Some(c) = source[end..].chars().next().filter(|c| !c.is_whitespace()) {
        end += c.len_utf8();
        if c == '='
            && let Some(open @ ('"' | '\'')) = source[end..].chars().next()
        {
            end += source[end + 1..].find(open).map_or(0, |at| at + 2);
        }
    }
    let raw = &source[start..end];
    let text = trim_end(raw);
    let key = text.trim_start_matches(['(', '*', '_']).trim_end_matches([')', '*', '_']).to_lowercase();
    let key = key.replace('’', "'");
    Word { mark: Mark::Bare, text: text.to_owned(), key, start, end, any_case: false }
}

/// The word without the punctuation of its sentence; dots that are a path stay.
fn trim_end(raw: &str) -> &str {
    let text = raw.trim_end_matches([',', ';', ':', '!', '?', '…']);
    let dots = text.strip_suffix("...").or_else(|| text.strip_suffix('.'));
    match dots {
        Some(rest) if !rest.is_empty() && !rest.ends_with(['.', '/']) => {
            rest.trim_end_matches([',', ';', ':', '!', '?'])
        }
        _ if text.is_empty() => raw,
        _ => text,
    }
}
