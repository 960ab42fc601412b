//! What pages are told: those of an allowed origin what they need, all others nothing.

use std::time::Duration;

use tokio::time::timeout;

use crate::support::bench::{Bench, Model};
use crate::support::server::Server;

const PAGE: &str = "http://localhost:3000";

/// Lines of the head of an answer that begin so, in small letters.
fn lines<'a>(answer: &'a str, start: &str) -> Vec<&'a str> {
    let head = answer.split("\r\n\r\n").next().unwrap_or_default();
    head.split("\r\n").filter(|line| line.to_ascii_lowercase().starts_with(start)).collect()
}

async fn preflight(server: &Server, origin: &str) -> String {
    let head = format!(
        "OPTIONS /acp HTTP/1.1\r\nconnection: close\r\nhost: {}\r\norigin: {origin}\r\n\
         access-control-request-method: POST\r\nsec-fetch-site: cross-site\r\n\r\n",
        server.address
    );
    server.raw(head.as_bytes()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_of_an_allowed_origin_may_ask_and_read_and_no_other_page_may() {
    let bench = Bench::new(Model::Offline, "");
    let server = Server::start(&bench, &["--cors", PAGE]).await;
    let host = server.address.to_string();
    let answer = preflight(&server, PAGE).await;
    assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
    assert_eq!(
        lines(&answer, "access-control-allow-origin"),
        [format!("access-control-allow-origin: {PAGE}")]
    );
    for name in ["authorization", "content-type", "acp-connection-id", "acp-session-id", "last-event-id"] {
        assert!(lines(&answer, "access-control-allow-headers")[0].contains(name), "{answer}");
    }
    for method in ["GET", "POST", "DELETE"] {
        assert!(lines(&answer, "access-control-allow-methods")[0].contains(method), "{answer}");
    }
    // The token is wanted all the same, and the page may read that it is.
    for (path, status) in [("/acp", 401), ("/health", 200), ("/nowhere", 404)] {
        let (got, answer) = server.get(path, &[("host", &host), ("origin", PAGE)]).await;
        assert_eq!(got, status, "{answer}");
        assert_eq!(
            lines(&answer, "access-control-allow-origin"),
            [format!("access-control-allow-origin: {PAGE}")]
        );
        assert!(lines(&answer, "access-control-expose-headers")[0].contains("acp-connection-id"), "{answer}");
        assert!(!answer.contains("credentials"), "{answer}");
    }
    for origin in
        ["null", "http://localhost:3000.evil.test", "http://localhost:30000", "https://localhost:3000"]
    {
        let answer = preflight(&server, origin).await;
        assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
        assert!(lines(&answer, "access-control").is_empty(), "{answer}");
    }
    for headers in [vec![("host", host.as_str())], vec![("host", host.as_str()), ("origin", PAGE)]] {
        let (_, answer) = server.get("/health", &headers).await;
        assert_eq!(lines(&answer, "vary"), ["vary: origin"]);
    }
    let (_, answer) = server.get("/health", &[("host", &host)]).await;
    assert!(lines(&answer, "access-control").is_empty(), "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_origins_are_allowed_one_by_one_and_never_without_a_token() {
    let bench = Bench::new(Model::Offline, "");
    for options in [&["--cors"][..], &["--cors", "*"]] {
        let server = Server::start(&bench, options).await;
        for origin in ["http://a.test", "http://b.test"] {
            let answer = preflight(&server, origin).await;
            let allowed = lines(&answer, "access-control-allow-origin");
            assert_eq!(allowed, [format!("access-control-allow-origin: {origin}")]);
        }
        assert_eq!(server.upgrade("/acp", &[("origin", "http://a.test")]).await.err(), Some(401));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_origin_that_no_page_has_is_refused_with_the_spelling_that_one_would_have() {
    let bench = Bench::new(Model::Offline, "");
    for (origin, spelling) in [
        ("localhost:3000", "http://localhost:3000"),
        ("http://localhost:3000/", "http://localhost:3000"),
        ("https://Pages.test/app?x#y", "https://pages.test"),
        ("localhost", "http://localhost"),
        ("null", "http://localhost:3000"),
        ("http://", "http://localhost:3000"),
        ("http://user@localhost", "http://localhost:3000"),
        ("http://*.test", "http://localhost:3000"),
        ("http://localhost:65536", "http://localhost:3000"),
        ("", "http://localhost:3000"),
    ] {
        let child = Server::command(&bench, &["--cors", origin]).spawn().unwrap();
        let output = timeout(Duration::from_secs(20), child.wait_with_output()).await;
        let output = output.unwrap_or_else(|_| panic!("{origin:?} was taken")).unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(64), "{origin:?}: {said}");
        assert!(said.contains("--cors") && said.contains(&format!("{spelling}\n")), "{origin:?}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_origin_is_meant_however_it_is_spelt() {
    let bench = Bench::new(Model::Offline, "");
    for (said, sent) in [
        ("HTTP://LocalHost:3000", PAGE),
        ("http://pages.test:80", "http://pages.test"),
        ("https://pages.test:443", "https://pages.test"),
        ("https://pages.test:80", "https://pages.test:80"),
        ("http://[0:0::1]:3000", "http://[::1]:3000"),
        ("vscode-webview://0abc-1", "vscode-webview://0abc-1"),
    ] {
        let server = Server::start(&bench, &["--cors", said]).await;
        let answer = preflight(&server, sent).await;
        assert!(answer.starts_with("HTTP/1.1 204"), "{said}: {answer}");
    }
}
