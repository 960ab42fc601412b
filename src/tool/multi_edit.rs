//! `multi_edit`: several replacements, in one file or many, all of them or none.

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::change::{self, Draft, Misfits, Wording};
use super::edit::Replacement;
use super::input::{Fields, PATH, schema};
use super::output::Failure;
use super::standard::Standard;
use super::{Prepared, ToolContext, limit};
use crate::acp::ToolKind;

const EXAMPLE: &str =
    r#"{"edits": [{"path": "src/main.rs", "old_text": "let x = 1;", "new_text": "let x = 2;"}]}"#;

pub(super) const TOOL: Standard = Standard {
    name: "multi_edit",
    description: "\
        Makes several replacements at once, in one file or many: all of them, or none if one does not fit. \
        They are made in order, so that a later one sees what an earlier one wrote. For each, the same holds \
        as for `edit`.",
    kind: ToolKind::Edit,
    parallel: false,
    input,
    prepare: |input, context| Box::pin(async move { prepare(input, context).await }),
};

fn input() -> Value {
    let edit = schema(
        &json!({
            "path": {"type": "string", "description": "File, absolute or relative to the working directory"},
            "old_text": {"type": "string", "description": "The text to replace"},
            "new_text": {"type": "string", "description": "The text to put in its place"},
            "replace_all": {"type": "boolean", "description": "Replace it wherever it occurs"},
        }),
        &["path", "old_text", "new_text"],
    );
    let properties =
        json!({"edits": {"type": "array", "items": edit, "minItems": 1, "maxItems": limit::EDITS}});
    schema(&properties, &["edits"])
}

/// A replacement and the number of its file in the draft.
struct Edit {
    file: usize,
    replacement: Replacement,
}

async fn prepare(input: Value, context: ToolContext) -> Result<Prepared, Failure> {
    let mut fields = Fields::new(input, EXAMPLE)?;
    let of_all = fields.optional_text(PATH)?;
    let list = fields.list(&["edits", "changes", "replacements"])?;
    if list.is_empty() || list.len() > limit::EDITS {
        return Err(fields.refuse("edits", &format!("must hold 1 to {} edits", limit::EDITS)));
    }
    let count = list.len();
    let mut draft = Draft::default();
    let mut edits = Vec::with_capacity(count);
    for (at, one) in list.into_iter().enumerate() {
        let place = |failure: Failure| Failure(format!("edit {} of {count}: {}", at + 1, failure.0));
        edits.push(take(one, of_all.as_deref(), &context, &mut draft).await.map_err(place)?);
    }
    let title = match draft.sheets() {
        [sheet] => format!("Edit {}", sheet.name()),
        sheets => format!("Edit {}", change::named(sheets.iter().map(change::Sheet::name))),
    };
    let wording = Wording {
        title,
        withheld: "An `old_text` was not found, or not just once; a rule withholds the content of a file. \
                   Nothing was changed."
            .to_owned(),
        raw: change::raw,
    };
    change::prepare(context, draft, wording, move |draft, stop| apply(&edits, draft, stop)).await
}

async fn take(
    edit: Value,
    of_all: Option<&str>,
    context: &ToolContext,
    draft: &mut Draft,
) -> Result<Edit, Failure> {
    let mut fields = Fields::new(edit, EXAMPLE)?;
    let path = match (fields.optional_text(PATH)?, of_all) {
        (Some(path), _) => path,
        (None, Some(path)) => path.to_owned(),
        (None, None) => return Err(fields.refuse("path", "is missing")),
    };
    let replacement = Replacement::take(&mut fields)?;
    let file = draft.open(context, &path).await?;
    let sheet = draft.sheet(file)?;
    if !sheet.exists() {
        return Err(Failure(format!("{} does not exist; use `write` to create it", sheet.name())));
    }
    Ok(Edit { file, replacement })
}

fn apply(edits: &[Edit], draft: &mut Draft, stop: &CancellationToken) -> Result<(), Failure> {
    let mut misfits = Misfits::default();
    for (at, Edit { file, replacement }) in edits.iter().enumerate() {
        if stop.is_cancelled() || misfits.is_full() {
            break;
        }
        let sheet = draft.sheet(*file)?;
        if let Err(Failure(why)) = replacement.apply_to(sheet) {
            misfits.push(format!("edit {} of {}: {why}", at + 1, edits.len()));
        }
    }
    misfits.into_result(stop)
}
