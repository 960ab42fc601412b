//! One request of a person, done as any client of the protocol does it: by a server elsewhere, or by one in this process
//! (`conversation`), and shown as text or as lines of JSON (`show`, `transcript`).
//!
//! No engine logic lives here; nothing is known of a turn but what every client is told.
//!
//! What always holds: what somebody is asked is asked here; Ctrl-C cancels the turn, a second one leaves; the exit code
//! says how the turn ended, wherever it was.
//!
//! To show something more: its arm in `show` and in `transcript`.

mod conversation;
mod show;
mod transcript;

#[cfg(test)]
mod tests;

use std::process::ExitCode;

use anyhow::Context as _;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::args::{Format, Run};
use super::print::{self, PrintError};
use super::{Setup, exit, reach};
use crate::app;
use crate::jsonrpc::MAX_LINE;
use crate::serve::Doors;
use crate::transport::{self, Transport};
use conversation::{Conversation, Failure, Order};
use show::Show;

/// Does the request and shows what comes of it.
pub(super) async fn run(setup: &Setup, command: Run) -> anyhow::Result<ExitCode> {
    let order = Order {
        cwd: setup.cwd.clone().map_or_else(std::env::current_dir, std::path::absolute)?,
        session: command.session,
        // A server of our own has it from us already.
        mode: setup.flags.mode.filter(|_| command.attach.is_some()),
        text: command.request.join(" "),
    };
    let show = Show::new(command.format == Format::Json);
    if let Some(text) = &command.attach {
        let server = reach::server(setup, text, &command.access).await?;
        return converse(reach::connect(&server).await?, order, show).await;
    }
    let doors = Doors::local(app::engine(setup.environment.clone(), setup.flags.clone()));
    let (near, far) = transport::memory(MAX_LINE);
    let stop = CancellationToken::new();
    let conversing = async {
        let ended = converse(near, order, show).await;
        stop.cancel();
        ended
    };
    let (ended, served) = tokio::join!(conversing, doors.serve(far, stop.clone()));
    if let Err(error) = served {
        tracing::debug!(%error, "the conversation broke off");
    }
    if let Some(engine) = doors.engine() {
        engine.sessions.shut_down().await;
    }
    ended
}

async fn converse(transport: Transport, order: Order, show: Show) -> anyhow::Result<ExitCode> {
    let interrupt = signal(SignalKind::interrupt()).context("no signals")?;
    let mut conversation = Conversation::new(transport, show, interrupt);
    let ended = conversation.run(order).await;
    conversation.leave().await;
    match ended {
        Ok(reason) => {
            conversation.show.end(&reason)?;
            Ok(match reason.as_str() {
                "end_turn" => ExitCode::SUCCESS,
                "cancelled" => print::failure(exit::CANCELLED, "cancelled"),
                other => print::failure(exit::TEMPORARY, &format!("the turn stopped early: {other}")),
            })
        }
        Err(Failure::Said(e)) => Err(e.into()),
        Err(Failure::Refused(message)) => {
            conversation.show.error(&message)?;
            Ok(print::failure(exit::UNAVAILABLE, &message))
        }
        Err(Failure::Gone) => {
            let message = "the connection was lost: the session goes on where it was, see --session";
            conversation.show.error(message)?;
            Ok(print::failure(exit::UNAVAILABLE, message))
        }
        Err(Failure::Left) => Ok(print::failure(exit::CANCELLED, "cancelled")),
    }
}
