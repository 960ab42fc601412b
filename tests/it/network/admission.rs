//! Who may come in: a table for each door.

use serde_json::json;

use crate::support::bench::{Bench, Model};
use crate::support::server::Server;

const INITIALIZE: &str = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":1,"clientCapabilities":{}}}"#;

/// A path, headers, and the status that they get.
type Row<'a> = (&'a str, &'a [(&'a str, &'a str)], u16);

fn bench() -> Bench {
    Bench::new(Model::Offline, "")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_connection_says_the_token_first_or_is_over() {
    let bench = bench();
    let server = Server::start(&bench, &[]).await;
    let hello = |token: &str| json!({ "type": "hello", "token": token }).to_string();
    let short = &server.token[..63];
    let rows = [
        INITIALIZE.to_owned(),
        hello(""),
        hello(short),
        hello(&format!("{}0", server.token)),
        json!({ "type": "hello" }).to_string(),
        json!({ "type": "request", "id": "1", "method": "ping" }).to_string(),
        json!({ "type": "hello", "token": [server.token] }).to_string(),
        "{".to_owned(),
    ];
    for row in rows {
        let answer = server.raw(format!("{row}\n{INITIALIZE}\n").as_bytes()).await;
        assert!(answer.contains("UNAUTHORIZED") && !answer.contains("protocolVersion"), "{row}: {answer}");
        assert!(!answer.contains(&server.token));
    }
    for nobody in ["\u{16}\u{3}\u{1}", "\n", " {", "[", "0"] {
        assert_eq!(server.raw(nobody.as_bytes()).await, "", "{nobody:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lines_in_the_body_of_a_request_are_never_read() {
    let bench = bench();
    let server = Server::start(&bench, &[]).await;
    let body = format!("{INITIALIZE}\n").repeat(1000);
    for (path, token) in [("/", ""), ("/acp", ""), ("/acp", server.token.as_str())] {
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\nauthorization: Bearer {token}\r\ncontent-length: {}\r\n\r\n",
            server.address,
            body.len()
        );
        let answer = server.raw(format!("{head}{body}").as_bytes()).await;
        assert!(!answer.contains("jsonrpc"), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn http_wants_the_name_the_page_and_the_token_right() {
    let bench = bench();
    let server = Server::start(&bench, &["--cors", "http://localhost:3000"]).await;
    let host = server.address.to_string();
    let local = format!("localhost:{}", server.address.port());
    let right = format!("Bearer {}", server.token);
    let evil = format!("localhost.evil.test:{}", server.address.port());
    let (status, answer) = server.get("/health", &[("host", &host)]).await;
    assert!(status == 200 && answer.ends_with("{\"healthy\":true}"), "{answer}");
    let code = [
        ("host", host.as_str()),
        ("connection", "upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-protocol", "acp, adjutant.code.x"),
    ];
    let rows: &[Row<'_>] = &[
        ("/health", &[], 403),
        ("/health", &[("host", &evil)], 403),
        ("/health", &[("host", "127.0.0.1")], 403),
        ("/health", &[("host", &host), ("host", &host)], 403),
        ("/health", &[("host", &host), ("origin", "null")], 403),
        ("/health", &[("host", &host), ("sec-fetch-site", "cross-site")], 403),
        ("/health", &[("host", &local)], 200),
        ("/acp", &[("host", &host)], 401),
        ("/acp", &[("host", &host), ("authorization", "Bearer x")], 401),
        ("/acp", &[("host", &host), ("authorization", &right[..right.len() - 1])], 401),
        ("/acp", &[("host", &host), ("authorization", "Basic eDp4")], 401),
        ("/acp", &code, 401),
        ("/acp", &[("host", &evil), ("authorization", &right)], 403),
        ("/acp", &[("host", &host), ("x-forwarded-host", &evil), ("authorization", &right)], 406),
        ("/acp", &[("host", &host), ("authorization", &right), ("origin", "http://evil.test")], 403),
        ("/acp?token=x", &[("host", &host), ("authorization", &right)], 400),
        ("/nowhere", &[("host", &host)], 404),
    ];
    for (path, headers, expected) in rows {
        let (status, answer) = server.get(path, headers).await;
        assert_eq!(status, *expected, "{path} {headers:?}: {answer}");
        assert!(!answer.contains(&server.token) && !answer.contains("access-control"), "{answer}");
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(*expected != 401 || (1..=64).contains(&body.len()), "{} bytes: {body}", body.len());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_websocket_is_refused_before_it_is_one() {
    let bench = bench();
    let server = Server::start(&bench, &["--cors", "http://localhost:3000"]).await;
    let bearer = format!("Bearer {}", server.token);
    let offer = format!("acp, adjutant.token.{}", server.token);
    let page = ("origin", "http://localhost:3000");
    for path in ["/", "/acp"] {
        assert_eq!(server.upgrade(path, &[]).await.err(), Some(401));
        assert_eq!(server.upgrade(path, &[page]).await.err(), Some(401));
        for origin in ["null", "file://", "http://localhost:3000.evil.test", "http://127.0.0.1:3000"] {
            let headers = [("origin", origin), ("authorization", bearer.as_str())];
            assert_eq!(server.upgrade(path, &headers).await.err(), Some(403), "{origin}");
        }
        let (_, response) = server.upgrade(path, &[("authorization", &bearer)]).await.ok().unwrap();
        assert!(response.headers().contains_key("acp-connection-id"));
        let (_, response) =
            server.upgrade(path, &[page, ("sec-websocket-protocol", &offer)]).await.ok().unwrap();
        assert_eq!(response.headers()["sec-websocket-protocol"], "acp");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_token_this_machine_comes_in_and_pages_do_not() {
    let bench = bench();
    let server = Server::start(&bench, &["--no-auth"]).await;
    assert!(server.note.is_none());
    assert!(server.upgrade("/acp", &[]).await.is_ok());
    assert_eq!(server.upgrade("/acp", &[("origin", "http://localhost:3000")]).await.err(), Some(403));
    assert_eq!(server.upgrade("/acp", &[("sec-fetch-site", "cross-site")]).await.err(), Some(403));
    let mut link = server.tcp().await;
    link.wire.send_line(INITIALIZE).await;
    assert_eq!(link.wire.json().await.unwrap().unwrap()["result"]["protocolVersion"], 1);
}
