use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::*;
use crate::remote::Address;
use crate::tls::Trust;
use crate::transport::memory;

fn line(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

/// What is passed on of a line of the editor's.
fn said(talk: &mut Talk, text: &str) -> String {
    let mut into = Vec::new();
    talk.said(&line(text), &mut into);
    String::from_utf8(into).unwrap().trim_end().to_owned()
}

/// What is passed on of a line of the server's.
fn heard(talk: &mut Talk, text: &str) -> String {
    let mut into = Vec::new();
    talk.heard(&line(text), &mut into);
    String::from_utf8(into).unwrap().trim_end().to_owned()
}

fn lines(bytes: &[u8]) -> Vec<Value> {
    std::str::from_utf8(bytes).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

const INITIALIZE: &str = r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":1}}"#;
const QUESTION: &str = r#"{"jsonrpc":"2.0","id":1,"method":"session/request_permission","params":{"x":"é"}}"#;

#[test]
fn lines_pass_as_they_are_as_long_as_there_is_one_server() {
    let mut talk = Talk::default();
    for text in [
        r#"{"id": 1 ,"jsonrpc":"2.0","method":"session/new","params":{"cwd":"/","mcpServers":[]}}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{"outcome":{}}}"#,
        "nonsense",
    ] {
        assert_eq!(said(&mut talk, text), text);
    }
    for text in [
        r#"{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"s"}}"#,
        r#"{"jsonrpc":"2.0","method":"$/cancel_request","params":{"requestId":1}}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{"sessionId":"s"}}"#,
        QUESTION,
    ] {
        assert_eq!(heard(&mut talk, text), text);
    }
}

#[test]
fn a_server_is_asked_to_say_how_far_the_editor_has_come() {
    for (params, passed) in [
        (
            r#"{"protocolVersion":1}"#,
            r#"{"protocolVersion":1,"clientCapabilities":{"_meta":{"adjutant":{"cursors":true}}}}"#,
        ),
        (
            r#"{"clientCapabilities":{"terminal":true,"_meta":{"x":1}}}"#,
            r#"{"clientCapabilities":{"terminal":true,"_meta":{"x":1,"adjutant":{"cursors":true}}}}"#,
        ),
        (r#"{"clientCapabilities":7}"#, r#"{"clientCapabilities":7}"#),
        ("[]", "[]"),
    ] {
        let line = |params| format!(r#"{{"jsonrpc":"2.0","id":0,"method":"initialize","params":{params}}}"#);
        let mut talk = Talk::default();
        let mut told = said(&mut talk, &line(params));
        // What the editor is called is drawn anew for each.
        if let Some(name) = told.find(",\"name\":\"") {
            assert_eq!(told.drain(name..name + 26).count(), 26);
        }
        assert_eq!(told, line(passed));
        // A repeat changes nothing.
        assert_eq!(said(&mut talk, &line(params)), line(params));
    }
}

#[test]
fn a_new_server_is_told_of_the_editor_and_of_its_sessions() {
    let mut talk = Talk::default();
    said(&mut talk, INITIALIZE);
    heard(&mut talk, r#"{"jsonrpc":"2.0","id":0,"result":{}}"#);
    for (id, method, params, result) in [
        (1, "session/new", r#"{"cwd":"/a","mcpServers":[]}"#, r#"{"sessionId":"new"}"#),
        (2, "session/load", r#"{"sessionId":"loaded","cwd":"/b","mcpServers":[]}"#, "{}"),
        (3, "session/fork", r#"{"sessionId":"loaded","cwd":"/c"}"#, r#"{"sessionId":"forked"}"#),
        (4, "session/resume", r#"{"sessionId":"closed","cwd":"/d"}"#, "{}"),
        (5, "session/close", r#"{"sessionId":"closed"}"#, "{}"),
    ] {
        said(&mut talk, &format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{params}}}"#));
        heard(&mut talk, &format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{result}}}"#));
    }
    said(&mut talk, r#"{"jsonrpc":"2.0","id":6,"method":"session/load","params":{"sessionId":"unknown"}}"#);
    heard(&mut talk, r#"{"jsonrpc":"2.0","id":6,"error":{"code":-32002,"message":"none"}}"#);
    // How far it has come is for nobody else; who says so without being asked, of no session of the editor's, is not heard.
    let update =
        r#"{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"new","update":{"a":["\"}}"]}}}"#;
    let note = |line: &str, cursor: &str| {
        let note = format!(r#","_meta":{{"adjutant":{{"cursor":"{cursor}"}}}}}}}}"#);
        format!("{}{note}", line.strip_suffix("}}").unwrap())
    };
    let bare = r#"{"jsonrpc":"2.0","method":"_adjutant/cursor","params":{"sessionId":"loaded"}}"#;
    assert_eq!(heard(&mut talk, &note(update, "6-1")), update);
    assert_eq!(heard(&mut talk, &note(update, "7-1")), update);
    assert_eq!(heard(&mut talk, &note(bare, "9-1")), "");
    assert_eq!(heard(&mut talk, &note(&bare.replace("loaded", "none"), "9-1")), "");
    let steps = talk.revival();
    let told: Vec<Value> = steps.iter().flat_map(|step| lines(&step.line)).collect();
    assert_eq!(told[0]["method"], "initialize");
    let after: Vec<_> = told[1..].iter().map(|step| step["params"]["_meta"].to_string()).collect();
    assert_eq!(after, ["null", r#"{"adjutant":{"after":"9-1"}}"#, r#"{"adjutant":{"after":"7-1"}}"#]);
    let resumed = |step: &Value| format!("{} {}", step["params"]["sessionId"], step["params"]["cwd"]);
    let resumed: Vec<_> = told[1..].iter().map(resumed).collect();
    assert_eq!(resumed, [r#""forked" "/c""#, r#""loaded" "/b""#, r#""new" "/a""#]);
    // Its answers are for nobody else; what cannot be resumed is no longer known.
    for (step, told) in steps.iter().zip(&told) {
        let mut into = Vec::new();
        let error = r#""error":{"code":-32002,"message":"none"}"#;
        let outcome = if told["id"] == "adjutant-connect-1" { error } else { r#""result":{}"# };
        let answer = format!(r#"{{"jsonrpc":"2.0","id":{},{outcome}}}"#, told["id"]);
        assert!(talk.revived(step, &line(&answer), &mut into) && into.is_empty());
    }
    assert_eq!(talk.revival().len(), 3);
}

#[test]
fn what_was_open_is_answered_and_taken_back_and_no_answer_goes_to_another_server() {
    let mut talk = Talk::default();
    said(&mut talk, INITIALIZE);
    said(&mut talk, r#"{"jsonrpc":"2.0","id":"p","method":"session/prompt","params":{}}"#);
    heard(&mut talk, QUESTION);
    let told = lines(&talk.lost("it was killed"));
    assert_eq!(told.len(), 2, "{told:?}");
    assert_eq!(
        (&told[0]["method"], &told[0]["params"]["requestId"]),
        (&"$/cancel_request".into(), &1.into())
    );
    assert_eq!(told[1]["id"], "p");
    assert!(told[1]["error"]["message"].as_str().unwrap().contains("it was killed"));
    // The next server's first question is called the same as that of the one before.
    let question = heard(&mut talk, QUESTION);
    assert_eq!(question, QUESTION.replace("\"id\":1", "\"id\":\"1:1\""));
    assert_eq!(said(&mut talk, r#"{"jsonrpc":"2.0","id":1,"result":{"yes":1}}"#), "");
    let answer = said(&mut talk, r#"{"jsonrpc":"2.0","id":"1:1","result":{"yes":2}}"#);
    assert_eq!(answer, r#"{"jsonrpc":"2.0","id":1,"result":{"yes":2}}"#);
    let withdrawn =
        heard(&mut talk, r#"{"jsonrpc":"2.0","method":"$/cancel_request","params":{"requestId":"q"}}"#);
    assert_eq!(lines(withdrawn.as_bytes())[0]["params"]["requestId"], "1:\"q\"");
    heard(&mut talk, QUESTION);
    assert_eq!(lines(&talk.lost("again"))[0]["params"]["requestId"], "1:1");
    heard(&mut talk, QUESTION);
    assert_eq!(said(&mut talk, r#"{"jsonrpc":"2.0","id":"1:1","error":{"code":1,"message":"m"}}"#), "");
}

/// The server's side of the next connection that is a new one: none that was there before is known.
async fn taken(listener: &TcpListener) -> Transport {
    loop {
        let (reader, writer) = listener.accept().await.unwrap().0.into_split();
        let mut server = Transport::lines(reader, writer, 1024);
        let Some(Ok(Frame::Line(hello))) = server.first().await else { panic!("no hello") };
        let hello: Value = serde_json::from_slice(&hello).unwrap();
        let (gone, welcome) = (
            json!({ "type": "error", "id": null, "error": { "code": "CONNECTION_GONE", "message": "gone" } }),
            json!({ "type": "welcome", "connection": "x", "received": 0, "graceSeconds": 0 }),
        );
        let comes_back = hello.to_string().contains(r#""connection":"#);
        server.say(if comes_back { &gone } else { &welcome }).await.unwrap();
        if !comes_back {
            return server;
        }
    }
}

#[tokio::test]
async fn without_a_server_the_editor_is_told_why() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address: Address = listener.local_addr().unwrap().to_string().parse().unwrap();
    let found = address.clone();
    let find =
        move || Ok(Server { address: found.clone(), token: None, trust: Trust::System, max_line: 1024 });
    let (near, mut editor) = memory(1024);
    let serving = tokio::spawn(Bridge { patience: Duration::ZERO, ..Bridge::new(find) }.serve(near));
    let mut server = taken(&listener).await;
    drop(listener);
    editor
        .outgoing
        .write_all(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"session/prompt\"}\n")
        .await
        .unwrap();
    server.first().await.unwrap().unwrap();
    drop(server);
    for id in 1..4 {
        let Some(Ok(Frame::Line(answer))) = editor.first().await else { panic!("no answer") };
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        assert_eq!(answer["id"], id);
        assert!(answer["error"]["message"].as_str().unwrap().contains("server"), "{answer}");
        let next = format!("{{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"x\"}}\n", id + 1);
        editor.outgoing.write_all(next.as_bytes()).await.unwrap();
    }
    editor.outgoing.shutdown().await.unwrap();
    serving.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_question_of_a_server_that_went_while_it_was_told_is_taken_back() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address: Address = listener.local_addr().unwrap().to_string().parse().unwrap();
    let find =
        move || Ok(Server { address: address.clone(), token: None, trust: Trust::System, max_line: 1024 });
    let (near, mut editor) = memory(1024);
    let serving = tokio::spawn(Bridge::new(find).serve(near));
    let mut first = taken(&listener).await;
    editor.outgoing.write_all(format!("{INITIALIZE}\n").as_bytes()).await.unwrap();
    first.first().await.unwrap().unwrap();
    drop(first);
    let mut second = taken(&listener).await;
    second.first().await.unwrap().unwrap();
    second.outgoing.write_all(format!("{QUESTION}\n").as_bytes()).await.unwrap();
    let mut heard = async || match editor.first().await.unwrap().unwrap() {
        Frame::Line(line) => serde_json::from_slice::<Value>(&line).unwrap(),
        other => panic!("{other:?}"),
    };
    assert_eq!(heard().await["id"], "1:1");
    drop((second, listener));
    let taken_back = heard().await;
    assert_eq!(
        (&taken_back["method"], &taken_back["params"]["requestId"]),
        (&"$/cancel_request".into(), &"1:1".into())
    );
    editor.outgoing.shutdown().await.unwrap();
    serving.await.unwrap().unwrap();
}
