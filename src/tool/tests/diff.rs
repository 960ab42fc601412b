use std::path::Path;

use super::diff_of;
use crate::acp::ToolCallContent;
use crate::tool::diff;

fn diff(old: Option<&str>, new: &str) -> Vec<ToolCallContent> {
    diff::of(Path::new("/a"), old, new)
}

#[test]
fn a_small_change_is_shown_whole() {
    let content = diff(Some("a\nb\n"), "a\nc\n");
    assert_eq!(content.len(), 1);
    let shown = diff_of(&content);
    assert_eq!((shown.old_text.as_deref(), shown.new_text.as_str()), (Some("a\nb\n"), "a\nc\n"));
}

#[test]
fn of_a_large_file_the_part_that_changed_is_shown() {
    let line = |number: usize| format!("line {number}\n");
    let old: String = (1..100_000).map(line).collect();
    let new = old.replace("line 50000\n", "new\n");
    let content = diff(Some(&old), &new);
    assert_eq!(content.len(), 2);
    assert!(format!("{:?}", content[0]).contains("starts at line 49997"), "{:?}", content[0]);
    let shown = diff_of(&content);
    assert_eq!(shown.old_text.as_deref(), Some((49_997..=50_003).map(line).collect::<String>().as_str()));
    assert_eq!(
        shown.new_text,
        "line 49997\nline 49998\nline 49999\nnew\nline 50001\nline 50002\nline 50003\n"
    );
}

#[test]
fn a_change_that_only_adds_or_takes_away_is_cut_right() {
    let long = "same\n".repeat(200_000);
    for (old, new) in [(long.clone(), format!("{long}same\n")), (format!("{long}same\n"), long.clone())] {
        let shown = diff(Some(&old), &new);
        let (old_shown, new_shown) = (diff_of(&shown).old_text.clone().unwrap(), &diff_of(&shown).new_text);
        assert_eq!(old_shown.len() as i64 - new_shown.len() as i64, old.len() as i64 - new.len() as i64);
        assert!(old_shown.len() < 100, "{old_shown}");
    }
}

#[test]
fn no_update_with_a_diff_reaches_a_mebibyte() {
    let (old, new) = ("\"\n".repeat(2 << 20), "\u{1}\n".repeat(2 << 20));
    for old in [None, Some(old.as_str())] {
        let content = diff(old, &new);
        assert!(serde_json::to_string(&content).unwrap().len() < 800 * 1024);
        assert!(format!("{:?}", content[0]).contains("bytes of the change out"));
    }
}
