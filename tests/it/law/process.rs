//! The process and what it leaves behind: children, sockets, bytes.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::process::Command;

use crate::support::bench::{Bench, PROGRAM};
use crate::support::client::{Client, update};
use crate::support::link::Link;
use crate::support::proc::{marked, sockets, until};

/// A bench whose model runs a command that leaves children behind, all with `mark` in their command line.
fn bench_with_children(mark: &str) -> Bench {
    bench_that_runs(&format!(
        "sleep {mark} & setsid sleep {mark} & (setsid -f sleep {mark}); echo ready; wait"
    ))
}

fn bench_that_runs(command: &str) -> Bench {
    let call = json!({ "call": { "name": "bash", "input": { "command": command } } });
    Bench::scripted(&format!("{}\n", json!({ "when": "", "answer": [call] })))
}

/// Seconds to sleep that no other process sleeps.
fn mark(which: u32) -> String {
    format!("9{which}{:06}.25", std::process::id())
}

async fn full(client: &mut Client, session: &str) {
    client.request("session/set_mode", json!({ "sessionId": session, "modeId": "full" })).await.unwrap();
}

async fn begin(bench: &Bench, mark: &str) -> (Client, String, u64) {
    let (mut client, session) = Client::open(Link::process(bench), bench).await;
    full(&mut client, &session).await;
    let id = client.prompt(&session, "go").await;
    until("the children run", || marked(mark).len() >= 3).await;
    (client, session, id)
}

/// The client hangs up in the middle of the command: the prompt is answered, the program ends, no child stays.
async fn nothing_is_left_after_hanging_up(bench: &Bench, mark: &str) {
    let (mut client, _, id) = begin(bench, mark).await;
    client.link.wire.end().await;
    assert_eq!(client.reply(id).await.unwrap()["stopReason"], "cancelled");
    client.link.finish().await.unwrap();
    until("no child is left", || marked(mark).is_empty()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l8_a_cancelled_turn_leaves_no_process() {
    let mark = mark(1);
    let bench = bench_with_children(&mark);
    let (mut client, session, id) = begin(&bench, &mark).await;
    client.cancel(&session).await;
    assert_eq!(client.reply(id).await.unwrap()["stopReason"], "cancelled");
    until("no child is left", || marked(&mark).is_empty()).await;
    client.link.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l8_a_client_that_hangs_up_leaves_no_process() {
    let mark = mark(2);
    let bench = bench_with_children(&mark);
    nothing_is_left_after_hanging_up(&bench, &mark).await;
}

/// The time of a client that has gone is short: the reply does not wait for a command that will not end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l8_a_command_that_ignores_its_end_keeps_no_reply_back() {
    let mark = mark(4);
    let sleeping = format!("sleep {mark} & sleep {mark} & sleep {mark} &");
    let bench = bench_that_runs(&format!("trap '' TERM; {sleeping} while true; do wait; done"));
    nothing_is_left_after_hanging_up(&bench, &mark).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l8_a_killed_program_leaves_no_process() {
    let mark = mark(3);
    let bench = bench_with_children(&mark);
    let (client, ..) = begin(&bench, &mark).await;
    client.link.kill().await;
    until("no child is left", || marked(&mark).is_empty()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l10_what_a_tool_puts_out_is_capped_for_the_client() {
    let calls = [
        json!({ "call": { "name": "bash", "input": { "command": "head -c 20000000 /dev/zero | tr '\\0' x" } } }),
        json!({ "call": { "name": "read", "input": { "path": "big.txt" } } }),
        json!({ "call": { "name": "grep", "input": { "pattern": "x" } } }),
        json!({ "call": { "name": "list", "input": {} } }),
    ];
    let rules = [
        json!({ "when": "", "results": 0, "answer": calls }),
        json!({ "when": "", "results": 4, "answer": [{ "text": "done" }] }),
    ];
    let bench = Bench::scripted(&format!("{}\n{}\n", rules[0], rules[1]));
    bench.write("big.txt", &"x\n".repeat(1_000_000));
    for at in 0..3000 {
        bench.write(&format!("many/file-{at:05}-with-a-name-of-some-length.txt"), "x");
    }
    let (mut client, session) = Client::open(Link::memory(&bench.door()), &bench).await;
    full(&mut client, &session).await;
    let id = client.prompt(&session, "go").await;
    client.reply(id).await.unwrap();
    let longest = client.heard.iter().map(|line| line.to_string().len()).max().unwrap();
    assert!(longest < 128 * 1024, "{longest} bytes in one line");
    let ended = client.heard.iter().filter(|line| line["params"]["update"]["status"] == "completed").count();
    assert_eq!(ended, 4);
    client.link.finish().await.unwrap();
}

/// Inodes in the kernel's tables of sockets that reach beyond this machine's processes.
fn network(pid: u32) -> BTreeSet<String> {
    let mut inodes = BTreeSet::new();
    for table in ["tcp", "tcp6", "udp", "udp6", "raw", "raw6"] {
        let text = std::fs::read_to_string(format!("/proc/{pid}/net/{table}")).unwrap_or_default();
        inodes
            .extend(text.lines().skip(1).filter_map(|row| row.split_whitespace().nth(9)).map(str::to_owned));
    }
    // A Unix socket with a path is one that others can reach.
    let text = std::fs::read_to_string(format!("/proc/{pid}/net/unix")).unwrap_or_default();
    let named = text.lines().skip(1).filter(|row| row.split_whitespace().count() > 7);
    inodes.extend(named.filter_map(|row| row.split_whitespace().nth(6)).map(str::to_owned));
    inodes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l11_no_socket_is_open_and_stdout_carries_protocol_lines_only() {
    let rules = [
        json!({ "when": "", "results": 0, "answer": [{ "call": { "name": "bash", "input": { "command": "echo out; echo err >&2" } } }] }),
        json!({ "when": "", "results": 1, "answer": [{ "text": "ok" }, "wait"] }),
    ];
    let bench = Bench::scripted(&format!("{}\n{}\n", rules[0], rules[1]));
    let log = bench.root().join("log");
    let mut command = Command::new(PROGRAM);
    command.args(["acp", "--log", "trace", "--log-file"]).arg(&log);
    let (mut client, session) = Client::open(Link::command(&mut command, &bench), &bench).await;
    client.link.wire.send(b"no json\n\n  \n[]\n{\"jsonrpc\":\"2.0\",\"id\":77,\"result\":1}\n").await;
    full(&mut client, &session).await;
    let id = client.prompt(&session, "go").await;
    client.until(|line| update(line) == Some("agent_message_chunk")).await;

    let pid = client.link.pid().unwrap();
    let reachable = network(pid);
    let open: Vec<_> = sockets(pid).into_iter().filter(|inode| reachable.contains(inode)).collect();
    assert!(open.is_empty(), "sockets {open:?}");

    client.cancel(&session).await;
    client.reply(id).await.unwrap();
    let protocol = |line: &Value| line["jsonrpc"] == "2.0" && line.is_object();
    assert!(client.heard.iter().all(protocol), "{:?}", client.heard);
    client.link.finish().await.unwrap();
    assert!(std::fs::metadata(&log).unwrap().len() > 0, "there was something to log");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l8_the_end_of_input_ends_the_program_soon() {
    let bench = Bench::scripted("");
    let (client, _) = Client::open(Link::process(&bench), &bench).await;
    let started = std::time::Instant::now();
    client.link.finish().await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
}
