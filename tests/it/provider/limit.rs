//! Streams without an end, and without a word (F18).

use std::time::{Duration, Instant};

use adjutant::provider::{Delta, ProviderError};

use super::{DIALECTS, Dialect};
use crate::support::model::Reply;
use crate::support::proc;

const SHORT: Duration = Duration::from_millis(150);

/// An answer may take this much memory on top, whatever the server sends.
const MEMORY: u64 = 200 * 1024 * 1024;

/// A recorded answer up to its first text, the event that says it, and the text.
fn first_words(dialect: &Dialect) -> (String, String, String) {
    let recorded = String::from_utf8(dialect.stream("text")).unwrap().replace("\r\n", "\n");
    let mut decoder = dialect.decoder();
    let mut before = String::new();
    for event in recorded.split_inclusive("\n\n") {
        let mut deltas = Vec::new();
        decoder.push(event.as_bytes(), &mut deltas).unwrap();
        if let Some(Delta::Text(text)) = deltas.into_iter().find(|delta| matches!(delta, Delta::Text(_))) {
            return (before, event.to_owned(), text);
        }
        before += event;
    }
    panic!("{} says nothing", dialect.name);
}

#[tokio::test]
async fn silence_before_the_first_word_is_tried_again_and_then_told() {
    for dialect in &DIALECTS {
        for silent in [Reply::stream("").stall(), Reply::silence(), Reply::stream(": waiting\n\n").stall()] {
            let answer = dialect
                .ask_within([silent], |limits| {
                    (limits.connect, limits.idle, limits.retries) = (SHORT, SHORT, 1);
                })
                .await;
            answer.fails(ProviderError::Unavailable, &["silent for 150 ms", "2 tries"]);
            assert_eq!(answer.asked, 2);
        }
    }
}

#[tokio::test]
async fn silence_after_the_first_word_breaks_the_answer_off() {
    for dialect in &DIALECTS {
        let (before, word, _) = first_words(dialect);
        let silent = Reply::stream(before + &word).stall();
        let start = Instant::now();
        let answer = dialect.ask_within([silent], |limits| limits.idle = SHORT).await;
        answer.fails(ProviderError::BrokeOff, &["silent for 150 ms"]);
        assert!(!answer.text().is_empty());
        assert!(start.elapsed() >= SHORT + Duration::from_millis(250), "{:?}", start.elapsed());
        assert_eq!(answer.asked, 1);
    }
}

#[tokio::test]
async fn slow_words_are_no_silence_but_an_answer_has_its_time() {
    for dialect in &DIALECTS {
        let drip = |reply: Reply, _| reply.pause(SHORT / 2).send(": waiting\n\n");
        let slow = (0..6).fold(Reply::stream(""), drip).send(dialect.stream("text"));
        let answer = dialect.ask_within([slow.clone()], |limits| limits.idle = 2 * SHORT).await;
        answer.is(dialect, "text");
        let start = Instant::now();
        let answer = dialect.ask_within([slow], |limits| limits.total = 2 * SHORT).await;
        answer.fails(ProviderError::Unavailable, &["within 300 ms"]);
        assert!(start.elapsed() < 6 * SHORT, "{:?}", start.elapsed());
    }
}

#[tokio::test]
async fn a_stream_without_an_end_is_cut_and_fills_no_memory() {
    let before = proc::memory(std::process::id(), "VmRSS");
    let noise = format!(": {}\n\n", "x".repeat(1024 * 1024));
    let line = "x".repeat(1024 * 1024);
    let event = format!("data: {line}\n");
    // No dialect sees any of it.
    for endless in [&noise, &line, &event] {
        let answer = DIALECTS[0].ask([Reply::stream("").forever(endless)]).await;
        answer.fails(ProviderError::Unavailable, &["MiB"]);
        assert_eq!(answer.asked, 1, "{answer:?}");
    }
    let grown = proc::memory(std::process::id(), "VmRSS").saturating_sub(before);
    assert!(grown < MEMORY, "{grown} bytes");
}

#[tokio::test]
async fn an_answer_that_talks_without_end_is_cut() {
    for dialect in &DIALECTS {
        let (before, word, text) = first_words(dialect);
        let words = word.replace(&text, &"word ".repeat(10_000));
        assert!(words.len() > 50_000, "{} says {text:?} otherwise", dialect.name);
        let endless = Reply::stream(before).forever(words);
        let answer = dialect.ask([endless]).await;
        // To go on with it would be as long again.
        answer.fails(ProviderError::Unavailable, &["MiB"]);
    }
}
