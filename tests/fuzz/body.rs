//! What must hold for any bytes: bodies shared by the fuzzer and by the bounded run of the test suite.

use std::path::PathBuf;

use adjutant::jsonrpc::{Frame, LineCodec, Message, parse};
use adjutant::permission::{Action, Decision, Mode, Policy, Rule, read_command};
use bytes::BytesMut;
use tokio_util::codec::Decoder;

/// Longest line of the codec under test; small, so that limits are met.
const LIMIT: usize = 64;

/// Frames do not depend on how the bytes arrived, no line is longer than the limit or blank, and every line is a
/// message or owed an error. The first bytes say how the rest is split.
pub(crate) fn codec(bytes: &[u8]) {
    let (seed, stream) = bytes.split_at(bytes.len().min(4));
    let whole = frames([stream]);
    let mut pieces = Vec::new();
    let mut rest = stream;
    for step in seed.iter().cycle().take(stream.len()) {
        let (piece, tail) = rest.split_at(rest.len().min(usize::from(*step) % 9 + 1));
        pieces.push(piece);
        rest = tail;
    }
    pieces.push(rest);
    assert_eq!(frames(pieces), whole, "frames depend on how bytes arrive");
    for frame in whole {
        let (Frame::Line(line) | Frame::Unended(line)) = frame else { continue };
        assert!(line.len() <= LIMIT && !line.trim_ascii().is_empty(), "{line:?}");
        match parse(&line) {
            Ok(Message::Request { .. } | Message::Notification { .. } | Message::Response { .. }) => {}
            Err(owed) => assert!(matches!(owed.code.code(), -32700 | -32600), "{owed:?}"),
        }
    }
}

fn frames<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<Frame> {
    let mut codec = LineCodec::new(LIMIT);
    let mut buffer = BytesMut::new();
    let mut frames = Vec::new();
    for piece in pieces {
        buffer.extend_from_slice(piece);
        while let Ok(Some(frame)) = codec.decode(&mut buffer) {
            frames.push(frame);
        }
        assert!(buffer.len() <= LIMIT + 1, "an overlong line is kept");
    }
    while let Ok(Some(frame)) = codec.decode_eof(&mut buffer) {
        frames.push(frame);
    }
    frames
}

/// Any text can be read and judged in every mode. No mode, and no rule that allows what comes before, lets a removal
/// through behind it; with full access, where comments and quoted text may say anything, none that is seen.
pub(crate) fn shell(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let joined = format!("{text}; rm -rf x");
    let reading = read_command(&joined);
    assert!(reading.commands.iter().all(|command| !command.argv.is_empty()), "{text:?}: {reading:?}");
    let seen = reading.commands.iter().any(|command| command.argv == ["rm", "-rf", "x"]);
    let rules = ["bash(ls:*)", "bash(echo:*)", "bash(cat:*)"].map(|rule| Rule::parse("allow", rule).unwrap());
    let policy = Policy::new(PathBuf::from("/project"), None).with_rules(rules.to_vec());
    judge(&policy, &text);
    for mode in Mode::ALL {
        let policy = policy.clone().with_mode(mode);
        let allowed = judge(&policy, &joined) == Decision::Allow;
        assert!(
            !allowed || mode == Mode::Full && !seen,
            "{text:?} hides a removal in the mode {}",
            mode.id()
        );
    }
}

fn judge(policy: &Policy, command: &str) -> Decision {
    let cwd = policy.workspace().to_owned();
    policy.judge(&Action::Execute { command: command.to_owned(), cwd }).decision
}
