//! HTML as Markdown.
//!
//! A document of strangers may be nested, broken or long in any way, and the converter walks its tree by recursion. So
//! the document is first written anew in one pass: only the elements that Markdown knows, each closed, none deeper than
//! [`DEPTH`], without what belongs to the page and not to its text (scripts, navigation).

use super::tag::{Token, Tokens, attribute};
use crate::http::Url;
use crate::tool::label;

/// How deep elements may lie within each other.
const DEPTH: usize = 64;
/// Bytes of the document that is written anew.
const LENGTH: usize = 1024 * 1024;
/// Bytes of a link.
const LINK: usize = 2048;
/// Bytes of text below which a part of a page is not taken for its main part, or a page without navigation for a page.
const ENOUGH: usize = 200;
/// Characters of a title.
const TITLE: usize = 200;

/// Elements that go with all that is in them.
const DROPPED: [&str; 17] = [
    "script", "style", "noscript", "template", "svg", "math", "canvas", "iframe", "object", "audio", "video",
    "map", "select", "textarea", "button", "noembed", "noframes",
];
/// The same unless nothing is left without them.
const FURNITURE: [&str; 2] = ["nav", "footer"];
/// Elements that Markdown has a form for.
const KEPT: [&str; 31] = [
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "p",
    "ul",
    "ol",
    "li",
    "blockquote",
    "pre",
    "code",
    "strong",
    "b",
    "em",
    "i",
    "a",
    "del",
    "s",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "br",
    "hr",
    "img",
    "caption",
    "kbd",
];
/// Those of them that have no content.
const EMPTY: [&str; 3] = ["br", "hr", "img"];
/// The parts of a table.
const TABLE: [&str; 7] = ["td", "th", "tr", "thead", "tbody", "table", "caption"];
/// Elements that begin a new block and mean nothing else.
const BLOCKS: [&str; 17] = [
    "div",
    "section",
    "article",
    "main",
    "header",
    "aside",
    "figure",
    "figcaption",
    "details",
    "summary",
    "dl",
    "dt",
    "dd",
    "fieldset",
    "form",
    "address",
    "center",
];

/// The page as Markdown under its title; links are made absolute. Or why it cannot be.
pub(in crate::tool) fn markdown(document: &str, base: &Url) -> Result<String, String> {
    let mut page = Writer::new(base, false).write(document);
    if page.text < ENOUGH {
        let all = Writer::new(base, true).write(document);
        if all.text > page.text {
            page = all;
        }
    }
    let body =
        htmd::convert(page.main()).map_err(|error| format!("cannot be made into Markdown: {error}"))?;
    let title = label::line(&plain(&page.title), TITLE);
    let cut = if page.out.len() >= LENGTH { "\n\n(the page is longer: its end was left out)" } else { "" };
    let body = body.trim();
    let heading =
        if title.is_empty() || body.starts_with("# ") { String::new() } else { format!("# {title}\n\n") };
    Ok(format!("{heading}{body}{cut}"))
}

/// Words of a title, its commonest character references resolved.
fn plain(title: &str) -> String {
    let words: Vec<&str> = title.split_whitespace().collect();
    let plain = words.join(" ").replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
    plain.replace("&#39;", "'").replace("&nbsp;", " ").replace("&amp;", "&")
}

/// A document being written anew.
struct Writer<'a> {
    base: &'a Url,
    /// Whether navigation stays in.
    furnished: bool,
    out: String,
    /// Elements that are open, outermost first.
    open: Vec<&'static str>,
    /// The element that is dropped, and how many of its name are open within it.
    dropping: Option<(String, usize)>,
    /// Bytes of text.
    text: usize,
    title: String,
    in_title: bool,
    /// Where the main part begins, how many elements were open there, and what it measures once it has ended.
    began: Option<(usize, usize, usize)>,
    main: Option<(usize, usize)>,
}

impl<'a> Writer<'a> {
    fn new(base: &'a Url, furnished: bool) -> Self {
        Self {
            base,
            furnished,
            out: String::new(),
            open: Vec::new(),
            dropping: None,
            text: 0,
            title: String::new(),
            in_title: false,
            began: None,
            main: None,
        }
    }

    fn write(mut self, document: &str) -> Self {
        for token in Tokens::new(document) {
            if self.out.len() >= LENGTH {
                break;
            }
            match token {
                Token::Text(text) => self.text(text),
                Token::Start(name, attributes) => self.start(&name, attributes),
                Token::End(name) => self.end(&name),
            }
        }
        self.close(0);
        self
    }

    /// The main part, if the page says what that is and it is more than a few words.
    fn main(&self) -> &str {
        self.main.and_then(|(start, end)| self.out.get(start..end)).unwrap_or(&self.out)
    }

    fn text(&mut self, text: &str) {
        if self.in_title {
            if self.title.is_empty() {
                self.title = text.chars().take(4 * TITLE).collect();
            }
        } else if self.dropping.is_none() {
            self.text += text.trim().len();
            let room = LENGTH - self.out.len().min(LENGTH);
            let text = text.get(..text.floor_char_boundary(room)).unwrap_or_default();
            self.out.push_str(&text.replace('\0', "").replace('<', "&lt;"));
        }
    }

    fn start(&mut self, name: &str, attributes: &str) {
        if let Some((dropped, count)) = &mut self.dropping {
            *count += usize::from(dropped == name);
            return;
        }
        let is_dropped = DROPPED.contains(&name) || !self.furnished && FURNITURE.contains(&name);
        // What stands alone has no content to drop.
        if is_dropped && !attributes.ends_with('/') {
            self.dropping = Some((name.to_owned(), 1));
            return;
        }
        self.in_title = name == "title";
        let block = BLOCKS.contains(&name);
        if name == "main" && self.began.is_none() {
            self.close_all("p");
            self.began = Some((self.out.len(), self.open.len(), self.text));
        }
        let known = if block { Some("div") } else { KEPT.iter().find(|kept| **kept == name).copied() };
        if let Some(name) = known {
            self.element(name, attributes);
        }
    }

    fn element(&mut self, name: &'static str, attributes: &str) {
        match name {
            "li" => self.close_up_to(&["li"], &["ul", "ol"]),
            "tr" => self.close_up_to(&["tr"], &["table"]),
            "td" | "th" => self.close_up_to(&["td", "th"], &["tr", "table"]),
            "thead" | "tbody" => self.close_up_to(&["thead", "tbody"], &["table"]),
            _ => {}
        }
        let inline =
            matches!(name, "code" | "strong" | "b" | "em" | "i" | "a" | "del" | "s" | "br" | "img" | "kbd");
        if !inline {
            self.close_all("p");
        }
        if self.open.len() >= DEPTH {
            return;
        }
        self.out.push('<');
        self.out.push_str(name);
        match name {
            "a" => self.link("href", attribute(attributes, "href")),
            "img" => {
                self.link("src", attribute(attributes, "src"));
                self.attribute("alt", attribute(attributes, "alt").unwrap_or_default());
            }
            "code" | "pre" => {
                let classes = attribute(attributes, "class").unwrap_or_default();
                let language = classes.split_whitespace().find(|class| class.starts_with("language-"));
                self.attribute("class", language.unwrap_or_default());
            }
            _ => {}
        }
        self.out.push('>');
        if !EMPTY.contains(&name) {
            self.open.push(name);
        }
    }

    fn link(&mut self, name: &str, value: Option<&str>) {
        let Some(value) = value.filter(|value| value.len() <= LINK && !value.starts_with('#')) else {
            return;
        };
        let url = self.base.join(&value.replace("&amp;", "&")).ok();
        if let Some(url) = url.filter(|url| matches!(url.scheme(), "http" | "https" | "mailto")) {
            self.attribute(name, &url.as_str().replace('&', "&amp;"));
        }
    }

    fn attribute(&mut self, name: &str, value: &str) {
        if !value.is_empty() && value.len() <= 2 * LINK {
            let value = value.replace('\0', "").replace('"', "&quot;").replace('<', "&lt;");
            self.out.extend([" ", name, "=\"", &value, "\""]);
        }
    }

    fn end(&mut self, name: &str) {
        if let Some((dropped, count)) = &mut self.dropping {
            *count -= usize::from(dropped == name);
            if *count == 0 {
                self.dropping = None;
            }
            return;
        }
        self.in_title = false;
        let known = if BLOCKS.contains(&name) { "div" } else { name };
        if !EMPTY.contains(&known) {
            self.close_up_to(&[known], &[]);
        }
        if name == "main" {
            self.end_main();
        }
    }

    fn end_main(&mut self) {
        let Some((start, depth, text)) = self.began.filter(|_| self.main.is_none()) else { return };
        self.close(depth);
        if self.open.len() == depth && self.text - text >= ENOUGH {
            self.main = Some((start, self.out.len()));
        }
    }

    fn close_all(&mut self, name: &'static str) {
        self.close_up_to(&[name], &[]);
    }

    /// Closes the innermost of these elements and what is open in it, unless a border comes before. A cell of a table
    /// is a border for what is not a part of the table.
    fn close_up_to(&mut self, names: &[&str], borders: &[&str]) {
        let in_table = names.iter().any(|name| TABLE.contains(name));
        let cell = |it: &str| !in_table && matches!(it, "td" | "th");
        let ends = |it: &str| names.contains(&it) || borders.contains(&it) || cell(it);
        if let Some(at) = self.open.iter().rposition(|it| ends(it))
            && self.open.get(at).is_some_and(|it| names.contains(it))
        {
            self.close(at);
        }
    }

    /// Closes elements until so many are open.
    fn close(&mut self, depth: usize) {
        while self.open.len() > depth {
            let Some(name) = self.open.pop() else { return };
            self.out.push_str("</");
            self.out.push_str(name);
            self.out.push('>');
        }
    }
}
