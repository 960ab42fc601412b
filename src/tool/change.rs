//! Changes of files, worked out in memory until all of them are known to fit, and then made together or not at
//! all. What changes text in place (`edit`, `multi_edit`, `apply_patch`) goes this way.

mod deed;
mod sheet;

use std::future::ready;

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

pub(super) use self::deed::Deed;
pub(super) use self::sheet::{Draft, Sheet};

use super::output::Failure;
use super::walk::sweep;
use super::{Prepared, ToolContext, ToolOutput, label, limit, work};
use crate::acp::ToolCallLocation;
use crate::permission::Action;

/// What is said of a change.
pub(super) struct Wording {
    pub(super) title: String,
    /// In place of why it does not fit, where a rule withholds the content of a file.
    pub(super) withheld: String,
    /// Structured facts for clients, once it is done.
    pub(super) raw: fn(&[Deed]) -> Value,
}

/// Applies a change to a draft and prepares what comes of it. `apply` runs away from the async threads.
pub(super) async fn prepare(
    context: ToolContext,
    draft: Draft,
    wording: Wording,
    apply: impl FnOnce(&mut Draft, &CancellationToken) -> Result<(), Failure> + Send + 'static,
) -> Result<Prepared, Failure> {
    let Wording { title, withheld, raw } = wording;
    let paths: Vec<_> = draft.sheets().iter().map(|sheet| sheet.place().path().to_owned()).collect();
    let free = draft.sheets().iter().all(|it| !it.exists() || context.readable.allows(it.place().path()));
    let located = |sheet: &Sheet| {
        let location = ToolCallLocation::new(sheet.place().path());
        sheet.lines().first().map_or(location.clone(), |line| location.line(*line as u32))
    };
    let action = match paths.as_slice() {
        [path] => Action::Edit { path: path.clone() },
        _ => Action::EditAll { paths },
    };
    let untouched: Vec<_> = draft.sheets().iter().map(located).collect();
    let worked_out = move |stop: &_| {
        let mut draft = draft;
        apply(&mut draft, stop)?;
        let locations: Vec<_> = draft.sheets().iter().map(located).collect();
        Ok((locations, draft.finish()?))
    };
    match sweep(&context.cancel, worked_out).await?.found {
        // What the files hold may be told only once the change is permitted, and then as little as can be:
        // until then, a text that is there and one that is not must look the same.
        Err(_) if !free => {
            let (locations, preview) = (untouched, Vec::new());
            Ok(Prepared { title, action, locations, preview, work: work(ready(Err(Failure(withheld)))) })
        }
        Err(failure) => Err(failure),
        Ok((locations, deeds)) => {
            let preview: Vec<_> = deeds.iter().flat_map(|deed| deed.preview.clone()).collect();
            Ok(Prepared { title, action, locations, preview, work: work(make(context, deeds, raw)) })
        }
    }
}

async fn make(
    context: ToolContext,
    deeds: Vec<Deed>,
    raw: fn(&[Deed]) -> Value,
) -> Result<ToolOutput, Failure> {
    deed::make(&context, &deeds).await?;
    let told: Vec<String> = deeds.iter().map(ToString::to_string).collect();
    let raw = raw(&deeds);
    let diffs = deeds.into_iter().flat_map(|deed| deed.preview).collect();
    Ok(ToolOutput::done(told.join("\n")).content(diffs).raw(raw))
}

/// What does not fit, gathered so that all of it is told at once.
#[derive(Debug, Default)]
pub(super) struct Misfits(Vec<String>);

impl Misfits {
    pub(super) fn push(&mut self, misfit: String) {
        self.0.push(misfit);
    }

    /// Whether more would be too much to tell, and to look for.
    pub(super) fn is_full(&self) -> bool {
        self.0.len() >= limit::MISFITS
    }

    /// A failure if there is any, or if the work was stopped.
    pub(super) fn into_result(self, stop: &CancellationToken) -> Result<(), Failure> {
        if stop.is_cancelled() {
            return Err(Failure(
                "Nothing was changed: it took too long to find where; change less".to_owned(),
            ));
        }
        match self.0.as_slice() {
            [] => Ok(()),
            misfits => Err(Failure(format!("Nothing was changed.\n{}", misfits.join("\n")))),
        }
    }
}

/// `a, b, c and 3 more`.
pub(super) fn named<'a>(names: impl Iterator<Item = &'a str>) -> String {
    const SHOWN: usize = 3;
    let names: Vec<&str> = names.collect();
    let shown = names.get(..SHOWN).unwrap_or(&names).join(", ");
    let more = names.len().saturating_sub(SHOWN);
    let all = if more > 0 { format!("{shown} and {more} more") } else { shown };
    label::line(&all, 200)
}

/// What became of each file.
pub(super) fn raw(deeds: &[Deed]) -> Value {
    let file =
        |deed: &Deed| json!({"path": deed.name, "change": deed.what.word(), "places": deed.lines.len()});
    json!({"files": deeds.iter().map(file).collect::<Vec<_>>()})
}
