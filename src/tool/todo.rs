//! `todo`: the plan of the work, for people to follow.

use serde_json::{Value, json};

use super::input::{Fields, schema};
use super::output::Failure;
use super::standard::Standard;
use super::{Prepared, ToolOutput, label, limit, work};
use crate::acp::{PlanEntry, PlanEntryPriority, PlanEntryStatus, ToolKind};
use crate::permission::Action;

const EXAMPLE: &str = r#"{"entries": [{"content": "Run the tests", "status": "pending"}]}"#;

pub(super) const TOOL: Standard = Standard {
    name: "todo",
    description: "\
        Writes down the plan of a longer task and how far it is. Give all entries every time: they replace \
        the earlier ones.",
    kind: ToolKind::Think,
    parallel: false,
    input,
    prepare: |input, _| Box::pin(async move { prepare(input) }),
};

fn input() -> Value {
    let entry = json!({
        "type": "object",
        "properties": {
            "content": {"type": "string", "description": "One line"},
            "status": {"enum": ["pending", "in_progress", "completed"]},
            "priority": {"enum": ["high", "medium", "low"]},
        },
        "required": ["content", "status"],
        "additionalProperties": false,
    });
    let properties = json!({"entries": {"type": "array", "items": entry, "maxItems": limit::PLAN}});
    schema(&properties, &["entries"])
}

fn prepare(input: Value) -> Result<Prepared, Failure> {
    let mut fields = Fields::new(input, EXAMPLE)?;
    let entries = fields.list(&["entries", "todos", "plan", "items"])?;
    if entries.len() > limit::PLAN {
        return Err(fields.refuse("entries", &format!("has {}, and {} at most", entries.len(), limit::PLAN)));
    }
    let plan: Vec<PlanEntry> = entries.into_iter().map(entry).collect::<Result<_, _>>()?;
    Ok(Prepared {
        title: format!("Plan: {}", progress(&plan)),
        action: Action::Note,
        locations: Vec::new(),
        preview: Vec::new(),
        work: work(async move {
            let text = format!("plan noted: {}", progress(&plan));
            Ok(ToolOutput { plan: Some(plan), ..ToolOutput::done(text) })
        }),
    })
}

fn entry(entry: Value) -> Result<PlanEntry, Failure> {
    let mut fields = Fields::new(entry, EXAMPLE)?;
    let content = fields.text(&["content", "text", "title", "task", "step"])?;
    let content = label::visible(content.trim(), true);
    if content.is_empty() || content.contains('\n') || content.chars().count() > limit::PLAN_ENTRY {
        let most = limit::PLAN_ENTRY;
        return Err(fields.refuse("content", &format!("must be one line of 1 to {most} characters")));
    }
    let status = fields.optional_text(&["status", "state"])?;
    let status = match status.as_deref().unwrap_or("pending") {
        "pending" | "todo" | "open" | "not_started" => PlanEntryStatus::Pending,
        "in_progress" | "in-progress" | "inProgress" | "active" | "doing" => PlanEntryStatus::InProgress,
        "completed" | "complete" | "done" => PlanEntryStatus::Completed,
        _ => return Err(fields.refuse("status", "must be pending, in_progress or completed")),
    };
    let priority = match fields.optional_text(&["priority"])?.as_deref().unwrap_or("medium") {
        "high" => PlanEntryPriority::High,
        "medium" => PlanEntryPriority::Medium,
        "low" => PlanEntryPriority::Low,
        _ => return Err(fields.refuse("priority", "must be high, medium or low")),
    };
    Ok(PlanEntry::new(content, priority, status))
}

fn progress(plan: &[PlanEntry]) -> String {
    let done = plan.iter().filter(|entry| entry.status == PlanEntryStatus::Completed).count();
    format!("{done} of {} done", label::count(plan.len(), "entry", "entries"))
}
