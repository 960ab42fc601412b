use serde_json::{Value, json};

use crate::acp::{
    ContentBlock, ContentChunk, Plan, PlanEntry, PlanEntryPriority, PlanEntryStatus, SessionUpdate, ToolCall,
    ToolCallStatus, ToolCallUpdate, ToolCallUpdateFields,
};
use crate::serve::acp::ceiling::{call, instead, is_too_long, pieces, shortened};

const MIB: usize = 1024 * 1024;

fn length<T: serde::Serialize>(value: &T) -> usize {
    serde_json::to_string(value).unwrap().len()
}

#[test]
fn a_text_is_cut_between_characters_and_nothing_is_lost() {
    let text = "aé€😀".repeat(20_000);
    let cut: Vec<_> = pieces(&text).collect();
    assert_eq!(cut.concat(), text);
    assert!(cut.len() == 7 && cut.iter().all(|piece| piece.len() <= 32 * 1024));
    assert_eq!(pieces("").count(), 0);
}

#[test]
fn an_input_that_fits_is_shown_as_it_is() {
    assert_eq!(shortened(&json!({ "content": "x".repeat(48 * 1024 - 14) })), None);
    assert!(shortened(&json!({ "content": "x".repeat(48 * 1024) })).is_some());
}

#[test]
fn of_a_long_input_the_beginnings_of_its_texts_are_shown() {
    let short = shortened(&json!({ "path": "a.txt", "content": "é".repeat(MIB), "mode": 7 })).unwrap();
    assert_eq!((&short["path"], &short["mode"]), (&json!("a.txt"), &json!(7)));
    let content = short["content"].as_str().unwrap();
    assert!(content.starts_with("éé") && content.ends_with(&format!("… {} bytes more", 2 * MIB - 8192)));
}

#[test]
fn the_more_texts_the_shorter_their_beginnings() {
    for (texts, size) in [(1, MIB), (40, 10_000), (100, 10_000), (10_000, 10), (3, 100_000)] {
        let edits: Vec<Value> = (0..texts).map(|_| json!({ "text": "\"".repeat(size) })).collect();
        let short = shortened(&json!({ "edits": edits })).unwrap();
        assert!(length(&short) <= 48 * 1024, "{texts} of {size}: {}", length(&short));
        assert!(short.is_object());
    }
}

#[test]
fn an_update_of_a_call_that_is_too_long_keeps_its_state_and_says_what_is_missing() {
    let fields = ToolCallUpdateFields::new()
        .status(ToolCallStatus::Completed)
        .content(vec!["x".repeat(MIB).into()])
        .raw_output(json!("x".repeat(MIB)));
    let update = ToolCallUpdate::new("c1", fields);
    let asked = call(update.clone());
    assert!(length(&asked) < 500 && length(&asked.fields.content).gt(&10));
    let shown = instead(&SessionUpdate::ToolCallUpdate(update), 2 * MIB).unwrap();
    let shown = serde_json::to_value(shown).unwrap();
    assert_eq!((&shown["toolCallId"], &shown["status"]), (&json!("c1"), &json!("completed")));
    assert_eq!(shown["content"][0]["content"]["text"], "(2097152 bytes, too many to be shown)");
    assert!(length(&shown) < 500);

    let begun = SessionUpdate::ToolCall(ToolCall::new("c1", "read").content(vec!["x".repeat(MIB).into()]));
    assert!(length(&instead(&begun, MIB).unwrap()) < 500);
}

#[test]
fn what_fits_and_what_a_person_said_is_left_alone() {
    let short = SessionUpdate::ToolCallUpdate(ToolCallUpdate::new("c1", ToolCallUpdateFields::new()));
    assert!(!is_too_long(&short, 900 * 1024) && is_too_long(&short, 900 * 1024 + 1));
    let said = ContentChunk::new(ContentBlock::from("x".repeat(MIB)));
    assert!(!is_too_long(&SessionUpdate::UserMessageChunk(said), MIB));
    let entry = PlanEntry::new("x".repeat(MIB), PlanEntryPriority::Low, PlanEntryStatus::Pending);
    assert_eq!(instead(&SessionUpdate::Plan(Plan::new(vec![entry])), MIB), None);
}
