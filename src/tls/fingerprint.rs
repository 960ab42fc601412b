use std::fmt;
use std::str::FromStr;

use rustls_pki_types::CertificateDer;
use sha2::{Digest, Sha256};

use super::TlsError;

/// Which certificate it is: SHA-256 of its DER.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    pub(super) fn of(certificate: &CertificateDer<'_>) -> Self {
        Self(Sha256::digest(certificate).into())
    }
}

impl fmt::Display for Fingerprint {
    /// `AB:CD:…`, as other tools show it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, byte) in self.0.iter().enumerate() {
            let colon = if at > 0 { ":" } else { "" };
            write!(f, "{colon}{byte:02X}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Fingerprint {
    type Err = TlsError;

    /// With or without colons, and with or without `SHA256:` before it.
    fn from_str(text: &str) -> Result<Self, TlsError> {
        let wrong = || TlsError::Fingerprint(text.chars().take(100).collect());
        let digits = text.strip_prefix("SHA256:").unwrap_or(text);
        let digits: Vec<u32> = digits
            .chars()
            .filter(|it| *it != ':')
            .map(|it| it.to_digit(16))
            .collect::<Option<_>>()
            .ok_or_else(wrong)?;
        let bytes: Vec<u8> =
            digits.chunks(2).map(|pair| pair.iter().fold(0, |all, it| all * 16 + *it as u8)).collect();
        if digits.len() == 64 { bytes.try_into().map(Self).map_err(|_| wrong()) } else { Err(wrong()) }
    }
}
