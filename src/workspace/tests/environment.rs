use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use crate::workspace::environment::inherited;

fn names(all: &[(&str, &str)]) -> Vec<String> {
    let all = all.iter().map(|(name, value)| (name.into(), value.into()));
    inherited(all).into_iter().map(|(name, _)| name.into_string().unwrap()).collect()
}

#[test]
fn secrets_are_not_inherited() {
    let all = [
        ("PATH", "/bin"),
        ("LC_ALL", "C"),
        ("HOME", "/h"),
        ("OPENAI_API_KEY", "canary"),
        ("SSH_AUTH_SOCK", "canary"),
        ("PATHX", "canary"),
        ("LD_PRELOAD", "canary"),
        ("BASH_ENV", "canary"),
        ("", "canary"),
    ];
    assert_eq!(names(&all), ["PATH", "LC_ALL", "HOME", "PAGER", "GIT_TERMINAL_PROMPT"]);
}

#[test]
fn there_is_always_a_search_path() {
    assert!(names(&[]).contains(&"PATH".to_owned()));
}

#[test]
fn names_that_are_not_text_are_dropped_and_values_kept() {
    let raw = OsString::from_vec(vec![b'a', 0xff]);
    let kept = inherited([(raw.clone(), "x".into()), ("HOME".into(), raw.clone())]);
    assert_eq!(kept.first(), Some(&("HOME".into(), raw)));
}
