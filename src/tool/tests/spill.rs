use std::path::PathBuf;

use serde_json::json;

use super::Site;

/// A site with a folder for whole outputs outside the workspace, which can be read.
fn site() -> (Site, PathBuf) {
    let mut site = Site::new();
    let folder = site.dir.path().join("outputs");
    crate::workspace::SpillFile::folder(&folder).unwrap();
    site.context.workspace = site.context.workspace.with_readable(std::slice::from_ref(&folder)).unwrap();
    site.context.spill = Some(folder.clone().into());
    (site, folder)
}

#[tokio::test]
async fn what_is_too_long_is_whole_in_a_file_that_read_and_grep_reach() {
    let (site, folder) = site();
    let text = format!("first\n{}last\n", "line\n".repeat(20_000));
    let fitted = site.context.fit(text.clone()).await;
    assert!(fitted.starts_with("first\nline") && fitted.contains(" bytes omitted …"), "{fitted}");
    let file = folder.join("1.txt");
    let note = format!(
        "(the whole output of 97.7 KiB is in {}: look into it with `read` or `grep`)",
        file.display()
    );
    assert!(fitted.ends_with(&note), "{}", fitted.split('\n').next_back().unwrap());
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
    let read = site.done("read", json!({"path": file, "line": 20_002})).await;
    assert!(read.starts_with(" 20002\tlast"), "{read}");
    let found = site.done("grep", json!({"pattern": "^last", "path": file})).await;
    assert!(found.starts_with("1 match in 1 file"), "{found}");
    for tool in ["edit", "multi_edit", "write", "apply_patch"] {
        let patch =
            format!("*** Begin Patch\n*** Update File: {}\n-first\n+x\n*** End Patch", file.display());
        let edit = json!({"path": file, "old_text": "first", "new_text": "x", "content": "x", "patch": patch,
                          "edits": [{"path": file, "old_text": "first", "new_text": "x"}]});
        assert!(site.failed(tool, edit).await.ends_with("can be read and not changed"), "{tool}");
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
}

#[tokio::test]
async fn what_is_short_or_has_no_folder_leaves_no_file() {
    let (mut site, folder) = site();
    assert_eq!(site.context.fit("short".to_owned()).await, "short");
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
    site.context.spill = None;
    let fitted = site.context.fit("x".repeat(100_000)).await;
    assert!(fitted.contains("omitted") && !fitted.contains("whole output"));
}

#[tokio::test]
async fn searches_keep_what_they_cannot_show() {
    let (site, folder) = site();
    site.file("many", "match\n".repeat(500));
    for number in 0..600 {
        site.file(&format!("dir/{number:03}.txt"), "");
    }
    let whole = |number: usize| std::fs::read_to_string(folder.join(format!("{number}.txt"))).unwrap();
    let text = site.done("grep", json!({"pattern": "match"})).await;
    assert!(text.contains("(the whole output of"), "{text}");
    assert_eq!(whole(1).lines().count(), 500);
    let text = site.done("glob", json!({"pattern": "*.txt"})).await;
    assert!(text.contains("2.txt: look into it"), "{text}");
    assert_eq!(whole(2).lines().count(), 600);
    let text = site.done("list", json!({"path": "dir"})).await;
    assert!(text.contains("3.txt: look into it"), "{text}");
    assert_eq!(whole(3).lines().count(), 600);
    site.done("list", json!({})).await;
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 4, "a list of two levels is cut as well");
    site.done("glob", json!({"pattern": "many"})).await;
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 4, "nothing is kept that was shown whole");
}
