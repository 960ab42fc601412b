use std::sync::Arc;

use super::pack::{Unpacker, pack};
use super::{Place, StoreError, contract, open};
use crate::event::{Event, EventKind};

/// Runs every check of the contract over every backend.
macro_rules! contract {
    ($($check:ident)*) => {
        mod memory {
            use super::*;
            $(#[tokio::test]
            async fn $check() -> Result<(), StoreError> {
                contract::$check(open(Place::Memory)).await
            })*
        }

        mod file {
            use super::*;
            $(#[tokio::test]
            async fn $check() -> Result<(), StoreError> {
                let folder = tempfile::tempdir().expect("a folder");
                contract::$check(open(Place::File(folder.path().join("sessions.db")))).await
            })*
        }

        mod lone_file {
            use super::*;
            use crate::store::sqlite::{Sqlite, Tuning};
            $(#[tokio::test]
            async fn $check() -> Result<(), StoreError> {
                let folder = tempfile::tempdir().expect("a folder");
                let tuning = Tuning { wal: false, ..Tuning::default() };
                contract::$check(Arc::new(Sqlite::new(folder.path().join("sessions.db"), tuning))).await
            })*
        }

        mod unwritable_file {
            use super::*;
            $(#[tokio::test]
            async fn $check() -> Result<(), StoreError> {
                let file = tempfile::NamedTempFile::new().expect("a file");
                contract::$check(open(Place::File(file.path().join("sessions.db")))).await
            })*
        }
    };
}

contract! {
    a_new_session_is_found_as_it_was_given
    an_unknown_session_is_not_found
    events_are_read_as_they_were_appended
    an_append_changes_the_record_with_it
    events_with_a_gap_are_refused
    only_the_newest_claim_appends
    a_refused_append_leaves_the_others_whole
    an_append_nobody_waits_for_is_done
    a_fork_has_the_events_and_goes_its_own_way
    a_deleted_session_is_gone_with_its_events
    sessions_beneath_one_are_not_listed_and_go_with_it
    what_was_used_is_summed_by_day_and_by_session
    sessions_are_listed_newest_change_first
    a_list_shows_what_was_just_written
    a_cursor_nobody_gave_out_is_refused
    remembered_answers_are_kept_once_and_forgotten
    any_interleaving_reads_back_the_same
}

fn rows(events: &[Arc<Event>]) -> usize {
    let mut rows = 0;
    pack(events, |_| {
        rows += 1;
        Ok::<_, StoreError>(())
    })
    .expect("packed");
    rows
}

#[test]
fn pieces_of_one_message_share_a_row() {
    let pieces = |message: &'static str, n| (0..n).map(move |_| contract::text(message, "word "));
    assert_eq!(rows(&contract::after(0, pieces("m", 400))), 1);
    assert_eq!(rows(&contract::after(0, pieces("m", 3).chain(pieces("n", 3)))), 2);
    assert_eq!(
        rows(&contract::after(0, pieces("m", 3).chain([contract::prompt(1)]).chain(pieces("m", 3)))),
        3
    );
    assert_eq!(rows(&contract::after(0, pieces("m", 5_000))), 2);
    let long = || contract::text("m", &"x".repeat(40_000));
    assert_eq!(rows(&contract::after(0, [long(), long(), long()])), 2);
}

#[test]
fn a_row_that_makes_no_sense_reads_as_lost_events() {
    let events = contract::after(0, ["ab", "cdé", "f"].map(|piece| contract::text("m", piece)));
    for (pieces, body) in
        [(None, "abc"), (Some(&b"\x02"[..]), "abcdéf"), (Some(b"\x02\0\x03\0\x02\0"), "abcdéf")]
    {
        pack(&events, |row| {
            let mut unpacker = Unpacker::new(0, 9);
            unpacker.push(&super::pack::Row { pieces, body, ..*row });
            unpacker.push(&super::pack::Row { seq: 6, count: 1, pieces: None, ..*row });
            let read = unpacker.finish();
            assert!(read.iter().map(|event| event.seq).eq(1..=6), "{read:?}");
            assert!(matches!(read[4].kind, EventKind::Notice { .. }));
            assert!(matches!(read[5].kind, EventKind::Text { .. }));
            Ok::<_, StoreError>(())
        })
        .expect("packed");
    }
}
