//! Servers that are reached over HTTP.

use std::time::{Duration, Instant};

use adjutant::config::{McpServer, McpTransport};
use serde_json::json;
use tokio::net::TcpListener;

use super::remote::{Gate, Remote};
use super::zoo::{Zoo, secret, spec};
use crate::support::proc::until;

fn at(url: String) -> McpServer {
    spec("zoo", McpTransport::Http { url: url.into(), headers: vec![("X-Key".into(), secret("k-secret"))] })
}

#[tokio::test]
async fn a_remote_server_is_reached_with_its_headers() {
    let remote = Remote::start(Gate::Open).await;
    let url = format!("{}/mcp", remote.address);
    let zoo = Zoo::of(|_| vec![at(url)]).await;
    assert_eq!(zoo.call("zoo_echo", json!({"a": 1})).await.text, "{\"a\":1}");
    for asked in remote.asked("POST /mcp") {
        assert_eq!(asked.headers["x-key"], "k-secret");
        assert!(asked.headers["accept"].contains("text/event-stream"));
    }
}

#[tokio::test]
async fn a_server_of_before_streamable_http_is_reached_too() {
    let remote = Remote::start(Gate::Open).await;
    let url = format!("{}/sse", remote.address);
    let headers = vec![("X-Key".to_owned(), secret("k-secret"))];
    let zoo = Zoo::of(|_| vec![spec("zoo", McpTransport::Sse { url: url.into(), headers })]).await;
    assert_eq!(zoo.call("zoo_echo", json!({"a": 1})).await.text, "{\"a\":1}");
    assert_eq!(remote.asked("POST /messages?session=1")[0].headers["x-key"], "k-secret");
}

#[tokio::test]
async fn a_call_is_given_up_at_once_though_the_server_does_not_listen() {
    let remote = Remote::start(Gate::Hung).await;
    let url = format!("{}/mcp", remote.address);
    let zoo = Zoo::of(|_| vec![at(url)]).await;
    let cancel = zoo.cancel.clone();
    let (output, given_up) = tokio::join!(zoo.call("zoo_echo", json!({})), async {
        let called = || remote.asked("POST /mcp").iter().any(|it| it.body.contains("tools/call"));
        until("the call is there", called).await;
        cancel.cancel();
        Instant::now()
    });
    assert!(given_up.elapsed() < Duration::from_millis(250), "{:?}", given_up.elapsed());
    assert_eq!(output.text, "(cancelled)");
}

#[tokio::test]
async fn headers_go_nowhere_else() {
    let remote = Remote::start(Gate::Open).await;
    let url = format!("{}/here", remote.address);
    let zoo = Zoo::of(|_| vec![at(url)]).await;
    assert!(!zoo.call("zoo_echo", json!({})).await.failed, "a redirect within the server is followed");

    let remote = Remote::start(Gate::Open).await;
    let url = format!("{}/away", remote.address);
    let mut zoo = Zoo::of(|_| vec![at(url)]).await;
    let (title, _) = zoo.notice().await;
    assert_eq!(
        title,
        "The MCP server zoo is not available: it redirects to another place: set that URL instead"
    );
    assert!(remote.asked("POST /mcp").is_empty());
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told_without_its_address() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let mut zoo = Zoo::of(|_| vec![at(format!("http://{closed}/mcp?key=s3cret"))]).await;
    let (title, detail) = zoo.notice().await;
    assert!(title.starts_with("The MCP server zoo is not available: no connection ("), "{title}");
    assert!(!format!("{title}{detail}").contains("s3cret"));

    let mut zoo = Zoo::of(|_| vec![at("ftp://example.org/".to_owned())]).await;
    let (title, _) = zoo.notice().await;
    assert_eq!(title, "The MCP server zoo is not available: its URL is none that http or https can reach");
}

#[tokio::test]
async fn headers_in_the_open_are_warned_about() {
    let mut zoo = Zoo::of(|_| {
        let mut server = at("http://host.invalid/mcp".to_owned());
        server.startup = std::time::Duration::from_millis(1);
        vec![server]
    })
    .await;
    let (title, _) = zoo.notice().await;
    assert_eq!(title, "The MCP server zoo is sent its headers over plain http: others can read them");
}
