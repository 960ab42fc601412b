//! What a cancel ends, and what goes on.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Duration;

use adjutant::acp::{MessageId, StopReason};
use adjutant::event::{EventKind, TurnStop};
use adjutant::session::SessionError;
use futures_util::FutureExt;

use super::clerk::{Clerk, create, ended, prompt, register};
use crate::support::bench::Bench;

#[tokio::test]
async fn a_cancel_takes_back_what_waits_before_it_could_begin() {
    let (bench, clerk) = (Bench::scripted(""), Clerk::new(0));
    let session = create(&register(1, &clerk), &bench).await.unwrap();
    let mut events = session.subscribe(0);
    prompt(&session).await.unwrap();
    let next = session.clone();
    let waits = tokio::spawn(async move { prompt(&next).await });
    while !events.next(64).await.unwrap().iter().any(|it| matches!(it.kind, EventKind::Notice { .. })) {}
    // Nothing more fits into its mailbox.
    let nobody = MessageId::new("nobody");
    while session.withdraw(&nobody).now_or_never().is_some() {}
    let mut cancelling = pin!(session.cancel());
    assert!(poll_fn(|cx| Poll::Ready(cancelling.as_mut().poll(cx))).await.is_pending());
    // Whatever began here would begin by then.
    tokio::time::sleep(Duration::from_millis(100)).await;
    cancelling.await;
    assert!(matches!(waits.await.unwrap(), Err(SessionError::Withdrawn)));
    assert_eq!(ended(&session, 1).await, [TurnStop::Finished { reason: StopReason::Cancelled }]);
    assert_eq!(clerk.begun.load(Ordering::SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_gives_a_turn_up_gives_no_other_up() {
    let (bench, clerk) = (Bench::scripted(""), Clerk::new(0));
    let session = create(&register(1, &clerk), &bench).await.unwrap();
    let first = prompt(&session).await.unwrap().turn;
    let next = session.clone();
    let waits = tokio::spawn(async move { prompt(&next).await });
    let mut events = session.subscribe(0);
    while !events.next(64).await.unwrap().iter().any(|it| matches!(it.kind, EventKind::Notice { .. })) {}
    session.cancel_turn(first).await;
    waits.await.unwrap().unwrap();
    // It is over, and another one runs.
    session.cancel_turn(first).await;
    session.settle().await.unwrap();
    clerk.may_end.add_permits(1);
    let [cancelled, done] =
        [StopReason::Cancelled, StopReason::EndTurn].map(|reason| TurnStop::Finished { reason });
    assert_eq!(ended(&session, 2).await, [cancelled, done]);
}
