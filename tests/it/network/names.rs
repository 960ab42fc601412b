//! Names that a server goes by because somebody said so, beside the one it is bound to.

use std::time::Duration;

use adjutant::remote;
use tokio::time::timeout;

use super::remote::found;
use crate::support::bench::{Bench, Model};
use crate::support::proxy::{Proxy, Weather};
use crate::support::server::Server;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_goes_by_the_names_that_it_was_given_and_by_no_other() {
    let bench = Bench::new(Model::Offline, "");
    let options =
        ["--allow-host", "localhost:19000", "--allow-host", "BuildBox", "--allow-host", "[::1]:19000"];
    let server = Server::start(&bench, &options).await;
    let own = server.address.port();
    let at_own_port = format!("buildbox:{own}");
    let begins = format!("buildbox.evil.test:{own}");
    for (host, status) in [
        ("localhost:19000", 200),
        ("LOCALHOST:19000", 200),
        ("[::1]:19000", 200),
        ("buildbox", 200),
        (at_own_port.as_str(), 200),
        (&server.address.to_string(), 200),
        ("buildbox:19000", 403),
        ("localhost:19001", 403),
        ("localhost:019000", 403),
        ("localhost", 403),
        ("127.0.0.1:19000", 403),
        ("localhost.:19000", 403),
        (begins.as_str(), 403),
        ("box", 403),
        ("", 403),
    ] {
        let (got, answer) = server.get("/health", &[("host", host)]).await;
        assert_eq!(got, status, "{host}: {answer}");
        assert!(status == 200 || answer.contains("--allow-host"), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_name_is_refused() {
    let bench = Bench::new(Model::Offline, "");
    for name in
        ["", "*", "*.test", "http://buildbox", "a b", "buildbox:", "buildbox:0", "buildbox:65536", "::1"]
    {
        let child = Server::command(&bench, &["--allow-host", name]).spawn().unwrap();
        let output = timeout(Duration::from_secs(20), child.wait_with_output()).await;
        let output = output.unwrap_or_else(|_| panic!("{name:?} was taken")).unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(64), "{name:?}: {said}");
        assert!(said.contains("--allow-host") && said.contains("NAME:PORT"), "{name:?}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_is_told_why_it_is_refused_and_comes_in_once_the_name_is_given() {
    let bench = Bench::new(Model::Offline, "");
    for (options, comes_in) in [(&[][..], false), (&["--allow-host", "127.0.0.1"], true)] {
        let server = Server::start(&bench, &[&["--hostname", "127.0.0.2"], options].concat()).await;
        let proxy = Proxy::start(server.address, Weather::CALM, 1).await;
        let connected = remote::connect(&found(&bench, &format!("ws://{}", proxy.address))).await;
        let said = connected.err().map(|e| e.to_string());
        assert_eq!(said.is_none(), comes_in, "{said:?}");
        assert!(comes_in || said.as_ref().is_some_and(|it| it.contains("--allow-host")), "{said:?}");
    }
}
