//! A session is open as long as somebody holds it or a turn runs, and not any longer.

use std::sync::atomic::Ordering;

use adjutant::acp::StopReason;
use adjutant::error::ErrorKind;
use adjutant::event::{EventKind, TurnStop};

use super::clerk::{Clerk, create, ended, prompt, register};
use crate::support::bench::Bench;
use crate::support::proc::until;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l10_a_session_that_nobody_holds_any_more_makes_room_for_the_next() {
    let (bench, clerk) = (Bench::scripted(""), Clerk::new(0));
    let sessions = register(2, &clerk);
    for round in 0..100 {
        let one = create(&sessions, &bench).await.unwrap_or_else(|e| panic!("round {round}: {e}"));
        let other = create(&sessions, &bench).await.unwrap_or_else(|e| panic!("round {round}: {e}"));
        let refused = create(&sessions, &bench).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Exhausted, "round {round}: both are held");
        drop(one);
        sessions.load(other.id(), None).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_turn_keeps_its_session_open_and_what_waits_behind_it_too() {
    let (bench, clerk) = (Bench::scripted(""), Clerk::new(0));
    let sessions = register(1, &clerk);
    let session = create(&sessions, &bench).await.unwrap();
    let id = session.id().clone();
    prompt(&session).await.unwrap();
    let waits = tokio::spawn(async move { prompt(&session).await });
    let joined = sessions.load(&id, None).await.unwrap();
    let mut events = joined.subscribe(0);
    while !events.next(64).await.unwrap().iter().any(|it| matches!(it.kind, EventKind::Notice { .. })) {}
    waits.abort();
    drop(joined);
    until("the first turn runs", || clerk.begun.load(Ordering::SeqCst) == 1).await;
    assert!(create(&sessions, &bench).await.is_err(), "a session in which a turn runs is not given up");
    assert!(sessions.live_session(&id).is_some());
    clerk.may_end.add_permits(2);
    until("it is closed", || sessions.live_session(&id).is_none()).await;
    until("its agent is gone", || clerk.open.load(Ordering::SeqCst) == 0).await;
    let session = sessions.load(&id, None).await.unwrap();
    let done = TurnStop::Finished { reason: StopReason::EndTurn };
    assert_eq!(ended(&session, 2).await, [done.clone(), done]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_comes_while_the_last_one_goes_has_the_session() {
    let (bench, clerk) = (Bench::scripted(""), Clerk::new(1000));
    let sessions = register(1, &clerk);
    let mut session = create(&sessions, &bench).await.unwrap();
    let id = session.id().clone();
    for round in 0..300 {
        let coming = (sessions.clone(), id.clone());
        let comes = tokio::spawn(async move {
            for _ in 0..round % 20 {
                tokio::task::yield_now().await;
            }
            coming.0.load(&coming.1, None).await
        });
        if round % 3 > 0 {
            prompt(&session).await.unwrap();
        }
        for _ in 0..round % 7 {
            tokio::task::yield_now().await;
        }
        drop(session);
        session = comes.await.unwrap().unwrap_or_else(|e| panic!("round {round}: {e}"));
        prompt(&session).await.unwrap_or_else(|e| panic!("round {round}: {e}"));
    }
    let done = TurnStop::Finished { reason: StopReason::EndTurn };
    assert!(ended(&session, 500).await.iter().all(|stop| *stop == done), "nothing is cut short or lost");
    drop(session);
    until("its agent is gone", || clerk.open.load(Ordering::SeqCst) == 0).await;
}
