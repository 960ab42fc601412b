//! What is said to somebody who is not served, before anything is known of it but its first byte.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::crowd::{FULL, RETRY_AFTER};
use super::hello;
use super::listener::Speech;

/// Bytes that are thrown away of what is not listened to.
const UNHEARD: u64 = 64 * 1024;

/// Why it is not served.
#[derive(Debug, Clone, Copy)]
pub(super) enum Why {
    /// It speaks openly where everybody could listen.
    Open,
    /// There is no room.
    Full,
}

/// Says why, and closes. What is said back is thrown away, unread, for so long.
pub(super) async fn turn_away(mut stream: TcpStream, speech: &Speech, why: Why, patience: Duration) {
    let Some(answer) = answer(speech, why) else { return };
    let telling = async {
        stream.write_all(answer.as_bytes()).await?;
        stream.shutdown().await?;
        // A connection that is closed with something in it takes the answer with it.
        tokio::io::copy(&mut stream.take(UNHEARD), &mut tokio::io::sink()).await
    };
    if let Ok(Err(e)) = timeout(patience, telling).await {
        tracing::debug!(error = %e, "who was turned away did not listen");
    }
}

fn answer(speech: &Speech, why: Why) -> Option<String> {
    match speech {
        Speech::Http => {
            let (status, text) = match why {
                Why::Open => ("400 Bad Request".to_owned(), "this port speaks TLS: use https:// or wss://"),
                Why::Full => (format!("503 Service Unavailable\r\nretry-after: {RETRY_AFTER}"), FULL),
            };
            let head = "content-type: text/plain\r\nconnection: close";
            Some(format!("HTTP/1.1 {status}\r\n{head}\r\n\r\n{text}\n"))
        }
        Speech::Lines => {
            let (code, message) = match why {
                Why::Open => ("INVALID_REQUEST", "this port speaks TLS: use tls://"),
                Why::Full => ("BUSY", FULL),
            };
            Some(format!("{}\n", hello::refusal(code, message)))
        }
        // It would take it for nonsense.
        Speech::Tls => None,
    }
}
