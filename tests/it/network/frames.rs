//! Frames of a WebSocket, byte by byte (RFC 6455): text in pieces, text that is none, and what no client may send.

use futures_util::StreamExt;
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::tungstenite::Message;

use crate::support::bench::{Bench, Model};
use crate::support::server::Server;

const LIMIT: usize = 20_000;

const CONTINUATION: u8 = 0x0;
const TEXT: u8 = 0x1;
const BINARY: u8 = 0x2;
const PING: u8 = 0x9;
const PONG: u8 = 0xa;
/// The last frame of its message.
const LAST: u8 = 0x80;
/// A bit that has no meaning.
const RESERVED: u8 = 0x40;
/// In the second byte: there is a mask, and where the length stands that does not fit there.
const MASKED: u8 = 0x80;
const IN_TWO_BYTES: u8 = 0x7e;
const IN_EIGHT_BYTES: u8 = 0x7f;

/// A frame, with a mask that changes nothing.
fn frame(head: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).unwrap();
    let mut bytes = vec![head];
    if length < 126 {
        bytes.push(MASKED | length as u8);
    } else {
        bytes.push(MASKED | IN_TWO_BYTES);
        bytes.extend(length.to_be_bytes());
    }
    bytes.extend([0; 4]);
    bytes.extend(payload);
    bytes
}

/// What comes of it.
enum Then {
    /// This many texts, each with that in it.
    Told(usize, &'static str),
    /// The socket is closed with a code.
    Closed(u16),
}
use Then::{Closed, Told};

/// A request cut in pieces, the frames of one message.
fn pieces(head: u8, text: &[u8], at: &[usize]) -> Vec<u8> {
    let mut cuts = vec![0];
    cuts.extend(at);
    cuts.push(text.len());
    let mut bytes = Vec::new();
    for (number, cut) in cuts.windows(2).enumerate() {
        let kind = if number == 0 { head } else { CONTINUATION };
        let last = if cut[1] == text.len() { LAST } else { 0 };
        bytes.extend(frame(kind | last, &text[cut[0]..cut[1]]));
    }
    bytes
}

fn rows() -> Vec<(&'static str, Vec<u8>, Then)> {
    // Not initialized, everything is refused with what was asked for.
    let ask = r#"{"jsonrpc":"2.0","id":1,"method":"grüße/🦀"}"#.as_bytes();
    let crab = ask.windows(4).position(|it| it == "🦀".as_bytes()).unwrap();
    let text = |payload: &[u8]| frame(LAST | TEXT, payload);
    let pinged = [frame(TEXT, &ask[..9]), frame(LAST | PING, b"?"), frame(LAST, &ask[9..])].concat();
    let each = pieces(TEXT, ask, &(1..ask.len()).collect::<Vec<_>>());
    let torn = [frame(TEXT, &ask[..9]), text(ask)].concat();
    let endless: Vec<u8> =
        (0..3).flat_map(|at| frame(if at == 0 { TEXT } else { 0 }, &[b'x'; 9000])).collect();
    let mut huge = vec![LAST | TEXT, MASKED | IN_EIGHT_BYTES];
    huge.extend((1_u64 << 62).to_be_bytes());
    huge.extend([0; 4]);
    vec![
        ("whole", text(ask), Told(1, "grüße/🦀")),
        ("cut in a character", pieces(TEXT, ask, &[crab + 1, crab + 3]), Told(1, "grüße/🦀")),
        ("a frame a byte", each, Told(1, "grüße/🦀")),
        ("a ping between", pinged, Told(1, "grüße/🦀")),
        ("two lines in one text", text(&[ask, b"\n", ask].concat()), Told(1, "-32700")),
        ("two texts at once", [text(ask), text(ask)].concat(), Told(2, "grüße/🦀")),
        ("an end of line", text(&[ask, b"\r\n"].concat()), Told(1, "grüße/🦀")),
        ("nothing", [text(b""), text(b" \n"), text(ask)].concat(), Told(1, "grüße/🦀")),
        ("binary", [frame(LAST | BINARY, ask), text(ask)].concat(), Told(1, "grüße/🦀")),
        ("binary in pieces", [pieces(BINARY, b"\xff\xfe{}", &[1, 2]), text(ask)].concat(), Told(1, "grüße")),
        ("no UTF-8", text(b"{\"a\":\"\xff\"}"), Closed(1007)),
        ("overlong", text(b"\xc0\xaf"), Closed(1007)),
        ("a surrogate", text(b"\xed\xa0\x80"), Closed(1007)),
        ("half a character", text("🦀".as_bytes()[..3].as_ref()), Closed(1007)),
        ("no UTF-8 in the second piece", pieces(TEXT, b"{\"a\":\"\xff\"}", &[3]), Closed(1007)),
        ("UTF-16", text(b"\xff\xfe{\0}\0"), Closed(1007)),
        ("longer than the limit", text(&[b'x'; LIMIT + 1]), Closed(1009)),
        ("pieces without end", endless, Closed(1009)),
        ("binary longer than the limit", frame(LAST | BINARY, &[0; LIMIT + 1]), Closed(1009)),
        ("a length of 2^62", huge, Closed(1009)),
        ("not masked", vec![LAST | TEXT, 2, b'{', b'}'], Closed(1002)),
        ("a reserved bit", frame(LAST | RESERVED | TEXT, ask), Closed(1002)),
        ("a kind that is none", frame(LAST | 0x3, ask), Closed(1002)),
        ("a piece of nothing", frame(LAST | CONTINUATION, ask), Closed(1002)),
        ("a text within a text", torn, Closed(1002)),
        ("a long ping", frame(LAST | PING, &[b'?'; 126]), Closed(1002)),
        ("a thousand pings", [frame(LAST | PING, b"?").repeat(1000), text(ask)].concat(), Told(1, "grüße")),
        ("pings without end", frame(LAST | PING, b"?").repeat(10_000), Closed(1008)),
        ("pongs without end", frame(LAST | PONG, b"").repeat(10_000), Closed(1008)),
        ("nothing without end", text(b"").repeat(10_000), Closed(1008)),
        ("half a ping", frame(PING, b"?"), Closed(1002)),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frames_are_answered_or_the_socket_is_closed_with_the_code_for_it() {
    let bench = Bench::new(Model::Offline, "");
    let server = Server::start(&bench, &["--max-line", &LIMIT.to_string()]).await;
    let token = format!("Bearer {}", server.token);
    let open = || async { server.socket("/acp", &[("authorization", &token)]).await.unwrap().0 };
    let mut other = open().await;
    for (name, bytes, then) in rows() {
        let mut socket = open().await;
        socket.get_mut().write_all(&bytes).await.unwrap();
        match then {
            Told(times, with) => {
                let mut told = 0;
                while told < times {
                    match socket.next().await {
                        Some(Ok(Message::Text(text))) if text.contains(with) => told += 1,
                        Some(Ok(Message::Pong(_))) => {}
                        other => panic!("{name}: {other:?}"),
                    }
                }
                // And nothing more: the next answer is to the next request.
                let last = br#"{"jsonrpc":"2.0","id":2,"method":"last"}"#;
                socket.get_mut().write_all(&frame(LAST | TEXT, last)).await.unwrap();
                let answer = socket.next().await;
                let is_last = |text: &str| text.contains(r#""id":2"#);
                assert!(
                    matches!(&answer, Some(Ok(Message::Text(text))) if is_last(text)),
                    "{name}: {answer:?}"
                );
            }
            Closed(expected) => {
                let end = loop {
                    match socket.next().await {
                        Some(Ok(Message::Pong(_))) => {}
                        end => break end,
                    }
                };
                let Some(Ok(Message::Close(Some(close)))) = &end else { panic!("{name}: {end:?}") };
                assert_eq!(u16::from(close.code), expected, "{name}: {}", close.reason);
                assert!(!close.reason.is_empty(), "{name}");
            }
        }
    }
    let last = frame(LAST | TEXT, br#"{"jsonrpc":"2.0","id":2,"method":"last"}"#);
    other.get_mut().write_all(&last).await.unwrap();
    assert!(matches!(other.next().await, Some(Ok(Message::Text(_)))));
}
