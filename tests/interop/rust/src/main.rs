//! The official Rust client against the real binary, $ADJUTANT: on pipes, with a transcript to the file given, or as a
//! server, `--over http` or `--over ws`.

mod child;
mod seen;
mod server;

use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use agent_client_protocol::schema::ProtocolVersion;
use agent_client_protocol::v1::ConnectionTo;
use agent_client_protocol::v1::schema::{
    CancelNotification, ClientCapabilities, CloseSessionRequest, ContentBlock, DeleteSessionRequest,
    FileSystemCapabilities, ForkSessionRequest, InitializeRequest, ListSessionsRequest, LoadSessionRequest,
    NewSessionRequest, PermissionOptionKind, PromptRequest, RequestPermissionOutcome,
    RequestPermissionRequest, RequestPermissionResponse, ResumeSessionRequest, SelectedPermissionOutcome,
    SessionId, SessionNotification, SetSessionModeRequest, StopReason, ToolCallStatus, WriteTextFileRequest,
    WriteTextFileResponse,
};
use agent_client_protocol::{Agent, Client, ConnectTo, Error, Lines};
use anyhow::{Context, Result, anyhow, ensure};

use child::{Place, Transcript};
use seen::{Entry, Seen};
use server::Server;

/// Longest time a run may take: far more than it needs.
const PATIENCE: Duration = Duration::from_secs(120);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let binary = std::env::var_os("ADJUTANT").context("set ADJUTANT to the binary")?;
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let folder = tempfile::tempdir()?;
    let root = folder.path().canonicalize()?;
    let place = Place {
        binary: PathBuf::from(binary).canonicalize()?,
        script: Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenario.jsonl").canonicalize()?,
        home: root.join("home"),
        project: root.join("project"),
    };
    std::fs::create_dir(&place.home)?;
    std::fs::create_dir(&place.project)?;
    let run = async {
        match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            ["--over", scheme] => on_a_port(&place, scheme).await,
            [transcript] => on_pipes(&place, &Transcript::create(Path::new(transcript))?).await,
            _ => Err(anyhow!("name the transcript to write, or --over http or ws")),
        }
    };
    tokio::time::timeout(PATIENCE, run).await?
}

async fn on_pipes(place: &Place, transcript: &Transcript) -> Result<()> {
    let mut child = place.start()?;
    let (outgoing, incoming) = child::lines(&mut child, transcript)?;
    drive(Lines::new(outgoing, incoming), place, "rust sdk").await?;
    ended("rust sdk", "the agent ends by itself when its stdin is closed", child.wait().await?)
}

async fn on_a_port(place: &Place, scheme: &str) -> Result<()> {
    let topic = format!("rust sdk, {scheme}");
    let server = Server::start(place).await?;
    drive(server.client(scheme)?, place, &topic).await?;
    ended(&topic, "the server ends in order when it is told to", server.stop().await?)
}

fn ended(topic: &str, name: &str, status: ExitStatus) -> Result<()> {
    report(topic, name, if status.success() { Ok(()) } else { Err(anyhow!("{status}")) })
}

/// Talks to the agent, to the end of what there is to say.
async fn drive(agent: impl ConnectTo<Client>, place: &Place, topic: &str) -> Result<()> {
    let seen = Seen::new();
    let (noted, project, topic) = (seen.clone(), place.project.clone(), topic.to_owned());
    let driven = Client
        .v1()
        .on_receive_notification(
            async move |it: SessionNotification, _| {
                noted.add(it.session_id, it.update);
                Ok(())
            },
            agent_client_protocol::on_receive_notification!(),
        )
        .on_receive_request(
            async move |it: RequestPermissionRequest, responder, _| responder.respond(answer(&it)),
            agent_client_protocol::on_receive_request!(),
        )
        .on_receive_request(
            async move |it: WriteTextFileRequest, responder, _| match std::fs::write(&it.path, &it.content) {
                Ok(()) => responder.respond(WriteTextFileResponse::new()),
                Err(e) => responder.respond_with_internal_error(e),
            },
            agent_client_protocol::on_receive_request!(),
        )
        .connect_with(agent, async move |agent: ConnectionTo<Agent>| {
            let talked = Talk { agent, seen, project, topic }.all().await;
            talked.map_err(|e| Error::internal_error().data(e.to_string()))
        });
    Ok(driven.await?)
}

/// Everything may be done but what is secret.
fn answer(request: &RequestPermissionRequest) -> RequestPermissionResponse {
    let secret = request.tool_call.fields.title.as_ref().is_some_and(|title| title.contains("secret"));
    let wanted = if secret { PermissionOptionKind::RejectOnce } else { PermissionOptionKind::AllowOnce };
    let option = request.options.iter().find(|it| it.kind == wanted);
    RequestPermissionResponse::new(option.map_or(RequestPermissionOutcome::Cancelled, |it| {
        RequestPermissionOutcome::Selected(SelectedPermissionOutcome::new(it.option_id.clone()))
    }))
}

/// Reports a step as a line `ok <name>` or `not ok <name>`.
fn report<T>(topic: &str, name: &str, outcome: Result<T>) -> Result<T> {
    match &outcome {
        Ok(_) => println!("ok {topic}: {name}"),
        Err(e) => println!("not ok {topic}: {name}\n  {e:?}"),
    }
    outcome
}

struct Talk {
    agent: ConnectionTo<Agent>,
    seen: Seen,
    project: PathBuf,
    topic: String,
}

impl Talk {
    async fn all(&self) -> Result<()> {
        let id = self.report("initialize and session/new", self.open().await)?;
        let mut live =
            self.report("what was allowed is done, what was rejected is not", self.permissions(&id).await)?;
        live.extend(self.report("a stream that is cancelled ends as cancelled", self.cancelled(&id).await)?);
        self.report("session/set_mode", self.mode(&id).await)?;
        self.report("session/list, session/load and session/resume", self.again(&id, &live).await)?;
        self.report("session/fork, session/close and session/delete", self.end(&id, &live).await)
    }

    fn report<T>(&self, name: &str, outcome: Result<T>) -> Result<T> {
        report(&self.topic, name, outcome)
    }

    async fn open(&self) -> Result<SessionId> {
        let files = FileSystemCapabilities::new().write_text_file(true);
        let hello = InitializeRequest::new(ProtocolVersion::V1)
            .client_capabilities(ClientCapabilities::new().fs(files));
        let reply = self.agent.send_request(hello).block_task().await?;
        ensure!(
            reply.protocol_version == ProtocolVersion::V1 && reply.agent_capabilities.load_session,
            "{reply:?}"
        );
        let reply = self.agent.send_request(NewSessionRequest::new(&self.project)).block_task().await?;
        ensure!(reply.modes.is_some_and(|it| &*it.current_mode_id.0 == "default"), "not in the default mode");
        Ok(reply.session_id)
    }

    /// Sends words and gives what was shown, the words first.
    async fn prompt(&self, id: &SessionId, words: &str) -> Result<(StopReason, Vec<Entry>)> {
        let mark = self.seen.mark();
        let request = PromptRequest::new(id.clone(), vec![ContentBlock::from(words)]);
        let reply = self.agent.send_request(request).block_task().await?;
        let mut entries = vec![Entry::User(words.to_owned())];
        entries.extend(self.seen.entries(id, mark));
        Ok((reply.stop_reason, entries))
    }

    async fn permissions(&self, id: &SessionId) -> Result<Vec<Entry>> {
        let (stop, mut live) = self.prompt(id, "write the note").await?;
        let done = live.iter().any(|it| matches!(it, Entry::Call { status: ToolCallStatus::Completed, .. }));
        ensure!(stop == StopReason::EndTurn && done, "{stop:?} {live:?}");
        ensure!(std::fs::read_to_string(self.project.join("note.txt"))? == "first line\n");
        let (_, refused) = self.prompt(id, "write the secret").await?;
        let failed =
            refused.iter().any(|it| matches!(it, Entry::Call { status: ToolCallStatus::Failed, .. }));
        ensure!(failed && !self.project.join("secret.txt").exists(), "{refused:?}");
        live.extend(refused);
        Ok(live)
    }

    async fn cancelled(&self, id: &SessionId) -> Result<Vec<Entry>> {
        let mark = self.seen.mark();
        let some_text = |entries: &[Entry]| matches!(entries, [Entry::Agent(text)] if text.len() > 20);
        let stop = async {
            self.seen.until(id, mark, some_text).await;
            self.agent.send_notification(CancelNotification::new(id.clone()))
        };
        let (reply, stopped) = tokio::join!(self.prompt(id, "count for ever"), stop);
        stopped?;
        let (stop, live) = reply?;
        ensure!(stop == StopReason::Cancelled, "{stop:?}");
        Ok(live)
    }

    async fn mode(&self, id: &SessionId) -> Result<()> {
        self.agent.send_request(SetSessionModeRequest::new(id.clone(), "plan")).block_task().await?;
        let wrong =
            self.agent.send_request(SetSessionModeRequest::new(id.clone(), "none")).block_task().await;
        ensure!(wrong.is_err_and(|e| i32::from(e.code) == -32602), "an unknown mode was taken");
        Ok(())
    }

    async fn again(&self, id: &SessionId, live: &[Entry]) -> Result<()> {
        let list = self
            .agent
            .send_request(ListSessionsRequest::new().cwd(self.project.clone()))
            .block_task()
            .await?;
        ensure!(list.sessions.iter().map(|it| &it.session_id).eq([id]), "{list:?}");
        ensure!(self.replay(id).await? == live, "replayed {:#?}\nlive {live:#?}", self.replay(id).await?);
        let mark = self.seen.mark();
        self.agent.send_request(ResumeSessionRequest::new(id.clone(), &self.project)).block_task().await?;
        ensure!(self.seen.entries(id, mark).is_empty(), "something of before was shown");
        Ok(())
    }

    async fn replay(&self, id: &SessionId) -> Result<Vec<Entry>> {
        let mark = self.seen.mark();
        self.agent.send_request(LoadSessionRequest::new(id.clone(), &self.project)).block_task().await?;
        Ok(self.seen.entries(id, mark))
    }

    async fn end(&self, id: &SessionId, live: &[Entry]) -> Result<()> {
        let fork =
            self.agent.send_request(ForkSessionRequest::new(id.clone(), &self.project)).block_task().await?;
        let (_, more) = self.prompt(&fork.session_id, "say something").await?;
        ensure!(self.replay(&fork.session_id).await? == [live, &more].concat(), "the fork lacks something");
        ensure!(self.replay(id).await? == live, "the fork changed its parent");
        self.agent.send_request(CloseSessionRequest::new(id.clone())).block_task().await?;
        ensure!(self.prompt(id, "say no").await.is_err(), "a closed session took a prompt");
        self.agent.send_request(DeleteSessionRequest::new(id.clone())).block_task().await?;
        ensure!(self.replay(id).await.is_err(), "a deleted session was loaded");
        Ok(())
    }
}
