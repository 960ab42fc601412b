//! Who may come in by a network door: the [`Token`], a [`Code`] in its place for a page, and the [`Guard`] that every
//! listener has one of.
//!
//! No protocol lives here: doors hand over what was presented and say what comes of it in their own words.
//!
//! What always holds: a listener without a token is on the loopback and closed to browsers; names and origins are
//! compared whole, never by their beginning; tokens and codes are compared in constant time and never shown; a code is
//! good for one connection, and not for long.
//!
//! To add a rule: a variant of [`Refusal`], its check in [`Guard`], and a row in the tables of `tests`.

mod code;
mod failures;
mod name;
mod token;

#[cfg(test)]
mod tests;

use std::io;
use std::net::{IpAddr, SocketAddr};

use code::Codes;
use failures::Failures;

use crate::tls;

pub use code::Code;
pub use name::{Name, origin};
pub use token::Token;

/// Why somebody may not come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nothing was presented, or something that is not the token.
    #[error("a token is needed: see the file that the server named at start")]
    Token,
    /// A code that is none, was used, or is too old.
    #[error("this code is not good (any more): ask with `adjutant code`")]
    Code,
    /// Too many wrong tokens and codes lately. The right one is taken all the same.
    #[error("too many wrong tokens: try again in a minute")]
    TooMany,
    /// A name that this server does not go by: a page may have made its own name point here.
    #[error("this server does not go by that name: see --allow-host")]
    Host,
    /// A page of an origin that was not allowed.
    #[error("pages of this origin are not allowed: see --cors")]
    Origin,
}

/// Pages of which origins may come in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Origins {
    #[default]
    None,
    /// Exactly these, in the spelling of [`origin`].
    Only(Vec<String>),
    /// Any that has the token.
    Any,
}

/// The rules of one listener.
#[derive(Debug)]
pub struct Guard {
    /// `None`: whoever is on this machine, but for browsers.
    token: Option<Token>,
    origins: Origins,
    /// A name beside its address that the listener goes by.
    name: Option<String>,
    /// Those that somebody gave it.
    names: Vec<Name>,
    /// What everybody who comes speaks TLS with; it goes by the names in its certificate too.
    tls: Option<tls::Acceptor>,
    failures: Failures,
    codes: Codes,
}

impl Guard {
    /// `name`: the host name that the listener was told to be bound to, if it was one.
    pub fn new(token: Option<Token>, origins: Origins, name: Option<String>) -> Self {
        Self {
            token,
            origins,
            name,
            names: Vec::new(),
            tls: None,
            failures: Failures::default(),
            codes: Codes::default(),
        }
    }

    /// The same for a listener that goes by these names too.
    pub fn known_as(self, names: Vec<Name>) -> Self {
        Self { names, ..self }
    }

    /// The same for a listener that is encrypted: nobody comes by a name that the certificate is not for.
    pub fn encrypted(self, tls: tls::Acceptor) -> Self {
        Self { tls: Some(tls), ..self }
    }

    /// Whether anybody needs a token here.
    pub fn wants_token(&self) -> bool {
        self.token.is_some()
    }

    /// Whether who presents this may come in.
    pub fn admit(&self, presented: Option<&str>) -> Result<(), Refusal> {
        let Some(token) = &self.token else { return Ok(()) };
        match presented {
            Some(presented) if token.is(presented) => Ok(()),
            None => Err(Refusal::Token),
            Some(_) if self.failures.count() => Err(Refusal::Token),
            Some(_) => Err(Refusal::TooMany),
        }
    }

    /// A new code for a page; `None` where no page may come in, whatever it shows. `Err` when the system gives no random
    /// bits.
    pub fn code(&self) -> io::Result<Option<Code>> {
        let closed = self.token.is_none() || self.origins == Origins::None;
        if closed { Ok(None) } else { self.codes.issue().map(Some) }
    }

    /// Whether who presents this code may come in, this once.
    pub fn redeem(&self, presented: &str) -> Result<(), Refusal> {
        match presented {
            _ if self.token.is_none() => Ok(()),
            presented if self.codes.redeem(presented) => Ok(()),
            _ if self.failures.count() => Err(Refusal::Code),
            _ => Err(Refusal::TooMany),
        }
    }

    /// Whether a `Host` header names this server. `own`: the address that the connection came in by.
    pub fn host(&self, host: &str, own: SocketAddr) -> Result<(), Refusal> {
        let port = own.port();
        if self.names.iter().any(|name| name.is(host, port)) {
            return Ok(());
        }
        let usual = if self.tls.is_some() { 443 } else { 80 };
        let name = host.strip_suffix(&format!(":{port}")).or_else(|| (port == usual).then_some(host));
        let Some(name) = name else { return Err(Refusal::Host) };
        let own = own.ip().to_canonical();
        let literal = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
        let spelt = match own {
            IpAddr::V4(own) => name == own.to_string(),
            IpAddr::V6(own) => literal.is_some_and(|name| name == own.to_string()),
        };
        let here = own.is_loopback() && name == "localhost";
        let named = self.name.as_deref().is_some_and(|own| name.eq_ignore_ascii_case(own));
        let certified = || self.tls.as_ref().is_some_and(|tls| tls.is_for(name));
        if spelt || here || named || certified() { Ok(()) } else { Err(Refusal::Host) }
    }

    /// Whether a page of that origin may come in; `None`: it is no page.
    pub fn origin(&self, origin: Option<&str>) -> Result<(), Refusal> {
        let Some(origin) = origin else { return Ok(()) };
        let allowed = self.token.is_some()
            && match &self.origins {
                Origins::None => false,
                Origins::Only(known) => known.iter().any(|known| known == origin),
                Origins::Any => true,
            };
        if allowed { Ok(()) } else { Err(Refusal::Origin) }
    }
}
