use serde_json::Value;

use super::PrintError;
use super::transcript::Transcript;
use crate::cli::plain::one_line;
use crate::cli::print;
use crate::clock::Clock;

/// How a turn is shown: the answer on stdout and what was done for it on stderr, or all of it as lines of JSON.
pub(super) enum Show {
    Text,
    Json(Box<Transcript>),
}

impl Show {
    pub(super) fn new(json: bool) -> Self {
        if json { Self::Json(Box::new(Transcript::new(Clock::real()))) } else { Self::Text }
    }

    /// Which session it is about.
    pub(super) fn session(&mut self, id: &str) {
        if let Self::Json(transcript) = self {
            transcript.session(id);
        }
    }

    /// The turn begins.
    pub(super) fn begin(&mut self) -> Result<(), PrintError> {
        self.lines(Transcript::begin)
    }

    /// Something of the turn has happened (ACP v1, `session/update`).
    pub(super) fn update(&mut self, update: &Value) -> Result<(), PrintError> {
        match self {
            Self::Json(_) => self.lines(|transcript| transcript.update(update)),
            Self::Text => text(update),
        }
    }

    /// The turn is over.
    pub(super) fn end(&mut self, reason: &str) -> Result<(), PrintError> {
        match self {
            Self::Json(_) => self.lines(|transcript| transcript.end(reason)),
            Self::Text => print::line(""),
        }
    }

    /// The turn has failed, or never began.
    pub(super) fn error(&mut self, message: &str) -> Result<(), PrintError> {
        self.lines(|transcript| transcript.error(message))
    }

    fn lines(&mut self, of: impl FnOnce(&mut Transcript) -> Vec<Value>) -> Result<(), PrintError> {
        let Self::Json(transcript) = self else { return Ok(()) };
        of(transcript).iter().try_for_each(print::json)
    }
}

fn text(update: &Value) -> Result<(), PrintError> {
    match (update["sessionUpdate"].as_str(), update["status"].as_str()) {
        (Some("agent_message_chunk"), _) => {
            return print::text(update["content"]["text"].as_str().unwrap_or_default());
        }
        (Some("tool_call_update"), Some("in_progress")) => {
            if let Some(title) = update["title"].as_str() {
                print::note(&format!("· {}", one_line(title)));
            }
        }
        (Some("tool_call_update"), Some("failed")) => {
            let content = update["content"][0]["content"]["text"].as_str().unwrap_or_default();
            print::note(&format!("  failed: {}", one_line(content.lines().next().unwrap_or_default())));
        }
        _ => {}
    }
    Ok(())
}
