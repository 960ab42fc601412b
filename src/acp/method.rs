//! Method names that the schema crate does not name.

/// Removed from the schema, still sent by AionUI, avante and obsidian: an alias of the `model` option.
pub const SESSION_SET_MODEL: &str = "session/set_model";
