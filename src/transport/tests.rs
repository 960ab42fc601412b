use bytes::Bytes;
use futures_util::StreamExt;
use tokio::io::AsyncWriteExt;

use super::*;

#[tokio::test]
async fn memory_carries_lines_both_ways_and_ends_when_dropped() {
    let (mut left, mut right) = memory(1024);
    left.outgoing.write_all(b"{\"a\":1}\n").await.unwrap();
    right.outgoing.write_all(b"{\"b\":2}\n").await.unwrap();
    assert_eq!(right.incoming.next().await.unwrap().unwrap(), Frame::Line("{\"a\":1}".into()));
    assert_eq!(left.incoming.next().await.unwrap().unwrap(), Frame::Line("{\"b\":2}".into()));
    drop(left);
    assert!(right.incoming.next().await.is_none());
}

#[tokio::test]
async fn lines_come_whole_however_they_are_cut() {
    let (near, mut far) = tokio::io::duplex(64);
    let mut lines = LineReader::new(near, 100_000);
    let long = "x".repeat(99_990);
    let text = format!("{{\"a\":1}}\n\n{{\"b\":2}}\r\n{long}\n{long}{long}\nhalf");
    let writing = async move {
        for piece in text.as_bytes().chunks(7) {
            far.write_all(piece).await.unwrap();
        }
    };
    let reading = async {
        let mut frames = Vec::new();
        while let Some(frame) = lines.next().await {
            frames.push(frame.unwrap());
        }
        frames
    };
    let ((), frames) = tokio::join!(writing, reading);
    let line = |text: &str| Frame::Line(text.to_owned().into());
    let wanted = [line("{\"a\":1}"), line("{\"b\":2}"), line(&long), Frame::TooLong { limit: 100_000 }];
    assert_eq!(frames[..4], wanted);
    assert_eq!(frames[4..], [Frame::Unended("half".into())]);
    assert!(lines.next().await.is_none());
}

#[tokio::test]
async fn a_broken_stream_says_so_once_and_ends() {
    let broken = io::Error::from(io::ErrorKind::ConnectionReset);
    let pieces = [Ok(Bytes::from("{}\n{\"ha")), Err(broken)];
    let stream = tokio_util::io::StreamReader::new(futures_util::stream::iter(pieces));
    let mut lines = LineReader::new(stream, 1024);
    assert_eq!(lines.next().await.unwrap().unwrap(), Frame::Line("{}".into()));
    assert!(lines.next().await.unwrap().is_err());
    assert!(lines.next().await.is_none());
}
