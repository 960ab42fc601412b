//! What a client says of a command in its terminal, read leniently: codes wider than the schema's, or none.

use serde::Deserialize;
use serde_json::Value;

use crate::workspace::{Capture, Captured, Exit};

/// The answer to `terminal/output`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Output {
    #[serde(rename = "output")]
    text: String,
    truncated: bool,
    #[serde(deserialize_with = "or_default")]
    pub(super) exit_status: Status,
}

/// The answer to `terminal/wait_for_exit`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Status {
    exit_code: Value,
    signal: Value,
}

impl Output {
    /// Of a client that does not tell it.
    pub(super) fn untold() -> Self {
        Self { text: "(the client does not tell the output)\n".to_owned(), ..Self::default() }
    }

    /// The output with what is to be known of it; `keep` bytes at most.
    pub(super) fn captured(&self, keep: usize, unknown: bool) -> Captured {
        let mut capture = Capture::new(keep);
        if self.truncated {
            capture.push(b"(the client left out the beginning of the output)\n");
        }
        capture.push(self.text.as_bytes());
        if unknown {
            let gap = if self.text.is_empty() || self.text.ends_with('\n') { "" } else { "\n" };
            capture.push(format!("{gap}(the client does not tell how the command ended)").as_bytes());
        }
        capture.finish()
    }
}

impl Status {
    /// How the command ended, if it says so. Codes of 32 bits without a sign are meant as Windows shows them.
    pub(super) fn exit(&self) -> Option<Exit> {
        if let Some(code) = self.exit_code.as_i64() {
            let code = i32::try_from(code).ok().or_else(|| Some(u32::try_from(code).ok()?.cast_signed()));
            return code.map(Exit::Code);
        }
        let number = match &self.signal {
            Value::String(name) => signal_number(name),
            signal => signal.as_i64().and_then(|number| i32::try_from(number).ok()),
        };
        number.map(Exit::Signal)
    }
}

fn or_default<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Status, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

/// Signals from number 1 on.
const NAMES: [&str; 31] = [
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE",
    "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ",
    "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
];

/// The name of a signal.
pub(super) fn signal_name(number: i64) -> Option<String> {
    let name = NAMES.get(usize::try_from(number).ok()?.checked_sub(1)?)?;
    Some(format!("SIG{name}"))
}

/// The number behind a signal's name; 0 for one that is not known.
fn signal_number(name: &str) -> Option<i32> {
    let short = name.strip_prefix("SIG").unwrap_or(name);
    let known = NAMES.iter().position(|known| *known == short).and_then(|at| i32::try_from(at + 1).ok());
    (!short.is_empty()).then(|| known.or_else(|| short.parse().ok()).unwrap_or(0))
}
