//! Takes a conversation through, line by line.

use std::sync::Arc;
use std::time::Duration;

use adjutant::serve::Doors;
use reqwest::Version;
use serde_json::{Value, json};

use super::heard::Heard;
use super::pattern::{self, Names};
use super::step::{self, Directive, How, Kind, Step};
use super::update;
use super::way::Way;
use tokio::process::Command;

use crate::support::bench::{Bench, Model, PROGRAM};
use crate::support::link::Link;
use crate::support::remote::Remote;
use crate::support::server::Server;
use crate::support::streams::Streams;

/// When writing anew: after this long, the program has said what it had to say.
const QUIET: Duration = Duration::from_millis(400);

/// What lies between the two sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Over {
    Memory,
    Stdio,
    Tcp,
    WebSocket,
    Http(Version),
}

impl Over {
    pub(super) const ALL: [Self; 6] = [
        Self::Memory,
        Self::Stdio,
        Self::Tcp,
        Self::WebSocket,
        Self::Http(Version::HTTP_11),
        Self::Http(Version::HTTP_2),
    ];
}

struct Run {
    over: Over,
    /// Whether version 2 is offered and asked for.
    v2: bool,
    bench: Bench,
    doors: Arc<Doors>,
    server: Option<Server>,
    way: Option<Way>,
    heard: Heard,
    names: Names,
    /// The file written anew.
    updated: Option<Vec<String>>,
}

/// Runs a conversation and returns its lines, written anew if `update` says so. `Err` says what went wrong.
pub(super) async fn run(steps: &[Step], over: Over, update: bool) -> Result<Vec<String>, String> {
    let mut run = Run::new(steps, over, update);
    let steps = step::fitting(steps, over);
    let mut rest = &*steps;
    while let Some((step, after)) = rest.split_first() {
        let group = after.iter().take_while(|next| step.joins(next)).count();
        let (done, next) = rest.split_at(group + 1);
        if let Err(e) = run.step(step, done).await {
            return Err(format!("line {}: {e}\n  in {}", step.number, step.text));
        }
        rest = next;
    }
    run.quiet().await?;
    run.finish().await.map_err(|e| format!("at the end: {e}"))?;
    Ok(run.updated.unwrap_or_default())
}

impl Step {
    /// Whether the next line belongs to the same unordered group.
    fn joins(&self, next: &Self) -> bool {
        let any = |step: &Self| {
            matches!(step.kind, Kind::Expect { how: How::AnyOrder { .. } | How::EventuallyAll, .. })
        };
        any(self) && any(next)
    }
}

impl Run {
    fn new(steps: &[Step], over: Over, update: bool) -> Self {
        let (mut script, mut config, mut model) = (String::new(), String::new(), Model::Scripted);
        for step in steps {
            match &step.kind {
                Kind::Script(line) => script.extend([line, "\n"]),
                Kind::Do(Directive::Config(line)) => {
                    config.extend([line, "\n"]);
                    if line.starts_with("model ") {
                        model = Model::Configured;
                    }
                }
                Kind::Do(Directive::Offline) => model = Model::Offline,
                _ => {}
            }
        }
        let bench = Bench::new(model, &script);
        if !config.is_empty() {
            let folder = bench.home().join(".config/adjutant");
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join("config.toml"), config).unwrap();
        }
        let mut names = Names::new();
        names.insert("cwd".into(), json!(bench.cwd()));
        names.insert("root".into(), json!(bench.root()));
        let v2 = steps.iter().any(|step| matches!(step.kind, Kind::Do(Directive::V2)));
        let doors = bench.doors_offering(v2);
        Self {
            over,
            v2,
            bench,
            doors,
            server: None,
            way: None,
            heard: Heard::default(),
            names,
            updated: update.then(Vec::new),
        }
    }

    /// The connection, opened when it is first needed.
    async fn way(&mut self) -> &mut Way {
        if self.way.is_none() {
            let link = match self.over {
                Over::Memory => Link::doors(&self.doors),
                Over::Stdio if self.v2 => {
                    Link::command(Command::new(PROGRAM).args(["acp", "--acp-v2"]), &self.bench)
                }
                Over::Stdio => Link::process(&self.bench),
                Over::Tcp => self.server().await.tcp().await,
                Over::WebSocket => self.server().await.websocket().await,
                Over::Http(version) => {
                    let remote = Remote::speaking(version, self.server().await);
                    return self.way.insert(Way::Streams(Streams::new(remote)));
                }
            };
            self.way = Some(Way::Link(link));
        }
        self.way.as_mut().unwrap()
    }

    /// The end of the connection, if there is one: whatever is still said, nobody expected.
    async fn finish(&mut self) -> Result<(), String> {
        let mut heard = std::mem::take(&mut self.heard);
        if let Some(way) = self.way.take() {
            way.finish(&mut heard).await?;
        }
        match heard.unread() {
            unread if unread.is_empty() => Ok(()),
            unread => Err(format!("nobody expected:\n< {}", unread.join("\n< "))),
        }
    }

    async fn server(&mut self) -> &Server {
        if self.server.is_none() {
            // Also where version 1 is asked for: it is to be the same.
            self.server = Some(Server::start(&self.bench, &["--acp-v2"]).await);
        }
        self.server.as_ref().unwrap()
    }

    async fn step(&mut self, step: &Step, group: &[Step]) -> Result<(), String> {
        if let Kind::Expect { pattern, how } = &step.kind {
            return match how {
                How::AnyOrder { .. } | How::EventuallyAll => self.any_order(group).await,
                How::Exactly => self.expect(pattern, false, step).await,
                How::AtLeast => self.expect(pattern, true, step).await,
                How::Eventually => self.eventually(pattern, step).await,
            };
        }
        if !matches!(step.kind, Kind::Silence | Kind::Script(_)) {
            self.quiet().await?;
        }
        self.keep(step);
        match &step.kind {
            Kind::Silence | Kind::Script(_) | Kind::Expect { .. } => {}
            Kind::Say(line) => {
                let line = pattern::fill(line, &self.names);
                self.way().await.say(&line).await;
            }
            Kind::Raw(text) => {
                let bytes = step::bytes(&pattern::fill(text, &self.names))?;
                self.way().await.send(&bytes).await;
            }
            Kind::Do(directive) => self.perform(directive).await?,
        }
        Ok(())
    }

    fn keep(&mut self, step: &Step) {
        if let Some(updated) = &mut self.updated {
            updated.push(step.text.clone());
        }
    }

    /// The next line that is wanted, with what is made of it; `Err` says why each that came in its place is not.
    async fn take<T>(&mut self, wanted: impl Fn(&Value, &Names) -> Result<T, String>) -> Result<T, String> {
        loop {
            let mut reasons = Vec::new();
            let names = &self.names;
            let taken = self.heard.take(|line| {
                let found = wanted(line, names);
                found.map_err(|e| reasons.push(format!("{e}\n  got {line}"))).ok()
            });
            if let Some(taken) = taken {
                return Ok(taken);
            }
            let open = self.way().await.open();
            if self.heard.is_stuck(&open) {
                return Err(reasons.join("\n"));
            }
            match self.way().await.next().await {
                Ok(Some(line)) => self.heard.put(line),
                Ok(None) => return Err("the connection ended instead".to_owned()),
                Err(e) => return Err([vec![e], reasons].concat().join("\n")),
            }
        }
    }

    async fn expect(&mut self, pattern: &Value, subset: bool, step: &Step) -> Result<(), String> {
        if self.updated.is_some() {
            return self.learn(pattern, subset, step).await;
        }
        self.names = self.take(|said, names| matching(pattern, said, subset, names)).await?;
        Ok(())
    }

    /// Writing anew: what is said takes the place of what was expected.
    async fn learn(&mut self, pattern: &Value, subset: bool, step: &Step) -> Result<(), String> {
        // A line that never comes is left out of what is written anew.
        let Ok(Some(said)) = self.way().await.next_within(QUIET).await else { return Ok(()) };
        let line = match matching(pattern, &said, subset, &self.names) {
            Ok(names) => {
                self.names = names;
                step.text.clone()
            }
            Err(_) => format!("< {}", update::learn(&said, Some(pattern), &mut self.names)),
        };
        self.updated.get_or_insert_default().push(line);
        Ok(())
    }

    async fn eventually(&mut self, pattern: &Value, step: &Step) -> Result<(), String> {
        let open = self.way().await.open();
        self.heard.pass(&open);
        self.names = self.take(|said, names| matching(pattern, said, true, names)).await?;
        self.keep(step);
        Ok(())
    }

    async fn any_order(&mut self, group: &[Step]) -> Result<(), String> {
        for step in group {
            self.keep(step);
        }
        let mut open: Vec<_> = group.iter().collect();
        let passing = |step: &&Step| matches!(step.kind, Kind::Expect { how: How::EventuallyAll, .. });
        while !open.is_empty() {
            if open.iter().any(passing) {
                let streams = self.way().await.open();
                self.heard.pass(&streams);
            }
            let wanted = |said: &Value, names: &Names| {
                let mut reasons = Vec::new();
                for (at, step) in open.iter().enumerate() {
                    let Kind::Expect { pattern, how } = &step.kind else { continue };
                    let subset = *how != How::AnyOrder { subset: false };
                    match matching(pattern, said, subset, names) {
                        Ok(names) => return Ok((at, names)),
                        Err(e) => reasons.push(format!("{e} (line {})", step.number)),
                    }
                }
                Err(reasons.join("\n"))
            };
            let (at, names) = self.take(wanted).await?;
            self.names = names;
            open.remove(at);
        }
        Ok(())
    }

    /// Writing anew: adds what nobody expected.
    async fn quiet(&mut self) -> Result<(), String> {
        if self.updated.is_none() || self.way.is_none() {
            return Ok(());
        }
        while let Ok(Some(said)) = self.way().await.next_within(QUIET).await {
            let pattern = update::learn(&said, None, &mut self.names);
            if let Some(updated) = &mut self.updated {
                updated.push(format!("< {pattern}"));
            }
        }
        Ok(())
    }

    async fn perform(&mut self, directive: &Directive) -> Result<(), String> {
        let fill = |text: &str| pattern::fill(text, &self.names);
        match directive {
            Directive::Everywhere | Directive::V2 | Directive::Offline | Directive::Config(_) => {}
            Directive::Session(capabilities) => self.open(capabilities).await?,
            Directive::File { path, content } => self.bench.write(path, &fill(content)),
            Directive::Folder(path) => {
                std::fs::create_dir_all(self.bench.cwd().join(path)).map_err(|e| e.to_string())?;
            }
            Directive::Link { path, target } => {
                std::os::unix::fs::symlink(fill(target), self.bench.cwd().join(path))
                    .map_err(|e| e.to_string())?;
            }
            Directive::ExpectFile { path, content } => {
                let found = self.bench.read(path).map_err(|e| format!("{path}: {e}"))?;
                if found != fill(content) {
                    return Err(format!("{path} holds {found:?}"));
                }
            }
            Directive::ExpectNoFile(path) => {
                if let Ok(found) = self.bench.read(path) {
                    return Err(format!("{path} is there and holds {found:?}"));
                }
            }
            Directive::Eof => self.way().await.end().await,
            Directive::Restart => {
                self.finish().await?;
                self.server = None;
                self.doors = self.bench.doors_offering(self.v2);
            }
        }
        Ok(())
    }

    async fn open(&mut self, capabilities: &Value) -> Result<(), String> {
        let introduction = if self.v2 {
            json!({"protocolVersion": 2, "info": {"name": "test", "version": "1"}, "capabilities": capabilities})
        } else {
            json!({"protocolVersion": 1, "clientCapabilities": capabilities})
        };
        let hello = json!({"jsonrpc": "2.0", "id": "hello", "method": "initialize", "params": introduction});
        let open = json!({"jsonrpc": "2.0", "id": "open", "method": "session/new",
            "params": {"cwd": self.bench.cwd(), "mcpServers": []}});
        for message in [hello, open] {
            self.way().await.say(&message.to_string()).await;
            let reply = self.take(|line, _| Ok(line.clone())).await?;
            if reply["id"] != message["id"] || reply.get("error").is_some() {
                return Err(format!("no session: {reply}"));
            }
            if let Some(id) = reply["result"].get("sessionId") {
                self.names.insert("session".into(), id.clone());
            }
        }
        if self.v2 {
            return Ok(());
        }
        let commands = self.take(|line, _| Ok(line.clone())).await?;
        match commands["params"]["update"]["sessionUpdate"].as_str() {
            Some("available_commands_update") => Ok(()),
            _ => Err(format!("no commands after the session: {commands}")),
        }
    }
}

/// The names with what the line gives a meaning to, if it is what the pattern says.
fn matching(pattern: &Value, said: &Value, subset: bool, names: &Names) -> Result<Names, String> {
    let mut names = names.clone();
    pattern::matches(pattern, said, subset, &mut names).map(|()| names)
}
