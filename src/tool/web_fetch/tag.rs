//! Tags of HTML, found in one pass however broken it is.

/// One piece of a document.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// Text with its character references, as it stands there.
    Text(&'a str),
    /// A start tag: its name in lower case, and its attributes as they stand there.
    Start(String, &'a str),
    End(String),
}

/// Elements that hold characters up to their end tag and no tags.
const RAW: [&str; 9] =
    ["script", "style", "title", "textarea", "iframe", "noembed", "noframes", "xmp", "plaintext"];
/// The longest name that means anything.
const NAME: usize = 32;

/// Cuts a document into pieces. Comments, declarations and instructions are left out.
#[derive(Debug)]
pub(super) struct Tokens<'a> {
    rest: &'a str,
    /// The element whose characters come next.
    raw: Option<String>,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(document: &'a str) -> Self {
        Self { rest: document, raw: None }
    }

    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(length.min(self.rest.len()));
        self.rest = rest;
        taken
    }

    /// Everything up to the end tag of the element that was opened.
    fn characters(&mut self, element: &str) -> &'a str {
        let ends = |at: &usize| {
            let tag = self.rest.get(at + 2..at + 2 + element.len());
            self.rest.get(at + 1..at + 2) == Some("/")
                && tag.is_some_and(|tag| tag.eq_ignore_ascii_case(element))
        };
        let end = memchr::memchr_iter(b'<', self.rest.as_bytes()).find(ends).unwrap_or(self.rest.len());
        self.take(end)
    }

    /// Passes over `<!…`, `<?…` or `</` that begins no tag.
    fn declaration(&mut self) {
        let end = match self.rest.strip_prefix("<!--") {
            Some(comment) => comment.find("-->").map(|at| at + 4 + 3),
            None => self.rest.find('>').map(|at| at + 1),
        };
        self.take(end.unwrap_or(self.rest.len()));
    }

    /// The tag that begins here, of which `skip` characters come before its name.
    fn tag(&mut self, skip: usize) -> (String, &'a str) {
        let tag = self.rest.get(skip..).unwrap_or_default();
        let ends = |it: char| it.is_ascii_whitespace() || it == '/' || it == '>';
        let length = tag.find(ends).unwrap_or(tag.len());
        let (name, attributes) = tag.split_at(length);
        let end = end_of(attributes);
        let inner = attributes.get(..end).unwrap_or_default();
        self.take(skip + length + end + 1);
        let name = name.get(..NAME).unwrap_or(name).to_ascii_lowercase();
        (name, inner)
    }
}

/// Where a tag's `>` is, past quoted values.
fn end_of(attributes: &str) -> usize {
    let mut quote = None;
    let mut before = 0;
    for (at, byte) in attributes.bytes().enumerate() {
        match (quote, byte) {
            (Some(open), _) if open == byte => quote = None,
            (Some(_), _) => {}
            (None, b'>') => return at,
            (None, b'"' | b'\'') if before == b'=' => quote = Some(byte),
            (None, _) => {}
        }
        if !byte.is_ascii_whitespace() {
            before = byte;
        }
    }
    attributes.len()
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        if let Some(element) = self.raw.take() {
            let characters = self.characters(&element);
            if !characters.is_empty() {
                return Some(Token::Text(characters));
            }
        }
        loop {
            let bytes = self.rest.as_bytes();
            match (bytes.first()?, bytes.get(1), bytes.get(2)) {
                (b'<', Some(b'/'), Some(letter)) if letter.is_ascii_alphabetic() => {
                    return Some(Token::End(self.tag(2).0));
                }
                (b'<', Some(letter), _) if letter.is_ascii_alphabetic() => {
                    let (name, attributes) = self.tag(1);
                    self.raw = RAW.contains(&name.as_str()).then(|| name.clone());
                    return Some(Token::Start(name, attributes));
                }
                (b'<', Some(b'!' | b'?' | b'/'), _) => self.declaration(),
                _ => {
                    let inner = bytes.get(1..).unwrap_or_default();
                    let end = memchr::memchr(b'<', inner).map_or(bytes.len(), |at| at + 1);
                    return Some(Token::Text(self.take(end)));
                }
            }
        }
    }
}

/// The value of an attribute, its character references as they stand there.
pub(super) fn attribute<'a>(attributes: &'a str, wanted: &str) -> Option<&'a str> {
    let mut rest = attributes;
    loop {
        rest = rest.trim_start_matches(|it: char| it.is_ascii_whitespace() || it == '/');
        if rest.is_empty() {
            return None;
        }
        let ends = |it: char| it.is_ascii_whitespace() || it == '/' || it == '=';
        let end = rest.char_indices().skip(1).find(|(_, it)| ends(*it)).map_or(rest.len(), |(at, _)| at);
        let (name, after) = rest.split_at(end);
        let (value, after) = match after.trim_start().strip_prefix('=') {
            None => ("", after),
            Some(value) => value_of(value.trim_start()),
        };
        if name.eq_ignore_ascii_case(wanted) {
            return Some(value);
        }
        rest = after;
    }
}

/// A value, quoted or not, and what comes after it.
fn value_of(text: &str) -> (&str, &str) {
    for quote in ['"', '\''] {
        if let Some(quoted) = text.strip_prefix(quote) {
            return quoted.split_once(quote).unwrap_or((quoted, ""));
        }
    }
    text.split_at(text.find(|it: char| it.is_ascii_whitespace()).unwrap_or(text.len()))
}
