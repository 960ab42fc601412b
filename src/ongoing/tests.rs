use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Wake, Waker};

use futures_util::FutureExt;
use tokio::sync::oneshot;

use super::*;

#[derive(Default)]
struct Woken(AtomicU32);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn who_waits_wakes_nobody() {
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&woken));
    let mut cx = Context::from_waker(&waker);
    let mut ongoing = Ongoing::default();
    for at in 0..10 {
        assert!(ongoing.is_empty());
        let (sender, receiver) = oneshot::channel::<u32>();
        ongoing.push(receiver);
        assert_eq!(ongoing.poll_finished(&mut cx), Poll::Pending);
        assert_eq!(ongoing.len(), 1);
        // The very first may.
        assert!(at == 0 || woken.0.load(Ordering::Relaxed) == 0, "{at}");
        sender.send(at).unwrap();
        assert_eq!(ongoing.poll_finished(&mut cx), Poll::Ready(Ok(at)));
        assert_eq!(ongoing.poll_finished(&mut cx), Poll::Pending);
        woken.0.store(0, Ordering::Relaxed);
    }
}

#[test]
fn nothing_never_finishes() {
    let mut ongoing = Ongoing::<std::future::Ready<()>>::default();
    assert_eq!(pin!(ongoing.finished()).now_or_never(), None);
}
