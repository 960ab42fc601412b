use serde_json::{Value, json};

use crate::acp::{StopReason, ToolCall, ToolCallUpdate, ToolCallUpdateFields};
use crate::event::{Event, EventKind, TurnId, TurnStop, Usage};
use crate::serve::acp::pulse::Pulse;

fn beat(pulse: &Pulse) -> Value {
    serde_json::to_value(pulse.beat()).unwrap()
}

fn proposed(id: &'static str) -> EventKind {
    EventKind::ToolProposed { call: Box::new(ToolCall::new(id, "bash")) }
}

fn ended(id: &'static str) -> EventKind {
    let update = ToolCallUpdate::new(id, ToolCallUpdateFields::new());
    EventKind::ToolEnded { update: Box::new(update), result: String::new(), cancelled: false }
}

#[test]
fn a_sign_of_life_says_nothing_that_is_not_true() {
    let mut pulse = Pulse::default();
    let mut note = |at, kind| pulse.note(&Event { seq: 1, at, kind });
    note(1_000, EventKind::TitleChanged { title: "t".into() });
    note(86_400_000, EventKind::Text { message: "m".into(), text: "x".into() });
    assert_eq!(
        beat(&pulse),
        json!({ "sessionUpdate": "session_info_update", "updatedAt": "1970-01-02T00:00:00.000Z" })
    );

    let mut note = |kind| pulse.note(&Event { seq: 2, at: 0, kind });
    let usage = Usage { used: 3, size: 9, cost: None, spent: 0, estimated: false };
    note(EventKind::UsageChanged { usage: usage.clone() });
    assert_eq!(beat(&pulse), json!({ "sessionUpdate": "usage_update", "used": 3, "size": 9 }));
    let mut note = |kind| pulse.note(&Event { seq: 2, at: 0, kind });
    note(EventKind::UsageChanged { usage: Usage { estimated: true, ..usage } });
    assert_eq!(beat(&pulse)["_meta"], json!({ "estimated": true }));

    let mut note = |kind| pulse.note(&Event { seq: 3, at: 0, kind });
    note(proposed("c1"));
    note(proposed("c2"));
    note(ended("c1"));
    assert_eq!(beat(&pulse), json!({ "sessionUpdate": "tool_call_update", "toolCallId": "c2" }));

    let mut note = |kind| pulse.note(&Event { seq: 4, at: 0, kind });
    note(EventKind::TurnEnded {
        turn: TurnId(1),
        stop: TurnStop::Finished { reason: StopReason::Cancelled },
    });
    assert_eq!(beat(&pulse)["sessionUpdate"], "usage_update");
}
