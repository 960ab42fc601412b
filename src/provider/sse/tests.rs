use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

type Events = Vec<(Option<String>, String)>;

/// What a stream says when it comes in these pieces, and how that ended.
fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Events, Result<(), Oversized>) {
    let mut events = Events::new();
    let mut on = |name: Option<&str>, data: &str| {
        events.push((name.map(str::to_owned), data.to_owned()));
        Ok(())
    };
    let mut decoder = SseDecoder::default();
    let all = || {
        pieces.into_iter().try_for_each(|piece| decoder.push(piece, &mut on))?;
        decoder.finish(&mut on)
    };
    let end = all();
    (events, end)
}

fn events(stream: &str) -> Events {
    let (events, end) = read([stream.as_bytes()]);
    end.unwrap();
    events
}

fn data(stream: &str) -> Vec<String> {
    events(stream).into_iter().map(|(_, data)| data).collect()
}

#[test]
fn an_event_is_its_data_and_its_name() {
    let stream = "event: ping\ndata: {}\n\ndata:no blank\n\n";
    assert_eq!(events(stream), [(Some("ping".into()), "{}".into()), (None, "no blank".into())]);
}

#[test]
fn lines_of_data_are_joined_and_one_blank_before_them_is_none_of_theirs() {
    assert_eq!(data("data: a\ndata:  b\ndata\ndata:\n\n"), ["a\n b\n\n"]);
    assert_eq!(data("data\n\n"), [""]);
}

#[test]
fn all_three_line_ends_are_the_same() {
    for end in ["\n", "\r", "\r\n"] {
        let stream = "event: x\ndata: a\ndata: b\n\ndata: c\n\n".replace('\n', end);
        assert_eq!(events(&stream), [(Some("x".into()), "a\nb".into()), (None, "c".into())], "{end:?}");
    }
}

#[test]
fn comments_and_other_fields_say_nothing() {
    assert_eq!(data(": OPENROUTER PROCESSING\n\nid: 1\nretry: 2\nerror: x\n\n:\ndata: a\nx: y\n\n"), ["a"]);
}

#[test]
fn an_event_without_data_is_none_and_takes_its_name_along() {
    assert_eq!(events("event: a\n\ndata: b\n\n"), [(None, "b".into())]);
}

#[test]
fn a_byte_order_mark_is_skipped_at_the_beginning_only() {
    assert_eq!(data("\u{feff}data: a\n\n\u{feff}data: b\n\n"), ["a"]);
    assert_eq!(data("\u{feff}\ndata: a\n\n"), ["a"]);
}

#[test]
fn the_last_event_may_lack_its_blank_line_but_not_the_end_of_its_line() {
    assert_eq!(data("data: a\n\ndata: b\n"), ["a", "b"]);
    assert_eq!(data("data: a\n\ndata: b"), ["a"]);
}

#[test]
fn broken_characters_are_replaced() {
    let (events, end) = read([&b"data: a\xF0\x9F\n\n"[..]]);
    assert_eq!((events, end), (vec![(None, "a\u{fffd}".to_owned())], Ok(())));
}

#[test]
fn what_has_no_end_is_refused_and_not_kept() {
    let piece = vec![b'x'; 1024 * 1024];
    let endless = std::iter::repeat_n(&piece[..], 32);
    assert_eq!(read(endless.clone()).1, Err(Oversized));
    let line = [b"data: ", &piece[..], b"\n"].concat();
    assert_eq!(read(std::iter::repeat_n(&line[..], 32)).1, Err(Oversized));
    let whole = [b"data: ", &vec![b'x'; MAX_EVENT][..], b"\n\n"].concat();
    assert_eq!(read([&whole[..]]).1, Err(Oversized));
    let mut decoder = SseDecoder::default();
    for piece in endless {
        decoder.push(piece, |_, _| Ok::<_, Oversized>(())).ok();
    }
    assert!(decoder.line.capacity() <= 2 * MAX_EVENT);
}

#[test]
fn an_error_of_the_reader_ends_it() {
    #[derive(Debug, PartialEq)]
    enum Stop {
        Here,
        Size,
    }
    impl From<Oversized> for Stop {
        fn from(_: Oversized) -> Self {
            Self::Size
        }
    }
    let mut seen = 0;
    let on = |_: Option<&str>, _: &str| {
        seen += 1;
        Err(Stop::Here)
    };
    assert_eq!(SseDecoder::default().push(b"data: a\n\ndata: b\n\n", on), Err(Stop::Here));
    assert_eq!(seen, 1);
}

/// Pieces of which streams are made, whole and broken.
fn parts() -> impl Strategy<Value = Vec<u8>> {
    const PARTS: [&[u8]; 16] = [
        b"data: ",
        b"data:",
        b"data",
        b"event: a",
        b"event:",
        b": c",
        b"id: 1",
        b"\n",
        b"\r",
        b"\r\n",
        b"\n\n",
        b"\r\n\r\n",
        "\u{feff}".as_bytes(),
        "ä🦀".as_bytes(),
        b"\xF0\x9F",
        b"{\"a\": [1]}",
    ];
    vec(prop::sample::select(&PARTS[..]), 0..24).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn a_cut_at_every_byte_gives_the_same_events(stream in parts()) {
        let whole = read([&stream[..]]);
        for at in 0..=stream.len() {
            prop_assert_eq!(&read([&stream[..at], &stream[at..]]), &whole);
        }
        prop_assert_eq!(&read(stream.chunks(1)), &whole);
        prop_assert_eq!(&read(stream.chunks(3)), &whole);
    }
}
