use bytes::BytesMut;
use tokio_util::codec::Decoder;

use super::*;

fn frames(limit: usize, chunks: &[&[u8]]) -> Vec<Frame> {
    let (mut codec, mut buffer, mut out) = (LineCodec::new(limit), BytesMut::new(), Vec::new());
    for chunk in chunks {
        buffer.extend_from_slice(chunk);
        while let Some(frame) = codec.decode(&mut buffer).unwrap() {
            out.push(frame);
        }
    }
    while let Some(frame) = codec.decode_eof(&mut buffer).unwrap() {
        out.push(frame);
    }
    out
}

fn line_of(text: &'static str) -> Frame {
    Frame::Line(text.as_bytes().into())
}

#[test]
fn lines_are_read_tolerantly() {
    let out = frames(64, &[b"\xef\xbb\xbf{\"a\":1}\r\n\n  \n{\"b\":2}\n{\"c\"", b":3}"]);
    let last = Frame::Unended("{\"c\":3}".into());
    assert_eq!(out, [line_of("{\"a\":1}"), line_of("{\"b\":2}"), last]);
}

#[test]
fn an_overlong_line_is_an_item_and_the_next_line_is_read() {
    let long = vec![b'x'; 1000];
    let too_long = Frame::TooLong { limit: 64 };
    assert_eq!(frames(64, &[&long, &long, b"\n{}\n"]), [too_long.clone(), line_of("{}")]);
    assert_eq!(frames(64, &[&long]), [too_long]);
}

#[test]
fn the_buffer_never_grows_past_the_limit() {
    let (mut codec, mut buffer) = (LineCodec::new(1024), BytesMut::new());
    for _ in 0..1000 {
        buffer.extend_from_slice(&[b'x'; 512]);
        assert_eq!(codec.decode(&mut buffer).unwrap(), None);
        assert!(buffer.len() <= 1025 + 512, "{} bytes kept", buffer.len());
    }
}

#[test]
fn a_line_of_exactly_the_limit_is_taken() {
    let exact = vec![b'x'; 64];
    assert_eq!(frames(64, &[&exact, b"\r\n"]).len(), 1);
    assert!(matches!(frames(64, &[&exact, b"\n"])[0], Frame::Line(_)));
    assert!(matches!(frames(64, &[&exact, b"x\n"])[0], Frame::TooLong { .. }));
}

proptest::proptest! {
    #[test]
    fn any_split_of_the_bytes_gives_the_same_frames(
        text in "(\\{\"a\":[0-9]{0,40}\\}\r?\n|\n){0,12}",
        cuts in proptest::collection::vec(0usize..200, 0..6),
    ) {
        let bytes = text.as_bytes();
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let chunks: Vec<&[u8]> = cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
        proptest::prop_assert_eq!(frames(24, &chunks), frames(24, &[bytes]));
    }

    #[test]
    fn no_line_makes_the_parser_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
        let _outcome = parse(&bytes);
    }
}

/// Lines and the error code that they are owed, with the identifier the reply carries.
const OWED: &[(&str, i32, &str)] = &[
    ("{", -32700, "null"),
    ("nonsense", -32700, "null"),
    ("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\"}}", -32700, "null"),
    ("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\"", -32700, "null"),
    ("[]", -32600, "null"),
    ("[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\"}]", -32600, "null"),
    ("1", -32600, "null"),
    ("\"text\"", -32600, "null"),
    ("null", -32600, "null"),
    ("{}", -32600, "null"),
    ("{\"jsonrpc\":\"2.0\",\"id\":5}", -32600, "5"),
    ("{\"jsonrpc\":\"1.0\",\"id\":5,\"method\":\"x\"}", -32600, "5"),
    ("{\"id\":5,\"method\":\"x\"}", -32600, "5"),
    ("{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"x\"}", -32600, "null"),
    ("{\"jsonrpc\":\"2.0\",\"id\":[1],\"method\":\"x\"}", -32600, "null"),
    ("{\"jsonrpc\":\"2.0\",\"id\":true,\"method\":\"x\"}", -32600, "null"),
    ("{\"jsonrpc\":\"2.0\",\"id\":1,\"id\":2,\"method\":\"x\"}", -32600, "null"),
    ("{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":3}", -32600, "7"),
    ("{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"x\",\"params\":3}", -32600, "7"),
];

#[test]
fn a_bad_line_is_owed_the_error_of_the_table() {
    for (line, code, id) in OWED {
        let owed = parse(line.as_bytes()).expect_err(line);
        assert_eq!((owed.code.code(), owed.id.text()), (*code, *id), "{line}");
    }
    assert_eq!(parse(b"\xff\xfe{}").expect_err("UTF-16").code.code(), -32700);
}

#[test]
fn identifiers_come_back_as_they_were_written() {
    for id in [
        "0",
        "-1",
        "1.5",
        "1e3",
        "9007199254740993",
        "12345678901234567890123",
        "\"\"",
        "\"\\u0041\"",
        "null",
    ] {
        let line = format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"x\",\"type\":\"extra\"}}");
        match parse(line.as_bytes()).expect(id) {
            Message::Request { id: kept, .. } => assert_eq!(kept.text(), id),
            other => panic!("{id}: {other:?}"),
        }
    }
    let long = format!("{{\"jsonrpc\":\"2.0\",\"id\":\"{}\",\"method\":\"x\"}}", "a".repeat(MAX_ID));
    assert_eq!(parse(long.as_bytes()).expect_err("too long").code.code(), -32600);
}

#[test]
fn nesting_is_limited_before_anything_recurses() {
    let deep = |levels: usize| {
        format!(
            "{{\"jsonrpc\":\"2.0\",\"method\":\"x\",\"params\":{}1{}}}",
            "[".repeat(levels),
            "]".repeat(levels)
        )
    };
    assert!(parse(deep(MAX_DEPTH - 1).as_bytes()).is_ok());
    assert_eq!(parse(deep(MAX_DEPTH).as_bytes()).expect_err("deep").code.code(), -32700);
    assert_eq!(parse("[".repeat(1_000_000).as_bytes()).expect_err("deeper").code.code(), -32700);
    let brackets_in_a_string =
        format!("{{\"jsonrpc\":\"2.0\",\"method\":\"x\",\"params\":{{\"t\":\"\\\"{}\"}}}}", "[".repeat(500));
    assert!(parse(brackets_in_a_string.as_bytes()).is_ok());
}

#[test]
fn requests_notifications_and_responses_are_told_apart() {
    let kind = |line: &str| match parse(line.as_bytes()).expect(line) {
        Message::Request { params, .. } => {
            if params.is_some() {
                "request with params"
            } else {
                "request"
            }
        }
        Message::Notification { .. } => "notification",
        Message::Response { outcome: Ok(_), .. } => "result",
        Message::Response { outcome: Err(_), .. } => "error",
    };
    assert_eq!(kind(r#"{"jsonrpc":"2.0","id":null,"method":"x","params":null}"#), "request");
    assert_eq!(kind(r#"{"jsonrpc":"2.0","id":1,"method":"x","params":{}}"#), "request with params");
    assert_eq!(kind(r#"{"method":"\u0078","jsonrpc":"2.0"}"#), "notification");
    assert_eq!(kind(r#"{"jsonrpc":"2.0","id":1,"result":null}"#), "result");
    assert_eq!(kind(r#"{"jsonrpc":"2.0","id":1,"result":{},"error":null}"#), "result");
    assert_eq!(kind(r#"{"jsonrpc":"2.0","id":1,"result":null,"error":{"code":1,"message":"m"}}"#), "error");
    assert_eq!(kind(r#"{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"m"}}"#), "error");
}
