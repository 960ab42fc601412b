//! Clients of our own whose sockets are cut in the middle of the work: what they say at the end is whole.

use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout};
use tokio::time::timeout;

use crate::command_line::end;
use crate::support::bench::Bench;
use crate::support::proc;
use crate::support::proxy::{Proxy, Weather};
use crate::support::server::Server;

const PATIENCE: Duration = Duration::from_secs(30);

/// Parts of the work; in the middle of each but the last the socket is cut.
const PARTS: usize = 4;
/// Numbers that are said in a part, one at a time.
const NUMBERS: usize = 300;

/// Much of what was said is on its way when a socket is cut.
const SLOW: Weather = Weather { piece: 256, life: u64::MAX, pause: 1000 };

/// A client at work, on the other side of a proxy.
struct Stage {
    bench: Bench,
    proxy: Proxy,
    child: Child,
    said: Lines<BufReader<ChildStdout>>,
    _server: Server,
}

impl Stage {
    /// `adjutant <command> <address> <options>` at a server whose parts each wait for a file at their end.
    async fn start(command: &[&str], options: &[&str]) -> Self {
        let mut script = Vec::new();
        for part in 0..PARTS {
            let numbers = part * NUMBERS..(part + 1) * NUMBERS;
            script.extend(numbers.map(|number| json!({ "text": format!("{number}\n") })));
            if part + 1 < PARTS {
                let wait = format!("until [ -e go{part} ]; do sleep 0.01; done");
                script.push(json!({ "call": { "name": "bash", "input": { "command": wait } } }));
            }
            script.push(json!({ "stop": "end_turn" }));
        }
        let script: Vec<_> = script.iter().map(Value::to_string).collect();
        let bench = Bench::scripted(&script.join("\n"));
        let server = Server::start(&bench, &["--hostname", "127.0.0.2", "--mode", "full"]).await;
        let proxy = Proxy::start(server.address, SLOW, 1).await;
        // A server on this machine, called as such, is reached by a connection that ends with its socket.
        let address = format!("tcp://127.1:{}", proxy.address.port());
        let cwd = bench.cwd();
        let place = ["--cwd", cwd.to_str().unwrap()];
        let mut program = bench.program(&[command, &[&address], &place, options].concat());
        program.env("ADJUTANT_TOKEN", &server.token).stderr(Stdio::null());
        let mut child = program.spawn().unwrap();
        let said = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { bench, proxy, child, said, _server: server }
    }

    async fn line(&mut self) -> Option<String> {
        timeout(PATIENCE, self.said.next_line()).await.expect("it goes on").unwrap()
    }

    async fn json(&mut self) -> Option<Value> {
        self.line().await.map(|line| serde_json::from_str(&line).expect(&line))
    }

    /// Cuts the socket in that part, and has the part end when there is another one.
    async fn cut(&self, part: usize) {
        self.proxy.cut();
        proc::until("another socket", || self.proxy.accepted() == part as u64 + 2).await;
        self.bench.write(&format!("go{part}"), "");
    }

    /// It ended well, after all cuts.
    async fn ended(self) {
        assert_eq!(self.proxy.accepted(), PARTS as u64);
        assert_eq!(end(self.child).await.status.code(), Some(0));
    }
}

fn numbers(text: &str) -> Vec<usize> {
    text.split_whitespace().map(|word| word.parse().expect(text)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_run_elsewhere_says_is_whole_although_its_socket_is_cut() {
    let mut stage = Stage::start(&["run", "--attach"], &["Count"]).await;
    let mut said = Vec::new();
    while let Some(line) = stage.line().await {
        said.extend(numbers(&line));
        if said.len() % NUMBERS == 1 && said.len() < (PARTS - 1) * NUMBERS {
            stage.cut(said.len() / NUMBERS).await;
        }
    }
    assert_eq!(said, (0..PARTS * NUMBERS).collect::<Vec<_>>());
    stage.ended().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_lines_of_a_run_elsewhere_are_all_there_once_although_its_socket_is_cut() {
    let mut stage = Stage::start(&["run", "--attach"], &["--format", "json", "Count"]).await;
    let (mut kinds, mut said, mut cuts) = (Vec::new(), Vec::new(), 0);
    while let Some(line) = stage.json().await {
        let kind = line["type"].as_str().unwrap();
        if kind == "text" {
            said.extend(numbers(line["part"]["text"].as_str().unwrap()));
            if cuts + 1 < PARTS {
                stage.cut(cuts).await;
                cuts += 1;
            }
        }
        kinds.push(kind.to_owned());
    }
    let step = "step_start text tool_use step_finish ".repeat(PARTS - 1);
    assert_eq!(kinds.join(" "), step + "step_start text step_finish");
    assert_eq!(said, (0..PARTS * NUMBERS).collect::<Vec<_>>());
    stage.ended().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_elsewhere_has_its_whole_result_although_its_socket_is_cut() {
    let mut stage = Stage::start(&["task"], &["--json", "--task", "Count"]).await;
    let (mut told, mut result) = (Vec::new(), Value::Null);
    while let Some(line) = stage.json().await {
        match line["type"].as_str().unwrap() {
            "progress" => {
                let message = line["message"].as_str().unwrap().to_owned();
                let waits = (0..PARTS).find(|part| message.contains(&format!("go{part} ")));
                told.push(waits.map_or(message, |part| part.to_string()));
                if let Some(part) = waits {
                    stage.cut(part).await;
                }
            }
            kind => {
                told.push(kind.to_owned());
                result = if kind == "result" { line } else { result };
            }
        }
    }
    assert_eq!(told, ["Sent", "Started", "0", "1", "2", "Completed", "result", "summary"]);
    assert_eq!(result["status"], "completed", "{result}");
    let last = (PARTS - 1) * NUMBERS..PARTS * NUMBERS;
    assert_eq!(numbers(result["output"].as_str().unwrap()), last.collect::<Vec<_>>());
    stage.ended().await;
}
