//! One end of a line of frames.

use std::time::Duration;

use adjutant::jsonrpc::Frame;
use adjutant::transport::{Incoming, Outgoing, Transport};
use futures_util::StreamExt;
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

/// How long a line may take to come. Machines under load are slow; a line that never comes is rare.
const PATIENCE: Duration = Duration::from_secs(20);

/// Our end: lines out, lines in.
pub(crate) struct Wire {
    incoming: Incoming,
    outgoing: Option<Outgoing>,
}

impl Wire {
    pub(crate) fn new(transport: Transport) -> Self {
        Self { incoming: transport.incoming, outgoing: Some(transport.outgoing) }
    }

    /// Sends bytes as they are. A program that has ended reads nothing more, which later steps notice.
    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        let Some(outgoing) = &mut self.outgoing else { panic!("sent after the end") };
        if outgoing.write_all(bytes).await.is_ok() {
            let _ended = outgoing.flush().await;
        }
    }

    pub(crate) async fn send_line(&mut self, line: &str) {
        self.send(format!("{line}\n").as_bytes()).await;
    }

    /// Says that nothing more will come.
    pub(crate) async fn end(&mut self) {
        if let Some(mut outgoing) = self.outgoing.take() {
            let _ended = outgoing.shutdown().await;
        }
    }

    /// The next line; `Ok(None)` at the end, `Err` when none comes in time.
    pub(crate) async fn line(&mut self) -> Result<Option<String>, String> {
        self.line_within(PATIENCE).await
    }

    pub(crate) async fn line_within(&mut self, patience: Duration) -> Result<Option<String>, String> {
        match timeout(patience, self.incoming.next()).await {
            Err(_) => Err(format!("no line came within {patience:?}")),
            Ok(None) => Ok(None),
            Ok(Some(Ok(Frame::Line(line) | Frame::Unended(line)))) => {
                match String::from_utf8(line.to_vec()) {
                    Ok(line) => Ok(Some(line)),
                    Err(e) => Err(format!("a line is not UTF-8: {e}")),
                }
            }
            Ok(Some(Ok(Frame::TooLong { limit }))) => Err(format!("a line is longer than {limit} bytes")),
            Ok(Some(Err(e))) => Err(format!("reading failed: {e}")),
        }
    }

    /// The next line as JSON.
    pub(crate) async fn json(&mut self) -> Result<Option<Value>, String> {
        let Some(line) = self.line().await? else { return Ok(None) };
        serde_json::from_str(&line).map(Some).map_err(|e| format!("no JSON ({e}): {line}"))
    }
}
