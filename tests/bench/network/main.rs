//! What a port costs beside pipes, and what many clients cost each other: a table on stdout.
//!
//!   cargo bench --bench network [-- CASE…]     ADJUTANT=<path> takes that binary
//!
//! The model is here, behind real HTTP; what is measured is the program's own process.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a failure ends the measurement, whose table is on stdout"
)]

mod client;
mod model;

use std::time::{Duration, Instant};

use client::{Acp, Program};
use futures_util::StreamExt;
use futures_util::future::join_all;
use serde_json::json;
use tokio::io::AsyncWriteExt;

const AT_ONCE: Duration = Duration::ZERO;

#[tokio::main]
async fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|it| !it.starts_with("--")).collect();
    let model = model::start().await;
    for case in ["doors", "sessions", "idle", "stalled", "attach", "ping"] {
        if !wanted.is_empty() && !wanted.iter().any(|name| name == case) {
            continue;
        }
        match case {
            "doors" => doors(&model).await,
            "sessions" => sessions(&model).await,
            "idle" => idle(&model).await,
            "stalled" => stalled(&model).await,
            "attach" => attach(&model).await,
            _ => ping(&model).await,
        }
    }
}

/// Latency and throughput by door.
async fn doors(model: &str) {
    let (_program, mut pipes) = Program::pipes(model).await;
    let server = Program::serve(model).await;
    let (mut tcp, mut ws) = (server.acp("tcp").await, server.acp("ws").await);
    let (_bridge, mut attached) = server.attached(model).await;
    for (name, acp) in [("pipes", &mut pipes), ("tcp", &mut tcp), ("ws", &mut ws), ("attach", &mut attached)]
    {
        let session = acp.new_session("/tmp").await;
        let (mut turns, mut added) = (Vec::new(), Vec::new());
        for _ in 0..300 {
            let began = Instant::now();
            let id = acp.prompt(&session, 1, AT_ONCE).await;
            acp.follow(id, &mut added).await;
            turns.push(began.elapsed().as_micros() as u64);
        }
        let id = acp.prompt(&session, 2000, Duration::from_millis(1)).await;
        let mut paced = Vec::new();
        acp.follow(id, &mut paced).await;
        let mut streams = Vec::new();
        for _ in 0..5 {
            let session = acp.new_session("/tmp").await;
            let (began, mut all) = (Instant::now(), Vec::new());
            let id = acp.prompt(&session, 50_000, AT_ONCE).await;
            acp.follow(id, &mut all).await;
            assert_eq!(all.len(), 50_000, "no update is lost");
            streams.push(began.elapsed().as_micros() as u64);
        }
        println!(
            "{name:6} turn p50 {:.2} ms · added per update p50 {:.3} ms, p99 {:.3} ms · 50,000 updates {:.0} ms",
            at(&mut turns, 50) / 1e3,
            at(&mut paced, 50) / 1e3,
            at(&mut paced, 99) / 1e3,
            at(&mut streams, 50) / 1e3
        );
    }
}

/// A thousand sessions, each on a WebSocket of its own, at the pace of a fast model.
async fn sessions(model: &str) {
    const PIECES: usize = 200;
    let server = Program::serve(model).await;
    let clients = opened(&server, 1000).await;
    let began = Instant::now();
    let streams = clients.into_iter().map(|(mut acp, session)| {
        tokio::spawn(async move {
            let mut delays = Vec::with_capacity(PIECES);
            let id = acp.prompt(&session, PIECES, Duration::from_millis(100)).await;
            acp.follow(id, &mut delays).await;
            assert_eq!(delays.len(), PIECES, "no update is lost");
            delays
        })
    });
    let mut delays: Vec<u64> = join_all(streams).await.into_iter().flat_map(Result::unwrap).collect();
    let rate = delays.len() as f64 / began.elapsed().as_secs_f64();
    println!(
        "1,000 sessions over WebSocket: {} updates, none lost, {rate:.0}/s · added p50 {:.2} ms, p99 {:.2} ms · {} MiB",
        delays.len(),
        at(&mut delays, 50) / 1e3,
        at(&mut delays, 99) / 1e3,
        server.memory() / 1024
    );
}

async fn opened(server: &Program, count: usize) -> Vec<(Acp, String)> {
    let mut clients = Vec::with_capacity(count);
    for _ in 0..count {
        let mut acp = server.acp("ws").await;
        let session = acp.new_session(server.folder()).await;
        clients.push((acp, session));
    }
    clients
}

/// What a connection costs that says nothing, and one that says hello and no more.
async fn idle(model: &str) {
    const COUNT: usize = 10_000;
    for (scheme, greeted) in [("ws", false), ("ws", true), ("tcp", false), ("tcp", true)] {
        let server = Program::serve(model).await;
        let first = server.acp(scheme).await;
        let before = server.memory();
        let mut silent = Vec::with_capacity(COUNT);
        let mut clients = Vec::with_capacity(COUNT);
        for _ in 0..COUNT {
            if greeted {
                clients.push(server.acp(scheme).await)
            } else {
                silent.push(server.connect(scheme).await)
            }
        }
        let each = (server.memory() - before) as f64 / COUNT as f64;
        println!("{COUNT} idle connections by {scheme}, greeted: {greeted}: {each:.1} KiB each");
        drop((first, silent, clients));
    }
}

/// A thousand clients of a long session that never read, beside one that does.
async fn stalled(model: &str) {
    let server = Program::serve(model).await;
    let (mut live, session) = long_session(&server).await;
    let load = json!({ "sessionId": session, "cwd": server.folder(), "mcpServers": [] });
    let mut silent = Vec::new();
    for _ in 0..1000 {
        let mut acp = server.acp("ws").await;
        acp.send("session/load", load.clone()).await;
        silent.push(acp);
    }
    let before = server.memory();
    let mut delays = Vec::new();
    let id = live.prompt(&session, 1000, Duration::from_millis(5)).await;
    live.follow(id, &mut delays).await;
    assert_eq!(delays.len(), 1000, "no update is lost");
    println!(
        "beside 1,000 stalled readers: added p50 {:.2} ms, p99 {:.2} ms · {} MiB",
        at(&mut delays, 50) / 1e3,
        at(&mut delays, 99) / 1e3,
        before / 1024
    );
    drop(silent);
}

/// A session of 100,000 events.
async fn long_session(server: &Program) -> (Acp, String) {
    let mut acp = server.acp("ws").await;
    let session = acp.new_session(server.folder()).await;
    let id = acp.prompt(&session, 100_000, AT_ONCE).await;
    acp.follow(id, &mut Vec::new()).await;
    (acp, session)
}

/// From `session/load` to the last of 100,000 events of a session whose turn is running.
async fn attach(model: &str) {
    let server = Program::serve(model).await;
    let (mut live, session) = long_session(&server).await;
    live.prompt(&session, 100_000, Duration::from_millis(10)).await;
    let load = json!({ "sessionId": session, "cwd": server.folder(), "mcpServers": [] });
    for scheme in ["tcp", "ws"] {
        let (mut times, mut lines) = (Vec::new(), 0);
        for _ in 0..7 {
            let mut acp = server.acp(scheme).await;
            let began = Instant::now();
            let id = acp.send("session/load", load.clone()).await;
            let (reply, before) = acp.reply(id).await;
            assert!(reply.get("error").is_none(), "{reply}");
            times.push(began.elapsed().as_micros() as u64);
            lines = before;
        }
        println!("attach over {scheme} to 100,000 events: {:.0} ms, {lines} lines", at(&mut times, 50) / 1e3);
    }
}

/// `ping` of the task dialect, one after the other and all at once.
async fn ping(model: &str) {
    const ONE: &[u8] = b"{\"type\":\"request\",\"id\":1,\"method\":\"ping\"}\n";
    const BATCH: usize = 1000;
    let server = Program::serve(model).await;
    let mut wire = server.connect("tcp").await;
    let began = Instant::now();
    for _ in 0..20_000 {
        wire.outgoing.write_all(ONE).await.unwrap();
        wire.outgoing.flush().await.unwrap();
        wire.incoming.next().await.unwrap().unwrap();
    }
    let single = 20_000.0 / began.elapsed().as_secs_f64();
    let batch = ONE.repeat(BATCH);
    let began = Instant::now();
    let adjutant::transport::Transport { mut incoming, mut outgoing } = wire;
    let writing = tokio::spawn(async move {
        for _ in 0..200 {
            outgoing.write_all(&batch).await.unwrap();
            outgoing.flush().await.unwrap();
        }
        outgoing
    });
    for _ in 0..200 * BATCH {
        incoming.next().await.unwrap().unwrap();
    }
    let pipelined = (200 * BATCH) as f64 / began.elapsed().as_secs_f64();
    drop(writing.await.unwrap());
    println!("ping: {single:.0}/s one after the other, {pipelined:.0}/s pipelined");
}

/// A percentile.
fn at(values: &mut [u64], percent: usize) -> f64 {
    values.sort_unstable();
    values.get((values.len() * percent / 100).min(values.len().saturating_sub(1))).copied().unwrap_or(0)
        as f64
}
