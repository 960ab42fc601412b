//! `edit`: one text in a file replaced by another.

mod mismatch;
mod replacement;

use std::future::ready;

use serde_json::{Value, json};

use self::replacement::Replacement;
use super::input::{Fields, PATH, schema};
use super::output::Failure;
use super::standard::Standard;
use super::walk::sweep;
use super::{Prepared, ToolContext, ToolOutput, diff, label, limit, work};
use crate::acp::{ToolCallContent, ToolCallLocation, ToolKind};
use crate::permission::Action;
use crate::workspace::{Expected, FileData, Fingerprint, Kind, Place, Text, WorkspaceError};

const EXAMPLE: &str = r#"{"path": "src/main.rs", "old_text": "let x = 1;", "new_text": "let x = 2;"}"#;

pub(super) const TOOL: Standard = Standard {
    name: "edit",
    description: "\
        Replaces a text in a file. `old_text` must be in the file exactly as given, white space included, \
        and only once unless `replace_all` is set; give enough lines around it. Leave out the line numbers \
        that `read` shows.",
    kind: ToolKind::Edit,
    parallel: false,
    input,
    prepare: |input, context| Box::pin(async move { prepare(input, context).await }),
};

fn input() -> Value {
    let properties = json!({
        "path": {"type": "string", "description": "File, absolute or relative to the working directory"},
        "old_text": {"type": "string", "description": "The text to replace"},
        "new_text": {"type": "string", "description": "The text to put in its place"},
        "replace_all": {"type": "boolean", "description": "Replace it wherever it occurs"},
    });
    schema(&properties, &["path", "old_text", "new_text"])
}

/// A change worked out against a content that was read.
struct Draft {
    bytes: Vec<u8>,
    expected: Fingerprint,
    preview: Vec<ToolCallContent>,
    /// The lines where it was found, counted from 1.
    lines: Vec<usize>,
}

async fn prepare(input: Value, context: ToolContext) -> Result<Prepared, Failure> {
    let mut fields = Fields::new(input, EXAMPLE)?;
    let path = fields.text(PATH)?;
    let old = fields.text(&["old_text", "oldText", "old_string", "oldString", "old_str"])?;
    let new = fields.text(&["new_text", "newText", "new_string", "newString", "new_str"])?;
    let all = fields.flag(&["replace_all", "replaceAll"])?;
    let place = context.workspace.place(&path)?;
    let name = label::path(&context.workspace, place.path());
    if place.kind() == Some(Kind::Directory) {
        return Err(Failure(format!("{name} is a folder; name the file to edit")));
    }
    let replacement = Replacement::new(&old, &new, all).map_err(Failure)?;
    let data = current(&context, &place, &name).await?;
    let title = format!("Edit {name}");
    let action = Action::Edit { path: place.path().to_owned() };
    let location = ToolCallLocation::new(place.path());
    match draft(&context, &place, name.clone(), replacement, data).await {
        // What the file holds may be told only once the edit is permitted, and then as little as can be:
        // until then, a text that is there and one that is not must look the same.
        Err(_) if !context.readable.allows(place.path()) => {
            let why =
                format!("{name}: `old_text` was not found, or not just once; a rule withholds the content");
            let (locations, preview) = (vec![location], Vec::new());
            Ok(Prepared { title, action, locations, preview, work: work(ready(Err(Failure(why)))) })
        }
        Err(failure) => Err(failure),
        Ok(draft) => {
            let line = draft.lines.first().copied().unwrap_or(1) as u32;
            let (locations, preview) = (vec![location.line(line)], draft.preview.clone());
            Ok(Prepared { title, action, locations, preview, work: work(edit(context, place, name, draft)) })
        }
    }
}

/// The content to change, unless it is another than the agent has seen.
async fn current(context: &ToolContext, place: &Place, name: &str) -> Result<FileData, Failure> {
    let data = match context.files.read(place.clone(), limit::FILE).await {
        Ok(data) => data,
        Err(WorkspaceError::NotFound { .. }) => {
            return Err(Failure(format!("{name} does not exist; use `write` to create it")));
        }
        Err(error) => return Err(error.into()),
    };
    if context.seen.last(place.path()).is_some_and(|seen| seen != data.fingerprint) {
        return Err(Failure(format!("{name} changed since it was read; read it again, then edit")));
    }
    Ok(data)
}

async fn draft(
    context: &ToolContext,
    place: &Place,
    name: String,
    replacement: Replacement,
    data: FileData,
) -> Result<Draft, Failure> {
    let path = place.path().to_owned();
    let work = move |_: &_| {
        let mut text = Text::decode(&data.bytes).map_err(|error| Failure(format!("{name}: {error}")))?;
        let old = text.as_str().to_owned();
        let (new, lines) = replacement.apply(&old).map_err(|why| Failure(format!("{name}: {why}")))?;
        text.edit(&new);
        let bytes = text.encode();
        if bytes.len() as u64 > limit::FILE {
            let limit = label::size(limit::FILE);
            return Err(Failure(format!("{name} would grow past {limit}, the most a file may have")));
        }
        Ok(Draft { bytes, expected: data.fingerprint, preview: diff::of(&path, Some(&old), &new), lines })
    };
    sweep(&context.cancel, work).await?.found
}

async fn edit(context: ToolContext, place: Place, name: String, draft: Draft) -> Result<ToolOutput, Failure> {
    let written = Fingerprint::of(&draft.bytes);
    context.files.replace(place.clone(), draft.bytes, Expected::Content(draft.expected)).await?;
    // What was never read is not known from one change in it.
    if context.seen.last(place.path()).is_some() {
        context.seen.note(place.path(), written);
    }
    let count = draft.lines.len();
    let text = match draft.lines.as_slice() {
        [line] => format!("edited {name} at line {line}"),
        lines => format!("edited {name}: {count} replacements, at lines {}", replacement::listed(lines)),
    };
    Ok(ToolOutput::done(text).content(draft.preview).raw(json!({"replacements": count})))
}
