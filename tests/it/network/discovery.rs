//! Servers are found on the local network, and tell it nothing but that they are there.

use std::io::Write;
use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use mdns_sd::{IfKind, ResolvedService, ServiceDaemon, ServiceEvent, ServiceInfo};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::process::Command;
use tokio::time::timeout;

use crate::support::bench::{Bench, Model, PROGRAM};
use crate::support::client::Client;
use crate::support::link::Link;
use crate::support::server::Server;

const PATIENCE: Duration = Duration::from_secs(30);

async fn output(bench: &Bench, arguments: &[&str]) -> (Option<i32>, String) {
    let output = timeout(PATIENCE, bench.program(arguments).output()).await.unwrap().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

/// What is said of a server by its own entry, and what tells when the entry is gone.
async fn entry(
    service: &str,
    address: SocketAddr,
) -> (ServiceDaemon, mdns_sd::Receiver<ServiceEvent>, Box<ResolvedService>) {
    let daemon = ServiceDaemon::new().unwrap();
    let events = daemon.browse(service).unwrap();
    let found = async {
        loop {
            if let ServiceEvent::ServiceResolved(it) = events.recv_async().await.unwrap()
                && it.port == address.port()
            {
                return it;
            }
        }
    };
    let found = timeout(PATIENCE, found).await.expect("the server is found");
    (daemon, events, found)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_is_listed_with_what_is_needed_to_reach_it() {
    let bench = Bench::new(Model::Offline, "");
    let server = Server::start(&bench, &["--mdns"]).await;
    let hidden = Server::start(&bench, &[]).await;
    // What it says of itself under one type may be heard before what it says under the other.
    let listed = async {
        loop {
            let (code, stdout) = output(&bench, &["discover", "--json", "--timeout", "1"]).await;
            assert_eq!(code, Some(0));
            let found: Vec<Value> = stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            let listens =
                |it: &Value, server: &Server| it["addresses"][0] == server.address.to_string().as_str();
            assert!(!found.iter().any(|it| listens(it, &hidden)), "{stdout}");
            if let Some(found) = found.iter().find(|it| listens(it, &server) && it["kind"] == "adjutant") {
                return found.clone();
            }
        }
    };
    let found = timeout(PATIENCE, listed).await.expect("the server is listed");
    assert_eq!(found["protocol"], 1, "{found}");
    assert_eq!(found["addresses"].as_array().unwrap().len(), 1, "{found}");
    let told = async {
        loop {
            let (_, table) = output(&bench, &["discover", "--timeout", "1"]).await;
            let row = table.lines().find(|row| row.contains(found["name"].as_str().unwrap()));
            if let Some(row) = row.filter(|row| row.ends_with("1         adjutant")) {
                return row.to_owned();
            }
        }
    };
    let row = timeout(PATIENCE, told).await.expect("the server is in the table");
    assert!(row.contains(&server.address.to_string()), "{row}");
    let arguments = ["discover", "--connect", found["name"].as_str().unwrap()];
    let (client, _session) =
        Client::open(Link::command(Command::new(PROGRAM).args(arguments), &bench), &bench).await;
    client.link.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_entry_holds_a_version_and_a_random_name_and_is_taken_back_at_the_end() {
    let bench = Bench::new(Model::Offline, "");
    let mut server = Server::start(&bench, &["--mdns"]).await;
    for service in ["_opencode-acp._tcp.local.", "_adjutant._tcp.local."] {
        let (daemon, events, found) = entry(service, server.address).await;
        let texts: Vec<_> = found.txt_properties.iter().map(|it| (it.key(), it.val_str())).collect();
        let id = found.get_property_val_str("id").unwrap();
        assert_eq!(texts, [("protocol", "1"), ("id", id)]);
        assert!(id.len() == 8 && id.bytes().all(|it| it.is_ascii_hexdigit()), "{id}");
        assert_eq!(found.host, format!("adjutant-{id}.local."));
        assert_eq!(found.fullname, format!("adjutant-{id}.{service}"));
        let addresses: Vec<_> = found.addresses.iter().map(mdns_sd::ScopedIp::to_ip_addr).collect();
        assert_eq!(addresses, [server.address.ip()]);
        if service.contains("opencode") {
            daemon.shutdown().unwrap();
            continue;
        }
        let pid = Pid::from_raw(server.child.id().unwrap() as i32).unwrap();
        kill_process(pid, Signal::TERM).unwrap();
        let gone = async {
            loop {
                if let ServiceEvent::ServiceRemoved(_, name) = events.recv_async().await.unwrap()
                    && name == found.fullname
                {
                    return;
                }
            }
        };
        // An entry that nobody takes back is kept for two minutes.
        timeout(PATIENCE, gone).await.expect("the server says goodbye");
        assert!(timeout(PATIENCE, server.child.wait()).await.unwrap().unwrap().success());
        daemon.shutdown().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_somebody_calls_himself_is_not_obeyed_by_the_terminal() {
    let bench = Bench::new(Model::Offline, "");
    let daemon = ServiceDaemon::new().unwrap();
    daemon.disable_interface(IfKind::All).unwrap();
    daemon.enable_interface(IfKind::LoopbackV4).unwrap();
    let name = format!("\u{1b}[2J\u{202e}evil-{}", std::process::id());
    let texts = [("protocol", "\u{1b}]0;x"), ("more", "than is known")];
    let texts = &texts[..];
    let record =
        ServiceInfo::new("_opencode-acp._tcp.local.", &name, "evil.local.", "127.0.0.1", 9, texts).unwrap();
    daemon.register(record).unwrap();
    let listed = async {
        loop {
            let (_, table) = output(&bench, &["discover", "--timeout", "1"]).await;
            if let Some(row) = table.lines().find(|row| row.contains(&format!("evil-{}", std::process::id())))
            {
                return row.to_owned();
            }
        }
    };
    let row = timeout(PATIENCE, listed).await.expect("he is listed");
    assert!(row.starts_with("<U+001B>[2J<U+202E>evil"), "{row:?}");
    assert!(row.ends_with("-         opencode") && !row.contains(char::is_control), "{row:?}");
    daemon.shutdown().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_multicast_it_is_said_once_and_served_all_the_same() {
    let bench = Bench::new(Model::Offline, "");
    // A network of its own, without a single interface that is up.
    let alone = Command::new("unshare").args(["-rn", "true"]).stderr(Stdio::null()).status().await;
    if !alone.is_ok_and(|status| status.success()) {
        // Without the words of the command line, `discovery::tests` shows the same and needs nobody's leave. What is
        // written so is seen although the test passes.
        let skipped = b"SKIPPED: no network without interfaces, since `unshare -rn` is not allowed here\n";
        return std::io::stderr().write_all(skipped).unwrap();
    }
    let mut command = Command::new("unshare");
    let options = ["acp", "--mdns", "--hostname", "0.0.0.0", "--insecure-plaintext"];
    command.args(["-rn", PROGRAM]).args(options).env_clear().envs(bench.variables());
    let mut child = command.stderr(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
    let mut lines = tokio::io::BufReader::new(child.stderr.take().unwrap());
    let mut said = String::new();
    let warned = async {
        while !said.contains("nobody can find this server") {
            assert_ne!(tokio::io::AsyncBufReadExt::read_line(&mut lines, &mut said).await.unwrap(), 0);
        }
    };
    timeout(PATIENCE, warned).await.expect("it is said");
    kill_process(Pid::from_raw(child.id().unwrap() as i32).unwrap(), Signal::TERM).unwrap();
    tokio::io::AsyncReadExt::read_to_string(&mut lines, &mut said).await.unwrap();
    assert!(timeout(PATIENCE, child.wait()).await.unwrap().unwrap().success(), "{said}");
    assert_eq!(said.matches("nobody can find this server").count(), 1, "{said}");
}
