//! A place with servers of the zoo in it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use adjutant::config::{McpServer, McpTransport, Origin, Secret};
use adjutant::event::{EventKind, Question, QuestionAnswer};
use adjutant::mcp::{News, Phase, Servers, Setup, Trust};
use adjutant::tool::{Nobody, People, Readable, Registry, SeenFiles, Tool, ToolContext, ToolOutput};
use adjutant::workspace::{Live, LocalCommands, LocalFiles, SpillFile, Workspace};
use futures_util::future::BoxFuture;
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::support::bench::PROGRAM;

const PATIENCE: Duration = Duration::from_secs(20);

/// The server that does anything.
pub(super) fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/mcp/zoo.sh")
}

/// A server of the zoo. `file` takes what it is told, and marks its processes.
pub(super) fn animal(name: &str, behaviour: &str, file: &Path) -> McpServer {
    let command = script().to_str().unwrap().into();
    let args = vec![behaviour.into(), file.to_str().unwrap().into()];
    spec(name, McpTransport::Stdio { command, args, env: Vec::new(), cwd: None })
}

pub(super) fn spec(name: &str, transport: McpTransport) -> McpServer {
    let (startup, timeout) = (Duration::from_secs(15), Duration::from_secs(20));
    McpServer { name: name.to_owned(), transport, startup, timeout, origin: Origin::Client }
}

pub(super) fn secret(text: &str) -> Secret {
    Secret::new(text)
}

/// A folder, and servers that work in it.
pub(super) struct Zoo {
    folder: TempDir,
    pub(super) servers: Servers,
    news: mpsc::Receiver<News>,
    people: Arc<dyn People>,
    pub(super) cancel: CancellationToken,
    pub(super) progress: Arc<Mutex<String>>,
}

impl Zoo {
    /// A zoo with one animal.
    pub(super) async fn with(behaviour: &str) -> Self {
        Self::of(|file| vec![animal("zoo", behaviour, file)]).await
    }

    /// A zoo of the caller's; they are given a file.
    pub(super) async fn of(servers: impl FnOnce(&Path) -> Vec<McpServer>) -> Self {
        Self::trusting(Trust::at(None), servers).await
    }

    pub(super) async fn trusting(trust: Trust, servers: impl FnOnce(&Path) -> Vec<McpServer>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (servers, news) = Servers::connect(Setup {
            servers: servers(&folder.path().join("told")),
            workspace: Workspace::open(folder.path(), &[]).unwrap(),
            processes: LocalCommands::new(PathBuf::from(PROGRAM)),
            trust,
            tokens: Some(folder.path().join("tokens.json")),
        });
        let _late = servers.settled(PATIENCE).await;
        let (people, cancel) = (Arc::new(Nobody), CancellationToken::new());
        Self { folder, servers, news, people, cancel, progress: Arc::default() }
    }

    /// With somebody who answers every question like this.
    pub(super) fn asking(mut self, answer: Value) -> Self {
        self.people = Arc::new(Somebody { answer, asked: Mutex::default() });
        self
    }

    pub(super) fn path(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap()
    }

    /// Marks the processes of this zoo's servers.
    pub(super) fn mark(&self) -> String {
        self.folder.path().join("told").to_str().unwrap().to_owned()
    }

    /// What the server was told so far.
    pub(super) fn told(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("told")).unwrap_or_default()
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.servers.tools(&Registry::default()).iter().map(|tool| tool.name().to_owned()).collect()
    }

    pub(super) fn tool(&self, name: &str) -> Arc<dyn Tool> {
        let tools = self.servers.tools(&Registry::default());
        let found = tools.into_iter().find(|tool| tool.name() == name);
        found.unwrap_or_else(|| panic!("no tool {name}: {:?}, {:?}", self.names(), self.servers.status()))
    }

    pub(super) fn phase(&self) -> Phase {
        self.servers.status()[0].phase
    }

    /// Calls a tool as a turn does.
    pub(super) async fn call(&self, name: &str, input: Value) -> ToolOutput {
        let (progress, mut live) = mpsc::channel(64);
        let shown = Arc::clone(&self.progress);
        let shower = tokio::spawn(async move {
            while let Some(Live::Output(bytes)) = live.recv().await {
                shown.lock().unwrap().push_str(&String::from_utf8_lossy(&bytes));
            }
        });
        let prepared = self.tool(name).prepare(input, self.context(progress)).await;
        let output = match prepared {
            Ok(prepared) => timeout(PATIENCE * 3, (prepared.work)()).await.expect("the call came to no end"),
            Err(output) => output,
        };
        shower.await.unwrap();
        output
    }

    /// The folder of whole outputs.
    pub(super) fn outputs(&self) -> PathBuf {
        let folder = self.path().join("outputs");
        SpillFile::folder(&folder).unwrap();
        folder
    }

    pub(super) fn context(&self, progress: mpsc::Sender<Live>) -> ToolContext {
        let workspace = Workspace::open(&self.path(), &[]).unwrap();
        ToolContext {
            files: Arc::new(LocalFiles::new(workspace.clone())),
            workspace,
            commands: Arc::new(LocalCommands::new(PathBuf::from(PROGRAM))),
            readable: Readable::everything(),
            seen: Arc::new(SeenFiles::default()),
            progress,
            cancel: self.cancel.child_token(),
            people: Arc::clone(&self.people),
            spill: Some(self.outputs().into()),
        }
    }

    /// The next notice: its title and detail.
    pub(super) async fn notice(&mut self) -> (String, String) {
        loop {
            let news = timeout(PATIENCE, self.news.recv()).await.expect("no notice came");
            if let News::Notice(EventKind::Notice { title, detail, .. }) =
                news.expect("no notices come any more")
            {
                return (title, detail.unwrap_or_default());
            }
        }
    }

    /// Waits until the commands are others.
    pub(super) async fn commands_changed(&mut self) {
        while !matches!(timeout(PATIENCE, self.news.recv()).await.unwrap().unwrap(), News::Commands) {}
    }
}

#[derive(Debug)]
struct Somebody {
    answer: Value,
    asked: Mutex<Vec<Question>>,
}

impl People for Somebody {
    fn take_forms(&self) -> bool {
        true
    }

    fn take_pages(&self) -> bool {
        true
    }

    fn ask(&self, question: Question) -> BoxFuture<'_, QuestionAnswer> {
        assert!(question.message.starts_with("The MCP server zoo asks: "), "{question:?}");
        self.asked.lock().unwrap().push(question);
        let content = self.answer.clone();
        Box::pin(async { QuestionAnswer::Accepted { content } })
    }
}
