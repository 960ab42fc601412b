//! A session's agent at work in a temporary folder, with a journal in memory.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::{BoxFuture, join};
use tempfile::TempDir;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::acp::{
    MessageId, SessionId, StopReason, ToolCall, ToolCallUpdate, ToolCallUpdateFields, ToolKind,
};
use crate::agent::builtin::recorder::{Watched, recording};
use crate::agent::builtin::{Builtin, Caps, Parts};
use crate::agent::{
    AgentBackend, AgentSession, Child, ChildReport, Children, GrantBook, Hands, History, Ledger, Prompt,
    Seed, Settings, Spent, Totals, Turn, TurnInput, Voice,
};
use crate::clock::Clock;
use crate::config::{Config, Paths};
use crate::event::{Event, EventKind, Seq, TurnId, TurnStop};
use crate::permission::{Grant, Mode};
use crate::provider::{Only, offline};
use crate::tool::Registry;
use crate::workspace::{
    Capture, Command, Commands, Exit, Expected, FileData, Files, Finished, Live, LocalCommands, LocalFiles,
    Place, Workspace, WorkspaceError,
};

/// Where the test's session works.
pub(super) struct Desk {
    dir: TempDir,
    workspace: Workspace,
    log: Arc<Log>,
    agent: Box<dyn AgentSession>,
    watched: Arc<Watched>,
    pub(super) files: Arc<dyn Files>,
}

/// The journal.
#[derive(Debug, Default)]
struct Log {
    events: Mutex<Vec<Arc<Event>>>,
    refuses: AtomicBool,
}

/// A turn in which the test itself does the work.
pub(super) struct Work {
    id: TurnId,
    hands: Hands,
    workspace: Workspace,
}

impl Log {
    fn note(&self, kind: EventKind) {
        let mut events = self.events.lock().unwrap();
        let seq = events.len() as Seq + 1;
        events.push(Arc::new(Event { seq, at: 0, kind }));
    }

    fn next(&self) -> Seq {
        self.events.lock().unwrap().len() as Seq + 1
    }

    /// A turn that is written down here.
    fn turn(self: &Arc<Self>) -> Turn {
        let (sender, mut inputs) = mpsc::channel(16);
        let settings = Settings { mode: Mode::Plan, options: Vec::new() };
        let log = Arc::clone(self);
        tokio::spawn(async move {
            while let Some(input) = inputs.recv().await {
                let TurnInput::Emit { events, done } = input else { panic!("nobody is asked: {input:?}") };
                let refuses = log.refuses.load(Ordering::Relaxed);
                if !refuses {
                    for kind in events {
                        log.note(kind);
                    }
                }
                if let Some(done) = done {
                    done.send(if refuses { Err("the disk is full".into()) } else { Ok(()) }).unwrap();
                }
            }
        });
        let accepted = CancellationToken::new();
        accepted.cancel();
        Turn::new(sender, watch::channel(settings).1, CancellationToken::new(), accepted)
    }
}

impl History for Log {
    fn read(&self, after: Seq) -> BoxFuture<'_, Result<Vec<Arc<Event>>, String>> {
        let events = self.events.lock().unwrap();
        let page = events.iter().skip(after as usize).take(3).cloned().collect();
        Box::pin(std::future::ready(Ok(page)))
    }
}

impl Desk {
    pub(super) async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("work")).unwrap();
        let workspace = Workspace::open(&dir.path().join("work"), &[]).unwrap();
        let log = Arc::new(Log::default());
        let agent = open(&workspace, &log).await;
        let files = Arc::new(LocalFiles::new(workspace.clone()));
        Self { dir, workspace, log, agent, watched: Arc::default(), files }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.workspace.cwd().join(name)
    }

    pub(super) fn content(&self, name: &str) -> Option<Vec<u8>> {
        std::fs::read(self.path(name)).ok()
    }

    /// The process ends and another one loads the session.
    pub(super) async fn restart(&mut self) {
        assert!(self.dir.path().exists());
        self.agent = open(&self.workspace, &self.log).await;
        self.watched = Arc::default();
        self.events().iter().for_each(|kind| self.watched.take(kind));
    }

    pub(super) fn plain_files(&mut self) {
        self.files = Arc::new(LocalFiles::new(self.workspace.clone()));
    }

    /// The journal takes nothing more.
    pub(super) fn refuse_to_write_down(&self) {
        self.log.refuses.store(true, Ordering::Relaxed);
    }

    pub(super) fn note(&self, kind: EventKind) {
        self.log.note(kind);
    }

    /// The model has a command run.
    pub(super) fn proposed(&self, command: &str) {
        let call = ToolCall::new(command.to_owned(), "t").kind(ToolKind::Execute);
        let call = call.raw_input(serde_json::json!({ "command": command }));
        self.note(EventKind::ToolProposed { call: Box::new(call) });
        let update = ToolCallUpdate::new(command.to_owned(), ToolCallUpdateFields::new());
        self.note(EventKind::ToolStarted { update: Box::new(update) });
    }

    pub(super) fn events(&self) -> Vec<EventKind> {
        self.log.events.lock().unwrap().iter().map(|event| event.kind.clone()).collect()
    }

    pub(super) fn recorded(&self) -> Vec<PathBuf> {
        let path = |kind| match kind {
            EventKind::FileChanged { path, .. } => Some(path),
            _ => None,
        };
        self.events().into_iter().filter_map(path).collect()
    }

    pub(super) fn undone(&self) -> Vec<TurnId> {
        let turn = |kind| match kind {
            EventKind::TurnUndone { turn } => Some(turn),
            _ => None,
        };
        self.events().into_iter().filter_map(turn).collect()
    }

    fn accept(&self, text: &str) -> TurnId {
        let turn = TurnId(self.log.next());
        let (message, content) = (MessageId::new("m"), vec![text.into()]);
        self.note(EventKind::PromptAccepted { turn, message, content });
        turn
    }

    pub(super) fn begin(&self, text: &str) -> Work {
        let id = self.accept(text);
        let hands = recording(self.hands(), &self.log.turn(), &self.workspace, &self.watched);
        Work { id, hands, workspace: self.workspace.clone() }
    }

    pub(super) fn end(&self, work: &Work) {
        self.note(ended(work.id));
    }

    /// A turn that writes files; its number.
    pub(super) async fn change(&self, prompt: &str, files: &[(&str, &str)]) -> TurnId {
        let work = self.begin(prompt);
        for (name, content) in files {
            work.write(name, content.as_bytes()).await.unwrap();
        }
        self.end(&work);
        work.id
    }

    /// What the agent answers to a prompt.
    pub(super) async fn say(&mut self, text: &str) -> String {
        let turn = self.accept(text);
        let prompt = Prompt { turn, content: vec![text.into()], hands: self.hands(), seq: turn.0 };
        let stop = self.agent.run(self.log.turn(), prompt).await;
        assert_eq!(stop, TurnStop::Finished { reason: StopReason::EndTurn });
        // What was said last was not waited for.
        while !matches!(self.events().last(), Some(EventKind::Text { .. })) {
            tokio::task::yield_now().await;
        }
        let Some(EventKind::Text { text, .. }) = self.events().pop() else { panic!("nothing was said") };
        self.note(ended(turn));
        text
    }

    fn hands(&self) -> Hands {
        Hands {
            files: self.files.clone(),
            commands: Arc::new(Script(Vec::new())),
            kinds: None,
            display_terminal: false,
            takes_forms: false,
            takes_pages: false,
        }
    }
}

impl Work {
    pub(super) async fn write(&self, name: &str, bytes: &[u8]) -> Result<(), WorkspaceError> {
        self.replace(name, bytes, Expected::Anything).await
    }

    pub(super) async fn replace(
        &self,
        name: &str,
        bytes: &[u8],
        expected: Expected,
    ) -> Result<(), WorkspaceError> {
        self.hands.files.replace(self.workspace.place(name).unwrap(), bytes.to_vec(), expected).await
    }

    pub(super) async fn remove(&self, name: &str) -> Result<(), WorkspaceError> {
        self.hands.files.remove(self.workspace.place(name).unwrap(), Expected::Anything).await
    }

    /// Runs a command that does what the script says.
    pub(super) async fn run(&self, script: Script) {
        self.run_beside(script, std::future::ready(())).await;
    }

    /// Likewise, and does something else before the command ends.
    pub(super) async fn run_beside(&self, script: Script, beside: impl Future<Output = ()>) {
        let argv = script.0.iter().flat_map(|(path, content)| {
            [path.to_str().unwrap().to_owned(), content.unwrap_or("-").to_owned()]
        });
        let command = Command::new(argv.collect(), self.workspace.cwd());
        let (output, mut live) = mpsc::channel(1);
        let run = self.hands.commands.run(command, output, CancellationToken::new());
        let beside = async move {
            live.recv().await.unwrap();
            beside.await;
        };
        join(run, beside).await.0.unwrap();
    }
}

fn ended(turn: TurnId) -> EventKind {
    EventKind::TurnEnded { turn, stop: TurnStop::Finished { reason: StopReason::EndTurn } }
}

async fn open(workspace: &Workspace, log: &Arc<Log>) -> Box<dyn AgentSession> {
    let paths = Paths { config: Some(workspace.cwd().join("own")), ..Paths::default() };
    let backend = Builtin::new(Parts {
        config: Arc::new(Config { paths, ..Config::default() }),
        models: Arc::new(Only(offline::answerer())),
        tools: Registry::default(),
        processes: LocalCommands::new(PathBuf::new()),
        grants: Arc::new(Nobody),
        ledger: Arc::new(Nobody),
        clock: Clock::fake(),
        caps: Caps::default(),
        commands: Vec::new(),
    });
    let seed = Seed {
        session: SessionId::new("s"),
        workspace: workspace.clone(),
        history: Arc::clone(log) as _,
        servers: Arc::new([]),
        voice: Arc::new(Nobody),
        children: Arc::new(Nobody),
        settings: watch::channel(Settings { mode: Mode::Default, options: Vec::new() }).1,
        parent: None,
        depth: 0,
    };
    backend.open(seed).await
}

/// Runs nothing; writes or removes what its argument vector says, a path and a content in turn, and ends when nobody
/// listens any more.
#[derive(Debug)]
pub(super) struct Script(pub(super) Vec<(PathBuf, Option<&'static str>)>);

impl Commands for Script {
    fn run(
        &self,
        command: Command,
        output: mpsc::Sender<Live>,
        _: CancellationToken,
    ) -> BoxFuture<'_, Result<Finished, WorkspaceError>> {
        for pair in command.argv.chunks(2) {
            match &pair[1][..] {
                "-" => std::fs::remove_file(&pair[0]).unwrap(),
                content => std::fs::write(&pair[0], content).unwrap(),
            }
        }
        Box::pin(async move {
            output.try_send(Live::Output("begun".into())).unwrap();
            output.closed().await;
            let output = Capture::new(0).finish();
            Ok(Finished { exit: Exit::Code(0), output, elapsed: Duration::ZERO, terminal: None })
        })
    }
}

/// Files of an editor that refuses one of them, or that formats what it is given.
#[derive(Debug)]
pub(super) struct Fussy {
    pub(super) files: Arc<dyn Files>,
    pub(super) refuses: Option<&'static str>,
    pub(super) formats: bool,
}

impl Files for Fussy {
    fn read(&self, place: Place, limit: u64) -> BoxFuture<'_, Result<FileData, WorkspaceError>> {
        self.files.read(place, limit)
    }

    fn replace(
        &self,
        place: Place,
        mut bytes: Vec<u8>,
        expected: Expected,
    ) -> BoxFuture<'_, Result<(), WorkspaceError>> {
        if self.refuses.is_some_and(|name| place.relative() == Path::new(name)) {
            let (path, source) = (place.path().to_owned(), std::io::Error::other("no"));
            return Box::pin(std::future::ready(Err(WorkspaceError::Io { path, doing: "write", source })));
        }
        if self.formats {
            bytes.extend_from_slice(b" formatted");
        }
        self.files.replace(place, bytes, expected)
    }

    fn remove(&self, place: Place, expected: Expected) -> BoxFuture<'_, Result<(), WorkspaceError>> {
        self.files.remove(place, expected)
    }
}

/// Files that somebody else writes just before each change, which fails for it.
#[derive(Debug)]
pub(super) struct Raced(pub(super) Arc<dyn Files>);

impl Files for Raced {
    fn read(&self, place: Place, limit: u64) -> BoxFuture<'_, Result<FileData, WorkspaceError>> {
        self.0.read(place, limit)
    }

    fn replace(
        &self,
        place: Place,
        bytes: Vec<u8>,
        _: Expected,
    ) -> BoxFuture<'_, Result<(), WorkspaceError>> {
        Box::pin(async move {
            std::fs::write(place.path(), "theirs").unwrap();
            self.0.replace(place, bytes, Expected::Absent).await
        })
    }

    fn remove(&self, place: Place, expected: Expected) -> BoxFuture<'_, Result<(), WorkspaceError>> {
        self.0.remove(place, expected)
    }
}

/// Knows nothing, hears nothing, has nobody.
#[derive(Debug)]
struct Nobody;

impl GrantBook for Nobody {
    fn of(&self, _: PathBuf) -> BoxFuture<'_, Option<Vec<Grant>>> {
        Box::pin(std::future::ready(None))
    }

    fn remember(&self, _: Grant) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

impl Ledger for Nobody {
    fn spend(&self, _: &SessionId, _: Spent) -> BoxFuture<'static, Option<Totals>> {
        Box::pin(std::future::ready(None))
    }
}

impl Voice for Nobody {
    fn say(&self, _: EventKind) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

impl Children for Nobody {
    fn run(&self, _: Child) -> BoxFuture<'static, Result<ChildReport, String>> {
        Box::pin(std::future::ready(Err("nobody".to_owned())))
    }
}
