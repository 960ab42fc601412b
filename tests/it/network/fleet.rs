//! One command has work done by many servers, and says what came of all of it.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use rcgen::{CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

use crate::command_line::{end, output};
use crate::support::bench::{Bench, PROGRAM};
use crate::support::proxy::{Proxy, Weather};
use crate::support::server::Server;

const PATIENCE: Duration = Duration::from_secs(30);

/// How long a server may be silent before it counts as lost.
const NOTICED: Duration = Duration::from_secs(15);

const SCRIPT: &str = r#"{"when":"Review the backend","answer":[{"text":"The backend is fine."}]}
{"when":"Review the frontend","answer":[{"text":"The frontend is fine."}]}
{"when":"Stay","answer":[{"text":"Half"},"wait"]}
"#;

/// The command, and what it says line by line.
struct Run {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Run {
    fn start(bench: &Bench, arguments: &[&str]) -> Self {
        let mut child = bench.program(&[&["task", "--json"], arguments].concat()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    async fn until(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let line = timeout(PATIENCE, self.lines.next_line()).await.expect("it says something").unwrap();
            let line: Value = serde_json::from_str(&line.expect("it goes on")).unwrap();
            if wanted(&line) {
                return line;
            }
        }
    }

    /// The results by task, and the exit code.
    async fn end(mut self) -> (Vec<Value>, Option<i32>) {
        let mut results = Vec::new();
        while let Some(line) = timeout(PATIENCE, self.lines.next_line()).await.expect("it ends").unwrap() {
            let line: Value = serde_json::from_str(&line).unwrap();
            if line["type"] == "result" {
                results.push(line);
            }
        }
        results.sort_by_key(|it| it["task"].as_u64());
        (results, end(self.child).await.status.code())
    }
}

/// What a server is called on the network.
async fn name(bench: &Bench, server: &Server) -> String {
    let found = async {
        loop {
            let (_, stdout, _) = output(bench, &["discover", "--json", "--timeout", "1"]).await;
            let found = stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
            let own = server.address.to_string();
            if let Some(found) = { found }.find(|it| it["addresses"][0] == own.as_str()) {
                return found["name"].as_str().unwrap().to_owned();
            }
        }
    };
    timeout(PATIENCE, found).await.expect("the server is found")
}

fn is_begun(line: &Value, task: u64) -> bool {
    line["task"] == task && line["message"] == "Started"
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_three_servers_found_by_name_one_dies_and_the_others_finish() {
    let bench = Bench::scripted(SCRIPT);
    let (one, mut two, three) = (
        Server::start(&bench, &["--mdns"]).await,
        Server::start(&bench, &["--mdns"]).await,
        Server::start(&bench, &["--mdns"]).await,
    );
    let names = [name(&bench, &one).await, name(&bench, &two).await, name(&bench, &three).await];
    let tasks = ["--task", "Review the backend", "--task", "Stay", "--task", "Review the frontend"];
    let cwd = bench.cwd();
    let place = ["--cwd", cwd.to_str().unwrap()];
    let mut run = Run::start(&bench, &[&names.each_ref().map(String::as_str)[..], &tasks, &place].concat());
    run.until(|line| is_begun(line, 2)).await;
    two.child.kill().await.unwrap();
    let lost = run.until(|line| line["task"] == 2 && line["type"] == "result").await;
    assert_eq!((&lost["status"], &lost["server"]), (&"lost".into(), &names[1].as_str().into()), "{lost}");
    assert_eq!(run.end().await.1, Some(75));
    // What is said to people says the same.
    let (name, port) = (&names[0], three.address.port().to_string());
    let gone = two.address.to_string();
    let arguments = ["task", name, &gone, &port, "--task", "Review the backend"];
    let (code, stdout, stderr) = output(&bench, &arguments).await;
    assert_eq!(code, Some(75), "{stderr}");
    assert_eq!(stdout.matches("The backend is fine.").count(), 2, "{stdout}");
    assert!(stdout.contains(&format!("== {gone}: Review the backend\nfailed: cannot reach")), "{stdout}");
    assert!(stderr.ends_with("adjutant: 1 of 3 tasks did not finish\n"), "{stderr}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_text_is_headed_by_its_beginning() {
    let bench = Bench::scripted("");
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let text = format!("Review all of this:\n{}", "fn main() {}\n".repeat(100));
    let (_, stdout, _) = output(&bench, &["task", &nobody, "--task", &text]).await;
    let heading = stdout.lines().next().unwrap();
    let beginning = "Review all of this:<U+000A>fn main() {}<U+000A>f…";
    assert_eq!(heading, format!("== {nobody}: {beginning}"), "{stdout}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_machine_that_dies_without_a_word_is_given_up_in_time() {
    let bench = Bench::scripted(SCRIPT);
    let server = Server::start(&bench, &["--hostname", "127.0.0.2"]).await;
    let proxy = Proxy::start(server.address, Weather::CALM, 1).await;
    let mut run = Run::start(&bench, &[&proxy.address.to_string(), "--task", "Stay"]);
    run.until(|line| is_begun(line, 1)).await;
    let dead = Instant::now();
    proxy.stall();
    let lost = run.until(|line| line["type"] == "result").await;
    assert_eq!(lost["status"], "lost", "{lost}");
    assert!(dead.elapsed() < NOTICED, "{:?}", dead.elapsed());
    assert_eq!(run.end().await.1, Some(75));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tasks_that_are_left_over_go_to_who_is_ready_and_no_task_changes_hands() {
    let bench = Bench::scripted(SCRIPT);
    let mut one = Server::start(&bench, &[]).await;
    let two = Server::start(&bench, &[]).await;
    let ports = [one.address.port().to_string(), format!("ws://{}", two.address)];
    let mut arguments = vec![ports[0].as_str(), &ports[1], "--task", "Stay"];
    for _ in 0..5 {
        arguments.extend(["--task", "Review the frontend"]);
    }
    let mut run = Run::start(&bench, &arguments);
    run.until(|line| is_begun(line, 1)).await;
    // All the others are done while the first one stays.
    run.until(|line| line["task"] == 6 && line["type"] == "result").await;
    one.child.kill().await.unwrap();
    let (results, code) = run.end().await;
    assert_eq!((results.len(), &results[0]["status"], code), (1, &"lost".into(), Some(75)), "{results:?}");
    // With nobody left, what was never sent is told as well.
    let run = Run::start(&bench, &[&ports[0], "--task", "Stay", "--task", "Stay"]);
    let (results, code) = run.end().await;
    assert_eq!((results.len(), code), (2, Some(75)), "{results:?}");
    assert_eq!(results[1]["server"], Value::Null);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupt_cancels_and_a_timeout_ends_what_is_under_way() {
    let bench = Bench::scripted(SCRIPT);
    let server = Server::start(&bench, &[]).await;
    let port = server.address.port().to_string();
    let mut run = Run::start(&bench, &[&port, "--task", "Stay", "--task", "Stay"]);
    run.until(|line| is_begun(line, 1)).await;
    kill_process(Pid::from_raw(run.child.id().unwrap() as i32).unwrap(), Signal::INT).unwrap();
    let (results, code) = run.end().await;
    assert_eq!((&results[0]["status"], &results[1]["status"]), (&"cancelled".into(), &"lost".into()));
    assert_eq!(code, Some(130));
    let (results, code) = Run::start(&bench, &[&port, "--task", "Stay", "--timeout", "0.2"]).end().await;
    assert_eq!((&results[0]["status"], code), (&"timeout".into(), Some(75)));
    let (code, _, stderr) =
        output(&bench, &["task", &port, &port, &port, "--task", "a", "--task", "b"]).await;
    assert_eq!(code, Some(64), "{stderr}");
}

/// An authority, its certificate in a file, and what makes servers' certificates.
fn authority(path: &Path) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    std::fs::write(path, authority.pem()).unwrap();
    authority
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_elsewhere_is_believed_by_its_certificate_or_its_fingerprint() {
    let bench = Bench::scripted(SCRIPT);
    let root = bench.root().join("root.pem");
    let authority = authority(&root);
    // Whoever asks is somebody else: he knows nothing but the token.
    let elsewhere = Bench::scripted("");
    let ask = async |server: &Server, options: &[&str]| {
        let address = format!("tls://127.0.0.1:{}", server.address.port());
        let mut command =
            elsewhere.program(&[&["task", &address, "--task", "Review the backend"], options].concat());
        command.env("SSL_CERT_FILE", &root).env("ADJUTANT_TOKEN", &server.token);
        let output = end(command.spawn().unwrap()).await;
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    for (name, years, believed) in [
        ("127.0.0.1", 2000..4000, true),
        ("127.0.0.1", 2000..2001, false),
        ("elsewhere.example.org", 2000..4000, false),
    ] {
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.not_before = date_time_ymd(years.start, 1, 1);
        params.not_after = date_time_ymd(years.end, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &authority).unwrap();
        let pair = bench.root().join("pair.pem");
        std::fs::write(&pair, certificate.pem() + &key.serialize_pem()).unwrap();
        let pair = pair.to_str().unwrap();
        let server = Server::start(&bench, &["--tls-cert", pair, "--tls-key", pair]).await;
        let (code, stdout) = ask(&server, &[]).await;
        assert_eq!(code == Some(0), believed, "{name} {years:?}: {stdout}");
        assert_eq!(stdout.contains("its certificate is not valid"), !believed, "{stdout}");
    }
    let server = Server::start(&bench, &["--tls-self-signed"]).await;
    let (code, stdout) = ask(&server, &[]).await;
    assert!(code == Some(75) && stdout.contains("--fingerprint"), "{stdout}");
    let note: Value =
        serde_json::from_str(&std::fs::read_to_string(server.note.as_ref().unwrap()).unwrap()).unwrap();
    let (code, stdout) = ask(&server, &["--fingerprint", note["fingerprint"].as_str().unwrap()]).await;
    assert!(code == Some(0) && stdout.contains("The backend is fine."), "{stdout}");
    let (code, stdout) = ask(&server, &["--fingerprint", &"00".repeat(32)]).await;
    assert!(code == Some(75) && stdout.contains("another certificate"), "{stdout}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_terminal_a_table_is_drawn_anew_and_obeys_nobody() {
    let bench = Bench::scripted("{\"when\":\"\",\"answer\":[{\"text\":\"\\u001b[2JDone.\"}]}\n");
    let server = Server::start(&bench, &[]).await;
    let port = server.address.port().to_string();
    let (near, far) = crate::command_line::terminal();
    let mut command = bench.program(&["task", &port, "--task", "Look\u{1b}]0;x\u{7} here"]);
    let child = command.stderr(Stdio::from(far)).spawn().unwrap();
    drop(command);
    let output = end(child).await;
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8(output.stdout).unwrap().contains("[2JDone."));
    let mut drawn = Vec::new();
    // The end of a terminal that nobody holds any more is an error.
    let _gone = std::io::Read::read_to_end(&mut { near }, &mut drawn);
    let drawn = String::from_utf8(drawn).unwrap();
    let completed = drawn.lines().find(|line| line.contains("completed")).expect(&drawn);
    assert!(
        completed.contains("100%") && completed.contains("Look<U+001B>]0;x<U+0007> here"),
        "{completed:?}"
    );
    assert!(drawn.contains("\u{1b}[2A"), "{drawn:?}");
    assert!(!drawn.contains("\u{1b}[2J") && !drawn.contains("\u{1b}]"), "{drawn:?}");
}

/// The commands of the README's section about several servers, each with its ports replaced.
fn written(ports: &[(&str, String)]) -> Vec<String> {
    let text = include_str!("../../../README.md");
    let section = text.split_once("## Several servers").unwrap().1.split_once("\n## ").unwrap().0;
    let lines = section.lines().filter(|line| line.starts_with("adjutant "));
    let line = |line: &str| ports.iter().fold(line.to_owned(), |line, (old, new)| line.replace(old, new));
    lines.map(line).collect()
}

/// A command in a shell that finds the program.
fn shell(bench: &Bench, line: &str) -> Command {
    let mut command = Command::new("bash");
    let replaced = line.replacen("adjutant acp", "exec \"$PROGRAM\" acp", 1);
    command.arg("-c").arg(format!("adjutant() {{ \"$PROGRAM\" \"$@\"; }}\n{replaced}"));
    command.env_clear().env("PROGRAM", PROGRAM).envs(bench.variables()).current_dir(bench.root());
    command.env("PATH", "/usr/local/bin:/usr/bin:/bin").stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_readmes_example_works_as_it_is_written() {
    let script = "{\"when\":\"Sum up\",\"answer\":[{\"text\":\"Both are fine.\"}]}\n".to_owned() + SCRIPT;
    let bench = Bench::scripted(&script);
    for folder in ["repo/backend", "repo/frontend"] {
        std::fs::create_dir_all(bench.root().join(folder)).unwrap();
    }
    let free = |_| std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let held: Vec<_> = (0..3).map(free).collect();
    let port = |at: usize| held[at].local_addr().unwrap().port().to_string();
    let ports = [("9000", port(0)), ("9001", port(1)), ("9002", port(2))];
    drop(held);
    let mut servers = Vec::new();
    let (acp, task): (Vec<_>, Vec<_>) =
        written(&ports).into_iter().partition(|line| line.starts_with("adjutant acp"));
    assert_eq!((acp.len(), task.len()), (3, 2));
    for line in acp {
        let mut child = shell(&bench, &line).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let said = timeout(PATIENCE, lines.next_line()).await.unwrap().unwrap().unwrap();
        assert!(said.starts_with("adjutant: listening"), "{said}");
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        servers.push(child);
    }
    let mut said = Vec::new();
    for line in task {
        let output = end(shell(&bench, &line).spawn().unwrap()).await;
        let stdout = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{line}: {stdout}");
        said.push(stdout);
    }
    assert!(
        said[0].contains("The backend is fine.") && said[0].contains("The frontend is fine."),
        "{said:?}"
    );
    assert!(said[1].contains("Both are fine."), "{said:?}");
}
