use std::sync::Mutex;

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::counted::{Counted, Impossible};
use super::*;
use crate::jsonrpc::Frame;

#[test]
fn what_was_received_is_forgotten_and_the_rest_said_again_from_there() {
    let mut said = Counted::default();
    said.say(Bytes::from_static(b"1\n2\n3\n"));
    said.say(Bytes::from_static(b"4\n"));
    assert_eq!(said.acknowledge(1), Err(Impossible), "nothing was handed out");
    assert_eq!(said.hand_out().unwrap(), "1\n2\n3\n");
    assert_eq!(said.acknowledge(4), Err(Impossible), "the fourth was not handed out");
    assert_eq!(said.acknowledge(2), Ok(()));
    assert_eq!(said.bytes(), 8, "a chunk is kept until all of it was received");
    assert_eq!(said.go_back(1), Err(Impossible), "the second is known to be received");
    assert_eq!(said.go_back(2), Ok(()));
    assert_eq!((said.hand_out().unwrap(), said.hand_out().unwrap()), ("3\n".into(), "4\n".into()));
    assert_eq!(said.hand_out(), None);
    assert_eq!(said.go_back(3), Ok(()));
    assert_eq!((said.bytes(), said.hand_out().unwrap()), (2, "4\n".into()));
    assert_eq!(said.acknowledge(4), Ok(()));
    assert!(said.is_empty() && said.bytes() == 0);
    assert_eq!(said.go_back(4), Ok(()));
    assert_eq!(said.acknowledge(5), Err(Impossible));
}

#[test]
fn words_about_the_connection_are_told_from_lines_of_the_conversation() {
    use super::control::{Word, word};
    assert_eq!(word(br#"{"type":"received","count":7}"#), Some(Word::Received { count: 7 }));
    assert_eq!(
        word(br#"{ "count" : 7, "type" : "received", "more": [] }"#),
        Some(Word::Received { count: 7 })
    );
    assert_eq!(word(br#"{"type":"count"}"#), Some(Word::Count));
    assert_eq!(word(br#"{"type":"end"}"#), Some(Word::End));
    for line in [
        r#"{"type":"request","id":"1","method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{"type":"end"}}"#,
        r#"{"type":"received"}"#,
        r#"{"type":"received","count":-1}"#,
        r#"["type","end"]"#,
        "{}",
    ] {
        assert_eq!(word(line.as_bytes()), None, "{line}");
    }
}

/// Numbers that depend on the seed alone.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % most as u64) as usize
    }
}

type Asked = (u64, oneshot::Sender<Result<Socket, String>>);

/// One side's way to the next socket: it says what it received and waits for the other to do the same.
struct Meeting(mpsc::Sender<Asked>);

impl Sockets for Meeting {
    async fn next(&mut self, received: u64) -> Result<Socket, String> {
        let (answer, socket) = oneshot::channel();
        self.0.send((received, answer)).await.map_err(|e| e.to_string())?;
        socket.await.map_err(|e| e.to_string())?
    }

    async fn offered(&mut self) {
        std::future::pending().await
    }

    fn wait_after_end(&self) -> bool {
        true
    }
}

/// The far ends of what two sides meet at.
struct Meetings(mpsc::Receiver<Asked>, mpsc::Receiver<Asked>);

impl Meetings {
    /// Gives both sides an end each of a new socket; ours are what lies between.
    async fn join(&mut self) -> Option<(DuplexStream, DuplexStream)> {
        let (left, right) = (self.0.recv().await?, self.1.recv().await?);
        let give = |(_, answer): Asked, received| {
            let (near, far) = duplex(1 << 16);
            let (reader, writer) = tokio::io::split(near);
            let transport = Transport::lines(reader, writer, 1 << 20);
            answer.send(Ok(Socket { transport, received })).ok().map(|()| far)
        };
        let (said_left, said_right) = (left.0, right.0);
        Some((give(left, said_right)?, give(right, said_left)?))
    }
}

struct Side {
    transport: Transport,
    carrying: JoinHandle<()>,
}

/// Two sides that are each other's far end, once they have met.
fn sides(pace: Pace) -> (Side, Side, Meetings) {
    let side = || {
        let (meet, meeting) = mpsc::channel(1);
        let (transport, connection) = resumable(pace);
        let carrying = tokio::spawn(async move { connection.run(&mut Meeting(meet)).await });
        (Side { transport, carrying }, meeting)
    };
    let ((left, first), (right, second)) = (side(), side());
    (left, right, Meetings(first, second))
}

/// Passes bytes on in pieces until so many have passed in either direction.
async fn pass(left: DuplexStream, right: DuplexStream, budget: usize, dice: &mut Dice) {
    let (mut from_left, mut to_left) = tokio::io::split(left);
    let (mut from_right, mut to_right) = tokio::io::split(right);
    let passed = Mutex::new(0);
    let direction = async |from: &mut (dyn tokio::io::AsyncRead + Unpin + Send),
                           to: &mut (dyn tokio::io::AsyncWrite + Unpin + Send),
                           most: usize| {
        let mut piece = vec![0; most];
        while let Ok(count @ 1..) = from.read(&mut piece).await {
            let left = budget.saturating_sub(*passed.lock().unwrap());
            *passed.lock().unwrap() += count;
            if to.write_all(&piece[..count.min(left)]).await.is_err() || count >= left {
                return;
            }
        }
    };
    let (first, second) = (dice.below(3000) + 1, dice.below(3000) + 1);
    tokio::select! {
        () = direction(&mut from_left, &mut to_right, first) => {}
        () = direction(&mut from_right, &mut to_left, second) => {}
    }
}

/// Says so many lines of its own and hears as many.
async fn talk(side: Side, lines: usize, seed: u64) -> Vec<usize> {
    let Transport { mut incoming, mut outgoing } = side.transport;
    let saying = async move {
        let mut dice = Dice(seed);
        for number in 0..lines {
            let line = format!("{{\"number\":{number},\"pad\":\"{}\"}}\n", "x".repeat(dice.below(300)));
            let (begin, rest) = line.as_bytes().split_at(dice.below(line.len()));
            outgoing.write_all(begin).await.unwrap();
            if number % 50 == 0 {
                tokio::task::yield_now().await;
            }
            outgoing.write_all(rest).await.unwrap();
        }
        outgoing.shutdown().await.unwrap();
    };
    let hearing = async move {
        let mut heard = Vec::new();
        while let Some(frame) = incoming.next().await {
            let Frame::Line(line) = frame.unwrap() else { panic!("no line") };
            let line: serde_json::Value = serde_json::from_slice(&line).unwrap();
            heard.push(line["number"].as_u64().unwrap() as usize);
        }
        heard
    };
    let ((), heard) = tokio::join!(saying, hearing);
    side.carrying.await.unwrap();
    heard
}

#[tokio::test(start_paused = true)]
async fn every_line_arrives_once_and_in_order_however_often_the_socket_is_cut() {
    const LINES: usize = 2000;
    for seed in 1..=12 {
        let (left, right, mut meetings) = sides(Pace::default());
        let talking =
            tokio::spawn(async move { tokio::join!(talk(left, LINES, seed), talk(right, LINES, seed + 99)) });
        let mut dice = Dice(seed);
        let mut cuts = 0;
        while let Some((near, far)) = meetings.join().await {
            let budget = dice.below(80_000);
            pass(near, far, budget, &mut dice).await;
            cuts += 1;
        }
        // Who has said and heard everything does not wait for the other to know that.
        drop(meetings);
        let (first, second) = talking.await.unwrap();
        let all: Vec<_> = (0..LINES).collect();
        assert!(first == all && second == all, "seed {seed}: {} and {} lines", first.len(), second.len());
        assert!(cuts > 5, "seed {seed}: {cuts} cuts");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_received_is_kept_up_to_a_window_and_then_writing_waits() {
    let (mut left, right, mut meetings) = sides(Pace::default());
    let line = [&[b'x'; 9_999][..], b"\n"].concat();
    let mut written = 0;
    while let Some(count) = left.transport.outgoing.write(&line[written % line.len()..]).now_or_never() {
        written += count.unwrap();
    }
    assert_eq!(written / line.len(), WINDOW.div_ceil(line.len()), "{written}");
    let (near, far) = meetings.join().await.unwrap();
    let passing = tokio::spawn(async move { pass(near, far, usize::MAX, &mut Dice(1)).await });
    let mut incoming = right.transport.incoming;
    for _ in 0..written / line.len() {
        let frame = incoming.next().await.unwrap().unwrap();
        assert!(matches!(frame, Frame::Line(line) if line.len() == 9_999));
    }
    // Now there is room again.
    left.transport.outgoing.write_all(b"{}\n").await.unwrap();
    drop((left, incoming, right.transport.outgoing));
    passing.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_side_that_reads_nothing_still_hears_that_its_own_lines_arrived() {
    let (left, right, mut meetings) = sides(Pace::default());
    let (near, far) = meetings.join().await.unwrap();
    tokio::spawn(async move { pass(near, far, usize::MAX, &mut Dice(1)).await });
    let flood = |mut outgoing: super::super::Outgoing| async move {
        outgoing.write_all(&b"{\"number\":1}\n".repeat(WINDOW / 13 + 100)).await.unwrap();
        outgoing
    };
    // Both fill the window before they read anything.
    let (mut left_in, mut right_in) = (left.transport.incoming, right.transport.incoming);
    let left = tokio::spawn(flood(left.transport.outgoing));
    let right = tokio::spawn(flood(right.transport.outgoing));
    tokio::time::sleep(Duration::from_secs(5)).await;
    for _ in 0..WINDOW / 13 + 100 {
        assert!(left_in.next().await.unwrap().is_ok() && right_in.next().await.unwrap().is_ok());
    }
    drop((left.await.unwrap(), right.await.unwrap()));
}

#[tokio::test(start_paused = true)]
async fn the_last_word_is_received_before_shutting_down_is_done() {
    let (mut left, mut right, mut meetings) = sides(Pace::default());
    left.transport.outgoing.write_all(b"{}").await.unwrap();
    let mut outgoing = left.transport.outgoing;
    let mut shutting = tokio::spawn(async move { outgoing.shutdown().await });
    assert!(tokio::time::timeout(Duration::from_secs(1), &mut shutting).await.is_err(), "there is no socket");
    let (near, far) = meetings.join().await.unwrap();
    tokio::spawn(async move { pass(near, far, usize::MAX, &mut Dice(1)).await });
    assert_eq!(right.transport.incoming.next().await.unwrap().unwrap(), Frame::Line("{}".into()));
    assert!(right.transport.incoming.next().await.is_none());
    shutting.await.unwrap().unwrap();
    // The other direction is still open.
    right.transport.outgoing.write_all(b"[]\n").await.unwrap();
    assert_eq!(left.transport.incoming.next().await.unwrap().unwrap(), Frame::Line("[]".into()));
    right.transport.outgoing.shutdown().await.unwrap();
    assert!(left.transport.incoming.next().await.is_none());
    left.carrying.await.unwrap();
    right.carrying.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_cannot_go_on_says_so_on_both_halves() {
    let (mut left, _, mut meetings) = sides(Pace::default());
    let (_, answer) = meetings.0.recv().await.unwrap();
    answer.send(Err("nobody is there".to_owned())).unwrap();
    let error = left.transport.incoming.next().await.unwrap().unwrap_err();
    assert!(error.to_string().contains("nobody is there"));
    assert!(left.transport.incoming.next().await.is_none());
    assert!(left.transport.outgoing.write_all(b"{}\n").await.is_err());
    left.transport.outgoing.shutdown().await.unwrap();
    left.carrying.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn counts_that_cannot_be_true_end_the_connection() {
    for told in ["{\"type\":\"received\",\"count\":1}\n", ""] {
        let (mut left, right, mut meetings) = sides(Pace::default());
        if told.is_empty() {
            let (_, answer) = meetings.0.recv().await.unwrap();
            let (transport, _far) = super::super::memory(1024);
            answer.send(Ok(Socket { transport, received: 1 })).unwrap();
        } else {
            let (mut near, _far) = meetings.join().await.unwrap();
            near.write_all(told.as_bytes()).await.unwrap();
        }
        assert!(left.transport.incoming.next().await.unwrap().is_err());
        left.carrying.await.unwrap();
        right.carrying.abort();
    }
}

#[tokio::test(start_paused = true)]
async fn half_of_a_line_is_none() {
    let (mut left, _right, mut meetings) = sides(Pace::default());
    let (mut near, _far) = meetings.join().await.unwrap();
    near.write_all(b"{\"a\":1}\n{\"b\":{}").await.unwrap();
    drop(near);
    assert_eq!(left.transport.incoming.next().await.unwrap().unwrap(), Frame::Line("{\"a\":1}".into()));
    let (received, _) = meetings.0.recv().await.unwrap();
    assert_eq!(received, 1);
    assert!(left.transport.incoming.next().now_or_never().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_socket_by_which_nothing_is_heard_is_lost_and_one_that_answers_is_not() {
    let pace = Pace::default();
    let (left, right, mut meetings) = sides(pace);
    let (near, far) = meetings.join().await.unwrap();
    // Both sides are asked whether they are there, and are.
    let passing = tokio::spawn(async move { pass(near, far, usize::MAX, &mut Dice(1)).await });
    tokio::time::sleep(pace.silence * 20).await;
    assert!(!passing.is_finished());
    passing.abort();
    let (near, mut far) = meetings.join().await.unwrap();
    let began = tokio::time::Instant::now();
    let (received, _) = meetings.0.recv().await.unwrap();
    assert_eq!((received, began.elapsed().as_secs()), (0, 2 * pace.silence.as_secs()));
    let mut asked = String::new();
    far.read_to_string(&mut asked).now_or_never();
    drop((near, left, right));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_carried_for_nobody() {
    let (left, right, mut meetings) = sides(Pace::default());
    drop(left.transport);
    left.carrying.await.unwrap();
    let Side { mut transport, carrying } = right;
    let asked = meetings.1.recv().await.unwrap();
    transport.outgoing.write_all(b"{}\n").await.unwrap();
    drop(transport);
    carrying.await.unwrap();
    drop(asked);
}
