use std::sync::Arc;

use proptest::prelude::*;

use crate::acp::{ContentBlock, MessageId, PlanEntry, PlanEntryPriority, PlanEntryStatus};
use crate::agent::builtin::compaction::{facts, is_full, kept, request};
use crate::agent::builtin::transcript::Transcript;
use crate::event::EventKind;
use crate::provider::{Message, ModelCall, ModelInfo};

fn model(context: u64) -> ModelInfo {
    ModelInfo { context, output: 100, ..ModelInfo::unknown("p", "m") }
}

fn user(text: &str) -> Arc<Message> {
    Arc::new(Message::User(vec![text.into()]))
}

fn answer(text: &str, calls: usize) -> Arc<Message> {
    let call = |at| ModelCall { id: format!("{at}"), name: "read".into(), input: serde_json::json!({}) };
    let calls = (0..calls).map(call).collect();
    Arc::new(Message::Assistant { text: text.into(), calls, echoes: Vec::new() })
}

fn result(text: &str) -> Arc<Message> {
    Arc::new(Message::Result { call: "0".into(), text: text.into(), failed: false, images: Vec::new() })
}

fn text(message: &Message) -> &str {
    let Message::User(content) = message else { panic!("not said by a person") };
    let [ContentBlock::Text(text)] = &content[..] else { panic!("not one text") };
    &text.text
}

#[test]
fn a_context_is_full_before_it_overflows() {
    assert!(!is_full(&model(1000), 800));
    assert!(is_full(&model(1000), 851));
    assert!(!is_full(&model(0), u64::MAX), "a model of unknown size is never full");
}

proptest! {
    #[test]
    fn what_stays_never_begins_with_a_result(shape in prop::collection::vec(0..3u8, 1..40), size in 1..400usize) {
        let long = "x".repeat(size);
        let messages: Vec<_> = shape.iter().map(|kind| match kind {
            0 => user(&long),
            1 => answer(&long, 1),
            _ => result(&long),
        }).collect();
        let kept = kept(&messages, &model(1000));
        prop_assert!(kept < messages.len());
        if let Some(first) = messages.get(messages.len() - kept) {
            let result = matches!(**first, Message::Result { .. });
            prop_assert!(!result);
        }
    }
}

#[test]
fn the_writer_of_a_summary_sees_the_beginning_and_the_end() {
    let long = "y".repeat(3000);
    let mut messages = vec![user("the beginning")];
    messages.extend((0..100).map(|_| answer(&long, 0)));
    messages.push(user("the end"));
    let request = request(&messages, &model(10_000), "the tests");
    let text = text(&request);
    assert!(text.contains("the beginning") && text.contains("the end"));
    assert!(text.contains("messages left out]") && text.contains("above all: the tests"));
    assert!(text.len() < 25_000, "{}", text.len());
}

#[test]
fn an_earlier_summary_is_told_whole_and_is_not_what_the_person_said_last() {
    let mut transcript = Transcript::default();
    let (head, middle, tail) = ("h".repeat(20_000), "in the middle", "t".repeat(20_000));
    let mut summary = format!("{head}{middle}{tail}");
    summary.push_str(&facts(&[], &[], &[user("first words")]));
    let id = MessageId::new("m");
    transcript.take(&EventKind::Compacted { id, summary, kept: 0 });
    let gone = transcript.messages();
    assert!(text(&request(gone, &model(100_000), "")).contains(middle));
    let small = request(gone, &model(10_000), "");
    assert!(text(&small).len() < 25_000, "{}", text(&small).len());
    assert!(facts(&[], &[], gone).ends_with("## The person's last words in this part\nfirst words"));
}

#[test]
fn plan_files_and_last_words_are_never_lost() {
    let plan = [PlanEntry::new("write it", PlanEntryPriority::Medium, PlanEntryStatus::InProgress)];
    let facts = facts(&plan, &["/w/a.rs".into()], &[user("please"), answer("yes", 0)]);
    for part in ["- [~] write it", "- /w/a.rs", "please"] {
        assert!(facts.contains(part), "{part} in {facts}");
    }
}

#[test]
fn every_heading_has_a_blank_line_before_it() {
    let plan = [PlanEntry::new("write it", PlanEntryPriority::Medium, PlanEntryStatus::InProgress)];
    for plan in [&plan[..], &[]] {
        for files in [&["/w/a.rs".into()][..], &[]] {
            let text = format!("A summary.{}", facts(plan, files, &[user("please")]));
            let blank = text.matches("\n\n## ").count();
            assert_eq!(blank, text.matches("## ").count(), "{text}");
        }
    }
}
