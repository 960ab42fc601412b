//! A bad network for everybody: what is split, delayed, stalled, cut and reset still adds up to the same session.

use adjutant::config::Secret;
use adjutant::error::ErrorKind;
use adjutant::jsonrpc::MAX_LINE;
use adjutant::remote::{self, Address};
use adjutant::tls::Trust;
use adjutant::transport::Transport;
use serde_json::{Value, json};
use tokio::net::TcpStream;

use super::resumption::numbers;
use crate::support::bench::Bench;
use crate::support::client::{Client, said};
use crate::support::proxy::{Proxy, Weather};
use crate::support::server::Server;
use crate::support::wire::Wire;

/// Updates of the turn, and digits of each.
const NUMBERS: usize = 2000;
const WIDTH: usize = 7;

/// What everybody follows.
struct Stage {
    bench: Bench,
    server: Server,
    session: String,
}

fn initialize() -> Value {
    json!({ "jsonrpc": "2.0", "id": "i", "method": "initialize", "params": { "protocolVersion": 1 } })
}

impl Stage {
    fn load(&self) -> Value {
        let params = json!({ "sessionId": self.session, "cwd": self.bench.cwd(), "mcpServers": [] });
        json!({ "jsonrpc": "2.0", "id": "l", "method": "session/load", "params": params })
    }

    /// Reads until the last number was said. `Err`: the connection ended before that.
    async fn follow(&self, wire: &mut Wire, heard: &mut Vec<Value>) -> Result<(), ()> {
        let last = format!("{:0WIDTH$} ", NUMBERS - 1);
        while !heard.last().and_then(said).is_some_and(|text| text.ends_with(&last)) {
            heard.push(wire.json().await.map_err(drop)?.ok_or(())?);
        }
        Ok(())
    }

    /// A client whose connection outlives its sockets: it loads the session once.
    async fn lasting(&self, scheme: &str, proxy: &Proxy) -> Vec<usize> {
        let host = if scheme == "ws" { "localhost".to_owned() } else { proxy.address.ip().to_string() };
        let address: Address = format!("{scheme}://{host}:{}", proxy.address.port()).parse().unwrap();
        let token = Some(Secret::new(&self.server.token));
        let server = remote::Server { address, token, trust: Trust::System, max_line: MAX_LINE };
        // What is lost before it is welcome is no connection yet.
        let transport = loop {
            match remote::connect_lasting(&server).await {
                Ok(transport) => break transport,
                Err(e) => assert!(matches!(e.kind(), ErrorKind::Unavailable), "{e}"),
            }
        };
        let mut wire = Wire::new(transport);
        wire.send_line(&initialize().to_string()).await;
        wire.send_line(&self.load().to_string()).await;
        let mut heard = Vec::new();
        self.follow(&mut wire, &mut heard).await.expect("it outlives every socket");
        numbers(&heard)
    }

    /// A client that knows nothing of that: it comes back and loads the session again.
    async fn plain(&self, proxy: &Proxy) -> Vec<usize> {
        loop {
            let Ok(stream) = TcpStream::connect(proxy.address).await else { continue };
            let (reader, writer) = stream.into_split();
            let mut wire = Wire::new(Transport::lines(reader, writer, MAX_LINE));
            wire.send_line(&json!({ "type": "hello", "token": self.server.token }).to_string()).await;
            wire.send_line(&initialize().to_string()).await;
            wire.send_line(&self.load().to_string()).await;
            let mut heard = Vec::new();
            if self.follow(&mut wire, &mut heard).await.is_ok() {
                return numbers(&heard);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_follows_a_session_over_a_bad_network_ends_with_the_same_sequence() {
    for seed in 1..=3 {
        let repeat = json!({ "repeat": { "n": NUMBERS, "size": WIDTH + 1, "gap_us": 500 } });
        let bench = Bench::scripted(&format!("{repeat}\n{{\"stop\":\"end_turn\"}}\n"));
        let server = Server::start(&bench, &["--hostname", "127.0.0.2"]).await;
        let (mut first, session) = Client::open(server.tcp().await, &bench).await;
        let stage = Stage { bench, server, session };
        let turn = first.prompt(&stage.session, "Count").await;
        let proxy = |host: u8, life: u64| {
            let weather = Weather { piece: 900, life, pause: 400 };
            Proxy::start_at([127, 0, 0, host], stage.server.address, weather, seed * 10 + u64::from(host))
        };
        // Whoever loads the session again needs a connection that lasts for all of it.
        let (tcp, ws, plain) = tokio::join!(proxy(3, 60_000), proxy(1, 60_000), proxy(4, 2_000_000));
        let (over_tcp, over_ws, plainly, reply) = tokio::join!(
            stage.lasting("tcp", &tcp),
            stage.lasting("ws", &ws),
            stage.plain(&plain),
            first.reply(turn),
        );
        assert_eq!(reply.unwrap()["stopReason"], "end_turn", "seed {seed}");
        let all: Vec<_> = (0..NUMBERS).collect();
        let directly = numbers(&first.heard);
        for (name, heard) in [("tcp", over_tcp), ("ws", over_ws), ("plain", plainly), ("direct", directly)] {
            let wrong = heard.iter().zip(&all).position(|(heard, all)| heard != all);
            assert!(heard == all, "seed {seed}, {name}: {} numbers, wrong at {wrong:?}", heard.len());
        }
        for (name, proxy) in [("tcp", tcp), ("ws", ws)] {
            assert!(proxy.accepted() > 3, "seed {seed}, {name}: {} connections", proxy.accepted());
        }
    }
}
