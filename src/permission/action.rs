//! What a tool is about to do.

use std::path::PathBuf;

/// An effect, named by the tool that wants it and resolved by the workspace. Only facts of ours go in:
/// never a title or text from the model or a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Read one file. The path is absolute, with links resolved.
    Read { path: PathBuf },
    /// Search or list below a folder. The path is absolute, with links resolved.
    Search { path: PathBuf },
    /// Create, overwrite, change or delete one file. The path is absolute, with links resolved.
    Edit { path: PathBuf },
    /// The same to several files, all of them or none. Each is judged as if it were alone.
    EditAll { paths: Vec<PathBuf> },
    /// Run a command line in a shell.
    Execute { command: String, cwd: PathBuf },
    /// Fetch an `http` or `https` URL.
    Fetch { url: String },
    /// Call a tool of an MCP server. `pin` is a hash of how server and tool describe themselves.
    Remote { server: String, tool: String, pin: String },
    /// No effect outside the session: a to-do list, a plan.
    Note,
}
