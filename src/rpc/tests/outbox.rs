use std::task::{Context, Poll, Waker};

use crate::rpc::outbox::{Out, Outbox};

#[tokio::test]
async fn the_queue_has_room_for_so_many_items_and_for_nobody_once_it_is_closed() {
    let (outbox, mut cx) = (Outbox::new(1), Context::from_waker(Waker::noop()));
    outbox.room().await.unwrap().put(Out::Lines("a".into()));
    let mut waiting = std::pin::pin!(outbox.room());
    assert!(waiting.as_mut().poll(&mut cx).is_pending());
    assert!(matches!(outbox.poll_take(&mut cx), Poll::Ready(Out::Lines(_))));
    assert!(outbox.poll_take(&mut cx).is_pending());
    // Room that is not used is given back.
    drop(waiting.await.unwrap());
    drop(outbox.room().await.unwrap());
    outbox.close();
    assert!(outbox.room().await.is_err());
}
