use std::num::NonZeroUsize;
use std::sync::Arc;

use futures_util::future::{AbortRegistration, Abortable, Aborted, pending};
use tokio::time::{Duration, Instant, timeout};

use super::super::crowd::{Crowd, Seat};

/// Files enough for eight strangers.
const FILES: u64 = 64;

fn crowd(guests: usize) -> Arc<Crowd> {
    Arc::new(Crowd::new(NonZeroUsize::new(guests).unwrap(), Some(FILES)))
}

async fn enter(crowd: &Arc<Crowd>) -> (Arc<Seat>, AbortRegistration) {
    crowd.enter().await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn for_one_more_the_oldest_stranger_has_to_go_and_no_guest() {
    let crowd = crowd(1);
    let mut here = Vec::new();
    for _ in 0..8 {
        let (seat, registration) = enter(&crowd).await;
        here.push((
            Arc::clone(&seat),
            tokio::spawn(Abortable::new(
                async move {
                    pending::<()>().await;
                    drop(seat)
                },
                registration,
            )),
        ));
    }
    let (guest, guesting) = here.remove(0);
    assert!(guest.take() && guest.take());
    // There is room for one that nobody has to go for.
    let began = Instant::now();
    let _ninth = enter(&crowd).await;
    assert_eq!(began.elapsed(), Duration::ZERO);
    let (oldest, going) = here.remove(0);
    drop(oldest);
    let _tenth = enter(&crowd).await;
    assert_eq!(began.elapsed(), Duration::from_millis(250), "everybody has a chance");
    assert_eq!(going.await.unwrap(), Err(Aborted));
    assert!(here.iter().all(|(_, staying)| !staying.is_finished()) && !guesting.is_finished());
}

#[tokio::test(start_paused = true)]
async fn there_are_as_many_guests_as_may_be_and_who_leaves_makes_room() {
    let crowd = crowd(2);
    let [(one, _), (two, _), (three, _)] = [enter(&crowd).await, enter(&crowd).await, enter(&crowd).await];
    assert!(one.take() && two.take() && !three.take());
    drop(one);
    assert!(three.take());
    // As many as there are files for, whatever was asked for.
    let crowd = self::crowd(1000);
    let mut seats = Vec::new();
    while seats.last().is_none_or(|seat: &Arc<Seat>| seat.take()) {
        seats.push(enter(&crowd).await.0);
    }
    assert_eq!(seats.len() - 1, 48);
}

#[tokio::test(start_paused = true)]
async fn who_is_being_shown_out_stays_nobody() {
    let crowd = crowd(1);
    let mut here = Vec::new();
    for _ in 0..8 {
        here.push(enter(&crowd).await.0);
    }
    // The first one is told to go, and has not gone.
    timeout(Duration::from_secs(1), crowd.enter()).await.unwrap_err();
    assert!(!here[0].take());
    assert!(here[1].take());
}
