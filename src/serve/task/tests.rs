use super::is_task;
use crate::jsonrpc::Frame;

#[test]
fn the_first_line_says_which_dialect_it_is() {
    let is = |line: &'static str| is_task(&Frame::Line(line.into()));
    for line in [
        r#"{"type":"request","id":"1","method":"ping"}"#,
        r#"  {"id":1, "method":"ping", "type":"request"}"#,
        r#"{"type":"nonsense"}"#,
        r#"{"type":7,"params":{"jsonrpc":"2.0"}}"#,
    ] {
        assert!(is(line), "{line}");
    }
    for line in [
        r#"{"jsonrpc":"2.0","id":1,"method":"initialize"}"#,
        r#"{"jsonrpc":"2.0","type":"request","id":1}"#,
        r#"{"id":1,"method":"initialize"}"#,
        r#"{"type":"request""#,
        r#"["type","request"]"#,
        r#""type""#,
        "nonsense",
    ] {
        assert!(!is(line), "{line}");
    }
    assert!(!is_task(&Frame::TooLong { limit: 1 }));
}
