//! Tests against the real binary.

mod workspace_process;
