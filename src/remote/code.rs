//! A code for a page, asked of a server over HTTP.

use std::future::poll_fn;
use std::pin::Pin;

use hyper::body::{Body, Incoming};
use hyper::client::conn::http1;
use hyper::header::{AUTHORIZATION, CONNECTION, HOST};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncWrite};

use super::{RemoteError, Server, socket};

/// Where codes are asked for.
const PATH: &str = "/auth/code";
/// Bytes of an answer that are read.
const LONGEST: usize = 4 * 1024;

/// What lets a page in, once.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Code {
    pub code: String,
    /// How long it is good for, in seconds.
    pub expires_in: u64,
}

impl std::fmt::Debug for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Code").field("expires_in", &self.expires_in).finish_non_exhaustive()
    }
}

/// Asks for one over that stream, which is over then. `None`: the server lets no page in.
pub(super) async fn ask<S>(stream: S, server: &Server) -> Result<Option<Code>, RemoteError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let stranger = |reason: String| RemoteError::Stranger { address: server.address.clone(), reason };
    let failed = |e: hyper::Error| stranger(e.to_string());
    let request = request(server)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(failed)?;
    let answering = async {
        let response = sender.send_request(request).await?;
        Ok((response.status(), read(response.into_body()).await?))
    };
    // What befalls the connection befalls the answer.
    let (_ended, answer) = tokio::join!(connection, answering);
    match answer.map_err(failed)? {
        (StatusCode::OK, body) => serde_json::from_slice(&body)
            .map(Some)
            .map_err(|_| stranger("its answer to our request means nothing to us".to_owned())),
        (StatusCode::FORBIDDEN, _) => Ok(None),
        (status, body) => Err(socket::refused(status, &body, server)),
    }
}

fn request(server: &Server) -> Result<Request<String>, RemoteError> {
    let mut request =
        Request::post(PATH).header(HOST, server.address.authority()).header(CONNECTION, "close");
    if let Some(token) = socket::bearer(server)? {
        request = request.header(AUTHORIZATION, token);
    }
    let wrong = |_| RemoteError::Address {
        text: server.address.to_string(),
        reason: "nothing can be asked for there",
    };
    request.body(String::new()).map_err(wrong)
}

/// The beginning of a body.
async fn read(mut body: Incoming) -> hyper::Result<Vec<u8>> {
    let mut taken = Vec::new();
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await.transpose()? {
        let data = frame.into_data().unwrap_or_default();
        let room = LONGEST - taken.len();
        taken.extend_from_slice(&data[..data.len().min(room)]);
        if data.len() >= room {
            break;
        }
    }
    Ok(taken)
}
