//! Whoever is connected when the server closes that hears why.

use futures_util::{SinkExt, StreamExt};
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use super::resumption::hello;
use crate::support::bench::{Bench, Model};
use crate::support::client::Client;
use crate::support::server::Server;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_socket_is_closed_with_a_code_and_a_reason() {
    let bench = Bench::new(Model::Offline, "");
    let mut server = Server::start(&bench, &["--max-line", "1000"]).await;
    let token = format!("Bearer {}", server.token);
    let headers = [("authorization", token.as_str())];
    let (mut talker, _) = server.socket("/acp", &headers).await.unwrap();
    let (mut waiter, _) = server.socket("/acp", &headers).await.unwrap();
    // The first line says which dialect it is.
    let unknown = r#"{"jsonrpc":"2.0","id":1,"method":"nothing"}"#;
    for socket in [&mut talker, &mut waiter] {
        socket.send(Message::text(unknown)).await.unwrap();
        assert!(matches!(socket.next().await, Some(Ok(Message::Text(_)))));
    }
    talker.send(Message::text("x".repeat(1001))).await.unwrap();
    let end = |message| match message {
        Some(Ok(Message::Close(Some(CloseFrame { code, reason })))) => (u16::from(code), reason.to_string()),
        other => panic!("{other:?}"),
    };
    assert_eq!(end(talker.next().await), (1009, "a message is larger than 1000 bytes".to_owned()));
    server.end();
    assert_eq!(end(waiter.next().await), (1001, "the server is shutting down".to_owned()));
    assert!(server.child.wait().await.unwrap().success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_speaks_lines_is_told_in_its_own_words_and_once() {
    let bench = Bench::new(Model::Offline, "");
    let mut server = Server::start(&bench, &[]).await;
    let mut silent = hello(&server, json!({ "welcome": true })).await;
    let (mut lasting, _) = hello(&server, json!({ "resumable": true })).await;
    let mut task = server.tcp().await;
    let ping = json!({ "type": "request", "id": 1, "method": "ping" }).to_string();
    for wire in [&mut lasting, &mut task.wire] {
        wire.send_line(&ping).await;
        assert_eq!(wire.json().await.unwrap().unwrap()["result"], "pong");
    }
    let mut client = Client::hello(server.tcp().await, json!({})).await;
    server.end();
    for wire in [&mut silent.0, &mut task.wire] {
        let told = wire.json().await.unwrap().expect("it is told");
        assert_eq!((&told["type"], &told["id"]), (&json!("error"), &json!(null)), "{told}");
        assert_eq!(told["error"]["code"], "SHUTTING_DOWN", "{told}");
        assert_eq!(wire.json().await, Ok(None));
    }
    let told = client.link.wire.json().await.unwrap().expect("it is told");
    assert_eq!((&told["method"], &told["id"]), (&json!("_adjutant/shutting_down"), &json!(null)), "{told}");
    assert_eq!(client.link.wire.json().await, Ok(None));
    assert_eq!(lasting.json().await.unwrap().unwrap()["type"], "end", "the last line of either side");
    assert!(server.child.wait().await.unwrap().success());
}
