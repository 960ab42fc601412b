use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde_json::json;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::Site;
use crate::acp::{ContentBlock, ToolCallContent};
use crate::permission::Action;
use crate::workspace::{Captured, Command, Commands, Exit, Finished, Live, WorkspaceError};

/// Commands that end as told.
#[derive(Debug)]
struct Scripted {
    finished: Finished,
    ran: Mutex<Vec<Command>>,
}

impl Scripted {
    fn new(exit: Exit, output: &str) -> Arc<Self> {
        let output = Captured { head: output.into(), ..Captured::default() };
        let finished = Finished { exit, output, elapsed: Duration::from_millis(1500), terminal: None };
        Arc::new(Self { finished, ran: Mutex::default() })
    }
}

impl Commands for Scripted {
    fn run(
        &self,
        command: Command,
        output: mpsc::Sender<Live>,
        _: CancellationToken,
    ) -> BoxFuture<'_, Result<Finished, WorkspaceError>> {
        self.ran.lock().unwrap().push(command);
        Box::pin(async move {
            output.send(Live::Output(self.finished.output.head.clone().into())).await.ok();
            Ok(self.finished.clone())
        })
    }
}

#[tokio::test]
async fn a_command_runs_in_the_working_directory_within_its_time() {
    let scripted = Scripted::new(Exit::Code(0), "hello\n");
    let site = Site::with(scripted.clone());
    let prepared = site.prepare("bash", json!({"command": "echo hello"})).await.unwrap();
    assert_eq!(prepared.title, "`echo hello`");
    let cwd = site.root().to_owned();
    assert_eq!(prepared.action, Action::Execute { command: "echo hello".to_owned(), cwd: cwd.clone() });
    assert!(scripted.ran.lock().unwrap().is_empty(), "preparing must run nothing");
    let output = (prepared.work)().await;
    assert_eq!((output.text.as_str(), output.failed), ("hello\n", false));
    assert_eq!(
        output.raw,
        Some(json!({"exit_code": 0, "signal": null, "timed_out": false, "elapsed_ms": 1500, "omitted": 0}))
    );
    for timeout in [json!(5), json!(99999), json!(0), json!("7")] {
        site.call("bash", json!({"command": "true", "timeout": timeout})).await;
    }
    let ran = scripted.ran.lock().unwrap();
    assert!(ran[0].argv.ends_with(&["-c".to_owned(), "echo hello".to_owned()]), "{:?}", ran[0].argv);
    assert_eq!(ran[0].cwd, cwd);
    let seconds: Vec<u64> = ran.iter().map(|command| command.limits.wall.as_secs()).collect();
    assert_eq!(seconds, [120, 5, 600, 1, 7]);
}

#[tokio::test]
async fn the_way_a_command_ended_is_the_last_line() {
    let cases = [
        (Exit::Code(0), "", "(no output)", false),
        (Exit::Code(2), "oops", "oops\n(exit code 2)", true),
        (Exit::Code(1), "", "(exit code 1)", true),
        (Exit::Signal(9), "a\n", "a\n(ended by signal 9)", true),
        (Exit::Cancelled, "a\n", "a\n(cancelled)", true),
    ];
    for (exit, output, text, failed) in cases {
        let site = Site::with(Scripted::new(exit, output));
        let output = site.call("bash", json!({"command": "x"})).await;
        assert_eq!((output.text.as_str(), output.failed), (text, failed));
    }
    let site = Site::with(Scripted::new(Exit::TimedOut, ""));
    let output = site.call("bash", json!({"command": "x", "timeout": 1})).await;
    assert!(output.text.starts_with("(ended after 1 second, its"), "{}", output.text);
    let site = Site::with(Scripted::new(Exit::TimedOut, "a"));
    let output = site.call("bash", json!({"command": "x", "timeout": 3})).await;
    assert!(output.text.starts_with("a\n(ended after 3 seconds, its time limit;"), "{}", output.text);
    assert_eq!(output.raw.unwrap()["timed_out"], true);
}

#[tokio::test]
async fn live_output_is_passed_on() {
    let mut site = Site::with(Scripted::new(Exit::Code(0), "live"));
    let (progress, mut live) = mpsc::channel(1);
    site.context.progress = progress;
    site.done("bash", json!({"command": "x"})).await;
    assert_eq!(live.recv().await, Some(Live::Output("live".into())));
}

#[tokio::test]
async fn output_that_json_blows_up_is_cut_in_the_middle() {
    let site = Site::with(Scripted::new(Exit::Code(0), &format!("start{}end", "\u{1b}".repeat(40_000))));
    let text = site.done("bash", json!({"command": "x"})).await;
    assert!(text.starts_with("start") && text.ends_with("end") && text.contains(" bytes omitted …"));
    assert!(serde_json::to_string(&text).unwrap().len() <= 48 * 1024);
}

#[tokio::test]
async fn a_client_terminal_is_shown_in_place_of_the_text() {
    let mut finished = Scripted::new(Exit::Code(0), "a").finished.clone();
    finished.terminal = Some("term-1".to_owned());
    let site = Site::with(Arc::new(Scripted { finished, ran: Mutex::default() }));
    let output = site.call("bash", json!({"command": "x"})).await;
    let [ToolCallContent::Terminal(terminal)] = output.content.as_slice() else { panic!("{output:?}") };
    assert_eq!(&*terminal.terminal_id.0, "term-1");
}

#[tokio::test]
async fn a_person_sees_the_whole_command_and_nothing_hidden() {
    let site = Site::new();
    let command = "echo ```\nrm -rf x \u{202e}# \u{1b}[2K";
    let input = json!({"command": command, "description": "Says\nhello"});
    let prepared = site.prepare("bash", input).await.unwrap();
    assert_eq!(prepared.title, "`echo ```\\nrm -rf x \\u{202e}# \\u{1b}[2K`");
    let shown: Vec<&str> = prepared.preview.iter().map(text_of).collect();
    assert_eq!(shown, ["````sh\necho ```\nrm -rf x \\u{202e}# \\u{1b}[2K\n````", "Says\\nhello"]);
}

fn text_of(content: &ToolCallContent) -> &str {
    match content {
        ToolCallContent::Content(content) => match &content.content {
            ContentBlock::Text(text) => &text.text,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_command_that_is_none_is_refused() {
    let site = Site::new();
    for command in ["", "  \n", "a\0b"] {
        assert!(site.failed("bash", json!({"command": command})).await.starts_with("`command`"));
    }
}
