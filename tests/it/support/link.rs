//! A connection to the program under test, in this process or as a process of its own.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use adjutant::engine::Engine;
use adjutant::jsonrpc::MAX_LINE;
use adjutant::rpc::Limits;
use adjutant::serve::Doors;
use adjutant::serve::acp::Door;
use adjutant::transport::{self, Transport};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::bench::{Bench, PROGRAM};
use super::wire::Wire;

const PATIENCE: Duration = Duration::from_secs(20);

/// A connection, and what is at its other end.
pub(crate) struct Link {
    pub(crate) wire: Wire,
    far: Far,
}

enum Far {
    Door {
        /// What to shut down at the end.
        engine: Box<dyn Fn() -> Option<Engine> + Send + Sync>,
        task: JoinHandle<std::io::Result<()>>,
    },
    Process(Box<Child>),
    /// A server that others are connected to as well.
    Server,
}

impl Link {
    /// A connection to a door of this process.
    pub(crate) fn memory(door: &Arc<Door>) -> Self {
        let (near, far) = transport::memory(MAX_LINE);
        let serving = Arc::clone(door);
        let task =
            tokio::spawn(
                async move { serving.serve(far, Limits::default(), CancellationToken::new()).await },
            );
        let door = Arc::clone(door);
        Self { wire: Wire::new(near), far: Far::Door { engine: Box::new(move || door.engine()), task } }
    }

    /// A connection to all doors of this process: its first line says to which.
    pub(crate) fn doors(doors: &Arc<Doors>) -> Self {
        let (near, far) = transport::memory(MAX_LINE);
        let serving = Arc::clone(doors);
        let task = tokio::spawn(async move { serving.serve(far, CancellationToken::new()).await });
        let doors = Arc::clone(doors);
        Self { wire: Wire::new(near), far: Far::Door { engine: Box::new(move || doors.engine()), task } }
    }

    /// A connection that a task of the caller's serves.
    pub(crate) fn alone(near: Transport, task: JoinHandle<std::io::Result<()>>) -> Self {
        Self { wire: Wire::new(near), far: Far::Door { engine: Box::new(|| None), task } }
    }

    /// The real program on pipes.
    pub(crate) fn process(bench: &Bench) -> Self {
        Self::command(Command::new(PROGRAM).arg("acp"), bench)
    }

    /// The real program, started by a command of the caller's.
    pub(crate) fn command(command: &mut Command, bench: &Bench) -> Self {
        let command = command
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .envs(bench.variables())
            .current_dir(bench.root());
        Self::started(command)
    }

    /// The same with an environment of its own.
    pub(crate) fn started(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let transport = Transport::lines(child.stdout.take().unwrap(), child.stdin.take().unwrap(), MAX_LINE);
        Self { wire: Wire::new(transport), far: Far::Process(Box::new(child)) }
    }

    /// A connection to a server.
    pub(crate) fn of(wire: Wire) -> Self {
        Self { wire, far: Far::Server }
    }

    /// The program's process id.
    pub(crate) fn pid(&self) -> Option<u32> {
        match &self.far {
            Far::Door { .. } | Far::Server => None,
            Far::Process(child) => child.id(),
        }
    }

    /// Says goodbye and waits for the end. `Err` tells what was still said, or how it ended badly.
    pub(crate) async fn finish(mut self) -> Result<(), String> {
        self.wire.end().await;
        let mut unread = Vec::new();
        while let Some(line) = self.wire.line().await? {
            unread.push(line);
        }
        match self.far {
            Far::Server => {}
            Far::Door { engine, task } => {
                let served = timeout(PATIENCE, task).await.map_err(|_| "the connection did not end")?;
                served.map_err(|e| e.to_string())?.map_err(|e| e.to_string())?;
                if let Some(engine) = engine() {
                    engine.sessions.shut_down().await;
                }
            }
            Far::Process(mut child) => {
                let status = timeout(PATIENCE, child.wait()).await.map_err(|_| "the process did not end")?;
                let status = status.map_err(|e| e.to_string())?;
                if !status.success() {
                    return Err(format!("the process ended with {status}"));
                }
            }
        }
        if unread.is_empty() { Ok(()) } else { Err(format!("nobody expected:\n< {}", unread.join("\n< "))) }
    }

    /// Closes both pipes of the process and hands it over.
    pub(crate) fn hang_up(self) -> Child {
        match self.far {
            Far::Process(child) => *child,
            Far::Door { .. } | Far::Server => panic!("there are no pipes"),
        }
    }

    /// Kills the process, with no chance to say or write anything more, and waits for its end.
    pub(crate) async fn kill(self) {
        if let Far::Process(mut child) = self.far {
            child.kill().await.unwrap();
        }
    }
}
