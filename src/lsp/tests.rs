use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream};

use super::*;
use crate::config::Origin;
use crate::uri;

/// What a fake server does with its streams until it ends.
type Script = fn(Fake) -> BoxFuture<'static, ()>;

/// A fake server's side.
struct Fake {
    input: BufReader<DuplexStream>,
    output: DuplexStream,
    /// Every message it got.
    log: Arc<Mutex<Vec<Value>>>,
}

impl Fake {
    async fn read(&mut self) -> Option<Value> {
        let content = codec::read(&mut self.input).await.ok()??;
        let message: Value = serde_json::from_slice(&content).unwrap();
        self.log.lock().unwrap().push(message.clone());
        Some(message)
    }

    async fn say(&mut self, message: Value) {
        self.output.write_all(&codec::frame(message.to_string().as_bytes())).await.ok();
    }

    /// Answers the greeting.
    async fn greet(&mut self, capabilities: Value) {
        let greeting = self.read().await.unwrap();
        self.say(json!({"jsonrpc": "2.0", "id": greeting["id"], "result": {"capabilities": capabilities}}))
            .await;
    }

    async fn publish(&mut self, uri: &Value, version: Option<i64>, diagnostics: Value) {
        let mut params = json!({"uri": uri, "diagnostics": diagnostics});
        if let Some(version) = version {
            params["version"] = version.into();
        }
        let notice = json!({"jsonrpc": "2.0", "method": "textDocument/publishDiagnostics", "params": params});
        self.say(notice).await;
    }
}

#[derive(Debug)]
struct Fakes {
    script: Script,
    log: Arc<Mutex<Vec<Value>>>,
    started: AtomicUsize,
}

impl Launch for Fakes {
    fn launch<'a>(
        &'a self,
        server: &'a LanguageServer,
        _: &'a Path,
    ) -> BoxFuture<'a, Result<Streams, WorkspaceError>> {
        self.started.fetch_add(1, Ordering::Relaxed);
        Box::pin(async move {
            if server.command == "missing" {
                let source = std::io::Error::from(std::io::ErrorKind::NotFound);
                return Err(WorkspaceError::Spawn { program: server.command.clone(), source });
            }
            let (ours, theirs) = (tokio::io::duplex(1 << 16), tokio::io::duplex(1 << 16));
            let fake = Fake { input: BufReader::new(ours.1), output: theirs.1, log: Arc::clone(&self.log) };
            let task = tokio::spawn((self.script)(fake));
            let hold = Box::new(tokio_util::task::AbortOnDropHandle::new(task));
            Ok(Streams { input: Box::new(ours.0), output: Box::new(theirs.0), hold })
        })
    }
}

struct Site {
    _dir: TempDir,
    root: PathBuf,
    fakes: Arc<Fakes>,
    diagnostics: Diagnostics,
}

fn settings(wait: Duration) -> LanguageServer {
    LanguageServer {
        name: "fake".to_owned(),
        command: "fake".to_owned(),
        args: Vec::new(),
        env: Vec::new(),
        extensions: vec!["rs".to_owned()],
        wait,
        origin: Origin::User(PathBuf::new()),
    }
}

impl Site {
    fn new(script: Script) -> Self {
        Self::with(script, settings(Duration::from_secs(20)))
    }

    fn hasty(script: Script) -> Self {
        Self::with(script, settings(Duration::from_millis(50)))
    }

    fn with(script: Script, settings: LanguageServer) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let workspace = Workspace::open(dir.path(), &[]).unwrap();
        let root = workspace.cwd().to_owned();
        std::fs::write(root.join("a.rs"), "fn a() {}\n").unwrap();
        std::fs::write(root.join("b c.rs"), "fn b() {}\n").unwrap();
        let fakes = Arc::new(Fakes { script, log: Arc::default(), started: AtomicUsize::new(0) });
        let diagnostics = Diagnostics::new(vec![settings], workspace, fakes.clone());
        Self { _dir: dir, root, fakes, diagnostics }
    }

    async fn after(&self, names: &[&str]) -> Option<String> {
        let changed: Vec<PathBuf> = names.iter().map(|name| self.root.join(name)).collect();
        self.diagnostics.after(&changed, &CancellationToken::new()).await
    }

    fn log(&self) -> Vec<Value> {
        self.fakes.log.lock().unwrap().clone()
    }
}

fn problem(severity: u64, line: u64, message: &str) -> Value {
    let place = json!({"line": line, "character": 4});
    json!({"range": {"start": place, "end": place}, "severity": severity, "message": message})
}

/// Finds a fault in line 2 of every file, as often as it is told of it; speaks of files nobody asked about as well.
fn pushing(mut fake: Fake) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        fake.greet(json!({"textDocumentSync": 1})).await;
        let other = json!("file:///elsewhere/x.rs");
        while let Some(message) = fake.read().await {
            let document = &message["params"]["textDocument"];
            if let Some(version) = document["version"].as_i64() {
                fake.publish(&other, None, json!([problem(1, 0, "not yours")])).await;
                fake.publish(&document["uri"], Some(version - 1), json!([problem(1, 8, "old news")])).await;
                let text = format!("no such thing\nin version {version}");
                let found = json!([problem(2, 0, "unused"), problem(1, 1, &text), problem(3, 0, "a hint")]);
                fake.publish(&document["uri"], Some(version), found).await;
            }
        }
    })
}

#[tokio::test]
async fn errors_and_warnings_of_the_changed_files_are_told() {
    let site = Site::new(pushing);
    let told = site.after(&["a.rs", "b c.rs", "c.txt", "gone.rs"]).await.unwrap();
    assert_eq!(
        told,
        "a.rs:2:5: error: no such thing\nb c.rs:2:5: error: no such thing\n\
         a.rs:1:5: warning: unused\nb c.rs:1:5: warning: unused"
    );
    std::fs::write(site.root.join("a.rs"), "fn c() {}\n").unwrap();
    assert!(site.after(&["a.rs"]).await.unwrap().starts_with("a.rs:2:5: error"));
    assert_eq!(site.fakes.started.load(Ordering::Relaxed), 1, "one server for all of them");
    let log = site.log();
    let methods: Vec<&str> = log.iter().map(|message| message["method"].as_str().unwrap()).collect();
    let open = ["textDocument/didOpen", "textDocument/didSave"];
    let change = ["textDocument/didChange", "textDocument/didSave"];
    assert_eq!(methods, [&["initialize", "initialized"][..], &open, &open, &change].concat());
    let opened = &log[4]["params"]["textDocument"];
    assert_eq!((&opened["languageId"], &opened["text"]), (&json!("rust"), &json!("fn b() {}\n")));
    assert!(opened["uri"].as_str().unwrap().ends_with("/b%20c.rs"), "{opened}");
    assert_eq!(log[6]["params"]["contentChanges"], json!([{"text": "fn c() {}\n"}]));
    assert_eq!(log[6]["params"]["textDocument"]["version"], 2);
}

#[tokio::test]
async fn a_server_that_is_asked_answers() {
    fn script(mut fake: Fake) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            fake.greet(json!({"diagnosticProvider": {"interFileDependencies": false}})).await;
            while let Some(message) = fake.read().await {
                if message["method"] == "textDocument/diagnostic" {
                    let report = json!({"kind": "full", "items": [problem(1, 0, "asked for")]});
                    fake.say(json!({"jsonrpc": "2.0", "id": message["id"], "result": report})).await;
                }
            }
        })
    }
    let site = Site::new(script);
    assert_eq!(site.after(&["a.rs"]).await.as_deref(), Some("a.rs:1:5: error: asked for"));
}

#[tokio::test]
async fn a_server_that_finds_nothing_leaves_nothing_to_say() {
    fn script(mut fake: Fake) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            fake.greet(json!({})).await;
            while let Some(message) = fake.read().await {
                let uri = &message["params"]["textDocument"]["uri"];
                fake.publish(uri, None, json!([{"message": 1}, 7, {"range": {}}])).await;
            }
        })
    }
    let site = Site::new(script);
    assert_eq!(site.after(&["a.rs"]).await, None);
    assert_eq!(site.after(&["a.txt"]).await, None);
}

#[tokio::test]
async fn requests_of_a_server_are_answered() {
    fn script(mut fake: Fake) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            fake.greet(json!({})).await;
            fake.read().await;
            let ask = |id: Value, method: &str, params: Value| json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
            fake.say(ask(json!("x"), "workspace/configuration", json!({"items": [{}, {}]}))).await;
            fake.say(ask(json!(2), "workspace/applyEdit", json!({}))).await;
            fake.say(ask(json!(3), "client/registerCapability", json!({}))).await;
            fake.say(ask(json!(4), "made/up", Value::Null)).await;
            while let Some(message) = fake.read().await {
                if message.get("error").is_some() {
                    let uri = json!(uri::of(Path::new("/")));
                    fake.publish(&uri, None, json!([])).await;
                }
            }
        })
    }
    let site = Site::hasty(script);
    while !site.log().iter().any(|message| message.get("error").is_some()) {
        site.after(&["a.rs"]).await;
    }
    let answers: Vec<Value> = site
        .log()
        .into_iter()
        .filter(|it| it.get("method").is_none())
        .map(|it| it["result"].clone())
        .collect();
    assert_eq!(answers, [json!([null, null]), json!({"applied": false}), Value::Null, Value::Null]);
}

#[tokio::test]
async fn no_more_than_twenty_findings_are_told() {
    fn script(mut fake: Fake) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            fake.greet(json!({})).await;
            while let Some(message) = fake.read().await {
                let many: Vec<Value> = (0..1000).map(|line| problem(2, line, &"x".repeat(1000))).collect();
                fake.publish(&message["params"]["textDocument"]["uri"], None, many.into()).await;
            }
        })
    }
    let told = Site::new(script).after(&["a.rs"]).await.unwrap();
    assert!(told.lines().count() == 21 && told.ends_with("… 180 more"), "{told}");
    assert!(told.len() < 8000);
}

/// Told once, and then nothing more.
async fn is_left_out(site: &Site, why: &str) {
    let mut told = None;
    while told.is_none() {
        told = site.after(&["a.rs"]).await;
    }
    assert_eq!(told, Some(format!("(the language server fake is left out from now on: {why})")));
    assert_eq!(site.after(&["a.rs"]).await, None);
    assert_eq!(site.fakes.started.load(Ordering::Relaxed), 1, "and it is not started again");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_left_out() {
    let mut settings = settings(Duration::from_secs(20));
    settings.command = "missing".to_owned();
    let site = Site::with(pushing, settings);
    is_left_out(&site, "it could not be started: \"missing\" could not be started: entity not found").await;
}

#[tokio::test]
async fn a_server_that_dies_is_left_out() {
    fn at_once(fake: Fake) -> BoxFuture<'static, ()> {
        Box::pin(async move { drop(fake) })
    }
    fn later(mut fake: Fake) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            fake.greet(json!({})).await;
            fake.read().await;
            fake.read().await;
        })
    }
    for script in [at_once as Script, later] {
        is_left_out(&Site::new(script), "it ended").await;
    }
}

#[tokio::test]
async fn a_server_that_talks_nonsense_is_left_out() {
    fn garbage(mut fake: Fake) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            fake.output.write_all(b"panicked at 'no'\n\n").await.ok();
            std::future::pending().await
        })
    }
    fn no_json(mut fake: Fake) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            fake.output.write_all(&codec::frame(b"[1, 2]")).await.ok();
            std::future::pending().await
        })
    }
    fn huge(mut fake: Fake) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            fake.output.write_all(b"Content-Length: 99999999999\r\n\r\n").await.ok();
            std::future::pending().await
        })
    }
    fn headers(mut fake: Fake) -> BoxFuture<'static, ()> {
        Box::pin(async move { while fake.output.write_all(&[b'x'; 1024]).await.is_ok() {} })
    }
    fn refusal(mut fake: Fake) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            let id = fake.read().await.unwrap()["id"].clone();
            fake.say(json!({"jsonrpc": "2.0", "id": id, "error": {"code": 1, "message": "no"}})).await;
            std::future::pending().await
        })
    }
    let cases = [
        (garbage as Script, "it sent what is no message"),
        (no_json, "it sent what is no JSON-RPC"),
        (huge, "it sent a message that is too large"),
        (headers, "it sent what is no message"),
        (refusal, "it sent a refusal to start"),
    ];
    for (script, why) in cases {
        is_left_out(&Site::new(script), why).await;
    }
}

#[tokio::test]
async fn a_server_that_never_stops_talking_is_left_out() {
    fn script(mut fake: Fake) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            fake.greet(json!({})).await;
            let chatter = codec::frame(br#"{"jsonrpc":"2.0","method":"window/logMessage"}"#).repeat(100);
            while fake.output.write_all(&chatter).await.is_ok() {}
        })
    }
    is_left_out(&Site::new(script), "it sent more than can be read").await;
}

#[tokio::test]
async fn a_server_that_never_speaks_of_a_file_is_left_out() {
    fn script(mut fake: Fake) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            fake.greet(json!({})).await;
            while fake.read().await.is_some() {}
        })
    }
    let site = Site::hasty(script);
    is_left_out(&site, "it did not answer").await;
    let saved = site.log().iter().filter(|message| message["method"] == "textDocument/didSave").count();
    assert_eq!(saved, SILENCES, "a server may be slow now and then");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_answers_the_greeting_is_left_out_after_a_while() {
    fn script(mut fake: Fake) -> BoxFuture<'static, ()> {
        Box::pin(async move { while fake.read().await.is_some() {} })
    }
    let site = Site::new(script);
    for _ in 0..3 {
        assert_eq!(site.after(&["a.rs"]).await, None, "it may still be starting");
    }
    is_left_out(&site, "it did not answer").await;
}

#[tokio::test]
async fn a_server_that_reads_nothing_does_not_hold_up_a_change() {
    fn script(mut fake: Fake) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            fake.greet(json!({})).await;
            std::future::pending::<()>().await;
            drop(fake);
        })
    }
    let site = Site::hasty(script);
    std::fs::write(site.root.join("a.rs"), "x".repeat(900_000)).unwrap();
    is_left_out(&site, "it did not answer").await;
}

#[tokio::test]
async fn a_change_that_is_cancelled_does_not_wait() {
    fn script(mut fake: Fake) -> BoxFuture<'static, ()> {
        Box::pin(async move { while fake.read().await.is_some() {} })
    }
    let site = Site::new(script);
    let cancel = CancellationToken::new();
    cancel.cancel();
    assert_eq!(site.diagnostics.after(&[site.root.join("a.rs")], &cancel).await, None);
}

#[tokio::test]
async fn a_server_of_a_project_is_not_started() {
    let mut settings = settings(Duration::from_secs(20));
    settings.origin = Origin::Project(PathBuf::new());
    let site = Site::with(pushing, settings);
    assert_eq!(site.after(&["a.rs"]).await, None);
    assert_eq!(site.fakes.started.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_server_is_asked_to_end() {
    fn script(mut fake: Fake) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            fake.greet(json!({})).await;
            while let Some(message) = fake.read().await {
                let uri = &message["params"]["textDocument"]["uri"];
                match message["method"].as_str().unwrap_or_default() {
                    "shutdown" => {
                        fake.say(json!({"jsonrpc": "2.0", "id": message["id"], "result": null})).await
                    }
                    "exit" => break,
                    _ => fake.publish(uri, None, json!([])).await,
                }
            }
        })
    }
    let site = Site::new(script);
    site.after(&["a.rs"]).await;
    site.diagnostics.end().await;
    let log = site.log();
    let last: Vec<&Value> = log.iter().rev().take(2).map(|message| &message["method"]).collect();
    assert_eq!(last, ["exit", "shutdown"]);
}

#[tokio::test]
async fn more_files_than_a_server_keeps_open_are_closed_again() {
    let site = Site::new(pushing);
    let names: Vec<String> = (0..101).map(|number| format!("f{number}.rs")).collect();
    for some in names.chunks(FILES) {
        for name in some {
            std::fs::write(site.root.join(name), "").unwrap();
        }
        site.after(&some.iter().map(String::as_str).collect::<Vec<_>>()).await.unwrap();
    }
    let log = site.log();
    let closed: Vec<&Value> = log.iter().filter(|it| it["method"] == "textDocument/didClose").collect();
    assert_eq!(closed.len(), 1);
    assert!(closed[0]["params"]["textDocument"]["uri"].as_str().unwrap().ends_with("/f0.rs"));
}

#[tokio::test]
async fn frames_are_read_however_they_arrive() {
    let (mut to, from) = tokio::io::duplex(7);
    let writer = tokio::spawn(async move {
        to.write_all(b"content-length:2\r\nContent-Type: x; charset=utf-8\r\n\r\n{}").await.unwrap();
        to.write_all(&codec::frame("\"ä\"".as_bytes())).await.unwrap();
        to.write_all(b"Content-Length: 5\r\n\r\n{}").await.unwrap();
    });
    let mut from = BufReader::new(from);
    assert_eq!(codec::read(&mut from).await.unwrap().unwrap(), b"{}");
    assert_eq!(codec::read(&mut from).await.unwrap().unwrap(), "\"ä\"".as_bytes());
    assert!(matches!(codec::read(&mut from).await, Err(LspError::Gone)));
    writer.await.unwrap();
    for (bytes, is_end) in [("", true), ("\r\n", false), ("Content-Length: -1\r\n\r\n", false), ("x", false)]
    {
        let mut from = BufReader::new(bytes.as_bytes());
        assert_eq!(codec::read(&mut from).await.is_ok(), is_end, "{bytes:?}");
        from.read_to_end(&mut Vec::new()).await.unwrap();
    }
}
