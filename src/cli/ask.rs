//! A question of the agent, put to the person at the terminal.

use std::io::IsTerminal;

use super::plain::{one_line, visible};
use super::print;
use crate::acp::{ContentBlock, PermissionOption, ToolCallContent, ToolCallUpdate};
use crate::event::AskOutcome;

/// Asks on the terminal; without one nobody can say yes.
pub(super) async fn person(call: &ToolCallUpdate, options: &[PermissionOption]) -> AskOutcome {
    let title = one_line(call.fields.title.as_deref().unwrap_or("a tool"));
    if !std::io::stdin().is_terminal() {
        print::note(&format!(
            "  {title}: rejected, because nobody can be asked here. Allow it in the configuration or with --mode."
        ));
        return AskOutcome::Absent;
    }
    print::note(&format!("\n? {title}"));
    for part in call.fields.content.iter().flatten() {
        print::note(&shown(part));
    }
    for (at, option) in options.iter().enumerate() {
        print::note(&format!("  {}  {}", at + 1, one_line(&option.name)));
    }
    print::question("  your choice: ");
    let choice = line().await.and_then(|line| line.parse::<usize>().ok());
    match choice.and_then(|at| options.get(at.checked_sub(1)?)) {
        Some(option) => AskOutcome::Selected { option: option.option_id.0.to_string() },
        None => AskOutcome::Cancelled,
    }
}

/// A line that the person types, without blanks around it; `None` at the end of the input.
pub(super) async fn line() -> Option<String> {
    let answer = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).map(|length| (length > 0).then(|| line.trim().to_owned()))
    });
    answer.await.ok()?.ok()?
}

/// What is to be judged, in full: a command, a diff, the reason for asking.
fn shown(part: &ToolCallContent) -> String {
    match part {
        ToolCallContent::Content(content) => match &content.content {
            ContentBlock::Text(text) => visible(&text.text),
            _ => "(something that cannot be shown here)".to_owned(),
        },
        ToolCallContent::Diff(diff) => {
            let (old, new) = (diff.old_text.as_deref().unwrap_or_default(), diff.new_text.as_str());
            let changes = similar::TextDiff::from_lines(old, new);
            let text = changes.unified_diff().context_radius(3).to_string();
            format!("{}\n{}", one_line(&diff.path.display().to_string()), visible(&text))
        }
        _ => "(something that cannot be shown here)".to_owned(),
    }
}
