//! A line that is typed without being shown.

use std::io::{self, Read};
use std::os::fd::AsFd;

use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};

/// Longest line taken, in bytes: no key is that long.
const LONGEST: usize = 8 * 1024;

/// Reads a line from the terminal that stdin is, and shows nothing of it. `None`: Ctrl-C or Ctrl-D.
pub(super) fn line() -> io::Result<Option<String>> {
    let stdin = io::stdin();
    let _quiet = Quiet::new(stdin.as_fd())?;
    read(stdin.lock().bytes())
}

/// A terminal that shows nothing and leaves every key to us, until this is let go of: a Ctrl-C that ended the process
/// in the middle would leave a terminal behind that shows nothing any more.
struct Quiet<'a> {
    terminal: std::os::fd::BorrowedFd<'a>,
    before: Termios,
}

impl<'a> Quiet<'a> {
    fn new(terminal: std::os::fd::BorrowedFd<'a>) -> io::Result<Self> {
        let before = tcgetattr(terminal)?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
        quiet.special_codes[SpecialCodeIndex::VMIN] = 1;
        quiet.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(terminal, OptionalActions::Flush, &quiet)?;
        Ok(Self { terminal, before })
    }
}

impl Drop for Quiet<'_> {
    fn drop(&mut self) {
        let _restored = tcsetattr(self.terminal, OptionalActions::Now, &self.before);
    }
}

/// What the keys come to: backspace takes away, Ctrl-U all, Enter ends.
pub(super) fn read(keys: impl Iterator<Item = io::Result<u8>>) -> io::Result<Option<String>> {
    let mut typed = Vec::new();
    for key in keys {
        match key? {
            b'\r' | b'\n' => return Ok(Some(String::from_utf8_lossy(&typed).into_owned())),
            0x03 | 0x04 => return Ok(None),
            0x08 | 0x7f => drop(typed.pop()),
            0x15 => typed.clear(),
            key if typed.len() < LONGEST => typed.push(key),
            _ => {}
        }
    }
    Ok(None)
}
