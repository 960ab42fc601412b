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
