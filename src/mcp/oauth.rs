//! Signing in to remote servers (OAuth 2.1 with PKCE, as of the MCP authorization specification): discovery,
//! registration, the way through the browser, and the file that keeps what came of it.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use rmcp::transport::auth::OAuthState;
use rmcp::transport::{
    AuthError, AuthorizationManager, AuthorizationRequest, CredentialStore, StoredCredentials,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::McpError;
use super::http::Target;
use crate::config::{McpServer, McpTransport, Origin, PrivateFile};
use crate::http::{self, Url};
use crate::permission::shell_word;

/// How long a person may take in the browser.
const PATIENCE: Duration = Duration::from_mins(5);
/// How long the browser may take to say what it was told, and how much it may say.
const REQUEST: Duration = Duration::from_secs(5);
const HEAD: usize = 16 * 1024;

/// A sign-in under way.
pub struct Login {
    state: OAuthState,
    listener: TcpListener,
    address: String,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login").field("listener", &self.listener).finish_non_exhaustive()
    }
}

/// Begins to sign in to a server. `tokens` is the file that will keep the sign-in.
pub async fn login(server: &McpServer, tokens: &Path) -> Result<Login, McpError> {
    let url = target_of(server)?.url;
    install_crypto();
    let listener = TcpListener::bind(("127.0.0.1", 0)).await;
    let listener =
        listener.map_err(|e| McpError::Unavailable(format!("no port for the browser's answer: {e}")))?;
    let port = listener.local_addr().map_err(|e| McpError::Unavailable(e.to_string()))?.port();
    let mut manager = AuthorizationManager::new(url.as_str()).await.map_err(|e| problem(&e))?;
    manager.set_credential_store(Store { file: PrivateFile::at(tokens.to_owned()), url: url.into() });
    let mut state = OAuthState::Unauthorized(manager);
    let request =
        AuthorizationRequest::new(format!("http://127.0.0.1:{port}/callback")).with_client_name("adjutant");
    state.start_authorization(request).await.map_err(|e| problem(&e))?;
    let address = state.get_authorization_url().await.map_err(|e| problem(&e))?;
    Ok(Login { state, listener, address })
}

/// Forgets the sign-in to a server; whether there was one. `tokens` is the file that keeps it.
pub fn logout(server: &McpServer, tokens: &Path) -> Result<bool, McpError> {
    let url = target_of(server)?.url;
    let store = Store { file: PrivateFile::at(tokens.to_owned()), url: url.into() };
    let known = store.read()?.contains_key(&store.url);
    if known {
        store.change(|kept| drop(kept.remove(&store.url)))?;
    }
    Ok(known)
}

/// What a person runs to sign in to a server. An address that may hold a secret is not repeated.
pub(super) fn wanted(server: &McpServer) -> McpError {
    let name = shell_word(&server.name);
    let said = match (&server.origin, target_of(server)) {
        (Origin::Client, Ok(Target { url, .. })) if !may_hold_a_secret(&url) => {
            format!("`adjutant mcp login {name} --url {}`", shell_word(url.as_str()))
        }
        (Origin::Client, _) => {
            format!("`adjutant mcp login {name} --url URL`, with the whole URL that the editor has for it")
        }
        (Origin::User(_) | Origin::Project(_), _) => format!("`adjutant mcp login {name}`"),
    };
    McpError::Unauthorized(said)
}

fn may_hold_a_secret(url: &Url) -> bool {
    let credentials = !url.username().is_empty() || url.password().is_some();
    credentials || url.query().is_some() || url.fragment().is_some()
}

/// Where a server is that somebody can sign in to.
fn target_of(server: &McpServer) -> Result<Target, McpError> {
    match &server.transport {
        McpTransport::Http { url, headers } | McpTransport::Sse { url, headers } => Target::new(url, headers),
        McpTransport::Stdio { .. } => Err(McpError::Invalid(format!(
            "{} is a local program: there is nothing to sign in to",
            server.name
        ))),
    }
}

impl Login {
    /// The page where the person says yes.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Waits for the browser to come back and keeps the sign-in.
    pub async fn finish(mut self) -> Result<(), McpError> {
        let callback = timeout(PATIENCE, called_back(&self.listener)).await;
        let callback = callback.map_err(|_| McpError::TimedOut(PATIENCE.as_secs()))?;
        self.state.handle_callback_url(&callback).await.map_err(|e| problem(&e))
    }
}

/// What signs requests to that URL, where somebody signed in to it.
pub(super) async fn manager(
    url: &str,
    tokens: Option<&Path>,
) -> Result<Option<AuthorizationManager>, McpError> {
    let Some(file) = tokens else { return Ok(None) };
    let store = Store { file: PrivateFile::at(file.to_owned()), url: url.to_owned() };
    if !store.read()?.contains_key(url) {
        return Ok(None);
    }
    install_crypto();
    let mut manager = AuthorizationManager::new(url).await.map_err(|e| problem(&e))?;
    manager.set_credential_store(store);
    let known = manager.initialize_from_store().await.map_err(|e| problem(&e))?;
    Ok(known.then_some(manager))
}

/// Answers browsers until one comes back from the sign-in; returns the URL it asked for.
async fn called_back(listener: &TcpListener) -> String {
    loop {
        let Ok((mut stream, _)) = listener.accept().await else { continue };
        let Ok(Some(target)) = timeout(REQUEST, target(&mut stream)).await else { continue };
        let back = target.starts_with("/callback?");
        let text = if back {
            "You can close this page and go back to the terminal."
        } else {
            "There is nothing here."
        };
        let status = if back { "200 OK" } else { "404 Not Found" };
        let answer = format!(
            "HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{text}",
            text.len()
        );
        if stream.write_all(answer.as_bytes()).await.is_err() {
            tracing::debug!("the browser did not wait for its answer");
        }
        if back {
            return format!("http://127.0.0.1{target}");
        }
    }
}

/// What the request asks for: `GET <target> HTTP/1.1`.
async fn target(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::with_capacity(1024);
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        if head.len() > HEAD || stream.read_buf(&mut head).await.ok()? == 0 {
            return None;
        }
    }
    let head = String::from_utf8(head).ok()?;
    let mut words = head.lines().next()?.split(' ');
    (words.next() == Some("GET")).then(|| words.next().map(str::to_owned))?
}

/// The clients of the sign-in are built elsewhere, and need what every client of ours brings along.
fn install_crypto() {
    drop(http::builder());
}

fn problem(error: &AuthError) -> McpError {
    McpError::Unavailable(format!("signing in: {error}"))
}

/// The sign-in of one URL, in a file of several.
#[derive(Debug, Clone)]
struct Store {
    file: PrivateFile,
    url: String,
}

type Kept = BTreeMap<String, StoredCredentials>;

impl Store {
    fn read(&self) -> Result<Kept, McpError> {
        self.parsed(self.file.read()?)
    }

    fn parsed(&self, text: Option<String>) -> Result<Kept, McpError> {
        let Some(text) = text else { return Ok(Kept::new()) };
        // What serde says of a wrong file could repeat a part of a token.
        serde_json::from_str(&text).map_err(|e| {
            McpError::Storage(format!("{}: line {} is no sign-in", self.file.path().display(), e.line()))
        })
    }

    fn change(&self, change: impl FnOnce(&mut Kept)) -> Result<(), McpError> {
        self.file.change(|text| {
            let mut kept = self.parsed(text)?;
            change(&mut kept);
            serde_json::to_vec(&kept).map_err(|e| McpError::Storage(e.to_string()))
        })
    }

    /// Does something with the file where waiting for it holds up nobody.
    fn aside<T: Send + 'static>(
        &self,
        deed: impl FnOnce(&Self) -> Result<T, McpError> + Send + 'static,
    ) -> BoxFuture<'static, Result<T, AuthError>> {
        let store = self.clone();
        let done = tokio::task::spawn_blocking(move || deed(&store));
        async move {
            let done = done.await.map_err(|e| AuthError::CredentialStoreError(e.to_string()))?;
            done.map_err(|e| AuthError::CredentialStoreError(e.to_string()))
        }
        .boxed()
    }
}

/// Written as the trait's macro would have it.
impl CredentialStore for Store {
    fn load<'a, 'b>(&'a self) -> BoxFuture<'b, Result<Option<StoredCredentials>, AuthError>>
    where
        'a: 'b,
        Self: 'b,
    {
        self.aside(|store| Ok(store.read()?.remove(&store.url)))
    }

    fn save<'a, 'b>(&'a self, credentials: StoredCredentials) -> BoxFuture<'b, Result<(), AuthError>>
    where
        'a: 'b,
        Self: 'b,
    {
        self.aside(|store| store.change(|kept| drop(kept.insert(store.url.clone(), credentials))))
    }

    fn clear<'a, 'b>(&'a self) -> BoxFuture<'b, Result<(), AuthError>>
    where
        'a: 'b,
        Self: 'b,
    {
        self.aside(|store| store.change(|kept| drop(kept.remove(&store.url))))
    }
}
