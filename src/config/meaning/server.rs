use std::time::Duration;

use super::{Reading, fault};
use crate::config::agent::LanguageServer;
use crate::config::mcp::{McpServer, McpTransport};
use crate::config::raw;
use crate::config::tree::Node;

/// How long a server may take to answer `initialize`, in seconds.
const STARTUP: u64 = 15;

/// How long one call may take, in seconds.
const CALL: u64 = 300;

/// Longest wait that can be set, in seconds.
const LONGEST: u64 = 86_400;

/// How long diagnostics are waited for, and at most, in seconds.
const WAIT: (f64, f64) = (3.0, 60.0);

impl Reading<'_> {
    pub(in crate::config) fn servers(&mut self, tree: &Node) -> Vec<McpServer> {
        self.entries(tree, "mcp", Self::server)
    }

    fn server(&mut self, name: &str, raw: raw::Mcp, node: &Node) -> Result<Option<McpServer>, String> {
        if raw.enabled == Some(false) {
            return Ok(None);
        }
        let key = format!("mcp.{name}");
        let text = |text: &str, part: &str| {
            self.secret(text, node.part(part).unwrap_or(node), &format!("{key}.{part}"))
        };
        let transport = match (raw.command, raw.url) {
            (Some(command), None) => {
                let place = &node.part("cwd").unwrap_or(node).place;
                let cwd = raw.cwd.map(|cwd| self.path(&cwd, place));
                let env = self.secrets(node, "env", &key)?;
                let args = self.words(&raw.args, node, &key)?;
                McpTransport::Stdio { command: text(&command, "command")?, args, env, cwd }
            }
            (None, Some(url)) => {
                let url = text(&url, "url")?;
                let headers = self.secrets(node, "headers", &key)?;
                match raw.transport.unwrap_or(raw::Transport::Http) {
                    raw::Transport::Http => McpTransport::Http { url, headers },
                    raw::Transport::Sse => McpTransport::Sse { url, headers },
                }
            }
            (Some(_), Some(_)) => {
                return Err(fault(&node.place, &key, "it has a `command` and a `url`: write one of them"));
            }
            (None, None) => {
                return Err(fault(&node.place, &key, "it has neither a `command` nor a `url`"));
            }
        };
        let seconds = |set: Option<u64>, usual| Duration::from_secs(set.unwrap_or(usual).clamp(1, LONGEST));
        Ok(Some(McpServer {
            name: name.to_owned(),
            transport,
            startup: seconds(raw.startup_timeout, STARTUP),
            timeout: seconds(raw.timeout, CALL),
            origin: self.origin(&node.place),
        }))
    }

    pub(in crate::config) fn language_servers(&mut self, tree: &Node) -> Vec<LanguageServer> {
        self.entries(tree, "lsp", Self::language_server)
    }

    fn language_server(
        &mut self,
        name: &str,
        raw: raw::Lsp,
        node: &Node,
    ) -> Result<Option<LanguageServer>, String> {
        if raw.enabled == Some(false) {
            return Ok(None);
        }
        let key = format!("lsp.{name}");
        let command = raw.command.ok_or_else(|| fault(&node.place, &key, "it has no `command`"))?;
        let wait = raw.wait.filter(|wait| wait.is_finite()).unwrap_or(WAIT.0).clamp(0.0, WAIT.1);
        Ok(Some(LanguageServer {
            name: name.to_owned(),
            command,
            args: raw.args,
            env: raw.env.into_iter().collect(),
            extensions: raw.extensions.iter().map(|it| it.trim_start_matches('.').to_owned()).collect(),
            wait: Duration::from_secs_f64(wait),
            origin: self.origin(&node.place),
        }))
    }
}
