use crate::tool::label::{count, line, size, visible};

#[test]
fn nothing_in_a_line_can_hide_reorder_or_end_it() {
    assert_eq!(
        line("a\nb\tc\rd\u{1b}\u{7f}\u{202e}\u{200b}\u{2066}é", 99),
        "a\\nb\\tc\\rd\\u{1b}\\u{7f}\\u{202e}\\u{200b}\\u{2066}é"
    );
    assert_eq!(line("ééé", 2), "éé…");
    assert_eq!(line("éé", 2), "éé");
    assert_eq!(visible("a\n\tb\r", true), "a\n\tb\\r");
}

#[test]
fn sizes_and_counts_read_well() {
    assert_eq!(
        [size(0), size(1), size(1023), size(1536), size(10 << 30)].join(" "),
        "0 bytes 1 byte 1023 bytes 1.5 KiB 10.0 GiB"
    );
    assert_eq!(count(1, "match", "matches"), "1 match");
}
