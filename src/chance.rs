//! Chance: what is drawn anew each time, so that it cannot be guessed, or so that not everybody does the same at once.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::time::Duration;

use rustix::rand::{GetRandomFlags, getrandom};

/// Any number; no secret.
pub fn number() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// So many bytes that nobody can guess, as hexadecimal digits. `Err` when the system gives none.
pub fn secret<const BYTES: usize>() -> io::Result<String> {
    let mut bytes = [0; BYTES];
    let mut filled = 0;
    while filled < BYTES {
        filled += getrandom(&mut bytes[filled..], GetRandomFlags::empty())?;
    }
    let digit = |value: u8| char::from(b"0123456789abcdef"[usize::from(value)]);
    Ok(bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect())
}

/// Between half and all of a wait, so that those who wait do not come back together. `chance` is any number, drawn anew
/// for each wait.
pub fn spread(whole: Duration, chance: u64) -> Duration {
    whole / 2 + whole.mul_f64((chance % 1_000) as f64 / 2_000.0)
}
