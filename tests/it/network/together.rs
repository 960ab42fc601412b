//! Many clients of one session, by every door: all see the same, and of all that ask at once one has the turn.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::support::bench::Bench;
use crate::support::client::{Client, update};
use crate::support::proxy::Dice;
use crate::support::remote::{Events, Remote};
use crate::support::server::Server;

const CLIENTS: usize = 20;
const PROMPTS: usize = 2;
const LAST: &str = "the last";

enum Member {
    Line(Client),
    Posts(Remote, Events),
}

impl Member {
    /// Somebody who has loaded the session, by a door that depends on the number.
    async fn join(number: usize, bench: &Bench, server: &Server, session: &str) -> Self {
        let place = json!({ "sessionId": session, "cwd": bench.cwd(), "mcpServers": [] });
        let link = match number % 3 {
            0 => server.tcp().await,
            1 => server.websocket().await,
            _ => {
                let mut remote = Remote::hello(server).await;
                let mut events = remote.events(Some(session), None).await.unwrap();
                let load = remote.ask("session/load", place, Some(session)).await;
                events.reply(load).await;
                return Self::Posts(remote, events);
            }
        };
        let mut client = Client::hello(link, json!({})).await;
        client.request("session/load", place).await.unwrap();
        client.heard.clear();
        Self::Line(client)
    }

    async fn prompt(&mut self, session: &str, text: &str) -> u64 {
        match self {
            Self::Line(client) => client.prompt(session, text).await,
            Self::Posts(remote, _) => remote.prompt(session, text).await,
        }
    }

    async fn next(&mut self) -> Value {
        match self {
            Self::Line(client) => client.next().await,
            Self::Posts(_, events) => events.next().await.expect("the stream ended").line,
        }
    }
}

/// What a client saw: who spoke, and the whole of what was said, in order.
type Story = Vec<(String, String)>;

/// Adds a line to the story.
fn hear(story: &mut Story, line: &Value) {
    let Some(kind @ ("agent_message_chunk" | "user_message_chunk")) = update(line) else { return };
    let update = &line["params"]["update"];
    let who = format!("{kind} {}", update["messageId"].as_str().unwrap());
    let text = update["content"]["text"].as_str().unwrap();
    match story.last_mut() {
        Some((speaker, said)) if *speaker == who => said.push_str(text),
        _ => story.push((who, text.to_owned())),
    }
}

/// Has each of its prompts become a turn, however often it is told that another one runs, and follows to the last.
async fn take_part(mut member: Member, number: usize, session: &str) -> (Story, u32) {
    let (mut story, mut refused) = (Story::new(), 0);
    let mut dice = Dice::new(number as u64);
    for prompt in 0..PROMPTS {
        let text = said(number, prompt);
        loop {
            for _ in 0..dice.below(6) {
                tokio::task::yield_now().await;
            }
            let id = member.prompt(session, &text).await;
            let reply = loop {
                let line = member.next().await;
                if line["id"] == id && line.get("method").is_none() {
                    break line;
                }
                hear(&mut story, &line);
            };
            if reply["result"]["stopReason"] == "end_turn" {
                break;
            }
            assert_eq!(reply["error"]["code"], -32600, "{reply}");
            assert_eq!(reply["error"]["message"], "A turn of this session is still running");
            refused += 1;
        }
    }
    follow(&mut member, &mut story).await;
    (story, refused)
}

async fn follow(member: &mut Member, story: &mut Story) {
    let end = answer(LAST);
    while story.last().is_none_or(|(_, said)| *said != end) {
        let line = member.next().await;
        hear(story, &line);
    }
}

fn said(number: usize, prompt: usize) -> String {
    format!("prompt {number}.{prompt}")
}

fn answer(text: &str) -> String {
    format!("to {text}: one two three")
}

/// A rule for every prompt, so that whose answer it is can be seen.
fn script() -> String {
    let all = (0..CLIENTS).flat_map(|number| (0..PROMPTS).map(move |prompt| said(number, prompt)));
    let rule = |text: String| {
        let beginning = json!({ "text": format!("to {text}:") });
        let rest = ["one", "two", "three"].map(|word| json!({ "text": format!(" {word}") }));
        let when = format!("^{}$", text.replace('.', "\\."));
        // The rule is known by how it begins.
        let (when, answer) = (json!(when), [&[beginning], &rest[..]].concat());
        format!("{{\"when\":{when},\"answer\":{}}}\n", json!(answer))
    };
    all.chain([LAST.to_owned()]).map(rule).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_clients_of_one_session_see_the_same_and_never_two_turns_at_once() {
    let bench = Bench::scripted(&script());
    let server = Server::start(&bench, &[]).await;
    let (host, session) = Client::open(server.tcp().await, &bench).await;
    let (mut host, session) = (Member::Line(host), Arc::<str>::from(session));
    let mut crowd = JoinSet::new();
    let mut members = Vec::new();
    for number in 0..CLIENTS {
        members.push(Member::join(number, &bench, &server, &session).await);
    }
    for (number, member) in members.into_iter().enumerate() {
        let session = Arc::clone(&session);
        crowd.spawn(async move { (number, take_part(member, number, &session).await) });
    }
    // All but the last turn: then it is the host's.
    let mut story = Story::new();
    while story.iter().filter(|(_, said)| said.ends_with("three")).count() < CLIENTS * PROMPTS {
        let line = host.next().await;
        hear(&mut story, &line);
    }
    let mut id = host.prompt(&session, LAST).await;
    loop {
        let line = host.next().await;
        if line["id"] == id && line["error"]["code"] == -32600 {
            id = host.prompt(&session, LAST).await;
        } else if line["id"] == id {
            break;
        }
        hear(&mut story, &line);
    }
    let is_answer = |(who, _): &&(String, String)| who.starts_with("agent");
    let answers: Vec<_> = story.iter().filter(is_answer).cloned().collect();
    assert_eq!(answers.len(), CLIENTS * PROMPTS + 1, "every turn in one piece");
    for pair in story.chunks(2).take(CLIENTS * PROMPTS) {
        assert_eq!(pair[1].1, answer(&pair[0].1), "an answer is to what was said before it");
    }
    let mut refused = 0;
    while let Some(member) = crowd.join_next().await {
        let (number, (heard, busy)) = member.unwrap();
        refused += busy;
        // Nobody is told what they said themselves.
        let own = |said: &str| (0..PROMPTS).any(|prompt| said == self::said(number, prompt));
        let all = story.iter().filter(|it| is_answer(it) || !own(&it.1)).cloned();
        let mut all: Story = all.collect();
        // The host was not told what it said last.
        let last = heard.len().checked_sub(2).map(|at| heard[at].clone()).unwrap();
        assert_eq!(last.1, LAST);
        all.insert(all.len() - 1, last);
        assert_eq!(heard, all, "client {number}");
    }
    assert!(refused > 0, "somebody came while another's turn was running");
}
