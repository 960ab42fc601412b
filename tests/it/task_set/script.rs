//! What is said in a task: by the person, and by the model.

use std::collections::VecDeque;

use adjutant::config::Api;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A task as its `model.jsonl` tells it.
#[derive(Debug, Clone)]
pub(super) struct Script {
    pub(super) setting: Setting,
    pub(super) turns: Vec<Turn>,
}

/// The first line.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Setting {
    /// How the model is spoken to.
    pub(super) api: Api,
    /// The mode of the session.
    #[serde(default = "unattended")]
    pub(super) mode: String,
    /// Programs that the repository cannot do without, beside those of POSIX.
    #[serde(default)]
    pub(super) needs: Vec<String>,
}

fn unattended() -> String {
    "full".to_owned()
}

/// What a person wants, and what has to come of it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Turn {
    pub(super) prompt: String,
    /// What differs on disk from the beginning of the task when the turn is over, sorted by path: `A` added, `D` deleted or
    /// `M` modified, and the path. All else is as it was, byte for byte.
    pub(super) changes: Vec<String>,
    /// What the client is shown meanwhile, somewhere.
    #[serde(default)]
    pub(super) shown: Vec<String>,
    #[serde(skip)]
    pub(super) model: VecDeque<Step>,
    #[serde(skip)]
    pub(super) asks: VecDeque<Ask>,
}

/// What the model says when it is told something.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    /// What has to be new in the request; `{name}` takes a value, for later calls, and `{_}` is anything.
    #[serde(default)]
    pub(super) told: Vec<String>,
    /// What must not be new in it.
    #[serde(default)]
    pub(super) untold: Vec<String>,
    #[serde(default)]
    pub(super) answer: Vec<Piece>,
    /// The connection ends just before the last piece is whole.
    #[serde(default)]
    pub(super) cut: bool,
    /// Instead of an answer, this HTTP status.
    #[serde(default)]
    pub(super) status: Option<u16>,
}

/// A part of an answer.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Piece {
    Text(String),
    Thought(String),
    Call(Call),
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Call {
    pub(super) name: String,
    #[serde(default)]
    input: Value,
    /// The input as the model wrote it, where that is no JSON.
    #[serde(default)]
    raw: Option<String>,
}

impl Call {
    pub(super) fn arguments(&self) -> String {
        self.raw.clone().unwrap_or_else(|| self.input.to_string())
    }

    /// For dialects that have no broken JSON.
    pub(super) fn input(&self) -> Value {
        self.raw.as_deref().map_or_else(|| self.input.clone(), Value::from)
    }
}

/// What the person is asked, and answers.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ask {
    /// In the title of what is asked about.
    pub(super) asked: String,
    /// The option that is chosen.
    pub(super) option: String,
}

impl Script {
    /// Reads the lines of a `model.jsonl`; those that begin with `#` are comments.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut lines = text.lines().zip(1..).filter(|(line, _)| !line.is_empty() && !line.starts_with('#'));
        let (first, _) = lines.next().ok_or("there is no line")?;
        let mut script = Self { setting: read(first, 1)?, turns: Vec::new() };
        for (line, number) in lines {
            let value: Value = read(line, number)?;
            if value.get("prompt").is_some() {
                script.turns.push(read(line, number)?);
                continue;
            }
            let turn = script.turns.last_mut().ok_or("the second line is no prompt")?;
            if value.get("asked").is_some() {
                turn.asks.push_back(read(line, number)?);
            } else {
                turn.model.push_back(read(line, number)?);
            }
        }
        if script.turns.is_empty() { Err("there is no prompt".to_owned()) } else { Ok(script) }
    }
}

fn read<T: DeserializeOwned>(line: &str, number: usize) -> Result<T, String> {
    serde_json::from_str(line).map_err(|e| format!("line {number}: {e}"))
}
