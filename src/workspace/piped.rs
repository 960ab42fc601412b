//! Processes that are talked to over their standard streams: servers of a protocol.

use tokio::net::unix::pipe;

use super::leash::Leash;
use super::supervisor::Report;
use super::{Command, LocalCommands, WorkspaceError};

/// A process under supervision and its three streams. It and all its descendants end when the leash is let go,
/// and when this process dies in whatever way.
#[derive(Debug)]
pub struct Piped {
    pub stdin: pipe::Sender,
    pub stdout: pipe::Receiver,
    pub stderr: pipe::Receiver,
    pub leash: Leash,
}

impl LocalCommands {
    /// Starts a process that runs until it is ended; limits of the command do not count. `Err` when it cannot
    /// be started.
    pub async fn open(&self, command: &Command) -> Result<Piped, WorkspaceError> {
        let program = command.argv.first().map_or("", String::as_str);
        let failed = |source| WorkspaceError::Spawn { program: program.to_owned(), source };
        let (input, stdin) = std::io::pipe().map_err(failed)?;
        let (stdout, output) = std::io::pipe().map_err(failed)?;
        let (stderr, errors) = std::io::pipe().map_err(failed)?;
        let mut launch = self.supervised(command, true)?;
        launch.stdout(output).stderr(errors);
        let mut leash = Leash::start(&mut launch, program, Some(input.into()))?;
        // The command holds our copies of its ends of the pipes.
        drop(launch);
        match leash.report().await? {
            Some(Report::Started(_)) => {}
            _ => return Err(failed(std::io::Error::other("its supervisor ended"))),
        }
        Ok(Piped {
            stdin: pipe::Sender::from_owned_fd(stdin.into()).map_err(failed)?,
            stdout: pipe::Receiver::from_owned_fd(stdout.into()).map_err(failed)?,
            stderr: pipe::Receiver::from_owned_fd(stderr.into()).map_err(failed)?,
            leash,
        })
    }
}
