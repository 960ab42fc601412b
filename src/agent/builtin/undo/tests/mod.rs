mod desk;

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;

use desk::{Desk, Fussy, Raced, Script};

use super::Command;
use crate::event::{EventKind, FileImage, TurnId};
use crate::workspace::{Expected, WorkspaceError};

#[test]
fn what_is_typed_is_understood_or_told_to_be_unclear() {
    assert_eq!(Command::read("undo", ""), Some(Command::Undo));
    assert_eq!(Command::read("undo", "all"), Some(Command::UndoAll));
    assert_eq!(Command::read("undo", "17"), Some(Command::UndoTurn(TurnId(17))));
    assert_eq!(Command::read("redo", ""), Some(Command::Redo));
    assert_eq!(Command::read("undo", "the thing"), Some(Command::Unclear("the thing".into())));
    assert_eq!(Command::read("redo", "3"), Some(Command::Unclear("3".into())));
    assert_eq!(Command::read("undone", ""), None);
}

#[tokio::test]
async fn every_kind_of_file_comes_back_as_it_was() {
    let mut desk = Desk::new().await;
    let old: [(&str, &[u8]); 5] = [
        ("crlf", b"a\r\nb\r\n"),
        ("bom", "\u{feff}text".as_bytes()),
        ("binary", b"\0\xff\xfe\x80"),
        ("empty", b""),
        ("script", b"#!/bin/sh\n"),
    ];
    for (name, bytes) in old {
        std::fs::write(desk.path(name), bytes).unwrap();
    }
    let script = desk.path("script");
    let executable = || std::fs::metadata(&script).unwrap().permissions().mode() & 0o777;
    std::fs::set_permissions(desk.path("script"), PermissionsExt::from_mode(0o750)).unwrap();
    let turn = desk.begin("change them");
    for name in ["crlf", "bom", "empty"] {
        turn.write(name, b"other\n").await.unwrap();
    }
    for name in ["binary", "script"] {
        turn.remove(name).await.unwrap();
    }
    turn.write("new/file", b"new").await.unwrap();
    desk.end(&turn);

    let said = desk.say("/undo").await;
    assert!(said.starts_with("The file changes of “change them” were taken back:\n"), "{said}");
    for line in ["- created script", "- restored crlf", "- removed new/file"] {
        assert!(said.contains(line), "{said}");
    }
    for (name, bytes) in old {
        assert_eq!(std::fs::read(desk.path(name)).unwrap(), bytes, "{name}");
    }
    assert_eq!(executable(), 0o750);
    assert!(!desk.path("new/file").exists());

    desk.say("/redo").await;
    assert_eq!(desk.content("bom").unwrap(), b"other\n");
    assert_eq!(desk.content("new/file").unwrap(), b"new");
    assert_eq!(desk.content("script"), None);
    desk.say("/undo").await;
    assert_eq!(executable(), 0o750);
}

#[tokio::test]
async fn a_file_that_stays_keeps_the_permissions_it_has() {
    let mut desk = Desk::new().await;
    std::fs::write(desk.path("run"), "1").unwrap();
    desk.change("go", &[("run", "2")]).await;
    std::fs::set_permissions(desk.path("run"), PermissionsExt::from_mode(0o755)).unwrap();
    desk.say("/undo").await;
    assert_eq!(desk.content("run").unwrap(), b"1");
    assert_eq!(std::fs::metadata(desk.path("run")).unwrap().permissions().mode() & 0o777, 0o755);
}

#[tokio::test]
async fn two_turns_on_one_file_are_taken_back_one_by_one_also_after_a_restart() {
    let mut desk = Desk::new().await;
    std::fs::write(desk.path("a"), "0").unwrap();
    desk.change("one", &[("a", "1")]).await;
    desk.change("two", &[("a", "2"), ("a", "3")]).await;
    desk.restart().await;
    assert!(desk.say("/undo").await.contains("“two”"));
    assert_eq!(desk.content("a").unwrap(), b"1");
    desk.restart().await;
    assert!(desk.say("/undo").await.contains("“one”"));
    assert_eq!(desk.content("a").unwrap(), b"0");
    assert!(desk.say("/undo").await.contains("nothing to take back"));
    desk.restart().await;
    desk.say("/redo").await;
    desk.say("/redo").await;
    assert_eq!(desk.content("a").unwrap(), b"3");
    assert!(desk.say("/redo").await.contains("nothing to make again"));
}

#[tokio::test]
async fn a_turn_is_named_by_its_number_and_a_session_is_taken_back_whole() {
    let mut desk = Desk::new().await;
    std::fs::write(desk.path("a"), "0").unwrap();
    let one = desk.change("one", &[("a", "1")]).await;
    desk.change("two", &[("b", "2")]).await;
    let three = desk.change("three", &[("a", "3")]).await;
    let said = desk.say(&format!("/undo {one}")).await;
    assert!(said.contains("Nothing was taken back:\n\n- a: it was changed since"), "{said}");
    assert!(desk.say("/undo 999").await.contains(&format!("turns that have: {one}, ")));
    desk.say(&format!("/undo {three}")).await;
    assert_eq!(desk.content("a").unwrap(), b"1");
    let said = desk.say("/undo all").await;
    assert!(said.starts_with("All file changes of this session were taken back:"), "{said}");
    assert_eq!((desk.content("a").unwrap(), desk.content("b")), (b"0".to_vec(), None));
    desk.say("/redo").await;
    assert_eq!((desk.content("a").unwrap(), desk.content("b").unwrap()), (b"1".to_vec(), b"2".to_vec()));
}

#[tokio::test]
async fn a_file_that_a_person_has_changed_keeps_all_of_them() {
    let mut desk = Desk::new().await;
    for name in ["a", "b", "c"] {
        std::fs::write(desk.path(name), "0").unwrap();
    }
    desk.change("go", &[("a", "1"), ("b", "1"), ("c", "1"), ("d", "new")]).await;
    std::fs::write(desk.path("b"), "mine").unwrap();
    std::fs::remove_file(desk.path("c")).unwrap();
    let said = desk.say("/undo").await;
    assert_eq!(said, "Nothing was taken back:\n\n- b: it was changed since\n- c: it was changed since");
    assert_eq!(desk.content("a").unwrap(), b"1");
    assert_eq!(desk.content("b").unwrap(), b"mine");
    assert!(desk.undone().is_empty());
    std::fs::write(desk.path("b"), "1").unwrap();
    std::fs::write(desk.path("c"), "0").unwrap();
    let said = desk.say("/undo").await;
    assert!(said.contains("- nothing to do in c"), "{said}");
    assert_eq!((desk.content("a").unwrap(), desk.content("d")), (b"0".to_vec(), None));
}

#[tokio::test]
async fn a_change_that_a_kill_prevented_is_no_obstacle() {
    let mut desk = Desk::new().await;
    std::fs::write(desk.path("a"), "0").unwrap();
    std::fs::write(desk.path("b"), "0").unwrap();
    let turn = desk.begin("killed");
    turn.write("b", b"1").await.unwrap();
    let announced = EventKind::FileChanged {
        path: desk.path("a"),
        before: FileImage::of(Some(b"0")),
        after: FileImage::of(Some(b"1")).digest(),
        permissions: None,
    };
    desk.note(announced);
    desk.end(&turn);
    let said = desk.say("/undo").await;
    assert!(said.contains("- nothing to do in a\n- restored b"), "{said}");
    assert_eq!(desk.content("b").unwrap(), b"0");
}

#[tokio::test]
async fn a_file_that_cannot_be_written_leaves_the_others_as_they_were() {
    let mut desk = Desk::new().await;
    for name in ["a", "b", "c"] {
        std::fs::write(desk.path(name), "0").unwrap();
    }
    desk.change("go", &[("a", "1"), ("b", "1"), ("c", "1")]).await;
    desk.files = Arc::new(Fussy { files: desk.files.clone(), refuses: Some("c"), formats: false });
    let said = desk.say("/undo").await;
    assert!(said.starts_with("Nothing was taken back: could not write"), "{said}");
    for name in ["a", "b", "c"] {
        assert_eq!(desk.content(name).unwrap(), b"1", "{name}");
    }
    assert!(desk.undone().is_empty());
    desk.plain_files();
    desk.say("/undo").await;
    assert_eq!(desk.content("c").unwrap(), b"0");
}

#[tokio::test]
async fn what_is_never_written_is_not_written_by_undoing_either() {
    let mut desk = Desk::new().await;
    std::fs::write(desk.path("a"), "0").unwrap();
    let turn = desk.begin("go");
    turn.write("a", b"1").await.unwrap();
    turn.write("own/config.toml", b"1").await.unwrap();
    desk.end(&turn);
    let said = desk.say("/undo").await;
    assert!(said.contains("- own/config.toml: never done"), "{said}");
    assert_eq!(desk.content("a").unwrap(), b"1");
}

#[tokio::test]
async fn a_link_that_was_put_in_the_way_is_not_followed() {
    let mut desk = Desk::new().await;
    std::fs::create_dir(desk.path("sub")).unwrap();
    std::fs::write(desk.path("sub/a"), "0").unwrap();
    desk.change("go", &[("sub/a", "1")]).await;
    std::fs::rename(desk.path("sub"), desk.path("moved")).unwrap();
    std::os::unix::fs::symlink("moved", desk.path("sub")).unwrap();
    let said = desk.say("/undo").await;
    assert!(said.contains("- sub/a: a symbolic link leads elsewhere now"), "{said}");
    assert_eq!(desk.content("moved/a").unwrap(), b"1");
}

#[tokio::test]
async fn what_an_editor_makes_of_a_text_is_a_part_of_the_change() {
    let mut desk = Desk::new().await;
    std::fs::write(desk.path("a"), "0").unwrap();
    desk.files = Arc::new(Fussy { files: desk.files.clone(), refuses: None, formats: true });
    desk.change("go", &[("a", "1")]).await;
    assert_eq!(desk.content("a").unwrap(), b"1 formatted");
    desk.plain_files();
    desk.say("/undo").await;
    assert_eq!(desk.content("a").unwrap(), b"0");
}

#[tokio::test]
async fn what_a_command_does_to_files_of_the_session_is_taken_back_and_the_rest_is_told() {
    let mut desk = Desk::new().await;
    std::fs::write(desk.path("a"), "0").unwrap();
    let turn = desk.begin("format it");
    turn.write("a", b"1").await.unwrap();
    desk.proposed("cargo fmt");
    turn.run(Script(vec![(desk.path("a"), Some("formatted")), (desk.path("other"), Some("new"))])).await;
    desk.proposed("cat a");
    turn.run(Script(Vec::new())).await;
    desk.end(&turn);
    let said = desk.say("/undo").await;
    assert!(
        said.contains(
            "- restored a\n\nWhat else these commands did was not taken back:\n\n- `cargo fmt`\n\n"
        )
    );
    assert_eq!(
        (desk.content("a").unwrap(), desk.content("other").unwrap()),
        (b"0".to_vec(), b"new".to_vec())
    );

    desk.restart().await;
    let turn = desk.begin("delete it");
    turn.run(Script(vec![(desk.path("a"), None)])).await;
    desk.end(&turn);
    desk.say("/undo").await;
    assert_eq!(desk.content("a").unwrap(), b"0");
}

#[tokio::test]
async fn what_somebody_else_writes_while_a_change_fails_is_not_taken_for_the_change() {
    let mut desk = Desk::new().await;
    std::fs::write(desk.path("a"), "0").unwrap();
    desk.files = Arc::new(Raced(desk.files.clone()));
    let turn = desk.begin("go");
    assert!(matches!(turn.write("a", b"1").await, Err(WorkspaceError::Changed { .. })));
    desk.end(&turn);
    desk.plain_files();
    assert!(desk.say("/undo").await.contains("nothing to take back"));
    assert_eq!(desk.content("a").unwrap(), b"theirs");
}

#[tokio::test]
async fn what_is_written_while_a_command_runs_is_not_taken_for_its_doing() {
    let mut desk = Desk::new().await;
    std::fs::write(desk.path("a"), "0").unwrap();
    let turn = desk.begin("do both");
    turn.write("a", b"1").await.unwrap();
    let beside = async {
        turn.write("a", b"2").await.unwrap();
        turn.write("a", b"3").await.unwrap();
    };
    turn.run_beside(Script(Vec::new()), beside).await;
    desk.end(&turn);
    assert_eq!(desk.recorded().len(), 3);
    desk.say("/undo").await;
    assert_eq!(desk.content("a").unwrap(), b"0");
}

#[tokio::test]
async fn a_change_is_recorded_if_it_is_one_and_before_it_is_made() {
    let desk = Desk::new().await;
    std::fs::write(desk.path("a"), "0").unwrap();
    let turn = desk.begin("go");
    turn.write("a", b"0").await.unwrap();
    let refused = turn.replace("a", b"1", Expected::Absent).await;
    assert!(matches!(refused, Err(WorkspaceError::Changed { .. })));
    assert_eq!(desk.recorded(), Vec::<PathBuf>::new());
    std::fs::create_dir(desk.path("folder")).unwrap();
    assert!(turn.write("folder", b"1").await.is_err());
    assert_eq!(desk.recorded(), Vec::<PathBuf>::new());
    desk.refuse_to_write_down();
    assert!(turn.write("a", b"1").await.unwrap_err().to_string().contains("could not record the change"));
    assert_eq!(desk.content("a").unwrap(), b"0");
}

#[tokio::test]
async fn a_file_that_is_too_large_is_changed_with_a_warning() {
    let desk = Desk::new().await;
    std::fs::File::create(desk.path("large"))
        .unwrap()
        .set_len(crate::agent::builtin::recorder::LARGEST + 1)
        .unwrap();
    let turn = desk.begin("go");
    turn.replace("large", b"small", Expected::Anything).await.unwrap();
    desk.end(&turn);
    assert_eq!(desk.content("large").unwrap(), b"small");
    assert_eq!(desk.recorded(), Vec::<PathBuf>::new());
    let warned = |kind: &EventKind| matches!(kind, EventKind::Notice { title, .. } if title.contains("cannot be taken back"));
    assert!(desk.events().iter().any(warned));
}
