//! `read`: a file as numbered lines, or an image.

pub(in crate::tool) mod image;
mod page;

use serde_json::{Value, json};

use self::page::{Page, Wanted};
use super::input::{Fields, PATH, schema};
use super::output::Failure;
use super::standard::Standard;
use super::walk::sweep;
use super::{Prepared, ToolContext, ToolOutput, label, limit, work};
use crate::acp::{ToolCallLocation, ToolKind};
use crate::permission::Action;
use crate::workspace::{FileData, Kind, Place, Text, WorkspaceError};

const EXAMPLE: &str = r#"{"path": "src/main.rs", "line": 1, "limit": 200}"#;

pub(super) const TOOL: Standard = Standard {
    name: "read",
    description: "\
        Reads a text file and returns its lines numbered, or shows an image to the user. Returns up to \
        2000 lines; use `line` and `limit` for other parts of a long file. The numbers are not part of the \
        file.",
    kind: ToolKind::Read,
    parallel: true,
    input,
    prepare: |input, context| Box::pin(async move { prepare(input, context) }),
};

fn input() -> Value {
    let properties = json!({
        "path": {"type": "string", "description": "File, absolute or relative to the working directory"},
        "line": {"type": "integer", "minimum": 1, "description": "First line, counted from 1"},
        "limit": {"type": "integer", "minimum": 1, "maximum": limit::LINES, "description": "Number of lines"},
    });
    schema(&properties, &["path"])
}

fn prepare(input: Value, context: ToolContext) -> Result<Prepared, Failure> {
    let mut fields = Fields::new(input, EXAMPLE)?;
    let path = fields.text(PATH)?;
    let line = fields.number(&["line", "offset", "start_line", "startLine"])?;
    let lines = fields.number(&["limit", "lines", "count"])?;
    let wanted = Wanted {
        first: line.unwrap_or(1).clamp(1, u64::from(u32::MAX)) as usize,
        lines: lines.unwrap_or(limit::LINES as u64).clamp(1, limit::LINES as u64) as usize,
    };
    let place = context.workspace.place(&path)?;
    let name = label::path(&context.workspace, place.path());
    if place.kind() == Some(Kind::Directory) {
        return Err(Failure(format!("{name} is a folder; use `list` to see what is in it")));
    }
    let title = match (line, lines) {
        (None, None) => format!("Read {name}"),
        (Some(_), None) => format!("Read {name} (from line {})", wanted.first),
        (_, Some(_)) => format!("Read {name} ({}–{})", wanted.first, wanted.first + wanted.lines - 1),
    };
    let mut location = ToolCallLocation::new(place.path());
    if line.is_some() {
        location = location.line(wanted.first as u32);
    }
    Ok(Prepared {
        title,
        action: Action::Read { path: place.path().to_owned() },
        locations: vec![location],
        preview: Vec::new(),
        work: work(read(context, place, name, wanted)),
    })
}

async fn read(
    context: ToolContext,
    place: Place,
    name: String,
    wanted: Wanted,
) -> Result<ToolOutput, Failure> {
    if let Some(mime) = image::mime_of(place.path()) {
        let workspace = context.workspace.clone();
        return sweep(&context.cancel, move |_| image::read(&workspace, &place, &name, mime)).await?.found;
    }
    let page = match load(&context, place.clone()).await? {
        Ok(data) => {
            let text = Text::decode(&data.bytes).map_err(|error| {
                Failure(format!("{name}: {error} ({})", label::size(data.bytes.len() as u64)))
            })?;
            context.seen.note(place.path(), data.fingerprint);
            Page::of(text.as_str(), wanted)
        }
        Err(WorkspaceError::TooLarge { size, .. }) => {
            let workspace = context.workspace.clone();
            let shown = name.clone();
            let part = move |stop: &_| Page::read(workspace.open_file(&place)?, size, wanted, stop, &shown);
            sweep(&context.cancel, part).await?.found?
        }
        Err(error) => return Err(error.into()),
    };
    page.into_output(&name, wanted)
}

/// The file as the client's editor has it, or the disk; a folder that is only read is no editor's business.
async fn load(context: &ToolContext, place: Place) -> Result<Result<FileData, WorkspaceError>, Failure> {
    if !context.workspace.is_read_only(&place) {
        return Ok(context.files.read(place, limit::FILE).await);
    }
    let workspace = context.workspace.clone();
    Ok(sweep(&context.cancel, move |_| workspace.read(&place, limit::FILE)).await?.found)
}
