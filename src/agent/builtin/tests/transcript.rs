use crate::acp::{MessageId, ToolCall, ToolCallStatus, ToolCallUpdate, ToolCallUpdateFields};
use crate::agent::builtin::transcript::{Transcript, weight};
use crate::event::{EventKind, TurnId};
use crate::provider::{Echo, Message};

fn said(text: &str) -> EventKind {
    EventKind::Text { message: MessageId::new("m"), text: text.into() }
}

fn prompt(text: &str) -> EventKind {
    EventKind::PromptAccepted { turn: TurnId(1), message: MessageId::new("p"), content: vec![text.into()] }
}

fn called(id: &str) -> EventKind {
    EventKind::ToolProposed { call: Box::new(ToolCall::new(id.to_owned(), "read").name("read".to_owned())) }
}

fn ended(id: &str) -> EventKind {
    let fields = ToolCallUpdateFields::new().status(ToolCallStatus::Completed);
    let update = Box::new(ToolCallUpdate::new(id.to_owned(), fields));
    EventKind::ToolEnded { update, result: "result".into(), cancelled: false }
}

fn folded(events: &[EventKind]) -> Transcript {
    let mut transcript = Transcript::default();
    for event in events {
        transcript.take(event);
    }
    transcript
}

fn weighed(transcript: &Transcript) -> usize {
    transcript.messages().iter().map(|message| weight(message)).sum()
}

#[test]
fn the_weight_is_that_of_the_messages_whatever_happens() {
    let compacted = EventKind::Compacted { id: MessageId::new("c"), summary: "short".into(), kept: 1 };
    let extended = EventKind::PromptExtended { content: vec!["more".into()] };
    let transcript =
        folded(&[prompt("one"), extended, said("a"), called("1"), said("b"), ended("1"), said("c")]);
    assert_eq!(transcript.bytes(), weighed(&transcript));
    let mut shorter = transcript;
    shorter.take(&compacted);
    assert_eq!(shorter.bytes(), weighed(&shorter));
    assert_eq!(shorter.messages().len(), 2);
}

#[test]
fn a_summary_never_leaves_a_result_without_its_call() {
    let compacted = EventKind::Compacted { id: MessageId::new("c"), summary: "short".into(), kept: 2 };
    let transcript =
        folded(&[prompt("one"), called("1"), ended("1"), said("done"), prompt("two"), compacted.clone()]);
    assert_eq!(transcript.messages().len(), 3);
    let split = folded(&[prompt("one"), called("1"), ended("1"), said("x"), compacted]);
    let first = split.messages().get(1).unwrap();
    assert!(matches!(**first, Message::Assistant { .. }), "{first:?}");
}

#[test]
fn what_a_provider_wants_back_stands_with_its_answer() {
    let mut transcript = folded(&[prompt("one"), said("a")]);
    transcript.echo(Echo { source: "s".into(), data: 1.into() });
    transcript.take(&called("1"));
    let Message::Assistant { text, calls, echoes } = transcript.messages().last().unwrap().as_ref() else {
        panic!("no answer")
    };
    assert_eq!((text.as_str(), calls.len(), echoes.len()), ("a", 1, 1));
}
