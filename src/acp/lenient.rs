//! Input types for what real clients send and the schema refuses.
