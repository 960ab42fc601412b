//! One connected client: what it can do, and what it is attached to.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use jsonrpsee::types::{ErrorCode, ErrorObjectOwned};

use super::attachment::Attachment;
use super::own_change::OwnChanges;
use super::params::Reply;
use super::version::Version;
use super::{client_commands::ClientCommands, client_files::ClientFiles, error, v2};
use crate::acp::lenient::{Initialize, draws_terminal_output};
use crate::acp::{AGENT_METHOD_NAMES, ClientCapabilities, MessageId, SessionId};
use crate::agent::Hands;
use crate::rpc::{self, Peer, Responder};
use crate::session::SessionHandle;
use crate::workspace::{Commands, Files, LocalFiles};

/// A client, from its first line to its last.
#[derive(Debug)]
pub(super) struct Client {
    peer: Peer,
    /// The newest version it may ask for.
    newest: Version,
    grace: Option<Duration>,
    introduced: OnceLock<Box<Introduced>>,
    warned: AtomicBool,
    changes: OwnChanges,
    state: Mutex<State>,
}

/// What its first `initialize` settled.
#[derive(Debug, Default)]
struct Introduced {
    version: Version,
    capabilities: ClientCapabilities,
}

#[derive(Debug, Default)]
struct State {
    attachments: HashMap<SessionId, Attachment>,
    /// Prompts of this client whose turns have not ended, by the message they became.
    parked: HashMap<MessageId, Parked>,
}

#[derive(Debug)]
struct Parked {
    session: SessionHandle,
    /// The reply, while it is owed.
    responder: Option<Responder>,
}

impl Client {
    pub(super) fn new(peer: Peer, newest: Version, grace: Option<Duration>) -> Self {
        Self {
            peer,
            newest,
            grace,
            introduced: OnceLock::new(),
            warned: AtomicBool::new(false),
            changes: OwnChanges::default(),
            state: Mutex::default(),
        }
    }

    pub(super) fn peer(&self) -> &Peer {
        &self.peer
    }

    /// How long its connection may be without a socket; `None`: it has but one.
    pub(super) fn grace(&self) -> Option<Duration> {
        self.grace
    }

    /// Before `initialize`, nothing else may be asked.
    pub(super) fn gate(&self, method: &str) -> Option<ErrorObjectOwned> {
        let open = self.introduced.get().is_some() || method == AGENT_METHOD_NAMES.initialize;
        (!open).then(|| {
            rpc::error(
                ErrorCode::InvalidRequest.code(),
                "Not initialized: send initialize first",
                Some(&error::shown(method)),
            )
        })
    }

    /// The first `initialize` counts; a repeat changes nothing.
    pub(super) fn introduce(&self, request: Initialize) {
        let version = Version::negotiate(request.protocol_version, self.newest);
        let (info, capabilities) = match version {
            Version::V1 => (request.client_info, request.client_capabilities),
            Version::V2 => (request.info, v2::capabilities(&request.capabilities)),
        };
        if let Some(info) = &info {
            tracing::info!(name = info.name, version = info.version, "client");
        }
        if self.introduced.set(Box::new(Introduced { version, capabilities })).is_err() {
            tracing::debug!("initialized again");
        }
    }

    fn introduced(&self) -> &Introduced {
        static NOBODY: LazyLock<Introduced> = LazyLock::new(Introduced::default);
        self.introduced.get().map_or(&*NOBODY, |introduced| introduced)
    }

    /// The version that is spoken with it.
    pub(super) fn version(&self) -> Version {
        self.introduced().version
    }

    /// What it can do, in the words of version 1.
    pub(super) fn capabilities(&self) -> &ClientCapabilities {
        &self.introduced().capabilities
    }

    /// What it changed itself.
    pub(super) fn changes(&self) -> &OwnChanges {
        &self.changes
    }

    /// Whether this is the first time that it can be told how things were set up.
    pub(super) fn first_warning(&self) -> bool {
        !self.warned.swap(true, Ordering::Relaxed)
    }

    /// Whether it takes notices outside the conversation.
    pub(super) fn takes_notices(&self) -> bool {
        self.capabilities().session.as_ref().is_some_and(|session| session.notices.is_some())
    }

    /// Whether it shows when a conversation is made shorter.
    pub(super) fn draws_compactions(&self) -> bool {
        self.capabilities().session.as_ref().is_some_and(|session| session.compaction.is_some())
    }

    /// Whether it draws options that are on or off; for others they are two values to choose from.
    pub(super) fn draws_switches(&self) -> bool {
        let options = self.capabilities().session.as_ref().and_then(|it| it.config_options.as_ref());
        options.is_some_and(|options| options.boolean.is_some())
    }

    /// The hands of a turn that this client begins: its editor and terminals where it offers them.
    pub(super) fn hands(&self, session: &SessionHandle, local_commands: &Arc<dyn Commands>) -> Hands {
        let capabilities = self.capabilities();
        let workspace = session.info().workspace.clone();
        let local: Arc<dyn Files> = Arc::new(LocalFiles::new(workspace.clone()));
        let files = if capabilities.fs.read_text_file || capabilities.fs.write_text_file {
            Arc::new(ClientFiles::new(self.peer.clone(), session, &capabilities.fs, local))
        } else {
            local
        };
        let commands: Arc<dyn Commands> = if capabilities.terminal {
            Arc::new(ClientCommands::new(self.peer.clone(), session.id().clone()))
        } else {
            Arc::clone(local_commands)
        };
        let display_terminal = !capabilities.terminal && draws_terminal_output(capabilities.meta.as_ref());
        let elicitation = capabilities.elicitation.as_ref();
        Hands {
            files,
            commands,
            kinds: None,
            display_terminal,
            takes_forms: elicitation.is_some_and(|it| it.form.is_some()),
            takes_pages: elicitation.is_some_and(|it| it.url.is_some()),
        }
    }

    /// The session, if this client is attached to it.
    pub(super) fn attached(&self, id: &SessionId) -> Option<SessionHandle> {
        self.state().attachments.get(id).map(|attachment| attachment.session().clone())
    }

    /// The session; `Err` if this client is not attached to it.
    pub(super) fn session(&self, id: &SessionId) -> Reply<SessionHandle> {
        self.attached(id).ok_or_else(|| error::no_session(self.version(), id))
    }

    /// Puts an attachment in the place of an earlier one of the same session, without a moment in which there
    /// is none.
    pub(super) fn attach(&self, id: &SessionId, start: impl FnOnce(Option<Attachment>) -> Attachment) {
        let mut state = self.state();
        let earlier = state.attachments.remove(id);
        let attachment = start(earlier);
        state.attachments.insert(id.clone(), attachment);
    }

    /// An attachment broke off: its prompts are answered with an error.
    pub(super) fn lose(&self, session: &SessionHandle, serial: u64) {
        let mut state = self.state();
        let known = state.attachments.get(session.id()).is_some_and(|it| it.serial() == serial);
        let attachment = if known { state.attachments.remove(session.id()) } else { None };
        let owed: Vec<_> = state.parked.extract_if(|_, parked| parked.session.is(session)).collect();
        drop(state);
        drop((attachment, owed));
    }

    /// Lets go of a session; what the attachment still has to show is shown by the time this returns.
    pub(super) async fn detach(&self, id: &SessionId) {
        let attachment = self.state().attachments.remove(id);
        self.changes.forget(id);
        if let Some(attachment) = attachment {
            let shown = attachment.finish().await;
            tracing::debug!(session = %id, shown, "detached");
        }
    }

    pub(super) fn detach_all(&self) {
        let state = std::mem::take(&mut *self.state());
        drop(state);
    }

    /// Keeps a prompt's reply until it is due.
    pub(super) fn park(&self, message: MessageId, session: SessionHandle, responder: Responder) {
        self.state().parked.insert(message, Parked { session, responder: Some(responder) });
    }

    /// The reply that is due when the prompt has become a message: in version 2, where it is a receipt.
    pub(super) fn receipt(&self, message: &MessageId) -> Option<Responder> {
        match self.version() {
            Version::V1 => None,
            Version::V2 => self.state().parked.get_mut(message)?.responder.take(),
        }
    }

    /// The prompt's turn is over, or never began: the reply, if it is still owed.
    pub(super) fn unpark(&self, message: &MessageId) -> Option<Responder> {
        self.state().parked.remove(message)?.responder
    }

    /// Whether the message is a prompt of this client.
    pub(super) fn sent(&self, message: &MessageId) -> bool {
        self.state().parked.contains_key(message)
    }

    /// Cancels the turns that this client began.
    pub(super) async fn cancel_own_turns(&self) {
        let sessions: Vec<_> = self.state().parked.values().map(|parked| parked.session.clone()).collect();
        for session in sessions {
            session.give_up().await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
