use serde_json::json;

use super::{Site, diff_of};
use crate::permission::Action;
use crate::tool::Readable;

async fn patched(before: &str, body: &str) -> Result<String, String> {
    let site = Site::new();
    site.file("a.rs", before);
    let patch = if body.contains("--- ") || body.contains("*** Begin") {
        body.to_owned()
    } else {
        format!("*** Begin Patch\n*** Update File: a.rs\n{body}\n*** End Patch")
    };
    let output = site.call("apply_patch", json!({"patch": patch})).await;
    if output.failed { Err(output.text) } else { Ok(String::from_utf8(site.content("a.rs")).unwrap()) }
}

#[tokio::test]
async fn several_files_are_added_changed_moved_and_deleted_in_one_step() {
    let site = Site::new();
    site.file("src/a.rs", "fn a() {\n    old();\n}\n").file("b", "one\r\ntwo\r\n").file("c", "bye\n");
    let patch = "*** Begin Patch\n*** Add File: new/d\n+first\n+\n+last\n*** Update File: src/a.rs\n@@ fn a() {\n\
                 -    old();\n+    new();\n }\n*** Update File: b\n*** Move to: e/b\n one\n-two\n+2\n\
                 *** Delete File: c\n*** End Patch\n";
    let prepared = site.prepare("apply_patch", json!({"patch": patch})).await.unwrap();
    assert_eq!(prepared.title, "Patch new/d, src/a.rs, b and 2 more");
    let Action::EditAll { paths } = &prepared.action else { panic!("{:?}", prepared.action) };
    assert_eq!(paths.len(), 5);
    assert_eq!(diff_of(&prepared.preview).new_text, "first\n\nlast\n");
    assert_eq!(site.content("c"), b"bye\n", "preparing must change nothing");
    let output = (prepared.work)().await;
    let told = "created new/d\nedited src/a.rs at line 2\nmoved b to e/b\nb is now e/b\ndeleted c";
    assert_eq!(output.text, told);
    assert_eq!(site.content("new/d"), b"first\n\nlast\n");
    assert_eq!(site.content("src/a.rs"), b"fn a() {\n    new();\n}\n");
    assert_eq!(site.content("e/b"), b"one\r\n2\r\n", "line endings move along");
    assert!(!site.root().join("b").exists() && !site.root().join("c").exists());
    site.done("write", json!({"path": "new/d", "content": "seen\n"})).await;
}

#[tokio::test]
async fn a_hunk_is_found_as_written_or_nearly_so() {
    let cases = [
        ("exact", "x\na\nb\n", "@@\n-a\n+1\n b", "x\n1\nb\n"),
        ("white space at the end", "x\na  \nb\t\n", "-a\n+1\n b", "x\n1\nb\t\n"),
        ("indented otherwise", "x\n\ta\n    b\n", " x\n-a\n+\t1\n b", "x\n\t1\n    b\n"),
        ("typographic", "say “hi” – now\nz\n", "-say \"hi\" - now\n+said", "said\nz\n"),
        ("exact before near", "  a\na\n", "-a\n+1", "  a\n1\n"),
        ("below an anchor", "fn x\na\nfn y\na\n", "@@ fn y\n-a\n+1", "fn x\na\nfn y\n1\n"),
        (
            "below two anchors",
            "c A\nf x\na\nc B\nf x\na\n",
            "@@ c B\n@@ f x\n-a\n+1",
            "c A\nf x\na\nc B\nf x\n1\n",
        ),
        ("anchor repeated as context", "fn y\na\n", "@@ fn y\n fn y\n-a\n+1", "fn y\n1\n"),
        ("part of the anchor's line", "fn y() {\na\n", "@@ fn y\n-a\n+1", "fn y() {\n1\n"),
        ("at the end of the file", "a\nb\na\n", "@@\n-a\n+1\n*** End of File", "a\nb\n1\n"),
        ("added below an anchor", "a\nb\n", "@@ a\n+x", "a\nx\nb\n"),
        ("added at the end", "a\nb\n", "@@\n+x", "a\nb\nx\n"),
        ("two in order", "a\nb\na\nb\n", "@@\n-a\n+1\n@@\n-a\n+2", "1\nb\n2\nb\n"),
        ("a blank line behind", "a\nb\n", "@@\n-a\n+1\n\n@@\n-b\n+2\n", "1\n2\n"),
        ("a line that is blank", "a\n\nb\n", "-a\n+1\n\n b", "1\n\nb\n"),
        ("no line feed at the end", "a\nb", "-b\n+c", "a\nc"),
        ("an empty file", "", "+a", "a\n"),
        ("line numbers", "a\nx\na\n", "@@ -3,1 +3,1 @@\n-a\n+1", "a\nx\n1\n"),
        ("carriage returns", "a\r\nb\r\n", "-a\r\n+1\r\n+2\r", "1\r\n2\r\nb\r\n"),
        ("everything goes", "a\n", "-a", ""),
    ];
    for (name, before, hunk, after) in cases {
        assert_eq!(patched(before, hunk).await.as_deref(), Ok(after), "{name}");
    }
}

#[tokio::test]
async fn a_unified_diff_is_a_patch_too() {
    let cases = [
        ("--- a/a.rs\n+++ b/a.rs\n@@ -1,2 +1,2 @@ fn main\n a\n-b\n+c\n", "a\nb\n", "a\nc\n"),
        ("--- a.rs\t2024-01-01\n+++ a.rs\t2024-01-02\n@@ -1 +1 @@\n-a\n+c\n", "a\nb\n", "c\nb\n"),
        (
            "diff --git a/a.rs b/a.rs\nindex 1..2 100644\n--- a/a.rs\n+++ b/a.rs\n@@ -9,1 +9,1 @@\n-a\n+c\n",
            "a\n",
            "c\n",
        ),
        ("--- a/a.rs\n+++ b/a.rs\n@@ -1,1 +1,1 @@\n--- x\n+++ y\n", "-- x\n", "++ y\n"),
        ("--- a/a.rs\n+++ b/a.rs\n@@ -1 +1 @@\n-a\n+b\n\\ No newline at end of file\n", "a\n", "b"),
        ("--- a/a.rs\n+++ b/a.rs\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n", "a", "b\n"),
        ("--- a/a.rs\n+++ b/a.rs\n@@ -0,0 +1,1 @@\n+x\n", "a\n", "x\na\n"),
        ("--- a/a.rs\n+++ b/a.rs\n@@ -4,1 +4,1 @@\n-a\n+x\n", "a\nb\nb\na\na\n", "a\nb\nb\nx\na\n"),
        ("```diff\n--- a/a.rs\n+++ b/a.rs\n@@ -1 +1 @@\n-a\n+x\n```\n", "a\n", "x\n"),
    ];
    for (patch, before, after) in cases {
        assert_eq!(patched(before, patch).await.as_deref(), Ok(after), "{patch}");
    }
    let site = Site::new();
    site.file("old", "x\n").file("gone", "y\n").file("a/b", "z\n");
    let patch = "diff --git a/old b/new\nsimilarity index 100%\nrename from old\nrename to new\n\
                 diff --git a/gone b/gone\ndeleted file mode 100644\n--- a/gone\n+++ /dev/null\n@@ -1 +0,0 @@\n-y\n\
                 --- /dev/null\n+++ b/made\n@@ -0,0 +1,2 @@\n+1\n+2\n--- a/b\n+++ a/b\n@@ -1 +1 @@\n-z\n+zz\n";
    let text = site.done("apply_patch", json!({"patch": patch})).await;
    assert_eq!(text, "moved old to new\ncreated made\nedited a/b at line 1\nold is now new\ndeleted gone");
    assert_eq!((site.content("new"), site.content("made")), (b"x\n".to_vec(), b"1\n2\n".to_vec()));
}

#[tokio::test]
async fn every_hunk_that_does_not_fit_is_told_with_what_is_there() {
    let site = Site::new();
    site.file("a", "let total = 1;\nb\nfn done() {}\n").file("b", "x\n");
    let patch = "*** Begin Patch\n*** Update File: b\n-x\n+y\n*** Update File: a\n@@\n-let totals = 1;\n+z\n@@\n-b\n+B\n\
                 @@ fn nowhere\n-b\n+c\n@@\n-fn undone() {}\n+fn done() {}\n@@\n-let total = 1;\n+x\n*** End Patch";
    let text = site.failed("apply_patch", json!({"patch": patch})).await;
    let told = [
        "Nothing was changed.\na, hunk 1 of 5: what it changes was not found. The lines most like it:\n     1\tlet total",
        "a, hunk 3 of 5 (@@ fn nowhere): there is no line `fn nowhere` below line 2",
        "a, hunk 4 of 5: it seems to be applied already: its result stands at line 3",
        "a, hunk 5 of 5: its lines stand at line 1, above the end of the hunk before it",
    ];
    for told in told {
        assert!(text.contains(told), "{told}\n---\n{text}");
    }
    assert_eq!(site.content("b"), b"x\n", "a failure writes nothing");
}

#[tokio::test]
async fn what_is_no_patch_is_refused_with_a_word_about_why() {
    let cases = [
        ("hello", "begins neither with"),
        ("*** Begin Patch\n*** Update File: a.rs\n-a\n+b", "no line `*** End Patch`: it may be cut off"),
        ("*** Begin Patch\n*** End Patch", "changes no file"),
        ("*** Begin Patch\n*** Rename File: a\n*** End Patch", "line 2: expected"),
        (
            "*** Begin Patch\n*** Add File: x\nplain\n*** End Patch",
            "line 3: lines of a new file begin with `+`",
        ),
        (
            "*** Begin Patch\n*** Update File: a.rs\n@@\na\n*** End Patch",
            "line 4: a line of a hunk begins with",
        ),
        ("*** Begin Patch\n*** Update File: a.rs\n@@\n a\n*** End Patch", "without a line to add"),
        ("*** Begin Patch\n*** Delete File: \n*** End Patch", "line 2: there is no path"),
        ("*** Begin Patch\n*** Add File: a.rs\n+x\n*** End Patch", "a.rs exists already; update it instead"),
        ("*** Begin Patch\n*** Delete File: none\n*** End Patch", "none does not exist"),
        ("*** Begin Patch\n*** Update File: none\n+x\n*** End Patch", "use `*** Add File: none`"),
        ("*** Begin Patch\n*** Delete File: ../outside/secret\n*** End Patch", "leads outside the workspace"),
        ("*** Begin Patch\n*** Add File: ../outside/new\n+x\n*** End Patch", "leads outside the workspace"),
        ("--- a/a.rs\n+++ b/a.rs\n@@ what\n", "line 3: a hunk begins with"),
        ("diff --git a/x b/x\n@@ -1 +1 @@\n-a\n?b\n", "begins with none of"),
        (
            "diff --git a/a.rs b/b.rs\ncopy from a.rs\ncopy to b.rs\n--- a/a.rs\n+++ b/b.rs\n@@ -1 +1 @@\n-a\n+b\n",
            "line 3: a copy is no change that can be made: add b.rs with its whole text",
        ),
        ("diff --git a/a.rs b/b.rs\nsimilarity index 100%\ncopy from a.rs\ncopy to b.rs\n", "line 4: a copy"),
    ];
    for (patch, why) in cases {
        let site = Site::new();
        site.file("a.rs", "a\n");
        let text = site.failed("apply_patch", json!({"patch": patch})).await;
        assert!(text.contains(why), "{patch}: {text}");
    }
    let site = Site::new();
    let huge = format!("*** Begin Patch\n*** Add File: x\n+{}\n*** End Patch", "x".repeat(3 << 20));
    assert!(site.failed("apply_patch", json!({"patch": huge})).await.contains("is larger than 2.0 MiB"));
    let many: Vec<String> = (0..200).map(|at| format!("*** Add File: f{at}\n+x")).collect();
    let many = format!("*** Begin Patch\n{}\n*** End Patch", many.join("\n"));
    assert!(site.failed("apply_patch", json!({"patch": many})).await.contains("more than 100 files"));
}

#[tokio::test]
async fn files_that_are_no_text_can_be_deleted_and_not_changed() {
    let site = Site::new();
    site.file("bin", b"\0\x01").file("t", "a\n");
    let update = "*** Begin Patch\n*** Update File: bin\n+x\n*** End Patch";
    assert!(site.failed("apply_patch", json!({"patch": update})).await.contains("bin: the file is binary"));
    let delete = "*** Begin Patch\n*** Delete File: bin\n*** End Patch";
    assert_eq!(site.done("apply_patch", json!({"patch": delete})).await, "deleted bin");
}

#[tokio::test]
async fn what_a_rule_withholds_does_not_come_out_of_a_patch() {
    let mut site = Site::new();
    site.file("a", "key hunter2\n");
    site.context.readable = Readable::new(|path| !path.ends_with("a"));
    let patch = "*** Begin Patch\n*** Update File: a\n-key hunter3\n+x\n*** End Patch";
    let prepared = site.prepare("apply_patch", json!({"patch": patch})).await.unwrap();
    let output = (prepared.work)().await;
    assert!(output.failed && !output.text.contains("hunter2"), "{}", output.text);
}

#[tokio::test]
async fn hostile_patches_end_in_time() {
    let line = "x".repeat(40);
    let site = Site::new();
    site.file("a", format!("{line}\n").repeat(2_000));
    let hunk = format!("@@\n{}-never\n+y\n", format!(" {line}\n").repeat(40));
    let patch = format!("*** Begin Patch\n*** Update File: a\n{}*** End Patch", hunk.repeat(500));
    let started = std::time::Instant::now();
    site.failed("apply_patch", json!({"patch": patch})).await;
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_file_that_moves_stays_executable() {
    use std::os::unix::fs::PermissionsExt;
    let site = Site::new();
    site.file("run", "#!/bin/sh\n");
    std::fs::set_permissions(site.root().join("run"), std::fs::Permissions::from_mode(0o750)).unwrap();
    let patch = "*** Begin Patch\n*** Update File: run\n*** Move to: bin/run\n+true\n*** End Patch";
    assert_eq!(
        site.done("apply_patch", json!({"patch": patch})).await,
        "moved run to bin/run\nrun is now bin/run"
    );
    let moved = site.root().join("bin/run");
    assert_eq!(std::fs::metadata(moved).unwrap().permissions().mode() & 0o777, 0o750);
    assert_eq!(site.content("bin/run"), b"#!/bin/sh\ntrue\n");
}
