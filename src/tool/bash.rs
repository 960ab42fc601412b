//! `bash`: a command line in the working directory.

use std::time::Duration;

use serde_json::{Value, json};

use super::input::{Fields, schema};
use super::output::Failure;
use super::standard::Standard;
use super::{Prepared, ToolContext, ToolOutput, label, limit, spill, work};
use crate::acp::{Terminal, ToolCallContent, ToolKind};
use crate::permission::Action;
use crate::workspace::{Command, Exit, Finished, Limits};

const EXAMPLE: &str = r#"{"command": "cargo test", "timeout": 300}"#;

pub(super) const TOOL: Standard = Standard {
    name: "bash",
    description: "\
        Runs a command line in a shell in the working directory, each time a new one. There is no input \
        and no terminal; what the command leaves running is ended with it. To look at, find and change \
        files, use the other tools.",
    kind: ToolKind::Execute,
    parallel: false,
    input,
    prepare: |input, context| Box::pin(async move { prepare(input, context) }),
};

fn input() -> Value {
    let properties = json!({
        "command": {"type": "string", "description": "The command line"},
        "timeout": {"type": "integer", "minimum": 1, "maximum": limit::MAX_COMMAND, "description": "Seconds it may run, 120 if left out"},
        "description": {"type": "string", "description": "What it does, in a few words"},
    });
    schema(&properties, &["command"])
}

fn prepare(input: Value, context: ToolContext) -> Result<Prepared, Failure> {
    let mut fields = Fields::new(input, EXAMPLE)?;
    let script = fields.text(&["command", "cmd", "script"])?;
    let timeout = fields.number(&["timeout", "timeout_secs", "timeoutSecs"])?.unwrap_or(limit::COMMAND);
    let purpose = fields.optional_text(&["description"])?;
    if script.trim().is_empty() {
        return Err(fields.refuse("command", "is empty"));
    }
    if script.contains('\0') {
        return Err(fields.refuse("command", "holds a NUL character"));
    }
    let cwd = context.workspace.cwd().to_owned();
    let mut command = Command::shell(script.clone(), cwd.clone());
    let wall = Duration::from_secs(timeout.clamp(1, limit::MAX_COMMAND));
    command.limits = Limits { wall, keep: limit::TEXT };
    command.spill.clone_from(&context.spill);
    Ok(Prepared {
        // What runs, never what it is said to do.
        title: format!("`{}`", label::line(script.trim(), 120)),
        preview: preview(&script, purpose.as_deref()),
        action: Action::Execute { command: script, cwd },
        locations: Vec::new(),
        work: work(run(context, command)),
    })
}

fn preview(script: &str, purpose: Option<&str>) -> Vec<ToolCallContent> {
    let shown = label::visible(script, true);
    let (shown, rest) = limit::split(&shown, limit::TEXT);
    let runs = shown.split(|char| char != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(3.max(runs + 1));
    let mut preview: Vec<ToolCallContent> = vec![format!("{fence}sh\n{shown}\n{fence}").into()];
    if !rest.is_empty() {
        preview.push(format!("… and {} more bytes", rest.len()).into());
    }
    preview.extend(purpose.map(|purpose| label::line(purpose, 200).into()));
    preview
}

async fn run(context: ToolContext, command: Command) -> Result<ToolOutput, Failure> {
    let wall = command.limits.wall;
    let finished = context.commands.run(command, context.progress.clone(), context.cancel.clone()).await?;
    Ok(output(&context, finished, wall).await)
}

async fn output(context: &ToolContext, finished: Finished, wall: Duration) -> ToolOutput {
    let mut text = finished.output.to_text();
    match &finished.output.whole {
        Some(whole) => text = format!("{}\n{}", limit::middle(&text), spill::note(whole)),
        None => text = context.fit(text).await,
    }
    let ending = match finished.exit {
        Exit::Code(0) if text.is_empty() => Some("(no output)".to_owned()),
        Exit::Code(0) => None,
        Exit::Code(code) => Some(format!("(exit code {code})")),
        Exit::Signal(signal) => Some(format!("(ended by signal {signal})")),
        Exit::TimedOut => Some(format!(
            "(ended after {}, its time limit; a longer `timeout` can be given, up to {} seconds)",
            label::count(wall.as_secs() as usize, "second", "seconds"),
            limit::MAX_COMMAND
        )),
        Exit::Cancelled => Some("(cancelled)".to_owned()),
    };
    if let Some(ending) = ending {
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        text += &ending;
    }
    let (exit_code, signal) = match finished.exit {
        Exit::Code(code) => (Some(code), None),
        Exit::Signal(signal) => (None, Some(signal)),
        Exit::TimedOut | Exit::Cancelled => (None, None),
    };
    let mut output = ToolOutput::done(text).raw(json!({
        "exit_code": exit_code,
        "signal": signal,
        "timed_out": finished.exit == Exit::TimedOut,
        "elapsed_ms": finished.elapsed.as_millis() as u64,
        "omitted": finished.output.omitted,
    }));
    output.failed = finished.exit != Exit::Code(0);
    if let Some(id) = finished.terminal {
        output.content = vec![ToolCallContent::Terminal(Terminal::new(id))];
    }
    output
}
