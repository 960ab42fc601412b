//! The binary as a server on a free port of this machine, and the client's own ways to it.

use std::process::{ExitStatus, Stdio};

use agent_client_protocol_http::HttpClient;
use anyhow::{Context, Result};
use reqwest::header::{AUTHORIZATION, HeaderMap};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Child;

use super::child::Place;

pub struct Server {
    child: Child,
    address: String,
    token: String,
}

impl Server {
    pub async fn start(place: &Place) -> Result<Self> {
        let mut command = place.command();
        command.args(["--port", "0"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let mut lines = BufReader::new(child.stderr.take().context("no stderr")?).lines();
        let line = lines.next_line().await?.context("it does not say where it listens")?;
        let (address, note) = line
            .strip_prefix("adjutant: listening on ")
            .and_then(|rest| rest.split_once("; the token is in "))
            .with_context(|| line.clone())?;
        let note: serde_json::Value = serde_json::from_slice(&std::fs::read(note)?)?;
        let token = note["token"].as_str().context("no token")?.to_owned();
        Ok(Self { child, address: address.to_owned(), token })
    }

    /// `scheme`: `http` for streamable HTTP, `ws` for a WebSocket.
    pub fn client(&self, scheme: &str) -> Result<HttpClient> {
        let headers = HeaderMap::from_iter([(AUTHORIZATION, format!("Bearer {}", self.token).parse()?)]);
        let client = HttpClient::builder(format!("{scheme}://{}", self.address))
            .configure_http(|http| http.no_proxy().default_headers(headers));
        Ok(client.build()?)
    }

    /// Tells it to end, and waits until it has.
    pub async fn stop(mut self) -> Result<ExitStatus> {
        let pid = self.child.id().context("it has ended already")?;
        tokio::process::Command::new("kill").arg(pid.to_string()).status().await?;
        Ok(self.child.wait().await?)
    }
}
