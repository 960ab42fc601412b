//! The front matter of Markdown files: the part of YAML that people write there. Keys with texts, numbers and truths,
//! lists and tables by indentation or in brackets, and block texts. What needs more of YAML (anchors, tags, documents) is
//! an error, and not guessed.

use super::{Malformed, Node, Place, Source, Table, Value};

/// Nesting of blocks.
const DEEPEST: usize = 8;

/// Tree and body of a Markdown file. A file without front matter is all body.
pub(in crate::config) fn front_matter<'a>(
    text: &'a str,
    source: &Source,
) -> Result<(Node, &'a str), Malformed> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let begins = text.lines().next().is_some_and(|line| line.trim_end() == "---");
    if !begins {
        return Ok((Node::table(&source.whole()), text));
    }
    let mut end = 0;
    let mut lines = Vec::new();
    for (number, line) in text.split_inclusive('\n').enumerate() {
        end += line.len();
        let line = line.trim_end();
        if number > 0 && matches!(line, "---" | "...") {
            let mut reader = Reader { lines, at: 0, source };
            let node = reader.whole()?;
            return Ok((node, text[end..].trim_start_matches(['\r', '\n'])));
        }
        if number > 0 {
            let content = line.trim_start_matches(' ');
            lines.push(Line { number: number + 1, indent: line.len() - content.len(), content });
        }
    }
    let place = Place { line: 1, ..source.whole() };
    Err(Malformed { place, reason: "its front matter is not closed by a line `---`".to_owned() })
}

struct Line<'a> {
    /// From 1.
    number: usize,
    indent: usize,
    content: &'a str,
}

impl Line<'_> {
    fn is_item(&self) -> bool {
        self.content == "-" || self.content.starts_with("- ")
    }
}

struct Reader<'a> {
    lines: Vec<Line<'a>>,
    at: usize,
    source: &'a Source,
}

impl<'a> Reader<'a> {
    fn whole(&mut self) -> Result<Node, Malformed> {
        let node = self.block(0, 0)?;
        match self.next().map(|line| line.number) {
            Some(line) => Err(self.wrong(line, "it does not stand in line with what is above")),
            None => Ok(node),
        }
    }

    /// The next line that says something.
    fn next(&mut self) -> Option<&Line<'a>> {
        while self
            .lines
            .get(self.at)
            .is_some_and(|line| line.content.is_empty() || line.content.starts_with('#'))
        {
            self.at += 1;
        }
        self.lines.get(self.at)
    }

    /// A table or a list whose lines begin at one indentation.
    fn block(&mut self, indent: usize, depth: usize) -> Result<Node, Malformed> {
        let first = self.next().map(|line| (line.number, line.is_item()));
        let (line, is_list) = first.unwrap_or((1, false));
        if depth > DEEPEST {
            return Err(self.wrong(line, "it is nested too deeply"));
        }
        let value =
            if is_list { Value::List(self.list(indent)?) } else { Value::Table(self.table(indent, depth)?) };
        Ok(self.node(line, value))
    }

    fn list(&mut self, indent: usize) -> Result<Vec<Node>, Malformed> {
        let mut items = Vec::new();
        while let Some(line) = self.next().filter(|line| line.indent == indent && line.is_item()) {
            let (number, text) = (line.number, line.content[1..].trim());
            self.at += 1;
            items.push(self.node(number, self.scalar(text, number)?));
        }
        Ok(items)
    }

    fn table(&mut self, indent: usize, depth: usize) -> Result<Table, Malformed> {
        let mut table = Table::new();
        while let Some(line) = self.next().filter(|line| line.indent == indent) {
            let (number, content) = (line.number, line.content);
            let Some((key, rest)) = key(content) else {
                return Err(self.wrong(number, &format!("{content:?} is no `key: value`")));
            };
            self.at += 1;
            let value = self.value(rest, indent, depth, number)?;
            table.insert(key, self.node(number, value));
        }
        Ok(table)
    }

    /// What stands behind a key, on its line or on the lines below it.
    fn value(&mut self, rest: &str, indent: usize, depth: usize, number: usize) -> Result<Value, Malformed> {
        if let Some(style) = rest.chars().next().filter(|style| matches!(style, '|' | '>')) {
            return Ok(Value::Text(self.block_text(indent, style)));
        }
        let below = self.next().map(|line| (line.indent, line.is_item()));
        if rest.is_empty() {
            return match below {
                Some((deeper, is_list)) if deeper > indent || is_list && deeper == indent => {
                    self.block(deeper, depth + 1).map(|node| node.value)
                }
                _ => Ok(Value::Text(String::new())),
            };
        }
        let mut value = self.scalar(rest, number)?;
        if let Value::Text(text) = &mut value {
            while let Some(line) = self.next().filter(|line| line.indent > indent) {
                *text = format!("{text} {}", line.content);
                self.at += 1;
            }
        }
        Ok(value)
    }

    /// `|` keeps line ends, `>` makes them spaces.
    fn block_text(&mut self, indent: usize, style: char) -> String {
        let first = self.lines[self.at..].iter().find(|line| !line.content.is_empty());
        let deeper = first.map_or(0, |line| line.indent);
        let mut text = Vec::new();
        while let Some(line) =
            self.lines.get(self.at).filter(|it| it.content.is_empty() || it.indent > indent)
        {
            text.push(format!("{}{}", " ".repeat(line.indent.saturating_sub(deeper)), line.content));
            self.at += 1;
        }
        let text = text.join(if style == '|' { "\n" } else { " " });
        text.trim().to_owned()
    }

    /// A value on one line.
    fn scalar(&self, text: &str, number: usize) -> Result<Value, Malformed> {
        let inner = |open: char, close: char| text.strip_prefix(open)?.strip_suffix(close);
        if let Some(items) = inner('[', ']') {
            let items = split(items).into_iter().filter(|item| !item.is_empty());
            let items = items.map(|item| Ok(self.node(number, self.plain(item, number)?)));
            return items.collect::<Result<_, _>>().map(Value::List);
        }
        if let Some(parts) = inner('{', '}') {
            let mut table = Table::new();
            for part in split(parts).into_iter().filter(|part| !part.is_empty()) {
                let Some((key, value)) = key(part) else {
                    return Err(self.wrong(number, &format!("{part:?} is no `key: value`")));
                };
                table.insert(key, self.node(number, self.plain(value, number)?));
            }
            return Ok(Value::Table(table));
        }
        self.plain(text, number)
    }

    fn plain(&self, text: &str, number: usize) -> Result<Value, Malformed> {
        if let Some(quoted) = quoted(text) {
            return Ok(Value::Text(quoted));
        }
        if text.starts_with(['&', '!']) {
            return Err(self.wrong(number, "anchors and tags are not understood"));
        }
        let text = text.split(" #").next().unwrap_or(text).trim_end();
        Ok(match text {
            "true" => Value::Truth(true),
            "false" => Value::Truth(false),
            _ => match (text.parse(), text.parse()) {
                (Ok(number), _) => Value::Integer(number),
                (_, Ok(number)) => Value::Float(number),
                _ => Value::Text(text.to_owned()),
            },
        })
    }

    fn node(&self, line: usize, value: Value) -> Node {
        Node { value, place: Place { line, ..self.source.whole() } }
    }

    fn wrong(&self, line: usize, reason: &str) -> Malformed {
        let place = Place { line, ..self.source.whole() };
        Malformed { place, reason: format!("its front matter cannot be read: {reason}") }
    }
}

/// A key and what stands behind its colon.
fn key(text: &str) -> Option<(String, &str)> {
    if text.starts_with(['"', '\'']) {
        let end = text[1..].find(text.chars().next()?)? + 1;
        let rest = text[end + 1..].trim_start().strip_prefix(':')?;
        return Some((text[1..end].to_owned(), rest.trim()));
    }
    let (key, rest) = text.split_once(':')?;
    let ends = rest.is_empty() || rest.starts_with(' ');
    (ends && !key.is_empty() && !key.contains(' ')).then(|| (key.to_owned(), rest.trim()))
}

/// The text between quotes that enclose all of it.
fn quoted(text: &str) -> Option<String> {
    let inner = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote);
    if let Some(single) = inner('\'') {
        return Some(single.replace("''", "'"));
    }
    let inner = inner('"')?;
    let mut out = String::with_capacity(inner.len());
    let mut characters = inner.chars();
    while let Some(c) = characters.next() {
        match (c, if c == '\\' { characters.next() } else { None }) {
            (_, Some('n')) => out.push('\n'),
            (_, Some('t')) => out.push('\t'),
            (_, Some(escaped)) => out.push(escaped),
            (c, None) => out.push(c),
        }
    }
    Some(out)
}

/// Parts between commas that are not in quotes.
fn split(text: &str) -> Vec<&str> {
    let mut quote = None;
    let is_comma = |c: char| {
        match (quote, c) {
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            _ => {}
        }
        c == ',' && quote.is_none()
    };
    text.split(is_comma).map(str::trim).collect()
}
