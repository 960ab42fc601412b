//! A port instead of stdin and stdout: what is needed to listen safely is looked at before anything is bound.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::acp::told_to_end;
use super::args::{Acp, Tls};
use super::note::Note;
use super::{Setup, exit, print};
use crate::app;
use crate::config::{ConfigError, Paths, PrivateFile};
use crate::discovery::Advertisement;
use crate::serve::{Doors, Guard, ListenError, Listener, Origins, Token};
use crate::tls;
use crate::workspace::raise_open_files;

/// Serves a port until a signal says so; a second one is immediate.
pub(super) async fn run(setup: &Setup, command: Acp, port: u16) -> anyhow::Result<ExitCode> {
    let address = SocketAddr::new(resolve(&command.hostname).await?, port);
    if let Err(text) = safe(&command, address.ip()) {
        return Ok(print::failure(exit::CONFIG, text));
    }
    let tls = encryption(&command.tls, &setup.environment.paths())?;
    let files = raise_open_files().unwrap_or_else(|e| {
        tracing::warn!(error = %e, "no more files can be had");
        None
    });
    let listener = match Listener::bind(address).await {
        Ok(listener) => listener,
        Err(e @ ListenError::Taken(_)) => return Ok(print::failure(exit::TEMPORARY, &e.to_string())),
        Err(e) => return Ok(print::failure(exit::UNAVAILABLE, &e.to_string())),
    };
    let listener = listener.holding(command.max_connections, files);
    // Before anybody knows of the server, so that whoever does can end it in order.
    let mut terminate = signal(SignalKind::terminate()).context("no signals")?;
    let mut hangup = signal(SignalKind::hangup()).context("no signals")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("no signals")?;
    let address = listener.address();
    let token = if command.no_auth { None } else { Some(Token::generate().context("no random bits")?) };
    let fingerprint = tls.as_ref().map(tls::Acceptor::fingerprint);
    let note = Note::write(&setup.environment.paths(), address, token.as_ref(), fingerprint)?;
    print::note(&format!("adjutant: listening on {address}{}", note.text()));
    if let Some(fingerprint) = fingerprint {
        print::note(&format!("adjutant: encrypted; the certificate's fingerprint is {fingerprint}"));
    }
    let entry = if command.mdns { advertise(address) } else { None };
    let name = command.hostname.parse::<IpAddr>().is_err().then_some(command.hostname);
    let guard = Guard::new(token, origins(command.cors), name).known_as(command.allow_host);
    let (listener, guard) = match tls {
        Some(tls) => (listener.encrypted(tls.clone()), guard.encrypted(tls)),
        None => (listener, guard),
    };
    let guard = Arc::new(guard);
    let engine = app::engine(setup.environment.clone(), setup.flags.clone());
    let doors = Arc::new(Doors::shared(engine).offering(command.draft));
    let stop = CancellationToken::new();
    let serving = async {
        let listening = listener.serve(Arc::clone(&doors), guard, command.max_line, stop.clone());
        let advertising = async {
            if let Some(entry) = entry {
                entry.until(stop.clone()).await;
            }
        };
        tokio::join!(listening, advertising);
        if let Some(engine) = doors.engine() {
            engine.sessions.shut_down().await;
        }
    };
    tokio::pin!(serving);
    for _ in 0..2 {
        tokio::select! {
            () = &mut serving => break,
            () = told_to_end(&mut terminate, &mut hangup) => stop.cancel(),
            _ = interrupt.recv() => stop.cancel(),
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Without it the server is found by who knows where it is.
fn advertise(address: SocketAddr) -> Option<Advertisement> {
    let entry = Advertisement::begin(address);
    let entry = entry.inspect_err(|e| print::note(&format!("adjutant: nobody can find this server: {e}")));
    entry.inspect(|entry| print::note(&format!("adjutant: found as {}", entry.name()))).ok()
}

/// `Err` says why it would not be safe to listen so.
fn safe(command: &Acp, ip: IpAddr) -> Result<(), &'static str> {
    let here = ip.to_canonical().is_loopback();
    if command.no_auth && !here {
        return Err("--no-auth is for this machine alone: bind localhost, or leave it out");
    }
    if command.no_auth && !command.cors.is_empty() {
        return Err("--cors lets pages in that have the token, and --no-auth leaves it out: choose one");
    }
    let encrypted = command.tls.self_signed || command.tls.certificate.is_some();
    if !here && !encrypted && !command.insecure_plaintext {
        return Err(
            "others could read along on this address: encrypt with --tls-self-signed or --tls-cert, or bind \
                    localhost and reach it through SSH or a proxy with TLS, or say --insecure-plaintext",
        );
    }
    Ok(())
}

/// What to encrypt with, if that is wanted: a pair of our own is made once, and kept.
fn encryption(command: &Tls, paths: &Paths) -> anyhow::Result<Option<tls::Acceptor>> {
    if let (Some(certificate), Some(key)) = (&command.certificate, &command.key) {
        return Ok(Some(tls::Acceptor::from_files(certificate, key)?));
    }
    if !command.self_signed {
        return Ok(None);
    }
    let path = paths.tls().ok_or_else(|| homeless("the certificate"))?;
    let file = PrivateFile::at(path);
    let mut pair = None;
    file.change::<anyhow::Error>(|kept| {
        let made = kept.map_or_else(tls::self_signed, Ok)?;
        Ok(pair.insert(made).clone().into_bytes())
    })?;
    let acceptor = tls::Acceptor::from_pem(&pair.unwrap_or_default());
    let path = file.path().display();
    acceptor
        .map(Some)
        .with_context(|| format!("{path} is damaged: remove it, and clients trust the next one anew"))
}

pub(super) fn homeless(what: &str) -> anyhow::Error {
    anyhow!(ConfigError::Invalid(format!("no home directory to keep {what} in: set HOME")))
}

async fn resolve(host: &str) -> anyhow::Result<IpAddr> {
    let literal = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    if let Ok(ip) = literal.parse() {
        return Ok(ip);
    }
    if host == "localhost" {
        return Ok(Ipv4Addr::LOCALHOST.into());
    }
    let unknown = || anyhow!(ConfigError::Invalid(format!("--hostname {host}: no such host")));
    let mut found = tokio::net::lookup_host((host, 0)).await.map_err(|_| unknown())?;
    found.next().map(|address| address.ip()).ok_or_else(unknown)
}

fn origins(cors: Vec<String>) -> Origins {
    match cors {
        none if none.is_empty() => Origins::None,
        some if some.iter().any(|origin| origin == "*") => Origins::Any,
        some => Origins::Only(some),
    }
}
