//! Streamable HTTP: what is posted, what is told on which stream, and how a reader goes on where it was.

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::support::bench::{Bench, Model};
use crate::support::client::{said, update};
use crate::support::remote::{Event, Remote, SESSION};
use crate::support::server::Server;

const WORDS: &str =
    "{\"text\":\"one \"}\n{\"text\":\"two \"}\n{\"text\":\"three\"}\n{\"stop\":\"end_turn\"}\n";

/// A body, headers, the status that they get, and what the answer holds.
type Row<'a> = (&'a str, &'a [(&'a str, &'a str)], u16, &'a str);

fn words(events: &[Event]) -> String {
    events.iter().filter_map(|event| said(&event.line)).collect()
}

fn is_reply(id: u64) -> impl Fn(&Value) -> bool {
    move |line| line["id"] == id && line.get("method").is_none()
}

fn writing() -> Bench {
    let call = json!({ "call": { "name": "write", "input": { "path": "a.txt", "content": "a" } } });
    Bench::scripted(&format!("{call}\n{{\"stop\":\"end_turn\"}}\n{WORDS}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_turn_is_told_on_the_stream_of_its_session_and_the_connection_ends_when_it_is_deleted() {
    let bench = Bench::scripted(WORDS);
    let server = Server::start(&bench, &[]).await;
    let (mut remote, connection, mut events, session) = Remote::open(&server, &bench).await;
    let turn = remote.prompt(&session, "Count").await;
    let seen = events.until(is_reply(turn)).await;
    assert_eq!(words(&seen), "one two three");
    assert_eq!(seen.last().unwrap().line["result"]["stopReason"], "end_turn");
    assert_eq!(update(&seen[0].line), Some("available_commands_update"));
    let numbers: Vec<_> = seen.iter().map(|event| event.id).collect();
    assert_eq!(numbers, (1..=seen.len() as u64).collect::<Vec<_>>());
    assert_eq!(remote.delete().await, 202);
    for stream in [connection, events] {
        let (unread, comments) = stream.rest().await;
        assert_eq!(unread, []);
        assert_eq!(comments, ["the connection was ended"]);
    }
    assert_eq!(remote.delete().await, 404);
    assert_eq!(remote.events(None, None).await.err().unwrap().0, 404);
    let late = json!({ "jsonrpc": "2.0", "id": 9, "method": "session/list", "params": {} });
    assert_eq!(remote.post(&late, None).await.0, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_request_of_a_connection_is_refused_with_the_status_for_it() {
    let bench = Bench::new(Model::Offline, "");
    let server = Server::start(&bench, &["--max-line", "20000"]).await;
    let remote = Remote::hello(&server).await;
    let list = r#"{"jsonrpc":"2.0","id":2,"method":"session/list","params":{}}"#;
    let prompt = r#"{"jsonrpc":"2.0","id":2,"method":"session/prompt","params":{"prompt":[]}}"#;
    let torn = r#"{"jsonrpc":"2.0","id":2,"method":"session/prompt","params":{"sessionId":"b","prompt":[]}}"#;
    let large = format!("{list}{}", " ".repeat(20_000));
    let rows: [Row<'_>; 11] = [
        (list, &[("content-type", "text/plain")], 415, "application/json"),
        (list, &[("content-type", "application/jsonx")], 415, "application/json"),
        (list, &[("content-type", "Application/JSON; charset=utf-8")], 202, ""),
        ("{", &[], 400, "-32700"),
        ("\u{0}", &[], 400, "-32700"),
        ("[]", &[], 400, "-32600"),
        (&format!("[{list}]"), &[], 400, "-32600"),
        (r#"{"id":7,"method":"session/list"}"#, &[], 400, "\"id\":7"),
        (prompt, &[], 400, "Acp-Session-Id"),
        (torn, &[(SESSION, "a")], 400, "Acp-Session-Id"),
        (&large, &[], 413, "20000"),
    ];
    for (body, headers, status, says) in rows {
        let mut request = remote.request("POST").body(body.to_owned());
        if headers.iter().all(|it| it.0 != "content-type") {
            request = request.header("content-type", "application/json");
        }
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), status, "{body}");
        let text = response.text().await.unwrap();
        assert!(text.contains(says), "{body}: {text}");
    }
    let stream = |accept: &str| remote.request("GET").header("accept", accept).send();
    for (accept, status) in [("*/*", 406), ("application/json", 406), ("text/event-stream", 200)] {
        assert_eq!(stream(accept).await.unwrap().status(), status, "{accept}");
    }
    for method in ["PUT", "PATCH"] {
        assert_eq!(remote.request(method).send().await.unwrap().status(), 405);
    }
    let nobody = remote.named("");
    let list: Value = serde_json::from_str(list).unwrap();
    assert_eq!(nobody.post(&list, None).await.0, 400);
    assert_eq!(nobody.delete().await, 400);
    assert_eq!(nobody.events(None, None).await.err().unwrap().0, 400);
    let stranger = nobody.named("nobody");
    assert_eq!(stranger.post(&list, None).await.0, 404);
    assert_eq!(stranger.events(None, None).await.err().unwrap().0, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_comes_back_goes_on_behind_the_last_event_it_saw() {
    let bench = Bench::scripted(WORDS);
    let server = Server::start(&bench, &[]).await;
    let (mut remote, _connection, mut events, session) = Remote::open(&server, &bench).await;
    let turn = remote.prompt(&session, "Count").await;
    let all = events.until(is_reply(turn)).await;
    drop(events);
    for seen in 0..=all.len() {
        // The one before is still open: it is taken over.
        let mut again = remote.events(Some(&session), Some(seen as u64)).await.unwrap();
        for expected in &all[seen..] {
            assert_eq!(again.next().await.as_ref(), Some(expected));
        }
    }
    let unheard = all.len() as u64 + 1;
    assert_eq!(remote.events(Some(&session), Some(unheard)).await.err().unwrap().0, 400);
    let reader = remote.events(Some(&session), Some(unheard - 1)).await.unwrap();
    let (status, text) = remote.events(Some(&session), None).await.err().unwrap();
    assert!(status == 409 && text.contains("Last-Event-ID"), "{text}");
    let second = remote.events(Some(&session), Some(0)).await.unwrap();
    let (unread, comments) = reader.rest().await;
    assert_eq!(unread, []);
    assert_eq!(comments, ["another request reads this stream now"]);
    drop(second);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_is_cut_off_again_and_again_misses_nothing_and_sees_nothing_twice() {
    let bench =
        Bench::scripted("{\"repeat\":{\"n\":3000,\"size\":8,\"gap_us\":100}}\n{\"stop\":\"end_turn\"}\n");
    let server = Server::start(&bench, &[]).await;
    let (mut remote, _connection, events, session) = Remote::open(&server, &bench).await;
    let turn = remote.prompt(&session, "Count").await;
    let (mut seen, mut stream) = (Vec::new(), Some(events));
    while !seen.last().is_some_and(|event: &Event| is_reply(turn)(&event.line)) {
        let mut events = match stream.take() {
            Some(events) => events,
            None => remote.events(Some(&session), Some(seen.len() as u64)).await.unwrap(),
        };
        for _ in 0..=seen.len() % 50 {
            seen.push(events.next().await.unwrap());
            if is_reply(turn)(&seen[seen.len() - 1].line) {
                break;
            }
        }
    }
    let numbers: Vec<_> = seen.iter().map(|event| event.id).collect();
    assert_eq!(numbers, (1..=seen.len() as u64).collect::<Vec<_>>());
    let expected: Vec<_> = (0..3000).map(|count| format!("{count:07} ")).collect();
    assert_eq!(words(&seen), expected.concat());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_reads_waits_and_none_of_it_is_lost() {
    let count = 40_000;
    let bench = Bench::scripted(&format!(
        "{{\"repeat\":{{\"n\":{count},\"size\":100,\"gap_us\":0}}}}\n{{\"stop\":\"end_turn\"}}\n"
    ));
    let server = Server::start(&bench, &[]).await;
    let (mut remote, mut connection, mut events, session) = Remote::open(&server, &bench).await;
    let first = events.next().await.unwrap().id;
    drop(events);
    let turn = remote.prompt(&session, "Go on").await;
    // The connection's own stream is no way around it, and what is posted is still taken.
    let list = remote.ask("session/list", json!({}), None).await;
    let mut events = remote.events(Some(&session), Some(first)).await.unwrap();
    let seen = events.until(is_reply(turn)).await;
    assert!(seen.windows(2).all(|pair| pair[0].id + 1 == pair[1].id));
    let length: usize = seen.iter().filter_map(|event| said(&event.line)).map(str::len).sum();
    assert_eq!(length, count * 100);
    assert!(connection.reply(list).await["result"]["sessions"].is_array());
    let (status, text) = remote.events(Some(&session), Some(first)).await.err().unwrap();
    assert!(status == 410 && text.contains("load the session anew"), "{status} {text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_is_answered_by_a_post_and_not_in_the_name_of_another_session() {
    let bench = writing();
    let server = Server::start(&bench, &[]).await;
    let (mut remote, _connection, mut events, session) = Remote::open(&server, &bench).await;
    let turn = remote.prompt(&session, "Write it").await;
    let asked = events.until(|line| line["method"] == "session/request_permission").await.pop().unwrap();
    let outcome = json!({ "outcome": { "outcome": "selected", "optionId": "allow_once" } });
    let answer = json!({ "jsonrpc": "2.0", "id": asked.line["id"], "result": outcome });
    assert_eq!(remote.post(&answer, Some("another")).await.0, 400);
    assert_eq!(remote.post(&answer, None).await.0, 202);
    assert_eq!(words(&events.until(is_reply(turn)).await), "one two three");
    assert_eq!(bench.read("a.txt").unwrap(), "a");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_is_loaded_on_one_stream_its_own_if_that_is_read() {
    let bench = Bench::scripted(WORDS);
    let server = Server::start(&bench, &[]).await;
    let (mut remote, _connection, mut events, session) = Remote::open(&server, &bench).await;
    let turn = remote.prompt(&session, "Count").await;
    events.until(is_reply(turn)).await;
    let place = json!({ "sessionId": session, "cwd": bench.cwd(), "mcpServers": [] });
    for reads_it in [true, false] {
        let mut other = Remote::hello(&server).await;
        let mut connection = other.events(None, None).await.unwrap();
        if reads_it {
            let mut events = other.events(Some(&session), None).await.unwrap();
            let load = other.ask("session/load", place.clone(), Some(&session)).await;
            assert_eq!(words(&events.until(is_reply(load)).await), "one two three");
        } else {
            let load = other.ask("session/load", place.clone(), None).await;
            assert_eq!(words(&connection.until(is_reply(load)).await), "one two three");
            let mut events = other.events(Some(&session), None).await.unwrap();
            events.until(|line| update(line) == Some("available_commands_update")).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_turn_outlives_its_connection_and_streams_say_why_they_end() {
    let bench = writing();
    let mut server = Server::start(&bench, &[]).await;
    let (mut remote, connection, mut events, session) = Remote::open(&server, &bench).await;
    let turn = remote.prompt(&session, "Write it").await;
    events.until(|line| line["method"] == "session/request_permission").await;
    let pid = Pid::from_raw(server.child.id().unwrap() as i32).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    let (last, comments) = events.rest().await;
    let reply = last.iter().find(|event| is_reply(turn)(&event.line)).unwrap();
    assert_eq!(reply.line["result"]["stopReason"], "cancelled");
    assert_eq!(comments, ["the server is shutting down"]);
    assert_eq!(connection.rest().await.1, ["the server is shutting down"]);
    assert!(server.child.wait().await.unwrap().success());
}
