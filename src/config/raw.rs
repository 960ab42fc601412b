//! The configuration as it is written. The words here are the reference: the schema and the README's tables are made
//! from them.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::agent::AgentUse;
use super::provider::Api;
use crate::permission::Mode;

/// What `config.toml` may say. Files of a project are read with the same words, and with less trust.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "adjutant configuration")]
pub(super) struct Raw {
    /// Who answers: `provider/model`; `auto`: the first provider with a key, else a server on this machine, else
    /// `offline`; `offline`: the command agent that needs no model; `scripted`: a script, for tests.
    #[schemars(extend("default" = "auto"))]
    pub(super) model: Option<String>,
    /// The model that answers where the chosen one has no key: `provider/model`, or `offline`.
    pub(super) fallback: Option<String>,
    /// The mode of new sessions.
    #[schemars(with = "Option<String>", extend("enum" = ["default", "accept-edits", "plan", "full"], "default" = "default"))]
    pub(super) mode: Option<Mode>,
    /// Rules about what may be done. Deny beats ask, ask beats allow. Rules of all layers add up.
    pub(super) permission: Permission,
    /// Providers of models, by the name that stands before the slash. What is not said of a known one is as known.
    pub(super) provider: BTreeMap<String, Provider>,
    /// Agents, by name: who the model is to be, and what it may do. Also `agents/NAME.md` beside this file.
    pub(super) agent: BTreeMap<String, Agent>,
    /// Slash commands, by name without the slash. Also `commands/NAME.md` beside this file.
    pub(super) command: BTreeMap<String, Command>,
    /// MCP servers, by the name that their tools begin with.
    pub(super) mcp: BTreeMap<String, Mcp>,
    /// Language servers whose diagnostics follow an edit, by name.
    pub(super) lsp: BTreeMap<String, Lsp>,
    /// Hard limits. Reaching one pauses and asks, or ends the turn where nobody can answer.
    pub(super) budget: Budgets,
}

/// Lists of rules, such as `bash(cargo test:*)`, `edit(docs/**)`, `fetch`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Permission {
    /// What is done without asking.
    pub(super) allow: Vec<String>,
    /// What is asked about.
    pub(super) ask: Vec<String>,
    /// What is never done.
    pub(super) deny: Vec<String>,
}

/// A provider of models.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Provider {
    /// The name for people.
    pub(super) name: Option<String>,
    /// The wire dialect. Without it that of the known provider; `openai-chat` for others, and for `openai` at another
    /// address.
    pub(super) api: Option<Api>,
    /// Where it is, with the version and without a slash at the end: `https://api.example.org/v1`. `{env:X}` is replaced.
    pub(super) base_url: Option<String>,
    /// The key: `{env:X}` takes it from a variable, `{file:path}` from a file (`~` is the home, else beside this one).
    /// Empty: none is needed. Without it the provider's usual variables and `adjutant login` are looked at.
    pub(super) key: Option<String>,
    /// Headers of every request. `{env:X}` and `{file:path}` are replaced.
    pub(super) headers: BTreeMap<String, String>,
    /// What is known of its models, by their name there. Models that are not listed work too.
    pub(super) model: BTreeMap<String, Model>,
    /// Seconds to connect.
    #[schemars(range(min = 1, max = 86_400), extend("default" = 10))]
    pub(super) connect_timeout: Option<u64>,
    /// Seconds without a byte.
    #[schemars(range(min = 1, max = 86_400), extend("default" = 60))]
    pub(super) idle_timeout: Option<u64>,
    /// Seconds of one answer, from first to last.
    #[schemars(range(min = 1, max = 86_400), extend("default" = 1_800))]
    pub(super) total_timeout: Option<u64>,
    /// Tries after the first.
    #[schemars(range(max = 5), extend("default" = 5))]
    pub(super) retries: Option<u32>,
}

/// A model. What is not said is taken from the built-in table, or assumed with care.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Model {
    /// The name for people.
    pub(super) name: Option<String>,
    /// Tokens that fit into a request and its answer together.
    pub(super) context: Option<u64>,
    /// Tokens of one answer.
    pub(super) output: Option<u64>,
    /// US dollars for a million tokens: input, output, read from the cache, written to it.
    pub(super) price: Option<[f64; 4]>,
    /// Whether it takes images.
    pub(super) images: Option<bool>,
    /// Whether it calls tools.
    pub(super) tools: Option<bool>,
    /// Thought levels it can be told: `off`, `low`, `medium`, `high`. Empty: none.
    pub(super) efforts: Option<Vec<String>>,
}

/// An agent.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Agent {
    /// When to use it: for people, and for the model that may call it.
    pub(super) description: Option<String>,
    /// Its part of the system prompt. Without it the usual one.
    pub(super) prompt: Option<String>,
    /// A file with the prompt, beside this one.
    pub(super) prompt_file: Option<String>,
    /// The model it answers with, unless the session chose another: `provider/model`.
    pub(super) model: Option<String>,
    /// The mode it works in; where the session chose another, the stricter one of both.
    #[schemars(with = "Option<String>", extend("enum" = ["default", "accept-edits", "plan", "full"]))]
    pub(super) mode: Option<Mode>,
    /// Tools it has; a name may end with `*`. Without it all.
    pub(super) tools: Option<Vec<String>>,
    /// Tools it has not, whatever `tools` says.
    pub(super) without: Vec<String>,
    /// Its own rules, beside those of everybody.
    pub(super) permission: Permission,
    /// Model calls in one turn.
    #[schemars(range(min = 1))]
    pub(super) steps: Option<usize>,
    /// Who may call it.
    #[schemars(extend("default" = "all"))]
    pub(super) use_as: Option<AgentUse>,
    /// `false`: it is not there.
    #[schemars(extend("default" = true))]
    pub(super) enabled: Option<bool>,
}

/// A slash command that is a prompt.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Command {
    /// What it does, for people.
    pub(super) description: Option<String>,
    /// What to type behind it.
    pub(super) hint: Option<String>,
    /// The prompt. `$ARGUMENTS` is all that was typed behind the command, `$1` … `$9` its words.
    pub(super) template: Option<String>,
    /// The agent that answers this prompt.
    pub(super) agent: Option<String>,
    /// The model that answers this prompt: `provider/model`.
    pub(super) model: Option<String>,
}

/// An MCP server: with a `command` a child process, with a `url` a remote one.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Mcp {
    /// The program to start. `{env:X}`, `{env:X:-default}` and `{file:path}` are replaced.
    pub(super) command: Option<String>,
    /// Its arguments. `{env:X}`, `{env:X:-default}` and `{file:path}` are replaced.
    pub(super) args: Vec<String>,
    /// Its variables, beside a few harmless ones. `{env:X}`, `{env:X:-default}` and `{file:path}` are
    /// replaced.
    pub(super) env: BTreeMap<String, String>,
    /// The folder it is started in, from this file. Without it that of the session.
    pub(super) cwd: Option<String>,
    /// Where a remote one is. `{env:X}`, `{env:X:-default}` and `{file:path}` are replaced.
    pub(super) url: Option<String>,
    /// How a remote one is spoken to.
    #[schemars(extend("default" = "http"))]
    pub(super) transport: Option<Transport>,
    /// Headers of every request. `{env:X}`, `{env:X:-default}` and `{file:path}` are replaced.
    pub(super) headers: BTreeMap<String, String>,
    /// `false`: it is not used.
    #[schemars(extend("default" = true))]
    pub(super) enabled: Option<bool>,
    /// Seconds to answer `initialize`.
    #[schemars(range(min = 1, max = 86_400), extend("default" = 15))]
    pub(super) startup_timeout: Option<u64>,
    /// Seconds of one call.
    #[schemars(range(min = 1, max = 86_400), extend("default" = 300))]
    pub(super) timeout: Option<u64>,
}

/// How a remote MCP server is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Transport {
    /// Streamable HTTP.
    Http,
    /// Server-sent events, as before 2025-03-26.
    Sse,
}

/// A language server.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Lsp {
    /// The program to start.
    pub(super) command: Option<String>,
    /// Its arguments.
    pub(super) args: Vec<String>,
    /// Its variables, beside a few harmless ones.
    pub(super) env: BTreeMap<String, String>,
    /// Endings of file names it is asked about, without the dot.
    pub(super) extensions: Vec<String>,
    /// Seconds to wait for diagnostics after an edit.
    #[schemars(range(max = 60), extend("default" = 3))]
    pub(super) wait: Option<f64>,
    /// `false`: it is not used.
    #[schemars(extend("default" = true))]
    pub(super) enabled: Option<bool>,
}

/// Hard limits by their span.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Budgets {
    /// Of one turn, with its sub-agents.
    pub(super) turn: Budget,
    /// Of one session.
    pub(super) session: Budget,
    /// Of all sessions together, from midnight UTC.
    pub(super) day: Budget,
}

/// A hard limit on each of these.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Budget {
    /// US dollars.
    pub(super) money: Option<f64>,
    /// Tokens, in and out.
    pub(super) tokens: Option<u64>,
    /// Model calls.
    pub(super) steps: Option<u64>,
    /// Time, such as `90s`, `30m`, `1h30m`. A tool that still runs then is ended.
    #[schemars(extend("examples" = ["30m"]))]
    pub(super) time: Option<String>,
}
