//! A stream that is cut (F16): what was whole counts, what was half does not, and nothing is asked twice that was
//! answered in part.

use adjutant::provider::{Delta, ModelCall, ProviderError};
use futures_util::future::join_all;

use super::{DIALECTS, Dialect, read, remote};
use crate::support::model::{ModelServer, Reply};

/// Bytes between the cuts of an answer on its way: no multiple of anything in it.
const STEP: usize = 7;

fn calls(deltas: &[Delta]) -> Vec<&ModelCall> {
    let mut calls = Vec::new();
    for delta in deltas {
        if let Delta::Call(call) = delta {
            calls.push(call);
        }
    }
    calls
}

fn words(deltas: &[Delta]) -> (String, String) {
    let (mut text, mut thought) = (String::new(), String::new());
    for delta in deltas {
        match delta {
            Delta::Text(more) => text += more,
            Delta::Thought(more) => thought += more,
            _ => {}
        }
    }
    (text, thought)
}

/// What a recorded answer means.
fn decoded(dialect: &Dialect, recorded: &[u8]) -> Vec<Delta> {
    let mut deltas = Vec::new();
    let mut decoder = dialect.decoder();
    // What came before an error counts.
    decoder.push(recorded, &mut deltas).ok();
    decoder.finish(&mut deltas).ok();
    deltas
}

/// What was said is the beginning of the whole answer, and every call is one of its calls. Whether something was said.
fn is_beginning(deltas: &[Delta], whole: &[Delta], place: &str) -> bool {
    let ((text, thought), (whole_text, whole_thought)) = (words(deltas), words(whole));
    assert!(whole_text.starts_with(&text), "{place}: {text:?}");
    assert!(whole_thought.starts_with(&thought), "{place}: {thought:?}");
    let (calls, whole_calls) = (calls(deltas), calls(whole));
    assert!(whole_calls.starts_with(&calls), "{place}: {calls:?}");
    if matches!(deltas.last(), Some(Delta::Done(_))) {
        assert_eq!(
            (&text, &thought, calls.len()),
            (&whole_text, &whole_thought, whole_calls.len()),
            "{place}"
        );
    }
    !(text.is_empty() && thought.is_empty() && calls.is_empty())
}

#[test]
fn a_stream_cut_at_any_byte_says_its_beginning_and_no_half_call() {
    for dialect in &DIALECTS {
        let recorded = dialect.stream(dialect.calls);
        let whole = decoded(dialect, &recorded);
        assert!(calls(&whole).len() > 1, "{} has not several calls", dialect.name);
        for at in 0..recorded.len() {
            let deltas = decoded(dialect, &recorded[..at]);
            is_beginning(&deltas, &whole, &format!("{} cut at {at}", dialect.name));
        }
    }
}

/// Cuts a recorded answer on its way, by turns with the connection and before it.
async fn cut_on_its_way(dialect: &Dialect) {
    let recorded = dialect.stream(dialect.calls);
    let whole = decoded(dialect, &recorded);
    let cuts: Vec<_> = (0..recorded.len()).step_by(STEP).collect();
    let cut = |at: &usize| {
        let reply = Reply::stream(&recorded[..*at]);
        if at.is_multiple_of(2) { reply.cut() } else { reply }
    };
    let server = ModelServer::start(cuts.iter().map(cut)).await;
    let mut settings = dialect.settings(&server.url());
    settings.limits.retries = 0;
    let remote = remote(&settings);
    for (count, at) in cuts.iter().enumerate() {
        let answer = read(&remote, dialect.request()).await;
        let place = format!("{} cut at {at}", dialect.name);
        let spoken = is_beginning(&answer.deltas, &whole, &place);
        match &answer.error {
            None => {}
            Some(ProviderError::BrokeOff(_)) => assert!(spoken, "{place}"),
            Some(ProviderError::Unavailable(_)) => assert!(!spoken, "{place}: {:?}", answer.deltas),
            Some(other) => panic!("{place}: {other:?}"),
        }
        assert_eq!(server.count(), count + 1, "{place}");
    }
}

#[tokio::test]
async fn an_answer_cut_on_its_way_keeps_what_was_whole_and_is_not_asked_for_again() {
    join_all(DIALECTS.iter().map(cut_on_its_way)).await;
}

#[tokio::test]
async fn a_stream_that_breaks_before_its_first_word_is_asked_for_again() {
    for dialect in &DIALECTS {
        let good = Reply::stream(dialect.stream("text"));
        for broken in [Reply::stream("").cut(), Reply::stream(": waiting\n\n").cut(), Reply::nothing()] {
            let answer = dialect.ask([broken, good.clone()]).await;
            answer.is(dialect, "text");
            assert_eq!((answer.retries().len(), answer.asked), (1, 2), "{}", dialect.name);
        }
    }
}
