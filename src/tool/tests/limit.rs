use crate::tool::limit::{Page, TEXT, cut, middle, split, weight};

#[test]
fn a_weight_is_what_json_needs() {
    for text in ["", "plain é 漢", "\"\\\n\r\t", "\u{0}\u{1}\u{8}\u{c}\u{1f}\u{7f}", "🦀"] {
        assert_eq!(weight(text) + 2, serde_json::to_string(text).unwrap().len(), "{text:?}");
    }
}

#[test]
fn texts_are_cut_between_characters() {
    assert_eq!(split("aéb", 2), ("a", "éb"));
    assert_eq!(split("aéb", 3), ("aé", "b"));
    assert_eq!(split("\n\n\n", 5), ("\n\n", "\n"));
    assert_eq!(cut("ééé", 2), "éé… [1 more characters]");
    assert_eq!(cut("éé", 2), "éé");
}

#[test]
fn the_middle_goes_first() {
    assert_eq!(middle("short"), "short");
    let text = middle(&format!("head{}tail", "é\u{1}".repeat(TEXT)));
    assert!(text.starts_with("headé") && text.ends_with("tail") && weight(&text) <= TEXT);
    let gone: usize = text.split('…').nth(1).unwrap().trim().split(' ').next().unwrap().parse().unwrap();
    let kept = text.len() - format!("\n… {gone} bytes omitted …\n").len();
    assert_eq!(gone + kept, 8 + 3 * TEXT);
}

#[test]
fn a_page_takes_lines_until_it_is_full() {
    let mut page = Page::default();
    let line = "\u{1}".repeat(100);
    let taken = (0..1000).take_while(|_| page.push(&line)).count();
    let text = page.into_text();
    assert_eq!(text.lines().count(), taken);
    assert!((TEXT - 2000..TEXT).contains(&weight(&text)));
}
