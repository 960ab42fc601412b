//! One-time codes: how a page comes in without the token.
//!
//! A page cannot read the file that keeps the token, and an address is no place for one. Whoever has the token asks for a
//! code and hands it over; the page offers it as a subprotocol of its WebSocket. A code opens one connection and is worth
//! nothing afterwards: it is not traded for the token, so what a page holds, shows or leaks never outlasts that
//! connection, and there is no second secret to keep, renew or take back. A page that lost its connection asks its person
//! for the next code, as at the first time.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use subtle::ConstantTimeEq;
use tokio::time::Instant;

use crate::chance;

/// Bytes of a code.
const BYTES: usize = 16;
/// Codes that wait to be used. One more, and the oldest is not good any more: nobody is kept waiting by codes that were
/// asked for in vain.
const MOST: usize = 16;

/// What a page shows to come in once: 128 random bits, written as 32 hexadecimal digits.
#[derive(Clone)]
pub struct Code(String);

impl Code {
    /// How long it is good for.
    pub const LIFETIME: Duration = Duration::from_mins(1);

    /// The digits, for whoever hands them to a page.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(…)")
    }
}

/// Codes of one listener that were not used yet, each with the time it was made at; the oldest first.
#[derive(Debug, Default)]
pub(super) struct Codes(Mutex<VecDeque<(Instant, Code)>>);

impl Codes {
    /// A new one. `Err` when the system gives no random bits.
    pub(super) fn issue(&self) -> io::Result<Code> {
        let code = Code(chance::secret::<BYTES>()?);
        let mut codes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if codes.len() >= MOST {
            codes.pop_front();
        }
        codes.push_back((Instant::now(), code.clone()));
        Ok(code)
    }

    /// Whether it is one of them, which it then is no longer. Takes the same time for every wrong one of its length.
    pub(super) fn redeem(&self, presented: &str) -> bool {
        let mut codes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        codes.retain(|(made, _)| made.elapsed() < Code::LIFETIME);
        let mut found = None;
        for (at, (_, code)) in codes.iter().enumerate() {
            if code.0.as_bytes().ct_eq(presented.as_bytes()).into() {
                found = Some(at);
            }
        }
        found.and_then(|at| codes.remove(at)).is_some()
    }
}
