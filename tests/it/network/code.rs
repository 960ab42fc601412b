//! A page comes in by a code: once, soon, and where it was asked for.

use serde_json::Value;

use crate::support::bench::{Bench, Model};
use crate::support::client::Client;
use crate::support::link::Link;
use crate::support::server::Server;
use crate::support::wire::Wire;

const PAGE: (&str, &str) = ("origin", "http://localhost:3000");

async fn start(bench: &Bench) -> Server {
    Server::start(bench, &["--cors", PAGE.1]).await
}

/// `POST /auth/code` with these headers: the status, and everything that came.
async fn ask(server: &Server, headers: &[(&str, &str)]) -> (u16, String) {
    let mut head = "POST /auth/code HTTP/1.1\r\nconnection: close\r\ncontent-length: 0\r\n".to_owned();
    for (name, value) in headers {
        head.extend([*name, ": ", *value, "\r\n"]);
    }
    let answer = server.raw(format!("{head}\r\n").as_bytes()).await;
    (answer.split(' ').nth(1).unwrap().parse().unwrap(), answer)
}

/// A code of that server.
async fn code(server: &Server) -> String {
    let (host, bearer) = (server.address.to_string(), format!("Bearer {}", server.token));
    let (status, answer) = ask(server, &[("host", &host), ("authorization", &bearer)]).await;
    assert!(status == 200 && answer.contains("no-store") && !answer.contains(&server.token), "{answer}");
    let body: Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!(body["expiresIn"], 60);
    body["code"].as_str().unwrap().to_owned()
}

/// A page's WebSocket with that code; `Err` is the status of the refusal.
async fn enter(server: &Server, origin: &str, code: &str) -> Result<Link, u16> {
    let offer = format!("acp, adjutant.code.{code}");
    let headers = [("origin", origin), ("sec-websocket-protocol", offer.as_str())];
    let (transport, response) = server.upgrade("/acp", &headers).await?;
    assert_eq!(response.headers()["sec-websocket-protocol"], "acp");
    Ok(Link::of(Wire::new(transport)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_lets_one_page_in_and_then_nobody() {
    let bench = Bench::new(Model::Offline, "");
    let server = start(&bench).await;
    let code = code(&server).await;
    // Who may not come in with it does not use it up.
    for origin in ["http://evil.test", "http://127.0.0.1:3000", "null"] {
        assert_eq!(enter(&server, origin, &code).await.err(), Some(403));
    }
    let (client, _) = Client::open(enter(&server, PAGE.1, &code).await.unwrap(), &bench).await;
    assert_eq!(enter(&server, PAGE.1, &code).await.err(), Some(401));
    client.leave().await;
    assert_eq!(enter(&server, PAGE.1, &code).await.err(), Some(401));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_is_good_at_its_own_server_alone() {
    let (one, other) = (Bench::new(Model::Offline, ""), Bench::new(Model::Offline, ""));
    let (here, there) = (start(&one).await, start(&other).await);
    let code = code(&here).await;
    assert_eq!(enter(&there, PAGE.1, &code).await.err(), Some(401));
    assert!(enter(&here, PAGE.1, &code).await.is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_opens_a_websocket_and_nothing_else() {
    let bench = Bench::new(Model::Offline, "");
    let server = start(&bench).await;
    let code = code(&server).await;
    let host = server.address.to_string();
    let (bearer, offer) = (format!("Bearer {code}"), format!("adjutant.code.{code}"));
    let as_token = format!("adjutant.token.{code}");
    let upgrade = [("connection", "upgrade"), ("upgrade", "websocket")];
    for headers in [
        vec![("authorization", bearer.as_str())],
        vec![("sec-websocket-protocol", offer.as_str())],
        vec![("sec-websocket-protocol", as_token.as_str())],
    ] {
        let headers: Vec<_> = [("host", host.as_str())].into_iter().chain(headers).collect();
        assert_eq!(server.get("/acp", &headers).await.0, 401, "{headers:?}");
        let headers: Vec<_> = headers.into_iter().chain(upgrade).collect();
        assert_eq!(ask(&server, &headers).await.0, 401, "no code for a code: {headers:?}");
    }
    assert_eq!(server.get(&format!("/acp?code={code}"), &[("host", &host)]).await.0, 400);
    let hello = format!("{{\"type\":\"hello\",\"token\":\"{code}\"}}\n");
    assert!(server.talk(&hello).await.contains("UNAUTHORIZED"));
    assert!(enter(&server, PAGE.1, &code).await.is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_is_given_to_who_has_the_token() {
    let bench = Bench::new(Model::Offline, "");
    let server = start(&bench).await;
    let host = server.address.to_string();
    let right = format!("Bearer {}", server.token);
    for (headers, expected) in [
        (vec![("host", host.as_str())], 401),
        (vec![("host", &host), ("authorization", "Bearer x")], 401),
        (vec![("host", &host), ("authorization", &right[..right.len() - 1])], 401),
        (vec![("host", "evil.test"), ("authorization", &right)], 403),
        (vec![("host", &host), ("authorization", &right), ("origin", "http://evil.test")], 403),
        (vec![("host", &host), ("authorization", &right), ("sec-fetch-site", "cross-site")], 403),
    ] {
        let (status, answer) = ask(&server, &headers).await;
        assert!(status == expected && !answer.contains("expiresIn"), "{headers:?}: {answer}");
    }
    assert_eq!(server.get("/auth/code", &[("host", &host), ("authorization", &right)]).await.0, 405);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guessed_codes_are_limited_as_guessed_tokens_are() {
    let bench = Bench::new(Model::Offline, "");
    let server = start(&bench).await;
    let code = code(&server).await;
    for _ in 0..20 {
        assert_eq!(enter(&server, PAGE.1, &"0".repeat(32)).await.err(), Some(401));
    }
    assert_eq!(enter(&server, PAGE.1, &"0".repeat(32)).await.err(), Some(429));
    assert_eq!(server.upgrade("/acp", &[("authorization", "Bearer wrong")]).await.err(), Some(429));
    assert!(enter(&server, PAGE.1, &code).await.is_ok());
}

/// What `adjutant code` comes to: its exit code, stdout and stderr.
async fn command(bench: &Bench, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = bench.program(&[&["code"], arguments].concat()).output().await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_asks_for_a_code_by_a_command() {
    let bench = Bench::new(Model::Offline, "");
    let (status, out, _) = command(&bench, &[]).await;
    assert!(status == Some(64) && out.is_empty(), "nobody is there to be asked");
    let server = start(&bench).await;
    let port = server.address.port().to_string();
    let address = format!("ws://{}", server.address);
    for arguments in [&[][..], &[port.as_str()], &[address.as_str()]] {
        let (status, out, errors) = command(&bench, arguments).await;
        assert_eq!(status, Some(0), "{errors}");
        assert!(out.trim_end().len() == 32 && errors.contains("60 s") && !errors.contains(out.trim_end()));
        assert!(enter(&server, PAGE.1, out.trim_end()).await.is_ok());
    }
    let closed = Server::start(&bench, &[]).await;
    let (status, out, errors) = command(&bench, &[]).await;
    assert!(status == Some(64) && out.is_empty() && errors.contains(&port), "which of two? {errors}");
    let (status, out, errors) = command(&bench, &[&closed.address.port().to_string()]).await;
    assert!(status == Some(78) && out.is_empty() && errors.contains("--cors"), "{errors}");
    let wrong = closed.note.as_ref().unwrap().to_str().unwrap();
    let (status, out, errors) = command(&bench, &[&port, "--token-file", wrong]).await;
    assert!(status == Some(77) && out.is_empty() && !errors.contains(&closed.token), "{errors}");
}
