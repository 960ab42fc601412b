//! One line to the real program, and the line that it answers with, by any of its doors.

use std::fmt;

use reqwest::Version;
use serde_json::json;

use super::bench::Bench;
use super::client::Client;
use super::link::Link;
use super::remote::{Events, Remote};
use super::server::Server;

/// A way into the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    Stdio,
    Tcp,
    WebSocket,
    Http(Version),
}

impl Door {
    pub(crate) const HTTP_1: Self = Self::Http(Version::HTTP_11);
    pub(crate) const HTTP_2: Self = Self::Http(Version::HTTP_2);
    pub(crate) const ALL: [Self; 5] = [Self::Stdio, Self::Tcp, Self::WebSocket, Self::HTTP_1, Self::HTTP_2];
    pub(crate) const NETWORK: [Self; 4] = [Self::Tcp, Self::WebSocket, Self::HTTP_1, Self::HTTP_2];
}

/// Whoever has said hello by a door.
pub(crate) enum Asker {
    Line(Client),
    Posts(Remote, Events),
}

impl fmt::Debug for Asker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if matches!(self, Self::Line(_)) { "Line" } else { "Posts" })
    }
}

impl Asker {
    /// `server` is behind every door but stdio, which leads to a program of its own.
    pub(crate) async fn by(door: Door, bench: &Bench, server: &Server) -> Self {
        let link = match door {
            Door::Stdio => Link::process(bench),
            Door::Tcp => server.tcp().await,
            Door::WebSocket => server.websocket().await,
            Door::Http(version) => {
                let remote = Remote::speaking(version, server).introduced().await;
                let events = remote.events(None, None).await.unwrap();
                return Self::Posts(remote, events);
            }
        };
        Self::Line(Client::hello(link, json!({})).await)
    }

    /// Sends bytes as one line, and returns the next line that comes. What is refused as it is posted is answered by
    /// the refusal's own body.
    pub(crate) async fn ask(&mut self, bytes: &[u8]) -> String {
        match self {
            Self::Line(client) => {
                client.link.wire.send(&[bytes, b"\n"].concat()).await;
                client.link.wire.line().await.unwrap().expect("the connection ended")
            }
            Self::Posts(remote, events) => match remote.post_body(bytes.to_vec(), None).await {
                (202, _) => events.text().await.expect("the stream ended").1,
                (400, refusal) => refusal.trim_end().to_owned(),
                (status, text) => panic!("{status}: {text}"),
            },
        }
    }

    /// Says goodbye; nothing more is said.
    pub(crate) async fn leave(self) {
        match self {
            Self::Line(client) => client.link.finish().await.unwrap(),
            Self::Posts(remote, events) => {
                assert_eq!(remote.delete().await, 202);
                assert_eq!(events.rest().await.0, []);
            }
        }
    }
}
