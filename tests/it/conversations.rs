//! Every conversation of `fixtures/acp`: a test for each topic.

use std::collections::BTreeSet;

use crate::support::conversation;

macro_rules! topics {
    ($($topic:ident)*) => {
        const TOPICS: &[&str] = &[$(stringify!($topic)),*];
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $topic() {
                conversation::check(stringify!($topic)).await;
            }
        )*
    };
}

topics! {
    initialize
    prompt
    authenticate
    session_new
    tool
    permission
    question
    task
    cancel
    cancel_request
    mode
    config_option
    list
    load
    resume
    fork
    close
    delete
    client_files
    client_terminal
    offline
    extension
    undo
    budget
    v2
}

#[test]
fn every_conversation_belongs_to_a_topic() {
    let folder = conversation::folder();
    let found: BTreeSet<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let known: BTreeSet<_> = TOPICS.iter().map(|topic| (*topic).to_owned()).collect();
    assert_eq!(found, known, "folders of {} and topics", folder.display());
    for topic in TOPICS {
        for entry in std::fs::read_dir(folder.join(topic)).unwrap() {
            let path = entry.unwrap().path();
            assert_eq!(path.extension().and_then(|it| it.to_str()), Some("jsonl"), "{}", path.display());
        }
    }
}
