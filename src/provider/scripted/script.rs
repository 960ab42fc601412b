use regex::Regex;
use serde::Deserialize;
use serde_json::Value;

use crate::acp::StopReason;
use crate::provider::{ModelCall, Tokens};

/// What a scripted model says.
#[derive(Debug, Clone, Default)]
pub struct Script {
    /// Answers to what matches, looked at first.
    pub rules: Vec<Rule>,
    /// Everything else, in order.
    pub lines: Vec<Line>,
}

/// One line of a script.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    Text(String),
    Thought(String),
    Call(Call),
    Usage(Tokens),
    /// Ends the answer.
    Stop(StopReason),
    /// The model fails.
    Error(String),
    /// The answer breaks off after it had begun.
    Cut(String),
    /// The conversation is too long for the model.
    TooLong(String),
    /// The model says nothing more until it is hung up on: `"wait"`.
    Wait,
    /// Many small texts.
    Repeat(Repeat),
}

/// `n` texts of `size` bytes, `gap_us` microseconds apart.
#[derive(Debug, Clone, Deserialize)]
pub struct Repeat {
    pub n: Number,
    #[serde(default = "Number::ten")]
    pub size: Number,
    #[serde(default)]
    pub gap_us: Number,
}

/// A number, or `"$1"` for what the rule's pattern caught.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(transparent)]
pub struct Number(Value);

/// A tool call.
#[derive(Debug, Clone, Deserialize)]
pub struct Call {
    #[serde(default)]
    pub id: String,
    pub name: String,
    #[serde(default)]
    pub input: Value,
}

/// An answer to whatever matches.
#[derive(Debug, Clone)]
pub struct Rule {
    when: Regex,
    /// How many tool results came since the person spoke; any number if it is not said.
    results: Option<usize>,
    answer: Vec<Line>,
}

#[derive(Deserialize)]
struct RuleLine {
    when: String,
    #[serde(default)]
    results: Option<usize>,
    answer: Vec<Line>,
}

impl Script {
    /// Reads a JSON value a line; blank lines and lines that begin with `#` are skipped. `Err` names the line.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut script = Self::default();
        for (at, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let wrong = |e: &dyn std::fmt::Display| format!("line {}: {e}", at + 1);
            if line.starts_with("{\"when\"") {
                let rule: RuleLine = serde_json::from_str(line).map_err(|e| wrong(&e))?;
                let when = Regex::new(&rule.when).map_err(|e| wrong(&e))?;
                script.rules.push(Rule { when, results: rule.results, answer: rule.answer });
            } else {
                script.lines.push(serde_json::from_str(line).map_err(|e| wrong(&e))?);
            }
        }
        Ok(script)
    }
}

impl Line {
    /// Whether the answer ends here.
    pub(super) fn is_last(&self) -> bool {
        matches!(self, Self::Stop(_) | Self::Error(_) | Self::Cut(_) | Self::TooLong(_) | Self::Wait)
    }

    fn filled(&self, caught: &regex::Captures<'_>) -> Self {
        match self {
            Self::Repeat(repeat) => Self::Repeat(Repeat {
                n: repeat.n.filled(caught),
                size: repeat.size.filled(caught),
                gap_us: repeat.gap_us.filled(caught),
            }),
            other => other.clone(),
        }
    }
}

impl Number {
    fn ten() -> Self {
        Self(Value::from(10))
    }

    pub(super) fn value(&self) -> u64 {
        match &self.0 {
            Value::Number(number) => number.as_u64().unwrap_or(0),
            Value::String(text) => text.parse().unwrap_or(0),
            _ => 0,
        }
    }

    fn filled(&self, caught: &regex::Captures<'_>) -> Self {
        let place =
            self.0.as_str().and_then(|text| text.strip_prefix('$')).and_then(|text| text.parse().ok());
        let found = place.and_then(|at: usize| caught.get(at));
        found.map_or_else(|| self.clone(), |text| Self(Value::from(text.as_str())))
    }
}

impl Rule {
    /// The answer, if this is a rule for it.
    pub(super) fn answer(&self, said: &str, results: usize) -> Option<Vec<Line>> {
        let caught = self.when.captures(said)?;
        if self.results.is_some_and(|wanted| wanted != results) {
            return None;
        }
        let mut answer: Vec<_> = self.answer.iter().map(|line| line.filled(&caught)).collect();
        if answer.last().is_none_or(|line| !line.is_last()) {
            answer.push(Line::Stop(StopReason::EndTurn));
        }
        Some(answer)
    }
}

impl From<Call> for ModelCall {
    fn from(call: Call) -> Self {
        Self { id: call.id, name: call.name, input: call.input }
    }
}
