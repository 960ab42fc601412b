//! A task from its beginning to its end.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use adjutant::config::Api;
use serde_json::{Value, json};
use tokio::process::Command;
use tokio::time::timeout;

use super::model::Model;
use super::script::{Ask, Script, Turn};
use super::tree::Tree;
use crate::support::bench::{self, Bench};
use crate::support::client::{Client, said};
use crate::support::link::Link;

const PATIENCE: Duration = Duration::from_secs(20);
/// Where the programs are that a repository and its check call.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// A repository, what is said about it, and how to see whether it is right.
#[derive(Debug, Clone)]
pub(super) struct Task {
    pub(super) script: Script,
    pub(super) repository: Tree,
    /// Run by `sh` in the repository: it succeeds if the task is done.
    pub(super) check: PathBuf,
}

impl Task {
    pub(super) fn read(folder: &Path) -> Result<Self, String> {
        let script = folder.join("model.jsonl");
        let text = std::fs::read_to_string(&script).map_err(|e| format!("{}: {e}", script.display()))?;
        let script = Script::parse(&text).map_err(|e| format!("{}: {e}", script.display()))?;
        let repository = Tree::read(&folder.join("repository"));
        Ok(Self { script, repository, check: folder.join("check.sh") })
    }

    /// Does it with the real program; `Err` says what is not as it should be.
    pub(super) async fn run(&self) -> Result<(), String> {
        self.require_programs()?;
        let bench = Bench::new(bench::Model::Configured, "");
        let before = bench.root().join("before");
        self.repository.write(&before);
        if self.judge(&before).await.is_ok() {
            return Err("the check succeeds before anything is done".to_owned());
        }
        self.repository.write(&bench.cwd());
        let model = Model::start(self.script.setting.api).await;
        self.configure(&bench, &model.url());
        let link = Link::process(&bench);
        let mut client = Client::hello(link, json!({ "session": { "notices": {} } })).await;
        let session = client.session(&bench).await;
        for turn in &self.script.turns {
            model.expect(&turn.model);
            let ended = take(&mut client, &session, turn).await;
            let faults: Vec<_> = [model.verdict(), ended].into_iter().filter_map(Result::err).collect();
            if !faults.is_empty() {
                return Err(faults.join("\n"));
            }
            let changes = self.repository.changes(&Tree::read(&bench.cwd()));
            if changes != turn.changes {
                return Err(format!("after {:?} the changes are {changes:?}", turn.prompt));
            }
        }
        client.leave().await;
        self.judge(&bench.cwd()).await
    }

    fn require_programs(&self) -> Result<(), String> {
        let there = |name: &&String| PATH.split(':').any(|folder| Path::new(folder).join(name).exists());
        match self.script.setting.needs.iter().find(|name| !there(name)) {
            Some(name) => Err(format!("the task needs `{name}`, which is in none of {PATH}")),
            None => Ok(()),
        }
    }

    fn configure(&self, bench: &Bench, url: &str) {
        let api = match self.script.setting.api {
            Api::OpenAiChat => "openai-chat",
            Api::OpenAiResponses => "openai-responses",
            Api::Anthropic => "anthropic",
            Api::Gemini => "gemini",
        };
        let mode = &self.script.setting.mode;
        let config = format!(
            "model = \"acme/m-1\"\nmode = \"{mode}\"\n\
             [provider.acme]\napi = \"{api}\"\nbase_url = \"{url}/v1\"\nkey = \"\"\n"
        );
        let folder = bench.home().join(".config/adjutant");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("config.toml"), config).unwrap();
    }

    /// Runs the check; `Err` is what it says where it fails.
    async fn judge(&self, repository: &Path) -> Result<(), String> {
        let mut check = Command::new("/bin/sh");
        check.arg(&self.check).env_clear().env("PATH", PATH).current_dir(repository);
        check.stdin(Stdio::null()).kill_on_drop(true);
        let output = timeout(PATIENCE, check.output()).await.map_err(|_| "the check does not end")?;
        let output = output.map_err(|e| format!("the check cannot be run: {e}"))?;
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        if output.status.success() { Ok(()) } else { Err(format!("the check says no: {said}")) }
    }
}

/// One turn, in which the person answers what is asked.
async fn take(client: &mut Client, session: &str, turn: &Turn) -> Result<(), String> {
    let from = client.heard.len();
    let mut asks = turn.asks.clone();
    let id = client.prompt(session, &turn.prompt).await;
    let end = loop {
        let line = client.next().await;
        if line["method"] == "session/request_permission" {
            let outcome = match asks.pop_front() {
                Some(ask) => choose(&line, &ask)?,
                None => return Err(format!("nobody is to be asked {}", line["params"]["toolCall"]["title"])),
            };
            client.answer(&line, json!({ "outcome": outcome })).await;
        } else if line["id"] == id && line.get("method").is_none() {
            break line;
        }
    };
    if end["result"]["stopReason"] != "end_turn" {
        return Err(format!("{:?} ends with {end}", turn.prompt));
    }
    if let Some(ask) = asks.front() {
        return Err(format!("nobody was asked {:?}", ask.asked));
    }
    let heard = &client.heard[from..];
    let answer: String = heard.iter().filter_map(said).collect();
    let shown = |text: &String| answer.contains(text) || heard.iter().any(|line| says(line, text));
    match turn.shown.iter().find(|text| !shown(text)) {
        Some(text) => Err(format!("{text:?} is shown nowhere in {heard:#?}")),
        None => Ok(()),
    }
}

fn choose(line: &Value, ask: &Ask) -> Result<Value, String> {
    let title = line["params"]["toolCall"]["title"].as_str().unwrap_or_default();
    let offered = line["params"]["options"].as_array().unwrap();
    if !title.contains(&ask.asked) || !offered.iter().any(|it| it["optionId"] == ask.option.as_str()) {
        return Err(format!("not asked {ask:?}, but {title:?} with {offered:?}"));
    }
    Ok(json!({ "outcome": "selected", "optionId": ask.option }))
}

/// Whether the text stands in any string of a line.
fn says(line: &Value, text: &str) -> bool {
    match line {
        Value::String(it) => it.contains(text),
        Value::Array(items) => items.iter().any(|it| says(it, text)),
        Value::Object(fields) => fields.values().any(|it| says(it, text)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
