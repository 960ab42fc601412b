//! A client of our own comes in, or is told why not.

use adjutant::config::{Environment, Secret};
use adjutant::error::ErrorKind;
use adjutant::jsonrpc::MAX_LINE;
use adjutant::remote::{self, Address, RemoteError};
use adjutant::tls::Trust;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::support::bench::{Bench, Model};
use crate::support::client::Client;
use crate::support::link::Link;
use crate::support::server::Server;
use crate::support::wire::Wire;

/// That server as a client on its machine finds it.
pub(super) fn found(bench: &Bench, address: &str) -> remote::Server {
    let variables = bench.variables();
    let environment = Environment::of(variables.each_ref().map(|(name, value)| (*name, value.as_str())));
    remote::Server::at(address.parse().unwrap(), None, &environment, MAX_LINE).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_token_of_a_server_on_this_machine_is_found() {
    let bench = Bench::new(Model::Offline, "");
    for options in [&[][..], &["--no-auth"]] {
        let server = Server::start(&bench, options).await;
        let port = server.address.port();
        for address in
            [format!("{port}"), format!("ws://127.0.0.1:{port}"), format!("http://localhost:{port}/")]
        {
            let transport = remote::connect(&found(&bench, &address)).await.unwrap();
            let (client, _) = Client::open(Link::of(Wire::new(transport)), &bench).await;
            client.leave().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_token_is_said_to_be_wrong() {
    let bench = Bench::new(Model::Offline, "");
    let server = Server::start(&bench, &[]).await;
    for scheme in ["tcp", "ws"] {
        for token in [None, Some(Secret::new("canary"))] {
            let address: Address = format!("{scheme}://{}", server.address).parse().unwrap();
            let wrong = remote::Server { address, token, trust: Trust::System, max_line: MAX_LINE };
            let error = remote::connect(&wrong).await.expect_err("nobody comes in so");
            assert!(matches!(error, RemoteError::Refused { .. }), "{error}");
            assert_eq!(error.kind(), ErrorKind::Denied);
            assert!(!format!("{error} {error:?} {wrong:?}").contains("canary"));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_there_is_told_from_somebody_else() {
    let bench = Bench::new(Model::Offline, "");
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    for scheme in ["tcp", "ws"] {
        let error =
            remote::connect(&found(&bench, &format!("{scheme}://127.0.0.1:{port}"))).await.unwrap_err();
        assert!(matches!(error, RemoteError::Unreachable { .. }), "{error}");
    }
    for answer in
        ["", "220 mail.example.org ready\r\n", "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", "{}\n"]
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let other = tokio::spawn(async move {
            for _ in 0..2 {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut heard = [0; 16];
                stream.read_exact(&mut heard).await.unwrap();
                stream.write_all(answer.as_bytes()).await.unwrap();
                stream.shutdown().await.unwrap();
                let mut rest = Vec::new();
                let _reset = stream.read_to_end(&mut rest).await;
            }
        });
        for scheme in ["tcp", "ws"] {
            let address = format!("{scheme}://127.0.0.1:{port}");
            let error = remote::connect(&found(&bench, &address)).await.unwrap_err();
            assert!(matches!(error, RemoteError::Stranger { .. }), "{address} {answer:?}: {error}");
        }
        other.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hello_is_answered_for_whom_it_asks() {
    let bench = Bench::new(Model::Offline, "");
    let server = Server::start(&bench, &[]).await;
    let hello = json!({ "type": "hello", "token": server.token, "welcome": true });
    let ping = json!({ "type": "request", "id": "1", "method": "ping" });
    let answer = server.talk(&format!("{hello}\n{ping}\n")).await;
    let lines: Vec<_> = answer.lines().collect();
    assert_eq!(lines[0], r#"{"type":"welcome"}"#);
    assert!(lines.len() == 2 && lines[1].contains("pong"), "{answer}");
}
