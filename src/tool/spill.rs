//! Outputs that are too long for a model, kept whole in a file that it can look into.

use std::sync::Arc;

use super::{ToolContext, label, limit};
use crate::workspace::{SpillFile, Spilled};

impl ToolContext {
    /// A text as a model gets it: whole where it is short enough, else its beginning and its end and, if there is a
    /// folder for that, the name of the file that holds the whole.
    pub async fn fit(&self, text: String) -> String {
        if limit::fits(&text) {
            return text;
        }
        let text: Arc<str> = text.into();
        let note = self.keep(Arc::clone(&text)).await.map(|note| format!("\n{note}")).unwrap_or_default();
        limit::middle(&text) + &note
    }

    /// Keeps a whole output in a file; returns the line that says where it is.
    pub(super) async fn keep(&self, text: Arc<str>) -> Option<String> {
        let folder = self.spill.clone()?;
        let kept = tokio::task::spawn_blocking(move || {
            let mut file = SpillFile::create(&folder)?;
            file.write(text.as_bytes());
            Ok::<_, std::io::Error>(file.finish())
        });
        match kept.await {
            Ok(Ok(whole)) => Some(note(&whole)),
            Ok(Err(error)) => {
                tracing::warn!(%error, "a long output is not kept");
                None
            }
            Err(_) => None,
        }
    }
}

/// The line that says where a whole output is.
pub(super) fn note(whole: &Spilled) -> String {
    let size = label::size(whole.bytes + whole.dropped);
    let part = match whole.dropped {
        0 => String::new(),
        _ => format!(", its first {}", label::size(whole.bytes)),
    };
    let path = label::visible(&whole.path.to_string_lossy(), false);
    format!("(the whole output of {size}{part} is in {path}: look into it with `read` or `grep`)")
}
