//! `edit`: one text in a file replaced by another.

mod mismatch;
mod replacement;

use serde_json::{Value, json};

pub(super) use self::mismatch::{Wanted, explain, plain};
pub(super) use self::replacement::{Replacement, listed};

use super::change::{self, Draft, Wording};
use super::input::{Fields, PATH, schema};
use super::output::Failure;
use super::standard::Standard;
use super::{Prepared, ToolContext};
use crate::acp::ToolKind;

/// The names of the fields that say what is replaced, by what, and whether everywhere.
pub(super) const OLD: &[&str] = &["old_text", "oldText", "old_string", "oldString", "old_str", "old"];
pub(super) const NEW: &[&str] = &["new_text", "newText", "new_string", "newString", "new_str", "new"];
pub(super) const ALL: &[&str] = &["replace_all", "replaceAll", "all"];

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

async fn prepare(input: Value, context: ToolContext) -> Result<Prepared, Failure> {
    let mut fields = Fields::new(input, EXAMPLE)?;
    let path = fields.text(PATH)?;
    let replacement = Replacement::take(&mut fields)?;
    let mut draft = Draft::default();
    let file = draft.open(&context, &path).await?;
    let sheet = draft.sheet(file)?;
    let name = sheet.name().to_owned();
    if !sheet.exists() {
        return Err(Failure(format!("{name} does not exist; use `write` to create it")));
    }
    let wording = Wording {
        title: format!("Edit {name}"),
        withheld: format!("{name}: `old_text` was not found, or not just once; a rule withholds the content"),
        raw: |deeds| json!({"replacements": deeds.iter().map(|deed| deed.lines.len()).sum::<usize>()}),
    };
    change::prepare(context, draft, wording, move |draft, _| replacement.apply_to(draft.sheet(file)?)).await
}
