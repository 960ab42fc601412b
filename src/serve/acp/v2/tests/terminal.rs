use serde_json::json;

use crate::acp::{ToolCallUpdate, ToolCallUpdateFields};
use crate::serve::acp::v2::terminal::{Said, ended, said, written};

fn update(meta: &serde_json::Value) -> ToolCallUpdate {
    let meta = meta.as_object().cloned();
    ToolCallUpdate::new("c1", ToolCallUpdateFields::new()).meta(meta)
}

#[test]
fn what_a_call_says_of_its_terminal_is_understood() {
    let begins = said(&update(&json!({"terminal_info": {"terminal_id": "c1"}})));
    assert!(matches!(begins, Some(Said::Begins { terminal_id }) if terminal_id == "c1"));
    let exit = json!({"terminal_exit": {"terminal_id": "c1", "exit_code": null, "signal": 15}});
    assert!(matches!(said(&update(&exit)), Some(Said::Ends { exit_code: None, signal: Some(15), .. })));
    assert!(said(&update(&json!({"other": {}}))).is_none());
    assert!(said(&ToolCallUpdate::new("c1", ToolCallUpdateFields::new())).is_none());
}

#[test]
fn output_is_told_as_bytes() {
    let told = serde_json::to_value(written("c1".to_owned(), "ö\n")).unwrap();
    assert_eq!(told, json!({"sessionUpdate": "terminal_output_chunk", "terminalId": "c1", "data": "w7YK"}));
}

#[test]
fn an_end_is_told_with_its_code_or_the_name_of_its_signal() {
    let status = |code, signal| {
        let told = ended("c1", code, signal, None);
        serde_json::to_value(told).unwrap()["exitStatus"].clone()
    };
    assert_eq!(status(Some(3), None), json!({"exitCode": 3}));
    assert_eq!(status(None, Some(15)), json!({"signal": "SIGTERM"}));
    assert_eq!(status(None, Some(99)), json!({}));
}
