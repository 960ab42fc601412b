use serde_json::json;

use super::Site;
use crate::acp::{PlanEntryPriority, PlanEntryStatus};
use crate::permission::Action;

#[tokio::test]
async fn the_plan_is_handed_over_whole() {
    let site = Site::new();
    let entries = json!([
        {"content": " Look\u{202e} ", "status": "completed", "priority": "high"},
        {"content": "Change", "status": "in_progress"},
        {"content": "Test"},
    ]);
    let prepared = site.prepare("todo", json!({"entries": entries})).await.unwrap();
    assert_eq!((prepared.title.as_str(), &prepared.action), ("Plan: 1 of 3 entries done", &Action::Note));
    let output = (prepared.work)().await;
    assert_eq!(output.text, "plan noted: 1 of 3 entries done");
    let plan = output.plan.unwrap();
    assert_eq!((plan[0].content.as_str(), &plan[0].priority), ("Look\\u{202e}", &PlanEntryPriority::High));
    assert_eq!(
        (&plan[1].status, &plan[1].priority),
        (&PlanEntryStatus::InProgress, &PlanEntryPriority::Medium)
    );
    assert_eq!(plan[2].status, PlanEntryStatus::Pending);
}

#[tokio::test]
async fn a_plan_that_cannot_be_shown_is_refused() {
    let site = Site::new();
    let one = |entry: serde_json::Value| json!({"entries": [entry]});
    let cases = [
        (json!({}), "`entries` is missing"),
        (json!({"entries": "a"}), "`entries` must be a list, not \"a\""),
        (one(json!("a")), "the input must be an object"),
        (one(json!({"status": "pending"})), "`content` is missing"),
        (one(json!({"content": "a\nb"})), "`content` must be one line"),
        (one(json!({"content": "x".repeat(301)})), "`content` must be one line"),
        (one(json!({"content": "a", "status": "maybe"})), "`status` must be pending"),
        (one(json!({"content": "a", "priority": 1})), "`priority` must be text, not 1"),
        (json!({"entries": vec![json!({"content": "a"}); 51]}), "`entries` has 51, and 50 at most"),
    ];
    for (input, why) in cases {
        let text = site.failed("todo", input).await;
        assert!(text.starts_with(why), "{text}");
    }
}
