use std::fmt;
use std::sync::Arc;

/// A key or token, or a text that may hold one: never shown, whoever prints it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    text: Arc<str>,
    written: Option<Arc<str>>,
}

impl Secret {
    pub fn new(text: &str) -> Self {
        Self { text: text.into(), written: None }
    }

    /// What a text with `{env:X}` or `{file:path}` came to.
    pub(super) fn read(text: &str, written: &str) -> Self {
        Self { text: text.into(), written: Some(written.into()) }
    }

    /// The secret itself, for the one place that sends it.
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// The text as it stands in its file: what may be shown where the file itself may be.
    pub fn as_written(&self) -> &str {
        self.written().unwrap_or(&self.text)
    }

    /// How it was written, if it takes from a variable or a file.
    pub fn written(&self) -> Option<&str> {
        self.written.as_deref()
    }

    /// The variables and files that it takes from, for a person who is to approve that: `X`, `the file ~/x`.
    pub fn sources(&self) -> Vec<String> {
        self.written().map(super::meaning::sources).unwrap_or_default()
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(&text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}
