//! `list`: what is in a folder, as a tree.

mod tree;

use serde_json::{Value, json};

use self::tree::{Drawn, Tree};
use super::input::{FOLDER, Fields, schema};
use super::output::Failure;
use super::standard::Standard;
use super::walk::{Walk, sweep};
use super::{Prepared, ToolContext, ToolOutput, label, limit, work};
use crate::acp::{ToolCallLocation, ToolKind};
use crate::permission::Action;
use crate::workspace::{Kind, Place};

const EXAMPLE: &str = r#"{"path": "src", "depth": 2}"#;
const DEPTH: u64 = 2;
const MAX_DEPTH: u64 = 10;

pub(super) const TOOL: Standard = Standard {
    name: "list",
    description: "\
        Lists a folder as a tree, folders first. What .gitignore names is left out. To find files by name \
        use `glob`, by content `grep`.",
    kind: ToolKind::Search,
    parallel: true,
    input,
    prepare: |input, context| Box::pin(async move { prepare(input, context) }),
};

fn input() -> Value {
    let properties = json!({
        "path": {"type": "string", "description": "Folder; the working directory if left out"},
        "depth": {"type": "integer", "minimum": 1, "maximum": MAX_DEPTH, "description": "Levels, 2 if left out"},
    });
    schema(&properties, &[])
}

fn prepare(input: Value, context: ToolContext) -> Result<Prepared, Failure> {
    let mut fields = Fields::new(input, EXAMPLE)?;
    let path = fields.optional_text(FOLDER)?.filter(|path| !path.is_empty());
    let depth = fields.number(&["depth", "max_depth", "maxDepth"])?.unwrap_or(DEPTH).clamp(1, MAX_DEPTH);
    let place = context.workspace.place(path.as_deref().unwrap_or("."))?;
    let name = label::path(&context.workspace, place.path());
    match place.kind() {
        Some(Kind::Directory) => {}
        Some(_) => return Err(Failure(format!("{name} is not a folder; use `read` to see what is in it"))),
        None => return Err(Failure(format!("{name} does not exist"))),
    }
    Ok(Prepared {
        title: format!("List {name}"),
        action: Action::Search { path: place.path().to_owned() },
        locations: vec![ToolCallLocation::new(place.path())],
        preview: Vec::new(),
        work: work(list(context, place, name, depth as usize)),
    })
}

async fn list(context: ToolContext, place: Place, name: String, depth: usize) -> Result<ToolOutput, Failure> {
    // One level more than shown, to say how much is in the folders of the last.
    let walk = move |stop: &_| Tree::grow(&Walk::new(&place).levels(depth + 1), stop);
    let swept = sweep(&context.cancel, walk).await?;
    let tree = swept.found;
    let Drawn { mut page, folders, files, cut } = tree.render(depth, limit::ENTRIES, limit::Page::default());
    if cut && context.spill.is_some() {
        let whole = tree.render(depth, limit::LISTED, limit::Page::whole());
        if let Some(note) = context.keep(whole.page.into_text().into()).await {
            page.note(&note);
        }
    }
    if tree.incomplete() || swept.late {
        page.note("(not everything was looked at: there is too much; list a folder further down)");
    }
    if tree.unreadable() > 0 {
        let entries = label::count(tree.unreadable(), "entry", "entries");
        page.note(&format!("({entries} could not be read)"));
    }
    let counts =
        format!("{}, {}", label::count(folders, "folder", "folders"), label::count(files, "file", "files"));
    let text = format!("{name}: {counts}\n{}", page.into_text());
    Ok(ToolOutput::done(text).raw(json!({"folders": folders, "files": files})))
}
