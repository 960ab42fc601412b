//! What every backend does, as checks that are run over each of them.

use std::path::PathBuf;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::{
    Append, Epoch, ListQuery, RecordChange, SessionRecord, Spending, SpendingTotals, Store, StoreError, Used,
};
use crate::acp::{ContentBlock, MessageId, SessionId, TextContent};
use crate::event::{Event, EventKind, NoticeLevel, TurnId};

pub(super) fn id(text: &str) -> SessionId {
    SessionId::new(text)
}

pub(super) fn record(name: &str) -> SessionRecord {
    SessionRecord {
        id: id(name),
        parent: None,
        depth: 0,
        cwd: "/work/a".into(),
        additional: vec!["/work/b".into()],
        title: None,
        mode: "ask".into(),
        options: vec![("model".into(), "\"small\"".into())],
        created_at: 1_000,
        updated_at: 1_000,
        head: 0,
        running: false,
    }
}

pub(super) fn text(message: &str, text: &str) -> EventKind {
    EventKind::Text { message: MessageId::new(message), text: text.into() }
}

pub(super) fn prompt(turn: u64) -> EventKind {
    let content = vec![ContentBlock::Text(TextContent::new("hello \0 \"wörld\""))];
    EventKind::PromptAccepted { turn: TurnId(turn), message: MessageId::new("p"), content }
}

/// Events that follow number `head`, a millisecond apart.
pub(super) fn after(head: u64, kinds: impl IntoIterator<Item = EventKind>) -> Vec<Arc<Event>> {
    (head + 1..)
        .zip(kinds)
        .map(|(seq, kind)| Arc::new(Event { seq, at: 2_000 + seq.cast_signed(), kind }))
        .collect()
}

pub(super) fn append(name: &str, epoch: Epoch, events: Vec<Arc<Event>>) -> Append {
    Append { session: id(name), epoch, events, change: RecordChange::default() }
}

fn same(read: &[Event], written: &[Arc<Event>]) -> bool {
    read.iter().eq(written.iter().map(|event| &**event))
}

type Check = Result<(), StoreError>;

pub(super) async fn a_new_session_is_found_as_it_was_given(store: Arc<dyn Store>) -> Check {
    let given = SessionRecord { head: 7, title: Some("tïtle".into()), ..record("s") };
    assert_eq!(store.create(given.clone()).await?, Epoch(1));
    assert_eq!(store.find(&id("s")).await?, SessionRecord { head: 0, ..given });
    assert!(matches!(store.create(record("s")).await, Err(StoreError::Conflict(_))));
    Ok(())
}

pub(super) async fn an_unknown_session_is_not_found(store: Arc<dyn Store>) -> Check {
    let unknown = id("none");
    assert!(matches!(store.find(&unknown).await, Err(StoreError::NotFound(_))));
    assert!(matches!(store.claim(&unknown).await, Err(StoreError::NotFound(_))));
    assert!(matches!(store.read(&unknown, 0, 9).await, Err(StoreError::NotFound(_))));
    assert!(matches!(store.fork(&unknown, record("f")).await, Err(StoreError::NotFound(_))));
    let append = append("none", Epoch(1), after(0, [prompt(1)]));
    assert!(matches!(store.append(append).await, Err(StoreError::NotFound(_))));
    store.delete(&unknown).await
}

pub(super) async fn events_are_read_as_they_were_appended(store: Arc<dyn Store>) -> Check {
    let epoch = store.create(record("s")).await?;
    let kinds = [
        prompt(1),
        text("m", "a"),
        text("m", ""),
        text("m", "bé"),
        text("n", "c"),
        text("m", "d"),
        prompt(2),
    ];
    let events = after(0, kinds);
    store.append(append("s", epoch, events[..3].to_vec())).await?;
    store.append(append("s", epoch, events[3..].to_vec())).await?;
    for from in 0..=8 {
        for limit in 0..=8 {
            let read = store.read(&id("s"), from as u64, limit).await?;
            let wanted = &events[from.min(7)..(from + limit).min(7).max(from.min(7))];
            assert!(same(&read, wanted), "{from} {limit}: {read:?}");
        }
    }
    assert_eq!(store.read(&id("s"), u64::MAX, 5).await?, []);
    let found = store.find(&id("s")).await?;
    assert_eq!((found.head, found.updated_at), (7, 2_007));
    Ok(())
}

pub(super) async fn an_append_changes_the_record_with_it(store: Arc<dyn Store>) -> Check {
    let epoch = store.create(record("s")).await?;
    let change = RecordChange {
        title: Some("t".into()),
        mode: Some("auto".into()),
        option: Some(("thought_level".into(), "1".into())),
        running: Some(true),
    };
    store.append(Append { change, ..append("s", epoch, after(0, [prompt(1)])) }).await?;
    let change = RecordChange { option: Some(("model".into(), "\"big\"".into())), ..RecordChange::default() };
    store.append(Append { change, ..append("s", epoch, Vec::new()) }).await?;
    let found = store.find(&id("s")).await?;
    assert_eq!((found.title.as_deref(), found.mode.as_str(), found.running), (Some("t"), "auto", true));
    let options = [("model".to_owned(), "\"big\"".to_owned()), ("thought_level".to_owned(), "1".to_owned())];
    assert_eq!(found.options, options);
    assert_eq!((found.head, found.updated_at), (1, 2_001));
    Ok(())
}

pub(super) async fn events_with_a_gap_are_refused(store: Arc<dyn Store>) -> Check {
    let epoch = store.create(record("s")).await?;
    store.append(append("s", epoch, after(0, [prompt(1)]))).await?;
    for wrong in [after(0, [prompt(2)]), after(2, [prompt(2)])] {
        assert!(matches!(store.append(append("s", epoch, wrong)).await, Err(StoreError::Conflict(_))));
    }
    let mut gap = after(1, [prompt(2), prompt(3), prompt(4)]);
    gap.remove(1);
    assert!(matches!(store.append(append("s", epoch, gap)).await, Err(StoreError::Invalid(_))));
    let zero = vec![Arc::new(Event { seq: 0, at: 0, kind: prompt(0) })];
    assert!(matches!(store.append(append("s", epoch, zero)).await, Err(StoreError::Invalid(_))));
    assert_eq!(store.read(&id("s"), 0, 9).await?.len(), 1);
    Ok(())
}

pub(super) async fn only_the_newest_claim_appends(store: Arc<dyn Store>) -> Check {
    let first = store.create(record("s")).await?;
    let (found, second) = store.claim(&id("s")).await?;
    assert_eq!((found, second), (record("s"), Epoch(2)));
    let stale = store.append(append("s", first, after(0, [prompt(1)]))).await;
    assert!(matches!(stale, Err(StoreError::Conflict(_))), "{stale:?}");
    let early = store.append(append("s", Epoch(3), after(0, [prompt(1)]))).await;
    assert!(matches!(early, Err(StoreError::Conflict(_))), "{early:?}");
    store.append(append("s", second, after(0, [prompt(1)]))).await
}

pub(super) async fn a_refused_append_leaves_the_others_whole(store: Arc<dyn Store>) -> Check {
    let epoch = store.create(record("s")).await?;
    let appends = (0..40).map(|n| {
        let events = after(n, [prompt(n)]);
        let bad = append("s", Epoch(9), events.clone());
        (store.append(bad), store.append(append("s", epoch, events)))
    });
    for (bad, good) in appends.collect::<Vec<_>>() {
        assert!(matches!(bad.await, Err(StoreError::Conflict(_))));
        good.await?;
    }
    assert_eq!(store.read(&id("s"), 0, 99).await?.len(), 40);
    Ok(())
}

pub(super) async fn an_append_nobody_waits_for_is_done(store: Arc<dyn Store>) -> Check {
    let epoch = store.create(record("s")).await?;
    drop(store.append(append("s", epoch, after(0, [prompt(1)]))));
    store.append(append("s", epoch, after(1, [prompt(2)]))).await
}

pub(super) async fn a_fork_has_the_events_and_goes_its_own_way(store: Arc<dyn Store>) -> Check {
    let epoch = store.create(record("s")).await?;
    let events = after(0, [prompt(1), text("m", "a"), text("m", "b")]);
    store.append(append("s", epoch, events.clone())).await?;
    let forked = store.fork(&id("s"), record("f")).await?;
    store.append(append("f", forked, after(3, [prompt(2)]))).await?;
    let found = store.find(&id("f")).await?;
    assert_eq!((found.parent, found.head), (Some(id("s")), 4));
    assert!(same(&store.read(&id("f"), 0, 3).await?, &events));
    assert_eq!(store.find(&id("s")).await?.head, 3);
    assert!(matches!(store.fork(&id("s"), record("f")).await, Err(StoreError::Conflict(_))));
    Ok(())
}

pub(super) async fn a_deleted_session_is_gone_with_its_events(store: Arc<dyn Store>) -> Check {
    let epoch = store.create(record("s")).await?;
    store.append(append("s", epoch, after(0, [prompt(1)]))).await?;
    store.delete(&id("s")).await?;
    assert!(matches!(store.find(&id("s")).await, Err(StoreError::NotFound(_))));
    assert_eq!(store.create(record("s")).await?, Epoch(1));
    assert_eq!(store.read(&id("s"), 0, 9).await?, []);
    Ok(())
}

pub(super) async fn sessions_beneath_one_are_not_listed_and_go_with_it(store: Arc<dyn Store>) -> Check {
    let beneath =
        |name: &str, parent: &str, depth| SessionRecord { parent: Some(id(parent)), depth, ..record(name) };
    store.create(record("s")).await?;
    store.create(beneath("child", "s", 1)).await?;
    store.create(beneath("grandchild", "child", 2)).await?;
    store.create(beneath("other", "elsewhere", 1)).await?;
    store.fork(&id("s"), record("fork")).await?;
    assert_eq!(store.find(&id("grandchild")).await?, beneath("grandchild", "child", 2));
    let query = ListQuery { limit: 10, ..ListQuery::default() };
    for cwd in [None, Some("/work/a".into())] {
        let page = store.list(ListQuery { cwd, ..query.clone() }).await?;
        let names: Vec<_> = page.sessions.iter().map(|record| &*record.id.0).collect();
        assert_eq!(names, ["s", "fork"]);
    }
    store.delete(&id("s")).await?;
    for gone in ["s", "child", "grandchild"] {
        assert!(store.find(&id(gone)).await.is_err(), "{gone}");
    }
    for kept in ["fork", "other"] {
        assert!(store.find(&id(kept)).await.is_ok(), "{kept}");
    }
    Ok(())
}

pub(super) async fn sessions_are_listed_newest_change_first(store: Arc<dyn Store>) -> Check {
    for n in 0..25_i64 {
        let cwd = PathBuf::from(if n % 2 == 0 { "/even" } else { "/odd" });
        store.create(SessionRecord { cwd, updated_at: n / 3, ..record(&format!("s{n:02}")) }).await?;
    }
    for (cwd, all) in [(None, 25), (Some(PathBuf::from("/even")), 13), (Some(PathBuf::from("/none")), 0)] {
        let mut query = ListQuery { cwd: cwd.clone(), cursor: None, limit: 4 };
        let mut seen = Vec::new();
        loop {
            let page = store.list(query.clone()).await?;
            assert_eq!(page, store.list(query.clone()).await?);
            assert!(page.sessions.len() <= 4);
            seen.extend(page.sessions);
            let Some(next) = page.next else { break };
            query.cursor = Some(next);
        }
        assert_eq!(seen.len(), all);
        assert!(seen.iter().all(|record| cwd.as_ref().is_none_or(|cwd| *cwd == record.cwd)));
        assert!(seen.is_sorted_by(|a, b| (a.updated_at, &*a.id.0) > (b.updated_at, &*b.id.0)));
    }
    Ok(())
}

pub(super) async fn a_list_shows_what_was_just_written(store: Arc<dyn Store>) -> Check {
    let query = ListQuery { limit: 10, ..ListQuery::default() };
    for n in 0..9 {
        assert_eq!(store.list(query.clone()).await?.sessions.len(), n);
        store.create(record(&format!("s{n}"))).await?;
    }
    store.append(append("s3", Epoch(1), after(0, [prompt(1)]))).await?;
    assert_eq!(store.list(query.clone()).await?.sessions[0].id, id("s3"));
    store.delete(&id("s3")).await?;
    assert_eq!(store.list(query).await?.sessions.len(), 8);
    Ok(())
}

pub(super) async fn a_cursor_nobody_gave_out_is_refused(store: Arc<dyn Store>) -> Check {
    for cursor in [
        "",
        "x",
        "abc",
        "0",
        "00",
        "0100000000000000",
        "010000000000000001",
        "01000000000000000141Z1",
        "é",
        "00000000000000000141",
    ] {
        let query = ListQuery { cursor: Some(cursor.into()), limit: 1, cwd: None };
        assert!(matches!(store.list(query).await, Err(StoreError::Invalid(_))), "{cursor}");
    }
    Ok(())
}

pub(super) async fn remembered_answers_are_kept_once_and_forgotten(store: Arc<dyn Store>) -> Check {
    let (a, b) = (PathBuf::from("/a"), PathBuf::from("/b"));
    for (workspace, text, at) in [(&a, "one", 1), (&b, "two", 2), (&a, "three", 3), (&a, "one", 4)] {
        store.remember(workspace.clone(), text.into(), at).await?;
    }
    let all = store.grants(None).await?;
    let seen: Vec<_> = all.iter().map(|grant| (grant.text.as_str(), grant.created_at)).collect();
    assert_eq!(seen, [("one", 1), ("two", 2), ("three", 3)]);
    assert_eq!(store.grants(Some(a.clone())).await?, [all[0].clone(), all[2].clone()]);
    assert!(store.forget(all[0].id).await?);
    assert!(!store.forget(all[0].id).await?);
    assert_eq!(store.grants(Some(a)).await?, [all[2].clone()]);
    Ok(())
}

pub(super) async fn what_was_used_is_summed_by_day_and_by_session(store: Arc<dyn Store>) -> Check {
    const DAY: i64 = 86_400_000;
    let used = |tokens| Used { tokens, micro_dollars: 10 * tokens, steps: 1, millis: 7 };
    let sum = |tokens, times| Used { tokens, micro_dollars: 10 * tokens, steps: times, millis: 7 * times };
    let spend = |session: &str, at, used| store.spend(Spending { session: id(session), at, used });
    let nothing = Used::default();
    assert_eq!(spend("a", 0, nothing).await?, SpendingTotals::default());
    let totals = spend("a", 20_000 * DAY, used(5)).await?;
    assert_eq!((totals.session, totals.day), (sum(5, 1), sum(5, 1)));
    let totals = spend("b", 20_001 * DAY - 1, used(3)).await?;
    assert_eq!((totals.session, totals.day), (sum(3, 1), sum(8, 2)), "the last moment of the day");
    let totals = spend("a", 20_001 * DAY, used(2)).await?;
    assert_eq!((totals.session, totals.day), (sum(7, 2), sum(2, 1)), "the next day");
    store.create(record("a")).await?;
    store.delete(&id("a")).await?;
    let totals = spend("b", 20_000 * DAY + 5, nothing).await?;
    assert_eq!((totals.session, totals.day), (sum(3, 1), sum(8, 2)), "a day is as expensive as it was");
    let totals = spend("a", 20_401 * DAY, used(1)).await?;
    assert_eq!(totals.session, sum(3, 2), "what is long ago does not count");
    Ok(())
}

pub(super) async fn any_interleaving_reads_back_the_same(store: Arc<dyn Store>) -> Check {
    let kind = prop_oneof![
        8 => ("[ab]", ".{0,6}").prop_map(|(message, piece)| text(&message, &piece)),
        3 => ("[ab]", ".{0,6}").prop_map(|(message, text)| {
            EventKind::Thought { message: MessageId::new(message), text }
        }),
        1 => any::<u64>().prop_map(prompt),
        1 => ".{0,9}".prop_map(|title| {
            EventKind::Notice { level: NoticeLevel::Info, detail: Some(title.clone()), title }
        }),
    ];
    let batches = prop::collection::vec(prop::collection::vec((kind, any::<i64>()), 0..12), 1..6);
    let mut runner = TestRunner::deterministic();
    for case in 0..64 {
        let batches = batches.new_tree(&mut runner).expect("a case").current();
        let name = format!("s{case}");
        let epoch = store.create(record(&name)).await?;
        let mut all = Vec::new();
        for batch in batches {
            let events: Vec<_> = batch
                .into_iter()
                .zip(all.len() as u64 + 1..)
                .map(|((kind, at), seq)| Arc::new(Event { seq, at, kind }))
                .collect();
            all.extend(events.iter().cloned());
            store.append(append(&name, epoch, events)).await?;
        }
        for (from, limit) in [(0, usize::MAX), (all.len() / 2, 3), (all.len() / 3, all.len())] {
            let read = store.read(&id(&name), from as u64, limit).await?;
            assert!(same(&read, &all[from..from.saturating_add(limit).min(all.len())]), "{all:?}\n{read:?}");
        }
    }
    Ok(())
}
