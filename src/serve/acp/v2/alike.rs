//! Nouns of version 1 that read the same in version 2.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The noun in version 2's type; `None`, and a word in the log, when it does not read as such.
pub(super) fn alike<A: Serialize, B: DeserializeOwned>(noun: &A) -> Option<B> {
    let read = serde_json::to_value(noun).and_then(serde_json::from_value);
    read.inspect_err(|e| tracing::warn!(error = %e, "something cannot be said in version 2")).ok()
}

/// Those of a list that read so.
pub(super) fn all_alike<A: Serialize, B: DeserializeOwned>(nouns: &[A]) -> Vec<B> {
    nouns.iter().filter_map(alike).collect()
}
