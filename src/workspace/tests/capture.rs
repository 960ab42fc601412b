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

fn spilled(folder: &std::path::Path, keep: usize, chunks: &[&[u8]]) -> crate::workspace::Captured {
    let mut capture = Capture::new(keep).spilling(Some(folder));
    for chunk in chunks {
        capture.push(chunk);
    }
    capture.finish()
}

#[test]
fn the_whole_of_a_long_output_is_in_a_file_that_only_its_owner_reads() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("data/outputs");
    assert_eq!(spilled(&folder, 6, &[b"abc", b"def"]).whole, None);
    assert!(!folder.exists(), "nothing is created for an output that is kept whole");
    let first = spilled(&folder, 6, &[b"abcd", b"ef", b"ghij", b"k"]).whole.unwrap();
    assert_eq!(std::fs::read(&first.path).unwrap(), b"abcdefghijk");
    assert_eq!(
        (first.path.file_name().unwrap().to_str(), first.bytes, first.dropped),
        (Some("1.txt"), 11, 0)
    );
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&first.path), mode(&folder)), (0o600, 0o700));
    let second = spilled(&folder, 1, &[b"xyz"]).whole.unwrap();
    assert_eq!(std::fs::read(folder.join("2.txt")).unwrap(), b"xyz");
    assert_eq!(second.path, folder.join("2.txt"));
}

#[test]
fn a_spilled_output_and_the_number_of_them_have_an_end() {
    let dir = tempfile::tempdir().unwrap();
    let chunk = vec![b'x'; 1 << 20];
    let chunks: Vec<&[u8]> = std::iter::repeat_n(chunk.as_slice(), 12).collect();
    let whole = spilled(dir.path(), 100, &chunks).whole.unwrap();
    assert_eq!((whole.bytes, whole.dropped), (10 << 20, 2 << 20));
    assert_eq!(std::fs::metadata(&whole.path).unwrap().len(), 10 << 20);
    for _ in 0..110 {
        spilled(dir.path(), 1, &[b"xyz"]);
    }
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 100);
    assert!(dir.path().join("111.txt").exists() && !dir.path().join("1.txt").exists());
    let nowhere = dir.path().join("111.txt/folder");
    assert_eq!(spilled(&nowhere, 1, &[b"xyz"]).omitted, 2, "the output itself is not lost");
}
