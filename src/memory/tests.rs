use std::cell::Cell;
use std::future::pending;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::idle::watch;
use super::system::{release_program, segments};

#[tokio::test(start_paused = true)]
async fn who_is_idle_gives_back_once() {
    let times = Cell::new(0);
    let idle = watch(pending::<()>(), || times.set(times.get() + 1));
    assert!(timeout(Duration::from_mins(1), idle).await.is_err());
    assert_eq!(times.get(), 1);
}

#[tokio::test(start_paused = true)]
async fn who_is_busy_gives_nothing_back_and_does_so_when_it_rests_again() {
    let times = Cell::new(0);
    let work = async {
        for _ in 0..2 {
            for _ in 0..100 {
                sleep(Duration::from_millis(50)).await;
            }
            assert!(times.get() <= 1, "while it was busy");
            sleep(Duration::from_secs(5)).await;
        }
    };
    watch(work, || times.set(times.get() + 1)).await;
    assert_eq!(times.get(), 2);
}

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
#[test]
fn the_program_is_what_it_was_after_it_was_let_go_of() {
    let sum = || -> u64 {
        let constants = include_str!("system.rs").bytes().map(u64::from).sum::<u64>();
        constants + segments().iter().map(|segment| segment.len() as u64).sum::<u64>()
    };
    let before = sum();
    let mapped = resident();
    release_program();
    assert!(resident() < mapped, "pages were let go of");
    assert_eq!(sum(), before);
    // Unwinding reads tables that were let go of.
    assert!(std::panic::catch_unwind(|| std::panic::resume_unwind(Box::new(()))).is_err());
}

/// Kilobytes of the program's own file that are mapped now.
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssFile:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
