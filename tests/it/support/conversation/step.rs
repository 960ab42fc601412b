//! The lines of a conversation file.

use serde_json::Value;

use super::run::Over;

/// One line, with its number and its text.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(super) number: usize,
    pub(super) text: String,
    pub(super) kind: Kind,
}

#[derive(Debug, Clone)]
pub(super) enum Kind {
    /// A comment, or nothing.
    Silence,
    /// What the model says; known before the conversation starts.
    Script(String),
    /// The client sends a message.
    Say(String),
    /// The client sends bytes.
    Raw(String),
    Expect {
        pattern: Value,
        how: How,
    },
    Do(Directive),
}

/// How an expected line is to match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    Exactly,
    AtLeast,
    /// In any order among its neighbours; `true`: at least.
    AnyOrder {
        subset: bool,
    },
    /// At least, after any number of other lines.
    Eventually,
    /// The same, in any order among its neighbours.
    EventuallyAll,
}

/// What a conversation does beside talking.
#[derive(Debug, Clone)]
pub(super) enum Directive {
    /// `@ everywhere`: also over the real program's stdio, TCP, WebSocket and streamable HTTP.
    Everywhere,
    /// `@ v2`: the draft of the protocol's version 2 is offered, and `@ session` asks for it.
    V2,
    /// `@ offline`: the model is the offline one.
    Offline,
    /// `@ config <TOML line>`: a line of the configuration file, written before the start. One that sets the model
    /// takes the place of the script.
    Config(String),
    /// `@ session [capabilities]`: says hello, and opens `{session}` in the workspace.
    Session(Value),
    /// `@ file <path> <content>`; the content may be a JSON string.
    File { path: String, content: String },
    /// `@ folder <path>`.
    Folder(String),
    /// `@ link <path> <target>`: a symbolic link.
    Link { path: String, target: String },
    /// `@ expect-file <path> <content>`.
    ExpectFile { path: String, content: String },
    /// `@ expect-no-file <path>`.
    ExpectNoFile(String),
    /// `@ eof`: the client says nothing more.
    Eof,
    /// `@ restart`: the program ends and is started again over the same store.
    Restart,
}

impl Step {
    pub(crate) fn is_everywhere(&self) -> bool {
        matches!(self.kind, Kind::Do(Directive::Everywhere))
    }

    pub(crate) fn is_goodbye(&self) -> bool {
        matches!(self.kind, Kind::Do(Directive::Eof))
    }
}

/// Without the lines that are no text, where only text can be said, and what is expected of them.
pub(super) fn fitting(steps: &[Step], over: Over) -> Vec<Step> {
    let is_text = |text: &str| bytes(text).is_ok_and(|bytes| String::from_utf8(bytes).is_ok());
    let mut fits = true;
    let fitting = steps.iter().filter(|step| {
        fits = match &step.kind {
            Kind::Raw(text) => over != Over::WebSocket || is_text(text),
            Kind::Expect { .. } => fits,
            _ => true,
        };
        fits
    });
    fitting.cloned().collect()
}

/// Whether what the client says first is the protocol's hello.
pub(super) fn says_hello(steps: &[Step]) -> bool {
    let mut said = steps.iter().filter_map(|step| match &step.kind {
        Kind::Say(line) | Kind::Raw(line) => Some(line.contains(r#""method":"initialize""#)),
        Kind::Do(Directive::Session(_)) => Some(true),
        _ => None,
    });
    said.next() == Some(true)
}

/// Reads a conversation; `Err` names the line.
pub(crate) fn parse(text: &str) -> Result<Vec<Step>, String> {
    let step = |(at, line): (usize, &str)| {
        let number = at + 1;
        let kind = kind(line).map_err(|e| format!("line {number}: {e}: {line}"))?;
        Ok(Step { number, text: line.to_owned(), kind })
    };
    text.lines().enumerate().map(step).collect()
}

fn kind(line: &str) -> Result<Kind, String> {
    if line.trim().is_empty() || line.starts_with('#') {
        return Ok(Kind::Silence);
    }
    let (mark, rest) = line.split_once(' ').unwrap_or((line, ""));
    let expect = |how| {
        let pattern = serde_json::from_str(rest).map_err(|e| e.to_string())?;
        Ok(Kind::Expect { pattern, how })
    };
    match mark {
        "~" => Ok(Kind::Script(rest.to_owned())),
        ">" => Ok(Kind::Say(rest.to_owned())),
        ">>" => bytes(rest).map(|_| Kind::Raw(rest.to_owned())),
        "<" => expect(How::Exactly),
        "<~" => expect(How::AtLeast),
        "<|" => expect(How::AnyOrder { subset: false }),
        "<|~" => expect(How::AnyOrder { subset: true }),
        "<*" => expect(How::Eventually),
        "<|*" => expect(How::EventuallyAll),
        "@" => directive(rest).map(Kind::Do),
        _ => Err("an unknown mark".into()),
    }
}

fn directive(text: &str) -> Result<Directive, String> {
    let (name, rest) = text.split_once(' ').unwrap_or((text, ""));
    let two = || {
        let (path, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        let rest = if rest.starts_with('"') {
            serde_json::from_str(rest).map_err(|e| e.to_string())?
        } else {
            rest.to_owned()
        };
        Ok::<_, String>((path.to_owned(), rest))
    };
    Ok(match name {
        "everywhere" => Directive::Everywhere,
        "v2" => Directive::V2,
        "offline" => Directive::Offline,
        "config" => Directive::Config(rest.to_owned()),
        "session" if rest.is_empty() => Directive::Session(serde_json::json!({})),
        "session" => Directive::Session(serde_json::from_str(rest).map_err(|e| e.to_string())?),
        "file" => two().map(|(path, content)| Directive::File { path, content })?,
        "folder" => Directive::Folder(rest.to_owned()),
        "link" => two().map(|(path, target)| Directive::Link { path, target })?,
        "expect-file" => two().map(|(path, content)| Directive::ExpectFile { path, content })?,
        "expect-no-file" => Directive::ExpectNoFile(rest.to_owned()),
        "eof" => Directive::Eof,
        "restart" => Directive::Restart,
        _ => return Err("an unknown directive".into()),
    })
}

/// Text in which `\xNN` is a byte.
pub(super) fn bytes(text: &str) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    let mut pieces = text.split("\\x");
    out.extend(pieces.next().unwrap_or_default().bytes());
    for piece in pieces {
        let (digits, rest) = piece.split_at_checked(2).ok_or("\\x needs two digits")?;
        out.push(u8::from_str_radix(digits, 16).map_err(|e| e.to_string())?);
        out.extend(rest.bytes());
    }
    Ok(out)
}
