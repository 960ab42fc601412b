use super::super::escape_for_display;

#[test]
fn what_does_not_show_is_shown_as_code_points() {
    let text = "a\u{202e}b\u{200b}c\rd\u{a0}e\u{1b}[2J\u{9b}f\tg";
    let shown = "a<U+202E>b<U+200B>c<U+000D>d<U+00A0>e<U+001B>[2J<U+009B>f<U+0009>g";
    assert_eq!(escape_for_display(text), shown);
}

#[test]
fn ordinary_text_and_newlines_stay() {
    assert_eq!(escape_for_display("ls -la\ngrüße 日本"), "ls -la\ngrüße 日本");
}

#[test]
fn long_text_keeps_both_ends_and_says_its_length() {
    let text = format!("head{}tail", " ".repeat(5_000));
    let shown = escape_for_display(&text);
    assert!(shown.starts_with("head") && shown.ends_with("tail"));
    assert!(shown.contains("of 5008 characters"));
    assert!(shown.chars().count() <= 2_000);
}
