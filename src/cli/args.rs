mod elsewhere;

use std::ffi::{OsStr, OsString};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::{CommandFactory, Parser, Subcommand};

use crate::jsonrpc::MAX_LINE;
use crate::permission::Mode;
use crate::serve::{Listener, Name, origin};

pub(super) use elsewhere::{Access, Code, Connect, Discover, Task};

/// A coding agent for your editor, your terminal and your pipelines.
#[derive(Debug, Parser)]
#[command(name = "adjutant", version, about, disable_help_subcommand = true)]
pub(super) struct Args {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    /// Work in this directory instead of the current one
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) cwd: Option<PathBuf>,
    /// Read this configuration file instead of the usual one
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// The mode of new sessions: default, accept-edits, plan, full
    #[arg(long, global = true, value_name = "MODE", value_parser = mode)]
    pub(super) mode: Option<Mode>,
    /// What to log: error, warn, info, debug, or a filter such as `adjutant::rpc=debug`
    #[arg(long, global = true, value_name = "FILTER")]
    pub(super) log: Option<String>,
    /// Log to this file instead of stderr
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) log_file: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Serve an editor: the Agent Client Protocol on stdin and stdout
    Acp(Acp),
    /// Print a code that lets a page in, once, to a server that runs
    Code(Code),
    /// Be a server somewhere else, to an editor: what `acp --attach` does
    Connect(Connect),
    /// Do one request in the current directory and print what comes of it
    Run(Run),
    /// Have tasks done by other servers, all at once
    Task(Task),
    /// Look for servers on the local network
    Discover(Discover),
    /// Look at stored sessions
    Sessions {
        #[command(subcommand)]
        command: Sessions,
    },
    /// Look at answers that were remembered with "always"
    Permissions {
        #[command(subcommand)]
        command: Permissions,
    },
    /// Look at what is set
    Config {
        #[command(subcommand)]
        command: Configuration,
    },
    /// Look at MCP servers, approve those of a project, sign in
    Mcp {
        #[command(subcommand)]
        command: Mcp,
    },
    /// Store a provider's key, or sign in to an MCP server
    Login(Login),
    /// Forget stored keys, or the sign-in to an MCP server
    Logout(Logout),
    /// List models
    Models(Models),
    /// List providers of models, and where their keys come from
    Providers(Providers),
    /// Look whether everything that is needed is there
    Doctor(Doctor),
}

#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
#[group(skip)]
#[command(group = clap::ArgGroup::new("network").args(["port", "mdns"]).multiple(true))]
pub(super) struct Acp {
    /// Listen on this TCP port instead of stdin and stdout; 0: any that is free
    #[arg(long, value_name = "PORT")]
    pub(super) port: Option<u16>,
    /// Listen on this address
    #[arg(long, value_name = "HOST", default_value = "localhost", requires = "network")]
    pub(super) hostname: String,
    /// Let the local network find the port, any that is free unless --port is given
    #[arg(long)]
    pub(super) mdns: bool,
    /// Let pages of this origin (`http://localhost:3000`) in; may be said again; `*`, or nothing: any that has the token
    #[arg(long, value_name = "ORIGIN", requires = "network", num_args = 0..=1, default_missing_value = "*",
          value_parser = origin)]
    pub(super) cors: Vec<String>,
    /// Go by this name as well (`Host`), as behind a forwarded port or a proxy; exactly this one; may be said again
    #[arg(long, value_name = "NAME[:PORT]", requires = "network")]
    pub(super) allow_host: Vec<Name>,
    /// Let in whoever is on this machine, without a token; closed to browsers
    #[arg(long, requires = "network")]
    pub(super) no_auth: bool,
    /// Listen on an address that others can reach although nothing is encrypted
    #[arg(long, requires = "network")]
    pub(super) insecure_plaintext: bool,
    /// Most clients at once; one more is told to come back later
    #[arg(long, value_name = "NUMBER", default_value_t = Listener::CLIENTS, requires = "network")]
    pub(super) max_connections: NonZeroUsize,
    #[command(flatten)]
    pub(super) tls: Tls,
    /// Be the server at this address instead, or of this name on the local network
    #[arg(long, value_name = "URL", conflicts_with = "network")]
    pub(super) attach: Option<String>,
    #[command(flatten)]
    pub(super) access: Access,
    /// Longest line taken, in bytes
    #[arg(long, value_name = "BYTES", default_value_t = MAX_LINE)]
    pub(super) max_line: usize,
    /// Speak the draft of the protocol's version 2 with clients that ask for it; it may change at any time
    #[arg(long = "acp-v2")]
    pub(super) draft: bool,
    /// Spellings of other agents, without a meaning here
    #[arg(long = "acp", alias = "experimental-acp", hide = true)]
    pub(super) _spelling: bool,
    /// What a client puts behind the command it was told when somebody is to sign in
    #[command(subcommand)]
    pub(super) command: Option<SignIn>,
}

#[derive(Debug, clap::Args)]
#[group(skip)]
pub(super) struct Tls {
    /// Encrypt with this certificate, and those above it, in PEM
    #[arg(long = "tls-cert", value_name = "FILE", requires = "key", requires = "network")]
    pub(super) certificate: Option<PathBuf>,
    /// The certificate's key, in PEM
    #[arg(long = "tls-key", value_name = "FILE", requires = "certificate")]
    pub(super) key: Option<PathBuf>,
    /// Encrypt with a certificate of our own, which clients know by its fingerprint
    #[arg(long = "tls-self-signed", conflicts_with = "certificate", requires = "network")]
    pub(super) self_signed: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum SignIn {
    /// Store a provider's key
    #[command(hide = true)]
    Login(Login),
}

#[derive(Debug, Subcommand)]
pub(super) enum Mcp {
    /// Servers that are set here, and whether they are started
    List,
    /// Let a server of the project be started, as long as it stays the same
    Approve(Approve),
    /// Never start a server of the project as it is now
    Reject { name: String },
    /// Connect to the servers, or to one, and list their tools
    Tools { name: Option<String> },
    /// Sign in to a remote server in the browser
    Login(Remote),
    /// Forget the sign-in to a remote server
    Logout(Remote),
}

#[derive(Debug, clap::Args)]
pub(super) struct Remote {
    pub(super) name: String,
    /// Where it is, for one that only the editor names
    #[arg(long)]
    pub(super) url: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(super) struct Approve {
    pub(super) name: String,
    /// Approve what is shown without asking
    #[arg(long)]
    pub(super) yes: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct Login {
    /// Whose key, as `adjutant providers` names it; `mcp:NAME` for an MCP server
    pub(super) provider: Option<String>,
    /// Read the key from stdin instead of asking for it
    #[arg(long)]
    pub(super) key_stdin: bool,
    /// Store the key without trying it
    #[arg(long)]
    pub(super) no_check: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct Logout {
    /// Whose key, the only one if it is left out; `mcp:NAME` for an MCP server
    pub(super) provider: Option<String>,
    /// Every stored key
    #[arg(long, conflicts_with = "provider")]
    pub(super) all: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct Models {
    /// Of this provider alone
    pub(super) provider: Option<String>,
    /// Ask the providers for their models
    #[arg(long)]
    pub(super) refresh: bool,
    /// As JSON objects, a line each
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct Providers {
    /// As JSON objects, a line each
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct Doctor {
    /// Ask providers whether their keys work
    #[arg(long)]
    pub(super) online: bool,
    /// As JSON objects, a line each
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct Run {
    /// What to do, in plain words
    #[arg(required = true, trailing_var_arg = true, value_name = "REQUEST")]
    pub(super) request: Vec<String>,
    /// Go on with this session instead of a new one
    #[arg(long, value_name = "ID")]
    pub(super) session: Option<String>,
    /// Print every event as a JSON object a line
    #[arg(long, conflicts_with_all = ["attach", "format"])]
    pub(super) json: bool,
    /// `json`: print steps, tool calls and texts as JSON objects, a line each, when they are whole
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    pub(super) format: Format,
    /// Have it done by the server at this URL, or of this name on the local network
    #[arg(long, value_name = "URL")]
    pub(super) attach: Option<String>,
    #[command(flatten)]
    pub(super) access: Access,
}

/// How a turn is printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// The answer, for people.
    #[default]
    Default,
    Json,
}

#[derive(Debug, Subcommand)]
pub(super) enum Sessions {
    /// Newest first; those of the current directory unless --all is given
    List {
        /// Of all directories
        #[arg(long)]
        all: bool,
        /// As JSON objects, a line each
        #[arg(long)]
        json: bool,
    },
    /// The conversation of one session
    Show {
        id: String,
        /// Every event as a JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Forget a session
    Delete { id: String },
    /// What a session changed in files: a diff from what they were to what they are now
    Diff {
        id: String,
        /// Only what this turn changed
        #[arg(long, value_name = "NUMBER")]
        turn: Option<u64>,
    },
    /// Take file changes back, those of the last turn that made any; refused where a file was changed since
    Revert(Revert),
}

#[derive(Debug, clap::Args)]
pub(super) struct Revert {
    pub(super) id: String,
    /// The changes of this turn instead
    #[arg(long, value_name = "NUMBER")]
    pub(super) turn: Option<u64>,
    /// All changes of the session
    #[arg(long, conflicts_with = "turn")]
    pub(super) all: bool,
    /// Say what would be done, and do nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Do not ask first
    #[arg(long)]
    pub(super) yes: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum Permissions {
    /// Remembered answers; those of the current directory unless --all is given
    List {
        /// Of all directories
        #[arg(long)]
        all: bool,
    },
    /// Forget one, by its number in the list
    Forget { number: i64 },
}

#[derive(Debug, Subcommand)]
pub(super) enum Configuration {
    /// Every value in force in the current directory, with where it came from
    Show {
        /// As JSON objects, a line each
        #[arg(long)]
        json: bool,
    },
    /// The JSON schema of the configuration file
    Schema,
    /// Where the configuration file is, or would be
    Path,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().map_err(|_| "a number of seconds is wanted")?;
    Duration::try_from_secs_f64(seconds).map_err(|e| e.to_string())
}

fn mode(id: &str) -> Result<Mode, String> {
    Mode::from_id(id).map_err(|e| e.to_string())
}

/// `adjutant --acp` and `adjutant --experimental-acp` mean `adjutant acp`: clients add them by themselves, before
/// or behind other options.
pub(super) fn spelt(args: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut args: Vec<_> = args.collect();
    let command = Args::command();
    let has_value = |arg: &OsStr| {
        let name = arg.to_str().and_then(|arg| arg.strip_prefix("--"));
        let mut known = command.get_arguments();
        known.any(|known| known.get_long() == name && known.get_action().takes_values())
    };
    let mut at = 1;
    while let Some(arg) = args.get(at) {
        if arg == "--acp" || arg == "--experimental-acp" {
            let named = args.get(at + 1).is_some_and(|next| next == "acp");
            if named {
                drop(args.remove(at))
            } else {
                args[at] = "acp".into()
            }
            break;
        }
        if !arg.as_encoded_bytes().starts_with(b"-") {
            break;
        }
        at += if has_value(arg) { 2 } else { 1 };
    }
    args
}
