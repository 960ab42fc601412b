use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use super::Site;

#[tokio::test]
async fn folders_come_first_and_the_last_level_is_counted() {
    let site = Site::new();
    site.file("b.txt", "").file("src/tool/a.rs", "").file("src/tool/b.rs", "").file("src/lib.rs", "");
    assert_eq!(
        site.done("list", json!({})).await,
        ".: 2 folders, 2 files\nsrc/\n  tool/ (2 entries)\n  lib.rs\nb.txt\n"
    );
    assert_eq!(
        site.done("list", json!({"path": "src", "depth": 1})).await.lines().next(),
        Some("src: 1 folder, 1 file")
    );
}

#[tokio::test]
async fn ignored_files_and_the_repository_are_left_out_and_hidden_ones_are_not() {
    let site = Site::new();
    site.file(".gitignore", "*.log\n/build\n!keep.log\n").file("a.log", "").file("keep.log", "");
    site.file("build/x", "").file(".git/config", "").file(".github/ci.yml", "");
    let text = site.done("list", json!({})).await;
    assert_eq!(text, ".: 1 folder, 3 files\n.github/\n  ci.yml\n.gitignore\nkeep.log\n");
}

#[tokio::test]
async fn rules_of_the_folders_above_hold_below_and_what_is_asked_for_is_shown() {
    let site = Site::new();
    site.file(".gitignore", "*.log\n/build\n").file("src/a.log", "").file("src/a.rs", "");
    site.file("build/out/x", "").file("build/y.log", "").file(".git/config", "");
    assert_eq!(site.done("list", json!({"path": "src"})).await, "src: 0 folders, 1 file\na.rs\n");
    assert!(site.done("list", json!({"path": "build"})).await.contains("out/"));
    assert!(site.done("list", json!({"path": "build/out"})).await.contains("\nx\n"));
    assert!(site.done("list", json!({"path": ".git"})).await.contains("config"));
}

#[tokio::test]
async fn rules_outside_the_workspace_do_not_count() {
    let site = Site::new();
    std::fs::write(site.dir.path().join(".gitignore"), "*.rs\n").unwrap();
    site.file("a.rs", "");
    assert!(site.done("list", json!({})).await.contains("a.rs"));
}

#[tokio::test]
async fn links_are_named_and_not_followed() {
    let site = Site::new();
    site.link("out", "../outside").link("loop", ".");
    let text = site.done("list", json!({"depth": 5})).await;
    assert_eq!(text, ".: 0 folders, 2 files\nloop (symbolic link)\nout (symbolic link)\n");
    assert!(site.failed("list", json!({"path": "out"})).await.contains("outside the workspace"));
}

#[tokio::test]
async fn too_many_entries_are_counted_and_what_is_further_up_is_shown_first() {
    let site = Site::new();
    for number in 0..600 {
        site.file(&format!("deep/{number:03}"), "");
    }
    site.file("top", "");
    let text = site.done("list", json!({})).await;
    assert!(text.starts_with(".: 1 folder, 601 files\ndeep/\n  000\n"), "{text}");
    assert!(text.ends_with("  497\n  … 102 more\ntop\n"), "{text}");
}

#[tokio::test]
async fn a_full_folder_further_down_takes_nothing_from_one_further_up() {
    let site = Site::new();
    for number in 0..600 {
        site.file(&format!("a/b/{number:03}"), "").file(&format!("z/b/{number:03}"), "");
    }
    site.file("m/last", "");
    let text = site.done("list", json!({"depth": 3})).await;
    assert!(text.ends_with("  493\n    … 106 more\nm/\n  last\nz/\n  b/\n    … 600 more\n"), "{text}");
}

#[tokio::test]
async fn a_name_cannot_break_its_line() {
    let site = Site::new();
    site.file("a\nb\u{202e}", "");
    assert_eq!(site.done("list", json!({})).await, ".: 0 folders, 1 file\na\\nb\\u{202e}\n");
}

#[tokio::test]
async fn files_and_missing_folders_are_refused() {
    let site = Site::new();
    site.file("a", "");
    assert!(site.failed("list", json!({"path": "a"})).await.contains("not a folder"));
    assert!(site.failed("list", json!({"path": "b"})).await.contains("does not exist"));
    assert!(site.failed("list", json!({"path": ".."})).await.contains("outside the workspace"));
}

#[tokio::test]
async fn a_cancelled_walk_ends() {
    let site = Site::new();
    site.file("a", "");
    site.context.cancel.cancel();
    for (tool, input) in
        [("list", json!({})), ("glob", json!({"pattern": "*"})), ("grep", json!({"pattern": "x"}))]
    {
        assert_eq!(site.failed(tool, input).await, "cancelled");
    }
}

#[tokio::test]
async fn a_folder_that_cannot_be_read_is_said() {
    let site = Site::new();
    site.file("closed/a", "");
    let closed = site.root().join("closed");
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o000)).unwrap();
    // The superuser reads it all the same.
    let expected = if std::fs::read_dir(&closed).is_ok() { "  a\n" } else { "(1 entry could not be read)\n" };
    let text = site.done("list", json!({})).await;
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o700)).unwrap();
    assert!(text.ends_with(expected), "{text}");
}
