use crate::error::ErrorKind;

/// Why no (more) words come, by what can be done about it. The text says it in one line.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ProviderError {
    /// It is set up wrongly; the text says what to set.
    #[error("{0}")]
    Misconfigured(String),
    /// A key is missing or was refused; the text says which and how to give it.
    #[error("{0}")]
    Unauthorized(String),
    /// The conversation is longer than the model can take: compact it and ask again.
    #[error("{0}")]
    TooLong(String),
    /// It cannot be reached or gave up, also after retries.
    #[error("{0}")]
    Unavailable(String),
    /// The answer broke off after it had begun: what came of it counts.
    #[error("{0}")]
    BrokeOff(String),
}

impl ProviderError {
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Misconfigured(_) => ErrorKind::Invalid,
            Self::Unauthorized(_) => ErrorKind::Denied,
            Self::TooLong(_) => ErrorKind::Exhausted,
            Self::Unavailable(_) | Self::BrokeOff(_) => ErrorKind::Unavailable,
        }
    }

    /// Nobody knows a model of that id.
    pub fn unknown_model(id: &str) -> Self {
        Self::Misconfigured(format!("unknown model {id:?}: `adjutant models` lists those there are"))
    }
}
