//! A port that speaks TLS speaks nothing else, and its certificate is known by its fingerprint.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use adjutant::jsonrpc::MAX_LINE;
use adjutant::remote::{self, RemoteError};
use adjutant::tls::{self, ClientStream, Fingerprint, Trust};
use adjutant::transport::Transport;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use super::remote::found;
use crate::support::bench::{Bench, Model};
use crate::support::client::Client;
use crate::support::link::Link;
use crate::support::remote::http_client;
use crate::support::server::Server;
use crate::support::wire::Wire;

const PATIENCE: Duration = Duration::from_secs(20);

/// What the server has written down for clients of this person.
fn noted(server: &Server) -> Fingerprint {
    let note = std::fs::read_to_string(server.note.as_ref().unwrap()).unwrap();
    let note: Value = serde_json::from_str(&note).unwrap();
    note["fingerprint"].as_str().unwrap().parse().unwrap()
}

async fn dial(server: &Server, host: &str) -> ClientStream<TcpStream> {
    let stream = TcpStream::connect(("127.0.0.1", server.address.port())).await.unwrap();
    tls::client(stream, host, &Trust::Pinned(vec![noted(server)])).await.unwrap()
}

/// One request over TLS, and all that comes.
async fn get(server: &Server, path: &str, host: &str) -> String {
    let mut stream = dial(server, "localhost").await;
    let head = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut answer)).await.unwrap().unwrap();
    answer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lines_http_and_websocket_share_an_encrypted_port() {
    let bench = Bench::new(Model::Offline, "");
    let server = Server::start(&bench, &["--tls-self-signed"]).await;
    let (reader, writer) = tokio::io::split(dial(&server, "localhost").await);
    let mut wire = Wire::new(Transport::lines(reader, writer, MAX_LINE));
    wire.send_line(&json!({ "type": "hello", "token": server.token }).to_string()).await;
    let (mut client, session) = Client::open(Link::of(wire), &bench).await;
    let turn = client.prompt(&session, "/help").await;
    assert_eq!(client.reply(turn).await.unwrap()["stopReason"], "end_turn");

    let answer = get(&server, "/health", &server.address.to_string()).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with(r#"{"healthy":true}"#), "{answer}");

    // Whoever can speak either is answered in the newer one.
    let trusting = http_client().tls_danger_accept_invalid_certs(true).build().unwrap();
    let answer = trusting.get(format!("https://{}/health", server.address)).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.version()), (200, reqwest::Version::HTTP_2));

    let mut request = format!("wss://{}/acp", server.address).into_client_request().unwrap();
    request.headers_mut().insert("authorization", format!("Bearer {}", server.token).parse().unwrap());
    let upgraded = tokio_tungstenite::client_async(request, dial(&server, "127.0.0.1").await).await;
    assert_eq!(upgraded.unwrap().1.status(), 101);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_on_this_machine_knows_the_certificate_and_takes_no_other() {
    let bench = Bench::new(Model::Offline, "");
    let server = Server::start(&bench, &["--tls-self-signed"]).await;
    let port = server.address.port();
    for address in [format!("{port}"), format!("tls://localhost:{port}"), format!("wss://127.0.0.1:{port}")] {
        let mut found = found(&bench, &address);
        let transport = remote::connect(&found).await.unwrap();
        let (client, _) = Client::open(Link::of(Wire::new(transport)), &bench).await;
        client.leave().await;
        found.trust = Trust::Pinned(vec!["00".repeat(32).parse().unwrap()]);
        let error = remote::connect(&found).await.expect_err("another one is pinned");
        assert!(matches!(error, RemoteError::Stranger { .. }), "{error}");
        assert!(error.to_string().contains(&noted(&server).to_string()), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_encrypted_port_that_others_reach_wants_no_leave_and_goes_by_its_certificates_names() {
    let bench = Bench::new(Model::Offline, "");
    let pair = rcgen::generate_simple_self_signed(["agent.example.org".to_owned()]).unwrap();
    let write = |name: &str, text: String| {
        let path = bench.root().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (certificate, key) =
        (write("c.pem", pair.cert.pem()), write("k.pem", pair.signing_key.serialize_pem()));
    let options = ["--hostname", "0.0.0.0", "--tls-cert", &certificate, "--tls-key", &key];
    let server = Server::start(&bench, &options).await;
    let port = server.address.port();
    for (host, status) in [("127.0.0.1", 200), ("agent.example.org", 200), ("evil.example.org", 403)] {
        let answer = get(&server, "/health", &format!("{host}:{port}")).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{host}: {answer}");
    }
    assert_eq!(get(&server, "/acp", &format!("127.0.0.1:{port}")).await.split(' ').nth(1), Some("401"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_does_not_encrypt_is_told_how_to_and_not_listened_to() {
    let bench = Bench::new(Model::Offline, "");
    let server = Server::start(&bench, &["--tls-self-signed"]).await;
    let hello = json!({ "type": "hello", "token": server.token });
    let ping = json!({ "type": "request", "id": 1, "method": "ping" });
    let answer = server.raw(format!("{hello}\n{ping}\n").as_bytes()).await;
    assert!(answer.contains("tls://") && answer.contains("INVALID_REQUEST"), "{answer}");
    assert!(!answer.contains("pong"), "{answer}");
    let host = server.address.to_string();
    let token = format!("Bearer {}", server.token);
    let (status, answer) = server.get("/health", &[("host", &host), ("authorization", &token)]).await;
    assert!(status == 400 && answer.contains("https://") && !answer.contains("healthy"), "{answer}");
    assert_eq!(server.raw(b"\x80\x2e\x01\x03\x01").await, "");
    // And the other way round.
    let plain = Server::start(&bench, &[]).await;
    let stream = TcpStream::connect(plain.address).await.unwrap();
    timeout(PATIENCE, tls::client(stream, "localhost", &Trust::System)).await.unwrap().unwrap_err();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_takes_too_long_or_is_too_old_is_let_go() {
    let bench = Bench::new(Model::Offline, "");
    let server = Server::start(&bench, &["--tls-self-signed"]).await;
    let half = async { server.raw(&[tls::FIRST_BYTE, 3, 1]).await };
    let silent = async {
        let mut rest = Vec::new();
        let mut stream = dial(&server, "localhost").await;
        let _ended =
            timeout(PATIENCE, stream.read_to_end(&mut rest)).await.expect("the silent one is let go");
        rest
    };
    assert_eq!(tokio::join!(half, silent), (String::new(), Vec::new()));
    // A greeting of TLS 1.1: its version, random bytes, no session, one cipher, no compression, one kind of signature.
    let mut hello = vec![3, 2];
    hello.extend([7; 32]);
    hello.extend([0, 0, 2, 0xc0, 0x13, 1, 0, 0, 8, 0, 13, 0, 4, 0, 2, 4, 3]);
    let length = hello.len() as u8;
    let mut record = vec![tls::FIRST_BYTE, 3, 1, 0, length + 4, 1, 0, 0, length];
    record.extend(hello);
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(&record).await.unwrap();
    let mut answer = Vec::new();
    let _reset = timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("the old one is let go");
    // A fatal alert: protocol_version.
    assert_eq!((answer[0], &answer[answer.len() - 2..]), (0x15, &[2, 70][..]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_of_our_own_is_made_once_and_kept_to_its_owner() {
    let bench = Bench::new(Model::Offline, "");
    let mut known = None;
    for _ in 0..2 {
        let mut child = Server::command(&bench, &["--tls-self-signed"]).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut line = async || timeout(PATIENCE, lines.next_line()).await.unwrap().unwrap().unwrap();
        let (_, note) = (line().await, line().await);
        let (_, shown) = note.rsplit_once(' ').unwrap();
        let shown: Fingerprint = shown.parse().unwrap();
        assert_eq!(*known.get_or_insert(shown), shown);
        child.kill().await.unwrap();
    }
    let pair = bench.home().join(".local/share/adjutant/tls.pem");
    assert_eq!(std::fs::metadata(&pair).unwrap().permissions().mode() & 0o777, 0o600);
    for (content, code, says) in [("broken", 78, "damaged"), ("", 78, "damaged")] {
        std::fs::write(&pair, content).unwrap();
        let command = Server::command(&bench, &["--tls-self-signed"]).spawn().unwrap();
        let output = timeout(PATIENCE, command.wait_with_output()).await.unwrap().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{stderr}");
        assert!(stderr.contains(says) && stderr.lines().count() == 1, "{stderr}");
    }
    let none = Server::command(&bench, &["--tls-cert", "none.pem", "--tls-key", "none.pem"]).spawn().unwrap();
    let output = timeout(PATIENCE, none.wait_with_output()).await.unwrap().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(78), "{stderr}");
    assert!(stderr.contains("none.pem"), "{stderr}");
}
