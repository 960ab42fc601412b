//! The model of a task: it says what its script says, and looks at what it is told.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use adjutant::config::Api;
use serde_json::Value;

use super::script::{Piece, Step};
use super::stream::stream;
use crate::support::conversation::pattern::{Names, fill, holds};
use crate::support::model::{Asked, ModelServer, Reply};

/// Bytes of the beginning and of the end of a text that a failure shows.
const SHOWN: usize = 1000;

/// A model behind a server.
#[derive(Debug)]
pub(super) struct Model {
    server: ModelServer,
    said: Arc<Mutex<Said>>,
}

#[derive(Debug)]
struct Said {
    api: Api,
    /// What it is going to say.
    steps: VecDeque<Step>,
    names: Names,
    /// How much of each conversation it was told before, by what that begins with: a sub-agent has its own.
    heard: HashMap<Vec<String>, usize>,
    answers: usize,
    wrong: Vec<String>,
}

impl Model {
    pub(super) async fn start(api: Api) -> Self {
        let said = Said {
            api,
            steps: VecDeque::new(),
            names: Names::new(),
            heard: HashMap::new(),
            answers: 0,
            wrong: Vec::new(),
        };
        let said = Arc::new(Mutex::new(said));
        let model = Arc::clone(&said);
        let server = ModelServer::answering(move |asked| model.lock().unwrap().reply(asked)).await;
        Self { server, said }
    }

    pub(super) fn url(&self) -> String {
        self.server.url()
    }

    /// What it says from now on.
    pub(super) fn expect(&self, steps: &VecDeque<Step>) {
        self.said.lock().unwrap().steps.clone_from(steps);
    }

    /// `Err`: what was not said, or not told.
    pub(super) fn verdict(&self) -> Result<(), String> {
        let said = self.said.lock().unwrap();
        if !said.wrong.is_empty() {
            return Err(said.wrong.join("\n"));
        }
        match said.steps.front() {
            None => Ok(()),
            Some(step) => Err(format!("the model was not asked for {step:?}")),
        }
    }
}

impl Said {
    fn reply(&mut self, asked: &Asked) -> Reply {
        self.answers += 1;
        let conversation = conversation(&asked.body);
        let beginning = texts(&conversation[..1]);
        let before = self.heard.get(&beginning).copied().unwrap_or(0);
        let told = texts(conversation.get(before..).unwrap_or_default());
        let answer = match self.steps.pop_front() {
            Some(step) => {
                if step.status.is_none() {
                    self.heard.insert(beginning, conversation.len());
                }
                self.answer(&step, &told)
            }
            None => Err(format!("nothing more was to be asked, and it was told {:#?}", short(&told))),
        };
        answer.unwrap_or_else(|wrong| {
            self.wrong.push(format!("request {}: {wrong}", self.answers));
            Reply::json(400, r#"{"error":{"message":"not in the script"}}"#)
        })
    }

    fn answer(&mut self, step: &Step, told: &[String]) -> Result<Reply, String> {
        for wanted in &step.told {
            if !told.iter().any(|text| holds(wanted, text, &mut self.names)) {
                return Err(format!("not told {wanted:?}, but {:#?}", short(told)));
            }
        }
        for unwanted in &step.untold {
            if told.iter().any(|text| holds(unwanted, text, &mut self.names)) {
                return Err(format!("told {unwanted:?}: {:#?}", short(told)));
            }
        }
        if let Some(status) = step.status {
            let busy = Reply::json(status, r#"{"error":{"message":"too many requests"}}"#);
            return Ok(busy.header("retry-after-ms", "1"));
        }
        let answer: Vec<Piece> = step.answer.iter().map(|piece| piece.filled(&self.names)).collect();
        let name = format!("a{}", self.answers);
        let reply = Reply::stream(stream(self.api, &name, &answer, step.cut));
        Ok(if step.cut { reply.cut() } else { reply })
    }
}

impl Piece {
    /// With the names that have a value by now.
    fn filled(&self, names: &Names) -> Self {
        let text = serde_json::to_string(self).unwrap();
        serde_json::from_str(&fill(&text, names)).unwrap()
    }
}

/// The texts as a failure shows them.
fn short(texts: &[String]) -> Vec<String> {
    let cut = |text: &String| {
        let (head, tail) =
            (text.floor_char_boundary(SHOWN), text.ceil_char_boundary(text.len().saturating_sub(SHOWN)));
        if tail <= head { text.clone() } else { format!("{} … {}", &text[..head], &text[tail..]) }
    };
    texts.iter().map(cut).collect()
}

/// The conversation of a request, whatever the dialect calls it; what the provider was told to be is no part of it.
fn conversation(body: &Value) -> Vec<&Value> {
    let list = ["messages", "input", "contents"].iter().find_map(|key| body[key].as_array());
    let list = list.unwrap_or_else(|| panic!("no conversation in {body}"));
    list.iter().filter(|it| !matches!(it["role"].as_str(), Some("system" | "developer"))).collect()
}

/// Where the dialects keep texts, and what holds them.
const PLACES: [&str; 7] = ["content", "text", "output", "error", "parts", "functionResponse", "response"];

/// What people and tools have said in a part of a conversation.
fn texts(part: &[&Value]) -> Vec<String> {
    let mut found = Vec::new();
    let others = |item: &&&Value| !matches!(item["role"].as_str(), Some("assistant" | "model"));
    part.iter().filter(others).for_each(|item| gather(item, &mut found));
    found
}

fn gather(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| gather(item, found)),
        Value::Object(fields) => {
            PLACES.iter().filter_map(|place| fields.get(*place)).for_each(|field| gather(field, found))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
