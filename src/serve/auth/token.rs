use std::fmt;

use subtle::ConstantTimeEq;

use crate::chance;

/// Bytes of a token.
const BYTES: usize = 32;

/// What a client shows to come in: 256 random bits, written as 64 hexadecimal digits.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    /// A new one. `Err` when the system gives no random bits.
    pub fn generate() -> std::io::Result<Self> {
        chance::secret::<BYTES>().map(Self)
    }

    /// One that was written down; `None` where it is none.
    pub fn read(text: &str) -> Option<Self> {
        let fits = text.len() == BYTES * 2 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        fits.then(|| Self(text.to_owned()))
    }

    /// Whether that is it. Takes the same time for every wrong one of its length.
    pub fn is(&self, presented: &str) -> bool {
        self.0.as_bytes().ct_eq(presented.as_bytes()).into()
    }

    /// The digits, for the file that keeps them and for the client that shows them.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}
