use crate::acp::{ContentBlock, ResourceLink};
use crate::agent::builtin::mention::names;

#[test]
fn mentions_are_words_that_begin_with_an_at() {
    for (text, expected) in [
        ("look at @src/main.rs, then (@a/b.txt)", &["src/main.rs", "a/b.txt"][..]),
        ("mail me@example.org", &[]),
        ("@x.rs @x.rs @", &["x.rs"]),
        ("`@quoted.rs` \"@two.rs\".", &["quoted.rs", "two.rs"]),
        ("@\"a b.txt\", '@c' and (@'d e.md').", &["a b.txt", "c", "d e.md"]),
        ("@\"no end\n@f.rs", &["f.rs"]),
        ("@g.rs:1-5: @\"\" @@h", &["g.rs:1-5", "@h"]),
    ] {
        assert_eq!(names(&[text.into()]), expected, "{text:?}");
    }
}

#[test]
fn of_very_many_mentions_the_first_are_looked_at() {
    let words: Vec<_> = (0..200_000).map(|number| format!("@a{}", number / 2)).collect();
    let names = names(&[words.join(" ").into()]);
    assert_eq!((names.len(), names[999].as_str()), (1000, "a999"));
}

#[test]
fn links_to_files_are_paths_with_their_codes_undone() {
    let link = |uri: &str| ContentBlock::ResourceLink(ResourceLink::new("n", uri));
    assert_eq!(names(&[link("file:///w/a%20b.rs#L10-20")]), ["/w/a b.rs"]);
    assert_eq!(names(&[link("/w/c.rs")]), ["/w/c.rs"]);
    assert_eq!(names(&[link("file:///w/%zz%4")]), ["/w/%zz%4"]);
    assert_eq!(names(&[link("https://example.org/a")]), Vec::<String>::new());
}
