use proptest::prelude::*;

use crate::workspace::{NotText, Text};

#[test]
fn what_was_decoded_is_encoded_the_same() {
    for source in [
        "",
        "a",
        "a\n",
        "a\r\nb\r\n",
        "a\r\nb\nc",
        "\u{feff}",
        "\u{feff}a\r\n",
        "a\rb\n",
        "\r\n",
        "\n\r\n",
        "a\r\r\n",
    ] {
        let text = Text::decode(source.as_bytes()).unwrap();
        assert!(!text.as_str().contains("\r\n\n") && !text.as_str().starts_with('\u{feff}'));
        assert_eq!(text.encode(), source.as_bytes(), "{source:?}");
    }
}

#[test]
fn an_edit_keeps_the_endings_of_lines_it_did_not_touch() {
    let rows = [
        ("a\r\nb\r\n", "a\nx\nb\n", "a\r\nx\r\nb\r\n"),
        ("a\nb\n", "a\r\nx\nb\n", "a\nx\nb\n"),
        ("a\r\nb\nc\r\n", "a\nB\nc\n", "a\r\nB\r\nc\r\n"),
        ("a\nb\nc\r\n", "a\nx\ny\nb\nc\n", "a\nx\ny\nb\nc\r\n"),
        ("a\r\nb\nc\n", "a\n", "a\r\n"),
        ("a\r\nb\nc\n", "c\n", "c\n"),
        ("a\r\nb\nc", "a\nb\nd", "a\r\nb\nd"),
        ("a\r\nb\n", "", ""),
    ];
    for (before, edited, after) in rows {
        let mut text = Text::decode(before.as_bytes()).unwrap();
        text.edit(edited);
        assert_eq!(String::from_utf8(text.encode()).unwrap(), after, "{before:?} as {edited:?}");
    }
}

#[test]
fn bytes_that_are_no_text_are_told_apart() {
    assert_eq!(Text::decode(b"\x7fELF\0\0"), Err(NotText::Binary));
    assert_eq!(Text::decode(b"caf\xe9"), Err(NotText::Encoding(3)));
    assert_eq!(Text::decode(b"\xff\xfea\0"), Err(NotText::Encoding(0)));
}

proptest! {
    #[test]
    fn any_text_survives_the_round_trip(source in "(\u{feff})?([ab\u{e9}\r]|\n|\r\n){0,40}") {
        let mut text = Text::decode(source.as_bytes()).unwrap();
        prop_assert_eq!(text.encode(), source.as_bytes());
        let same = text.as_str().to_owned();
        text.edit(&same);
        prop_assert_eq!(text.as_str().matches('\n').count(), source.matches('\n').count());
    }
}
