//! A local agent that is a server somewhere else: what an editor says goes there, and what comes from there to the editor.
//!
//! Nothing is answered here as long as the server can: lines pass as they are, and few of them are looked at.
//!
//! What always holds: a request of the editor's is answered, by the server or with an error that says what happened; an
//! answer of the editor's goes to the server that asked, never to one that came after it.
//!
//! To add something that survives a server: its field of `talk::Talk`, and what is done about it in [`Bridge::revive`].

mod place;
mod talk;

#[cfg(test)]
mod tests;

use std::fmt;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};

use super::{Backoff, RemoteError, Server, connect_lasting};
use crate::jsonrpc::Frame;
use crate::transport::{Incoming, Outgoing, Transport};
use talk::Talk;

/// How long a server that has gone is waited for before the editor's requests are answered with an error.
const PATIENCE: Duration = Duration::from_mins(1);
/// How long the server may still answer when the editor has said its last.
const GOODBYE: Duration = Duration::from_secs(5);
/// Lines that are passed on together.
const TOGETHER: usize = 64;

/// An editor on one side, a server on the other.
pub struct Bridge<F> {
    /// Finds the server anew: when it starts again, it has another token.
    find: F,
    patience: Duration,
    talk: Mutex<Talk>,
}

/// Why passing lines on ended.
enum End {
    /// The editor has said its last, and has its answers.
    Editor,
    /// The connection to the server is gone for good.
    Server(String),
}

/// What there is to do when no server is there.
enum Idle {
    Found(Transport),
    /// Nobody was found, or the editor has said its last.
    Nobody(Option<RemoteError>),
}

impl<F> fmt::Debug for Bridge<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bridge").finish_non_exhaustive()
    }
}

impl<F: Fn() -> Result<Server, RemoteError>> Bridge<F> {
    /// To the server that `find` gives, now and whenever one has gone.
    pub fn new(find: F) -> Self {
        Self { find, patience: PATIENCE, talk: Mutex::default() }
    }

    /// Passes lines on until the editor has said its last. `Err`: the server could not be reached at all, or the editor
    /// takes nothing.
    pub async fn serve(self, mut editor: Transport) -> Result<(), BridgeError> {
        let mut remote = connect_lasting(&(self.find)()?).await?;
        loop {
            let why = match self.pass(&mut editor, remote).await? {
                End::Editor => return Ok(()),
                End::Server(why) => why,
            };
            tracing::warn!(why, "the connection to the server is gone: another one is made");
            let lost = self.talk().lost(&why);
            write(&mut editor.outgoing, &lost).await?;
            remote = match self.await_server(&mut editor).await? {
                Some(remote) => remote,
                None => return Ok(()),
            };
        }
    }

    /// Passes lines on, both ways.
    async fn pass(&self, editor: &mut Transport, remote: Transport) -> io::Result<End> {
        let Transport { incoming: mut from_remote, outgoing: mut to_remote } = remote;
        let (aside, owed) = mpsc::channel(1);
        let up = self.up(&mut editor.incoming, &mut to_remote, aside);
        let down = self.down(&mut from_remote, &mut editor.outgoing, owed);
        tokio::pin!(down);
        tokio::select! {
            ended = &mut down => return ended.map(End::Server),
            // A server that takes nothing has gone, which the other direction says.
            said = up => if said.is_err() { return down.await.map(End::Server) },
        }
        // The answers that are still owed.
        let goodbye = async {
            let shut = to_remote.shutdown();
            let (shut, ended) = tokio::join!(shut, &mut down);
            if let Err(e) = shut {
                tracing::debug!(error = %e, "the server heard no goodbye");
            }
            ended
        };
        match timeout(GOODBYE, goodbye).await {
            Ok(ended) => ended.map(|_| End::Editor),
            Err(_) => Ok(End::Editor),
        }
    }

    /// `aside`: lines for the editor that the server knows nothing of.
    async fn up(&self, from: &mut Incoming, to: &mut Outgoing, aside: mpsc::Sender<Bytes>) -> io::Result<()> {
        let mut frames = from.ready_chunks(TOGETHER);
        let mut lines = Vec::new();
        while let Some(together) = frames.next().await {
            lines.clear();
            for frame in together {
                match frame? {
                    Frame::Line(line) | Frame::Unended(line) => self.talk().said(&line, &mut lines),
                    Frame::TooLong { limit } => {
                        let told = aside.send(talk::too_long(limit)).await;
                        told.map_err(|_| io::ErrorKind::BrokenPipe)?;
                    }
                }
            }
            write(to, &lines).await?;
        }
        Ok(())
    }

    /// Ends with the reason why there is nothing more.
    async fn down(
        &self,
        from: &mut Incoming,
        to: &mut Outgoing,
        mut owed: mpsc::Receiver<Bytes>,
    ) -> io::Result<String> {
        let mut frames = from.ready_chunks(TOGETHER);
        let mut lines = Vec::new();
        loop {
            let together = tokio::select! {
                together = frames.next() => together,
                Some(line) = owed.recv() => {
                    write(to, &line).await?;
                    continue;
                }
            };
            let Some(together) = together else { return Ok("the server has ended".to_owned()) };
            lines.clear();
            let mut why = None;
            for frame in together {
                match frame {
                    Ok(Frame::Line(line) | Frame::Unended(line)) => self.talk().heard(&line, &mut lines),
                    Ok(Frame::TooLong { limit }) => tracing::warn!(limit, "a line of the server is too long"),
                    Err(e) => why = Some(e.to_string()),
                }
            }
            write(to, &lines).await?;
            if let Some(why) = why {
                return Ok(why);
            }
        }
    }

    /// Waits until there is a server again that knows what the editor does, and answers what the editor asks meanwhile.
    /// `None`: the editor has said its last.
    async fn await_server(&self, editor: &mut Transport) -> Result<Option<Transport>, BridgeError> {
        let mut patience = self.patience;
        let mut asked: Option<Bytes> = None;
        loop {
            let why = match self.find(editor, patience, &mut asked).await? {
                Idle::Found(remote) => match self.revive(remote, &mut editor.outgoing).await? {
                    Ok(mut remote) => {
                        if let Some(line) = asked.take() {
                            let mut lines = Vec::new();
                            self.talk().said(&line, &mut lines);
                            // One that is gone already says so when it is read.
                            if let Err(e) = write(&mut remote.outgoing, &lines).await {
                                tracing::debug!(error = %e, "gone again");
                            }
                        }
                        return Ok(Some(remote));
                    }
                    Err(why) => {
                        let lost = self.talk().lost(&why);
                        write(&mut editor.outgoing, &lost).await?;
                        why
                    }
                },
                Idle::Nobody(None) => return Ok(None),
                Idle::Nobody(Some(e)) => e.to_string(),
            };
            // Who asks has the server looked for once more before it is told that there is none.
            patience = Duration::ZERO;
            if let Some(line) = asked.take() {
                write(&mut editor.outgoing, &talk::unreachable(&line, &why)).await?;
            }
            match editor.first().await.transpose()? {
                Some(Frame::Line(line) | Frame::Unended(line)) => asked = Some(line),
                Some(Frame::TooLong { limit }) => {
                    write(&mut editor.outgoing, &talk::too_long(limit)).await?;
                }
                None => return Ok(None),
            }
        }
    }

    /// Looks for the server for so long. A line that the editor says meanwhile is kept, and nothing more read.
    async fn find(
        &self,
        editor: &mut Transport,
        patience: Duration,
        asked: &mut Option<Bytes>,
    ) -> io::Result<Idle> {
        let until = Instant::now() + patience;
        let looking = async {
            let mut backoff = Backoff::default();
            loop {
                let found = match (self.find)() {
                    Ok(server) => connect_lasting(&server).await,
                    Err(e) => Err(e),
                };
                match found {
                    Ok(remote) => return Idle::Found(remote),
                    Err(e) if Instant::now() >= until => return Idle::Nobody(Some(e)),
                    Err(e) => tracing::debug!(error = %e, "no server yet"),
                }
                sleep(backoff.next_wait()).await;
            }
        };
        tokio::pin!(looking);
        loop {
            tokio::select! {
                found = &mut looking => return Ok(found),
                frame = editor.first(), if asked.is_none() => match frame.transpose()? {
                    Some(Frame::Line(line) | Frame::Unended(line)) => *asked = Some(line),
                    Some(Frame::TooLong { limit }) => {
                        write(&mut editor.outgoing, &talk::too_long(limit)).await?;
                    }
                    None => return Ok(Idle::Nobody(None)),
                },
            }
        }
    }

    /// Tells a new server what the one before knew. `Err`: it has gone again, or wants none of it.
    async fn revive(
        &self,
        mut remote: Transport,
        editor: &mut Outgoing,
    ) -> io::Result<Result<Transport, String>> {
        let steps = self.talk().revival();
        for step in steps {
            let gone = |e: io::Error| e.to_string();
            if let Err(e) = write(&mut remote.outgoing, &step.line).await {
                return Ok(Err(gone(e)));
            }
            loop {
                let line = match remote.first().await {
                    Some(Ok(Frame::Line(line) | Frame::Unended(line))) => line,
                    Some(Ok(Frame::TooLong { .. })) => continue,
                    Some(Err(e)) => return Ok(Err(gone(e))),
                    None => return Ok(Err("the server has ended".to_owned())),
                };
                let mut lines = Vec::new();
                let answered = self.talk().revived(&step, &line, &mut lines);
                write(editor, &lines).await?;
                if answered {
                    break;
                }
            }
        }
        Ok(Ok(remote))
    }

    fn talk(&self) -> MutexGuard<'_, Talk> {
        self.talk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why a bridge ended.
#[derive(Debug, thiserror::Error)]
pub enum BridgeError {
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// The editor takes or says nothing more.
    #[error("the editor has gone: {0}")]
    Editor(#[from] io::Error),
}

impl BridgeError {
    pub fn kind(&self) -> crate::error::ErrorKind {
        match self {
            Self::Remote(e) => e.kind(),
            Self::Editor(_) => crate::error::ErrorKind::Unavailable,
        }
    }
}

async fn write(to: &mut Outgoing, lines: &[u8]) -> io::Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    to.write_all(lines).await?;
    to.flush().await
}
