//! `glob`: files by the pattern of their path.

use std::path::PathBuf;
use std::time::SystemTime;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::input::{FOLDER, Fields, schema};
use super::output::Failure;
use super::standard::Standard;
use super::walk::{Walk, sweep};
use super::{Prepared, ToolContext, ToolOutput, label, limit, work};
use crate::acp::{ToolCallLocation, ToolKind};
use crate::permission::Action;
use crate::workspace::{Kind, Place};

const EXAMPLE: &str = r#"{"pattern": "src/**/*.rs"}"#;

pub(super) const TOOL: Standard = Standard {
    name: "glob",
    description: "\
        Finds files by a pattern such as `src/**/*.rs` or `*.{ts,tsx}`; a pattern without `/` matches \
        names in all folders. The files changed last come first. What .gitignore names is left out.",
    kind: ToolKind::Search,
    parallel: true,
    input,
    prepare: |input, context| Box::pin(async move { prepare(input, context) }),
};

fn input() -> Value {
    let properties = json!({
        "pattern": {"type": "string", "description": "The pattern; `**` stands for any folders"},
        "path": {"type": "string", "description": "Folder to search; the working directory if left out"},
    });
    schema(&properties, &["pattern"])
}

fn prepare(input: Value, context: ToolContext) -> Result<Prepared, Failure> {
    let mut fields = Fields::new(input, EXAMPLE)?;
    let pattern = fields.text(&["pattern", "glob", "glob_pattern", "globPattern", "query"])?;
    let path = fields.optional_text(FOLDER)?.filter(|path| !path.is_empty());
    let place = context.workspace.place(path.as_deref().unwrap_or("."))?;
    let name = label::path(&context.workspace, place.path());
    if place.kind() != Some(Kind::Directory) {
        return Err(Failure(format!("{name} is not a folder that exists; name one to search")));
    }
    // An absolute pattern is one below the folder, or finds nothing.
    let below = place.path().to_str().and_then(|folder| pattern.strip_prefix(folder)?.strip_prefix('/'));
    let matcher = matcher(below.unwrap_or(&pattern)).map_err(|why| fields.refuse("pattern", &why))?;
    let place_name = if name == "." { String::new() } else { format!(" in {name}") };
    Ok(Prepared {
        title: format!("Find files {}{place_name}", label::line(&pattern, 80)),
        action: Action::Search { path: place.path().to_owned() },
        locations: vec![ToolCallLocation::new(place.path())],
        preview: Vec::new(),
        work: work(glob(context, place, pattern, matcher)),
    })
}

/// What tells whether a path below the searched folder is meant; or why the pattern cannot be used.
pub(super) fn matcher(pattern: &str) -> Result<GlobSet, String> {
    if pattern.len() > limit::PATTERN {
        return Err(format!("is longer than {} bytes", limit::PATTERN));
    }
    if nesting(pattern) > limit::NESTING {
        return Err(format!("has more than {} braces within each other", limit::NESTING));
    }
    let pattern = pattern.strip_prefix("./").unwrap_or(pattern);
    let anywhere = if pattern.contains('/') { pattern.to_owned() } else { format!("**/{pattern}") };
    let glob = GlobBuilder::new(&anywhere).literal_separator(true).build();
    // A set of one, because only a set says so when the pattern is too large to be compiled.
    glob.and_then(|glob| GlobSetBuilder::new().add(glob).build())
        .map_err(|error| format!("cannot be used: {}", label::line(&error.kind().to_string(), 200)))
}

fn nesting(pattern: &str) -> usize {
    let mut depth: usize = 0;
    let mut deepest = 0;
    for byte in pattern.bytes() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

struct Found {
    /// The last change and the path, of each file.
    files: Vec<(Option<SystemTime>, PathBuf)>,
    incomplete: bool,
}

async fn glob(
    context: ToolContext,
    place: Place,
    pattern: String,
    matcher: GlobSet,
) -> Result<ToolOutput, Failure> {
    let swept = sweep(&context.cancel, move |stop| find(&Walk::new(&place), &matcher, stop)).await?;
    let Found { mut files, incomplete } = swept.found;
    files.sort_unstable_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    let mut page = limit::Page::default();
    let shown = files
        .iter()
        .take(limit::ENTRIES)
        .take_while(|(_, path)| page.push(&label::path(&context.workspace, path)))
        .count();
    if shown < files.len() && context.spill.is_some() {
        let mut whole = limit::Page::whole();
        files
            .iter()
            .take_while(|(_, path)| whole.push(&label::path(&context.workspace, path)))
            .for_each(drop);
        if let Some(note) = context.keep(whole.into_text().into()).await {
            page.note(&note);
        }
    }
    if shown < files.len() {
        page.note(&format!("… {} more; use a narrower pattern", files.len() - shown));
    }
    if incomplete || swept.late {
        page.note("(not everything was looked at: there is too much; search in a folder further down)");
    }
    let head = match files.len() {
        0 => format!("no file matches {}", label::line(&pattern, 200)),
        number => label::count(number, "file", "files"),
    };
    Ok(ToolOutput::done(format!("{head}\n{}", page.into_text()))
        .raw(json!({"files": files.len(), "shown": shown})))
}

fn find(walk: &Walk, matcher: &GlobSet, stop: &CancellationToken) -> Found {
    let mut found = Found { files: Vec::new(), incomplete: false };
    for entry in walk.builder().build() {
        if stop.is_cancelled() || found.files.len() == limit::PATHS {
            found.incomplete = true;
            break;
        }
        let Ok(entry) = entry else { continue };
        let is_folder = entry.file_type().is_none_or(|kind| kind.is_dir());
        if is_folder || !entry.path().strip_prefix(walk.folder()).is_ok_and(|path| matcher.is_match(path)) {
            continue;
        }
        let changed = entry.metadata().ok().and_then(|metadata| metadata.modified().ok());
        found.files.push((changed, entry.into_path()));
    }
    found
}
