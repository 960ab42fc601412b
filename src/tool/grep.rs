//! `grep`: lines by a regular expression.

mod search;

use grep_regex::{RegexMatcher, RegexMatcherBuilder};
use serde_json::{Value, json};

use self::search::{Found, Query};
use super::input::{Fields, PATH, schema};
use super::output::Failure;
use super::standard::Standard;
use super::walk::sweep;
use super::{Prepared, ToolContext, ToolOutput, glob, label, limit, work};
use crate::acp::{ToolCallLocation, ToolKind};
use crate::permission::Action;
use crate::workspace::{Place, Workspace};

const EXAMPLE: &str = r#"{"pattern": "fn \\w+\\(", "path": "src", "glob": "*.rs"}"#;

pub(super) const TOOL: Standard = Standard {
    name: "grep",
    description: "\
        Searches the content of files for a regular expression (Rust syntax, within one line; no \
        look-around or back-references). Binary files and what .gitignore names are left out.",
    kind: ToolKind::Search,
    parallel: true,
    input,
    prepare: |input, context| Box::pin(async move { prepare(input, context) }),
};

fn input() -> Value {
    let properties = json!({
        "pattern": {"type": "string", "description": "The regular expression"},
        "path": {"type": "string", "description": "File or folder; the working directory if left out"},
        "glob": {"type": "string", "description": "Only files whose path matches, such as `*.rs`"},
        "ignore_case": {"type": "boolean"},
        "context": {"type": "integer", "minimum": 0, "maximum": limit::CONTEXT, "description": "Lines around a match"},
        "limit": {"type": "integer", "minimum": 1, "maximum": limit::MAX_MATCHES, "description": "Most matches, 200 if left out"},
    });
    schema(&properties, &["pattern"])
}

fn prepare(input: Value, context: ToolContext) -> Result<Prepared, Failure> {
    let mut fields = Fields::new(input, EXAMPLE)?;
    let pattern = fields.text(&["pattern", "query", "regex", "search"])?;
    let path = fields.optional_text(PATH)?.filter(|path| !path.is_empty());
    let files = fields.optional_text(&["glob", "include", "file_pattern", "filePattern"])?;
    let ignore_case = fields.flag(&["ignore_case", "ignoreCase", "case_insensitive", "-i"])?;
    let around = fields.number(&["context", "-C"])?.unwrap_or(0).min(limit::CONTEXT as u64);
    let most = fields.number(&["limit", "max_results", "maxResults", "head_limit"])?;
    let files = files.filter(|files| !files.is_empty());
    let query = Query {
        matcher: matcher(&pattern, ignore_case).map_err(|why| fields.refuse("pattern", &why))?,
        files: files.as_deref().map(glob::matcher).transpose().map_err(|why| fields.refuse("glob", &why))?,
        context: around as usize,
        limit: most.unwrap_or(limit::MATCHES as u64).clamp(1, limit::MAX_MATCHES as u64) as usize,
    };
    let place = context.workspace.place(path.as_deref().unwrap_or("."))?;
    let name = label::path(&context.workspace, place.path());
    if !place.exists() {
        return Err(Failure(format!("{name} does not exist")));
    }
    let place_name = if name == "." { String::new() } else { format!(" in {name}") };
    Ok(Prepared {
        title: format!("Search for {}{place_name}", label::line(&pattern, 80)),
        action: Action::Search { path: place.path().to_owned() },
        locations: vec![ToolCallLocation::new(place.path())],
        preview: Vec::new(),
        work: work(grep(context, place, query)),
    })
}

fn matcher(pattern: &str, ignore_case: bool) -> Result<RegexMatcher, String> {
    if pattern.is_empty() {
        return Err("is empty".to_owned());
    }
    if pattern.len() > limit::PATTERN {
        return Err(format!("is longer than {} bytes", limit::PATTERN));
    }
    let compiled = RegexMatcherBuilder::new()
        .case_insensitive(ignore_case)
        .line_terminator(Some(b'\n'))
        .size_limit(limit::AUTOMATON)
        .dfa_size_limit(limit::AUTOMATON)
        .nest_limit(limit::GROUPS)
        .build(pattern);
    compiled.map_err(|error| format!("is not a regular expression that can be used: {error}"))
}

async fn grep(context: ToolContext, place: Place, query: Query) -> Result<ToolOutput, Failure> {
    let most = query.limit;
    let (workspace, readable) = (context.workspace.clone(), context.readable.clone());
    let work = move |stop: &_| search::run(&workspace, &place, &query, &readable, stop);
    let swept = sweep(&context.cancel, work).await?;
    Ok(output(&context, &swept.found?, most, swept.late).await)
}

async fn output(context: &ToolContext, found: &Found, most: usize, late: bool) -> ToolOutput {
    let matches: usize = found.files.iter().map(|file| file.matches).sum();
    let mut page = limit::Page::default();
    let shown = show(&context.workspace, found, most, &mut page);
    if shown < matches && context.spill.is_some() {
        let mut whole = limit::Page::whole();
        show(&context.workspace, found, usize::MAX, &mut whole);
        if let Some(note) = context.keep(whole.into_text().into()).await {
            page.note(&note);
        }
    }
    if shown < matches {
        page.note(&format!("({shown} are shown; narrow the search with `path`, `glob` or the pattern)"));
    }
    if late {
        page.note("(the search took too long and was ended; search in a folder further down)");
    }
    if found.withheld > 0 {
        let files = label::count(found.withheld, "file", "files");
        page.note(&format!("({files} not searched: a rule withholds them)"));
    }
    if found.skipped > 0 {
        let files = label::count(found.skipped, "file", "files");
        page.note(&format!("({files} could not be searched: not readable, or a line is too long)"));
    }
    let least = if found.incomplete { "at least " } else { "" };
    let matching = label::count(matches, "match", "matches");
    let in_files = label::count(found.files.len(), "file", "files");
    let text = format!("{least}{matching} in {in_files}\n{}", page.into_text());
    ToolOutput::done(text).raw(json!({"matches": matches, "files": found.files.len(), "shown": shown}))
}

/// Puts in what fits and says how many matches that were.
fn show(workspace: &Workspace, found: &Found, most: usize, page: &mut limit::Page) -> usize {
    let mut shown = 0;
    for file in &found.files {
        let name = label::path(workspace, &file.path);
        for line in &file.lines {
            if line.is_match && shown == most {
                return shown;
            }
            let text = match (line.number, line.is_match) {
                (None, _) => "--".to_owned(),
                (Some(number), true) => format!("{name}:{number}: {}", line.text),
                (Some(number), false) => format!("{name}-{number}- {}", line.text),
            };
            if !page.push(&text) {
                return shown;
            }
            shown += usize::from(line.is_match);
        }
    }
    shown
}
