//! A WebSocket that the server closes says why.

use futures_util::{SinkExt, StreamExt};
use rustix::process::{Pid, Signal, kill_process};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use crate::support::bench::{Bench, Model};
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
    let pid = Pid::from_raw(server.child.id().unwrap() as i32).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    assert_eq!(end(waiter.next().await), (1001, "the server is shutting down".to_owned()));
    assert!(server.child.wait().await.unwrap().success());
}
