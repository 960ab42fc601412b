//! What is too long, badly marked or said twice, by every door of the network.

use futures_util::{SinkExt, StreamExt};
use reqwest::Body;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::tungstenite::Message;

use crate::support::asker::{Asker, Door};
use crate::support::bench::Bench;
use crate::support::client::Client;
use crate::support::proc::memory;
use crate::support::remote::Remote;
use crate::support::server::Server;

const MIB: usize = 1024 * 1024;
const LIMIT: usize = 4 * MIB;

/// A request of exactly so many bytes.
fn list(length: usize) -> String {
    let request = r#"{"jsonrpc":"2.0","id":7,"method":"session/list","params":{}}"#;
    format!("{request}{}", " ".repeat(length - request.len()))
}

/// Sends far more than is taken, which costs little more than what is.
async fn overrun(door: Door, server: &Server, asker: &mut Asker) {
    let pid = server.child.id().unwrap();
    let before = memory(pid, "VmHWM");
    let piece = vec![b'x'; MIB];
    match (door, asker) {
        (Door::Tcp, Asker::Line(client)) => {
            for _ in 0..16 * LIMIT / MIB {
                client.link.wire.send(&piece).await;
            }
            let refusal: Value = serde_json::from_str(&Box::pin(ask(client, b"")).await).unwrap();
            assert_eq!((&refusal["id"], &refusal["error"]["code"]), (&Value::Null, &json!(-32600)));
        }
        (_, Asker::Posts(remote, _)) => {
            let pieces = vec![piece; 16 * LIMIT / MIB].into_iter().map(Ok::<_, std::io::Error>);
            let body = Body::wrap_stream(futures_util::stream::iter(pieces));
            let request = remote.request("POST").header(CONTENT_TYPE, "application/json").body(body);
            // Who is still sending may see no more than that it ended.
            if let Ok(response) = request.send().await {
                assert_eq!(response.status(), 413);
            }
        }
        (door, _) => panic!("{door:?} is closed by it"),
    }
    let grown = memory(pid, "VmHWM").saturating_sub(before) as usize;
    assert!(grown <= 2 * LIMIT + 4 * MIB, "{door:?}: {} MiB", grown / MIB);
}

async fn ask(client: &mut Client, bytes: &[u8]) -> String {
    client.link.wire.send(&[bytes, b"\n"].concat()).await;
    client.link.wire.line().await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_longer_than_the_limit_is_refused_and_the_next_line_is_read() {
    let bench = Bench::scripted("");
    for door in [Door::Tcp, Door::HTTP_1, Door::HTTP_2] {
        let server = Server::start(&bench, &["--max-line", &LIMIT.to_string()]).await;
        let mut asker = Asker::by(door, &bench, &server).await;
        assert_eq!(asker.ask(list(LIMIT).as_bytes()).await, ANSWER, "{door:?}");
        match &mut asker {
            Asker::Line(client) => {
                let refusal = ask(client, list(LIMIT + 1).as_bytes()).await;
                assert!(refusal.contains(r#""id":null"#) && refusal.contains("-32600"), "{refusal}");
            }
            Asker::Posts(remote, _) => {
                let request = remote.request("POST").header(CONTENT_TYPE, "application/json");
                let response = request.body(list(LIMIT + 1)).send().await.unwrap();
                assert_eq!(response.status(), 413);
                // What follows on it would be read as more of the body; of HTTP/2, it is a stream of its own.
                let closes = response.headers().get("connection").map(|it| it.to_str().unwrap());
                assert_eq!(closes, (door == Door::HTTP_1).then_some("close"));
            }
        }
        assert_eq!(asker.ask(list(100).as_bytes()).await, ANSWER, "{door:?}");
        overrun(door, &server, &mut asker).await;
        assert_eq!(asker.ask(list(100).as_bytes()).await, ANSWER, "{door:?}");
        asker.leave().await;
    }
}

/// Who is refused in the middle of what it sends may send the rest of it, and hears why.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_still_sends_hears_why_it_is_refused() {
    let bench = Bench::scripted("");
    let server = Server::start(&bench, &["--max-line", &LIMIT.to_string()]).await;
    let body = vec![b' '; LIMIT + MIB];
    for (token, status) in [(&*server.token, "413"), ("wrong", "401")] {
        let mut stream = server.connect().await;
        let head = format!(
            "POST /acp HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\n\
             accept: application/json, text/event-stream\r\ncontent-length: {}\r\n\r\n",
            server.address,
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = vec![0; 12];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(answer, format!("HTTP/1.1 {status}").as_bytes());
        stream.write_all(&body).await.unwrap();
        stream.read_to_end(&mut answer).await.unwrap();
    }
}

const ANSWER: &str = r#"{"jsonrpc":"2.0","id":7,"result":{"sessions":[]}}"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_websocket_is_closed_by_what_is_longer_and_costs_no_more() {
    let bench = Bench::scripted("");
    let server = Server::start(&bench, &["--max-line", &LIMIT.to_string()]).await;
    let mut asker = Asker::by(Door::WebSocket, &bench, &server).await;
    assert_eq!(asker.ask(list(LIMIT).as_bytes()).await, ANSWER);
    let pid = server.child.id().unwrap();
    let before = memory(pid, "VmHWM");
    for _ in 0..4 {
        let mut wire = server.websocket().await.wire;
        wire.send_line(&list(3 * LIMIT)).await;
        // Closed, or reset when there was more on the way.
        let end = wire.line().await;
        assert!(
            matches!(&end, Ok(None)) || end.as_ref().is_err_and(|e| e.contains("reading failed")),
            "{end:?}"
        );
    }
    let grown = memory(pid, "VmHWM").saturating_sub(before) as usize;
    assert!(grown <= 2 * LIMIT + 4 * MIB, "{} MiB", grown / MIB);
    // Others are not concerned.
    assert_eq!(asker.ask(list(100).as_bytes()).await, ANSWER);
    asker.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mark_of_byte_order_at_the_very_start_is_read_over_and_anywhere_else_is_no_json() {
    const MARK: &str = "\u{feff}";
    let bench = Bench::scripted("");
    let server = Server::start(&bench, &[]).await;
    let hello =
        json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": { "protocolVersion": 1 } });
    let token = json!({ "type": "hello", "token": server.token });
    let later = format!("{MARK}{}", list(100));
    let over_tcp = server.talk(&format!("{MARK}{token}\n{hello}\n{later}\n")).await;
    let mut lines = over_tcp.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    assert_eq!(lines.next().unwrap()["result"]["protocolVersion"], 1, "{over_tcp}");
    assert_eq!(lines.next().unwrap()["error"]["code"], -32700);

    let mut wire = server.websocket().await.wire;
    wire.send_line(&format!("{MARK}{hello}")).await;
    assert_eq!(wire.json().await.unwrap().unwrap()["result"]["protocolVersion"], 1);
    wire.send_line(&later).await;
    assert_eq!(wire.json().await.unwrap().unwrap()["error"]["code"], -32700);

    let remote = Remote::hello(&server).await;
    let post = |remote: &Remote, body: String| {
        remote.request("POST").header(CONTENT_TYPE, "application/json").body(body).send()
    };
    assert_eq!(post(&remote, later).await.unwrap().status(), 400);
    let begun = post(&remote.named(""), format!("{MARK}{hello}")).await.unwrap();
    assert_eq!(begun.status(), 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_binary_message_is_no_line() {
    let bench = Bench::scripted("");
    let server = Server::start(&bench, &[]).await;
    let token = format!("Bearer {}", server.token);
    let (mut socket, _) = server.socket("/acp", &[("authorization", &token)]).await.unwrap();
    let hello =
        json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": { "protocolVersion": 1 } });
    for body in [b"\xff\xfe".to_vec(), hello.to_string().into_bytes(), vec![0; MIB], Vec::new()] {
        socket.send(Message::binary(body)).await.unwrap();
    }
    socket.send(Message::text(hello.to_string().replace(":1,", ":2,"))).await.unwrap();
    let Some(Ok(Message::Text(reply))) = socket.next().await else { panic!("no answer") };
    assert!(reply.contains(r#""id":2"#), "{reply}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_post_with_the_number_of_a_request_that_is_not_answered_is_refused_and_the_first_goes_on() {
    let bench = Bench::scripted("{\"text\":\"Working\"}\n\"wait\"\n");
    let server = Server::start(&bench, &[]).await;
    let (mut remote, mut connection, mut events, session) = Remote::open(&server, &bench).await;
    let turn = remote.prompt(&session, "Go").await;
    let again = |method: &str| json!({ "jsonrpc": "2.0", "id": turn, "method": method, "params": {} });
    for method in ["session/list", "initialize"] {
        let (status, text) = remote.post(&again(method), None).await;
        let refusal: Value = serde_json::from_str(&text).unwrap();
        assert_eq!((status, &refusal["error"]["code"]), (400, &json!(-32600)), "{method}: {text}");
        assert_eq!(refusal["id"], turn);
    }
    // Another number by its text.
    let other = json!({ "jsonrpc": "2.0", "id": turn.to_string(), "method": "session/list", "params": {} });
    assert_eq!(remote.post(&other, None).await.0, 202);
    assert!(connection.next().await.unwrap().line["result"]["sessions"].is_array());
    let cancel = json!({ "jsonrpc": "2.0", "method": "session/cancel", "params": { "sessionId": session } });
    assert_eq!(remote.post(&cancel, Some(&session)).await.0, 202);
    assert_eq!(events.reply(turn).await["result"]["stopReason"], "cancelled");
    // Answered, it may be used again.
    assert_eq!(remote.post(&again("session/list"), None).await.0, 202);
    assert!(connection.reply(turn).await["result"]["sessions"].is_array());
}
