use std::fs::File;

use serde_json::json;

use super::Site;
use crate::tool::Readable;

#[tokio::test]
async fn matches_are_listed_by_path_and_line() {
    let site = Site::new();
    site.file("src/b.rs", "let x = 1;\nlet y = 2;\n").file("a.rs", "// nothing\n\tlet z = 3;\r\n");
    let text = site.done("grep", json!({"pattern": "let \\w"})).await;
    assert_eq!(
        text,
        "3 matches in 2 files\na.rs:2: \tlet z = 3;\nsrc/b.rs:1: let x = 1;\nsrc/b.rs:2: let y = 2;\n"
    );
    assert_eq!(site.done("grep", json!({"pattern": "nowhere"})).await, "0 matches in 0 files\n");
}

#[tokio::test]
async fn the_search_can_be_narrowed() {
    let site = Site::new();
    site.file("src/a.rs", "Word\n").file("src/a.md", "word\n").file("b.rs", "word\n");
    let cases = [
        (json!({"pattern": "word"}), 2),
        (json!({"pattern": "word", "ignore_case": true}), 3),
        (json!({"pattern": "(?i)word", "path": "src"}), 2),
        (json!({"pattern": "word", "glob": "*.md"}), 1),
        (json!({"pattern": "(?i)word", "glob": "src/*.rs"}), 1),
        (json!({"pattern": "word", "path": "b.rs"}), 1),
    ];
    for (input, number) in cases {
        let output = site.call("grep", input.clone()).await;
        assert_eq!(output.raw.unwrap()["matches"], number, "{input}: {}", output.text);
    }
}

#[tokio::test]
async fn lines_around_a_match_are_marked() {
    let site = Site::new();
    site.file("a", "1\n2\nhit\n4\n5\n6\n7\nhit\n");
    let text = site.done("grep", json!({"pattern": "hit", "context": 1})).await;
    assert_eq!(text, "2 matches in 1 file\na-2- 2\na:3: hit\na-4- 4\n--\na-7- 7\na:8: hit\n");
}

#[tokio::test]
async fn the_first_matches_by_path_are_shown_and_all_are_counted() {
    let site = Site::new();
    for name in ["c", "a", "b"] {
        site.file(name, "hit\n".repeat(150));
    }
    let text = site.done("grep", json!({"pattern": "hit"})).await;
    assert!(text.starts_with("450 matches in 3 files\na:1: hit\n"), "{text}");
    assert!(text.contains("b:50: hit\n(200 are shown;"), "{text}");
    let text = site.done("grep", json!({"pattern": "hit", "limit": 2})).await;
    assert!(text.starts_with("at least ") && text.contains("(2 are shown;"), "{text}");
}

#[tokio::test]
async fn long_lines_and_long_outputs_are_cut() {
    let site = Site::new();
    site.file("a", format!("hit {}\n", "x".repeat(10_000)));
    let text = site.done("grep", json!({"pattern": "hit"})).await;
    assert!(text.len() < 700 && text.contains("… [9504 more characters]"), "{text}");
    site.file("b", format!("hit {}\n", "\"".repeat(400)).repeat(2000));
    let text = site.done("grep", json!({"pattern": "hit", "limit": 2000})).await;
    assert!(serde_json::to_string(&text).unwrap().len() < 50 * 1024);
    assert!(text.starts_with("2001 matches in 2 files\n") && text.contains("are shown;"));
}

#[tokio::test]
async fn binary_and_ignored_files_and_what_lies_behind_links_are_left_out() {
    let site = Site::new();
    site.file(".gitignore", "*.log\n")
        .file("a.log", "secret\n")
        .file("b.bin", "secret\n\0")
        .file(".env", "secret\n");
    site.file("late.bin", format!("secret\n{}\0", "text\n".repeat(100_000)));
    site.link("out", "../outside").link("file", "../outside/secret").file(".git/config", "secret\n");
    let text = site.done("grep", json!({"pattern": "secret"})).await;
    assert_eq!(text, "1 match in 1 file\n.env:1: secret\n");
    assert!(
        site.failed("grep", json!({"pattern": "x", "path": "file"})).await.contains("outside the workspace")
    );
    assert!(site.done("grep", json!({"pattern": "secret", "path": "a.log"})).await.starts_with("1 match"));
}

#[tokio::test]
async fn huge_files_and_huge_lines_are_passed_over() {
    let site = Site::new();
    File::create(site.root().join("huge")).unwrap().set_len(10 << 30).unwrap();
    site.file("line", vec![b'x'; 20 << 20]).file("z", "xyz\n");
    let text = site.done("grep", json!({"pattern": "x.z"})).await;
    assert_eq!(
        text,
        "1 match in 1 file\nz:1: xyz\n(1 file could not be searched: not readable, or a line is too long)\n"
    );
}

#[tokio::test]
async fn a_wrong_pattern_is_explained() {
    let site = Site::new();
    for (pattern, why) in [
        ("a(b", "unclosed group"),
        ("(?=look)", "look-around"),
        ("(a)\\1", "backreferences"),
        ("a\\nb", "\\n"),
        ("", "is empty"),
    ] {
        let text = site.failed("grep", json!({"pattern": pattern})).await;
        assert!(text.starts_with("`pattern` is") && text.contains(why), "{pattern}: {text}");
        assert!(text.contains("for example: {"), "{text}");
    }
    assert!(
        site.failed("grep", json!({"pattern": "a", "glob": "[a"})).await.starts_with("`glob` cannot be used")
    );
    assert!(site.failed("grep", json!({"pattern": "a", "path": "nope"})).await.contains("does not exist"));
}

/// Patterns that are slow or large in engines that backtrack or expand.
const HOSTILE: [&str; 30] = [
    "(a+)+$",
    "(a*)*b",
    "(a|aa)+$",
    "(a|a?)+$",
    "(.*a){25}",
    "(x+x+)+y",
    "([a-z]+)*=",
    "^(([a-z])+.)+[A-Z]([a-z])+$",
    "(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)[^a]$",
    "a{1000}{1000}",
    "a{0,1000}{0,1000}",
    "((a{100}){100}){100}",
    "\\w{1000}",
    "\\w{200}",
    "\\pL{500}",
    "[\\w\\d\\s]{300}",
    "(\\w|\\pL){100}",
    "(?i)(\\w{100}){10}",
    ".{5000}",
    "(?:a?){5000}a{5000}",
    "[01]*1[01]{200}",
    "(a?){40}a{40}",
    "(((((((((((((((((((((((((((((((a)))))))))))))))))))))))))))))))",
    "((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((a))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))",
    "(.|a)*(.|b)*(.|c)*(.|d)*z",
    "(?s).*.*.*.*.*.*.*.*.*.*=",
    "\\b(\\w+\\s*)+\\b$",
    "(?:.{1,50}){1,50}",
    "[^x]{3000}x",
    "(ab|a|b|ba)*c{999}",
];

#[tokio::test]
async fn hostile_patterns_end_soon_or_are_refused() {
    let site = Site::new();
    site.file("a", format!("{}!\n", "a".repeat(300)).repeat(3)).file("b", "0101".repeat(100));
    let mut refused = Vec::new();
    for pattern in HOSTILE {
        let output = site.call("grep", json!({"pattern": pattern})).await;
        assert!(!output.text.contains("took too long"), "{pattern}");
        if output.failed {
            assert!(output.text.starts_with("`pattern` is not a regular expression"), "{}", output.text);
            refused.push(pattern);
        }
    }
    for pattern in ["a{1000}{1000}", "((a{100}){100}){100}", "\\w{1000}", "\\pL{500}"] {
        assert!(refused.contains(&pattern), "{pattern} is too large to be allowed");
    }
    for pattern in ["(a+)+$", "(.*a){25}", "(x+x+)+y"] {
        assert!(!refused.contains(&pattern), "{pattern} is harmless here");
    }
}

#[tokio::test]
async fn what_a_rule_withholds_does_not_come_out_of_a_search() {
    let mut site = Site::new();
    site.file("a.env", "KEY=secret\n").file("b.txt", "KEY=public\n");
    site.context.readable = Readable::new(|path| path.extension().is_none_or(|end| end != "env"));
    let text = site.done("grep", json!({"pattern": "KEY"})).await;
    assert_eq!(
        text,
        "1 match in 1 file\nb.txt:1: KEY=public\n(1 file not searched: a rule withholds them)\n"
    );
    let alone = site.done("grep", json!({"pattern": "KEY", "path": "a.env"})).await;
    assert!(!alone.contains("secret") && alone.contains("not searched"), "{alone}");
}
