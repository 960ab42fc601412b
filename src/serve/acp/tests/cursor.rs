use serde_json::{Value, json};

use crate::acp::SessionId;
use crate::event::{Event, EventKind};
use crate::serve::acp::cursor::{Cursor, after};

fn event(seq: u64, at: i64) -> Event {
    Event { seq, at, kind: EventKind::TitleChanged { title: "a".to_owned() } }
}

#[test]
fn a_cursor_is_noted_in_the_last_line_of_an_event_or_in_one_of_its_own() {
    let update = r#"{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"s","update":{}}}"#;
    let session = SessionId::new("s");
    let mut lines = format!("{update}\n{update}\n").into_bytes();
    Cursor::of(&event(7, 9)).stamp(&session, 0, &mut lines);
    let whole = lines.len();
    Cursor::of(&event(8, 10)).stamp(&session, whole, &mut lines);
    let lines = String::from_utf8(lines).unwrap();
    let said: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let cursor = |line: &Value| line["params"]["_meta"]["adjutant"]["cursor"].clone();
    assert_eq!(said.iter().map(cursor).collect::<Vec<_>>(), [Value::Null, json!("7-9"), json!("8-10")]);
    assert_eq!(
        (&said[2]["method"], &said[2]["params"]["sessionId"]),
        (&json!("_adjutant/cursor"), &json!("s"))
    );
}

#[test]
fn a_number_that_was_given_again_after_a_crash_is_not_known() {
    let cursor: Cursor = Cursor::of(&event(7, 100)).to_string().parse().unwrap();
    assert!(cursor.covers(&event(6, 99)) && cursor.covers(&event(7, 100)));
    assert!(!cursor.covers(&event(8, 100)) && !cursor.covers(&event(6, 101)));
}

#[test]
fn what_is_no_cursor_is_refused_and_none_is_none() {
    let resume = |meta: Value| {
        let params = json!({ "sessionId": "s", "cwd": "/", "_meta": meta });
        after(&serde_json::from_value(params).unwrap())
    };
    let asked = |after: Value| json!({ "adjutant": { "after": after } });
    assert_eq!(resume(asked(json!("7-9"))), Ok(Some(Cursor::of(&event(7, 9)))));
    let bare = json!({ "sessionId": "s", "cwd": "/" });
    assert_eq!(after(&serde_json::from_value(bare).unwrap()), Ok(None));
    for none in [json!({}), json!(7), asked(Value::Null)] {
        assert_eq!(resume(none), Ok(None));
    }
    for wrong in [json!(7), json!("7"), json!("a-b"), json!("-1"), json!("")] {
        assert_eq!(resume(asked(wrong.clone())), Err(()), "{wrong}");
    }
}
