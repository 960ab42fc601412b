//! `write`: a file as a whole.

use serde_json::{Value, json};

use super::input::{Fields, PATH, schema};
use super::output::Failure;
use super::standard::Standard;
use super::{Prepared, ToolContext, ToolOutput, diff, label, limit, work};
use crate::acp::{ToolCallContent, ToolCallLocation, ToolKind};
use crate::permission::Action;
use crate::workspace::{Expected, Fingerprint, Kind, Place, Text, WorkspaceError};

const EXAMPLE: &str = r#"{"path": "src/main.rs", "content": "fn main() {}\n"}"#;

pub(super) const TOOL: Standard = Standard {
    name: "write",
    description: "\
        Creates a file, with its folders, or replaces the whole content of one. An existing file must have \
        been read before. To change a part of a file, use `edit`.",
    kind: ToolKind::Edit,
    parallel: false,
    input,
    prepare: |input, context| Box::pin(async move { prepare(input, context).await }),
};

fn input() -> Value {
    let properties = json!({
        "path": {"type": "string", "description": "File, absolute or relative to the working directory"},
        "content": {"type": "string", "description": "The whole new content"},
    });
    schema(&properties, &["path", "content"])
}

/// What will be written, and what must be there when it is.
struct Draft {
    old: Option<String>,
    bytes: Vec<u8>,
    expected: Expected,
}

async fn prepare(input: Value, context: ToolContext) -> Result<Prepared, Failure> {
    let mut fields = Fields::new(input, EXAMPLE)?;
    let path = fields.text(PATH)?;
    let new = fields.text(&["content", "contents", "text", "file_text", "fileText"])?;
    if new.len() as u64 > limit::FILE {
        let limit = label::size(limit::FILE);
        return Err(fields.refuse("content", &format!("is larger than {limit}, the most a file may have")));
    }
    let place = context.workspace.place(&path)?;
    let name = label::path(&context.workspace, place.path());
    if place.kind() == Some(Kind::Directory) || path.ends_with('/') {
        return Err(Failure(format!("{name} is a folder; name the file to write")));
    }
    if context.workspace.is_read_only(&place) {
        return Err(Failure(format!("{name} can be read and not changed")));
    }
    let draft = draft(&context, &place, &name, &new).await?;
    let preview = diff::of(place.path(), draft.old.as_deref(), &new);
    let doing = if draft.old.is_some() { "Write" } else { "Create" };
    Ok(Prepared {
        title: format!("{doing} {name}"),
        action: Action::Edit { path: place.path().to_owned() },
        locations: vec![ToolCallLocation::new(place.path())],
        preview: preview.clone(),
        work: work(write(context, place, name, draft, preview)),
    })
}

async fn draft(context: &ToolContext, place: &Place, name: &str, new: &str) -> Result<Draft, Failure> {
    let data = match context.files.read(place.clone(), limit::FILE).await {
        Ok(data) => data,
        Err(WorkspaceError::NotFound { .. }) => {
            return Ok(Draft { old: None, bytes: new.into(), expected: Expected::Absent });
        }
        Err(error) => return Err(error.into()),
    };
    match context.seen.last(place.path()) {
        Some(seen) if seen == data.fingerprint => {}
        Some(_) => {
            return Err(Failure(format!("{name} changed since it was read; read it again, then write")));
        }
        None => {
            return Err(Failure(format!("{name} exists and was not read yet; read it first, or use `edit`")));
        }
    }
    let mut text = Text::decode(&data.bytes).map_err(|error| Failure(format!("{name}: {error}")))?;
    let old = text.as_str().to_owned();
    text.edit(new.trim_start_matches('\u{feff}'));
    Ok(Draft { old: Some(old), bytes: text.encode(), expected: Expected::Content(data.fingerprint) })
}

async fn write(
    context: ToolContext,
    place: Place,
    name: String,
    draft: Draft,
    preview: Vec<ToolCallContent>,
) -> Result<ToolOutput, Failure> {
    let written = Fingerprint::of(&draft.bytes);
    let bytes = draft.bytes.len() as u64;
    context.files.replace(place.clone(), draft.bytes, draft.expected).await?;
    context.seen.note(place.path(), written);
    let done = if draft.old.is_some() { "replaced" } else { "created" };
    Ok(ToolOutput::done(format!("{done} {name} ({})", label::size(bytes)))
        .content(preview)
        .raw(json!({"bytes": bytes, "created": draft.old.is_none()})))
}
