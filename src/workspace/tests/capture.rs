use proptest::prelude::*;

use crate::workspace::Capture;

fn captured(keep: usize, chunks: &[&[u8]]) -> crate::workspace::Captured {
    let mut capture = Capture::new(keep);
    for chunk in chunks {
        capture.push(chunk);
    }
    capture.finish()
}

#[test]
fn short_output_is_kept_whole() {
    let output = captured(10, &[b"abc", b"defg", b"hij"]);
    assert_eq!((output.to_text().as_str(), output.omitted), ("abcdefghij", 0));
}

#[test]
fn the_middle_of_long_output_is_counted() {
    let output = captured(6, &[b"abcd", b"efgh", b"ij"]);
    assert_eq!((output.head.as_slice(), output.tail.as_slice()), (&b"abc"[..], &b"hij"[..]));
    assert_eq!((output.omitted, output.total()), (4, 10));
    assert_eq!(output.to_text(), "abc\n… 4 bytes omitted …\nhij");
}

#[test]
fn characters_cut_by_the_gap_are_left_out_whole() {
    let output = captured(8, &["aéé€bbbbbbbbb€é€".as_bytes()]);
    let text = output.to_text();
    assert!(!text.contains('\u{fffd}'), "{text}");
    assert!(text.starts_with("aé\n… ") && text.ends_with("…\n€"), "{text}");
}

#[test]
fn binary_output_becomes_text_of_some_kind() {
    let output = captured(4, &[&[0xff, 0x80, 0x80, 0x80, 0x80, 0x80, 0, 0xfe]]);
    assert!(output.to_text().contains("bytes omitted"));
}

proptest! {
    #[test]
    fn the_ends_are_kept_however_the_output_is_cut(
        chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..20),
        keep in 0_usize..100,
    ) {
        let whole = chunks.concat();
        let slices: Vec<&[u8]> = chunks.iter().map(Vec::as_slice).collect();
        let output = captured(keep, &slices);
        prop_assert_eq!(output.total(), whole.len() as u64);
        prop_assert!(output.head.len() + output.tail.len() <= keep);
        prop_assert!(whole.starts_with(&output.head) && whole.ends_with(&output.tail));
        prop_assert!(output.omitted == 0 || output.head.len() + output.tail.len() == keep);
        output.to_text();
    }
}
