//! `apply_patch`: a patch over several files, all of it or nothing.

mod envelope;
mod hunk;
mod seek;
mod unified;

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use self::hunk::Hunk;
use super::change::{self, Draft, Misfits, Sheet, Wording};
use super::input::{Fields, schema};
use super::output::Failure;
use super::standard::Standard;
use super::{Prepared, ToolContext, label, limit};
use crate::acp::ToolKind;

const EXAMPLE: &str = r#"{"patch": "*** Begin Patch\n*** Update File: src/main.rs\n@@ fn main() {\n-    old();\n+    new();\n*** End Patch"}"#;

pub(super) const TOOL: Standard = Standard {
    name: "apply_patch",
    description: "\
        Applies a patch to one or several files, all of it or nothing. Between `*** Begin Patch` and \
        `*** End Patch`: `*** Add File: path` with `+` lines, `*** Delete File: path`, or `*** Update File: \
        path` (then `*** Move to: path` if wanted) with hunks: `@@` and a line above, then lines that begin \
        with a space, `-` or `+`. A unified diff is taken as well.",
    kind: ToolKind::Edit,
    parallel: false,
    input,
    prepare: |input, context| Box::pin(async move { prepare(input, context).await }),
};

fn input() -> Value {
    schema(&json!({"patch": {"type": "string", "description": "The patch"}}), &["patch"])
}

/// What a patch says about one file.
#[derive(Debug, PartialEq, Eq)]
struct FilePatch {
    path: String,
    change: Change,
}

#[derive(Debug, PartialEq, Eq)]
enum Change {
    /// The whole content of a new file.
    Add(String),
    Delete,
    Update {
        to: Option<String>,
        hunks: Vec<Hunk>,
    },
}

/// A patch of one file with the numbers of its file, and of the place it moves to, in the draft.
struct Step {
    file: usize,
    to: Option<usize>,
    change: Change,
}

async fn prepare(input: Value, context: ToolContext) -> Result<Prepared, Failure> {
    let mut fields = Fields::new(input, EXAMPLE)?;
    let text = fields.text(&["patch", "input", "patchText", "patch_text", "diff", "content"])?;
    let patches = parse(&text).map_err(|why| fields.refuse("patch", &why))?;
    let mut draft = Draft::default();
    let mut steps = Vec::with_capacity(patches.len());
    for FilePatch { path, change } in patches {
        let file = draft.open(&context, &path).await?;
        let to = match &change {
            Change::Update { to: Some(to), .. } => Some(draft.open(&context, to).await?),
            _ => None,
        };
        steps.push(Step { file, to: to.filter(|to| *to != file), change });
    }
    let title = format!("Patch {}", change::named(draft.sheets().iter().map(Sheet::name)));
    let wording = Wording {
        title,
        withheld: "The patch does not fit; a rule withholds the content of a file. Nothing was changed."
            .to_owned(),
        raw: change::raw,
    };
    change::prepare(context, draft, wording, move |draft, stop| apply(steps, draft, stop)).await
}

/// Reads a patch in either form; or says what is wrong with it.
fn parse(text: &str) -> Result<Vec<FilePatch>, String> {
    if text.len() > limit::PATCH {
        return Err(format!("is larger than {}", label::size(limit::PATCH as u64)));
    }
    let text = text.replace("\r\n", "\n");
    let lines: Vec<&str> = text.lines().collect();
    let begin = lines.iter().position(|line| line.trim() == envelope::BEGIN);
    let patches = match begin {
        Some(begin) => envelope::parse(&lines, begin)?,
        None if unified::is_one(&lines) => unified::parse(&lines)?,
        None => {
            return Err(format!(
                "begins neither with `{}` nor as a unified diff with `--- path`",
                envelope::BEGIN
            ));
        }
    };
    let hunks = patches.iter().map(|patch| match &patch.change {
        Change::Update { hunks, .. } => hunks.len(),
        _ => 1,
    });
    if hunks.sum::<usize>() > limit::EDITS {
        return Err(format!("has more than {} hunks", limit::EDITS));
    }
    if patches.is_empty() { Err("changes no file".to_owned()) } else { Ok(patches) }
}

fn apply(steps: Vec<Step>, draft: &mut Draft, stop: &CancellationToken) -> Result<(), Failure> {
    let mut misfits = Misfits::default();
    for Step { file, to, change } in steps {
        if stop.is_cancelled() || misfits.is_full() {
            break;
        }
        let sheet = draft.sheet(file)?;
        let done = match change {
            Change::Add(text) => sheet.create(text),
            Change::Delete => sheet.delete(),
            Change::Update { hunks, .. } => update(sheet, &hunks, &mut misfits, stop),
        };
        let done = done.and_then(|()| to.map_or(Ok(()), |to| draft.rename(file, to)));
        if let Err(failure) = done {
            misfits.push(failure.0);
        }
    }
    misfits.into_result(stop)
}

fn update(
    sheet: &mut Sheet,
    hunks: &[Hunk],
    misfits: &mut Misfits,
    stop: &CancellationToken,
) -> Result<(), Failure> {
    let name = sheet.name().to_owned();
    if !sheet.exists() {
        return Err(Failure(format!("{name} does not exist; use `*** Add File: {name}` to create it")));
    }
    match hunk::apply(sheet.text()?, hunks, stop) {
        Ok((text, lines)) => sheet.change(text, &lines),
        Err(found) => {
            let count = hunks.len();
            for (number, why) in found {
                let at = hunks.get(number).map(Hunk::heading).unwrap_or_default();
                misfits.push(format!("{name}, hunk {} of {count}{at}: {why}", number + 1));
                if misfits.is_full() {
                    break;
                }
            }
        }
    }
    Ok(())
}
