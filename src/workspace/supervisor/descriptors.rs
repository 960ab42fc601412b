//! Descriptors from the owner, and those that were opened to be inherited by somebody else.
//!
//! Ours all close on exec, but whoever started us may have left some open. They cannot be closed from safe
//! code here, so a shell does it on the way to the command; normally there are none and no shell.

use std::ffi::{OsStr, OsString};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::io::{Errno, FdFlags};
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags};

/// The descriptor that the owner sends ahead of everything else.
pub(super) fn handed_over() -> io::Result<OwnedFd> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut buffer = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0];
    let mut into = [io::IoSliceMut::new(&mut byte)];
    rustix::net::recvmsg(rustix::stdio::stdin(), &mut into, &mut buffer, RecvFlags::empty())?;
    let descriptor = buffer.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut descriptors) => descriptors.next(),
        _ => None,
    });
    let descriptor = descriptor.ok_or(io::ErrorKind::UnexpectedEof)?;
    // Nothing else is started in between, so that nobody inherits it before.
    rustix::io::fcntl_setfd(&descriptor, FdFlags::CLOEXEC)?;
    Ok(descriptor)
}

/// The command line, with a shell in front that closes leaked descriptors where there are any. As the shell
/// will always start, a program that does not exist is found out here.
pub(super) fn without_leaks(argv: Vec<OsString>) -> io::Result<Vec<OsString>> {
    let leaked = leaked();
    let Some(program) = argv.first().filter(|_| !leaked.is_empty()) else { return Ok(argv) };
    if !exists(program) {
        return Err(Errno::NOENT.into());
    }
    // Only bash knows descriptors of more than one digit.
    let bash = Path::new("/bin/bash").exists();
    let shell = if bash { "/bin/bash" } else { "/bin/sh" };
    let nameable = leaked.iter().filter(|fd| bash || **fd < 10);
    let closed: Vec<String> = nameable.map(|fd| format!("{fd}>&-")).collect();
    let script = format!("exec {}; exec \"$@\"", closed.join(" "));
    let mut wrapped: Vec<OsString> = vec![shell.into(), "-c".into(), script.into(), shell.into()];
    wrapped.extend(argv);
    Ok(wrapped)
}

fn exists(program: &OsStr) -> bool {
    if program.as_encoded_bytes().contains(&b'/') {
        return Path::new(program).exists();
    }
    let search = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&search).any(|folder| folder.join(program).exists())
}

#[cfg(target_os = "linux")]
fn leaked() -> Vec<u32> {
    const CLOSE_ON_EXEC: u32 = 0o2_000_000;
    let Ok(entries) = std::fs::read_dir("/proc/self/fdinfo") else { return Vec::new() };
    let numbers = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    numbers
        .filter(|fd: &u32| *fd > 2)
        .filter(|fd| {
            let info = std::fs::read_to_string(format!("/proc/self/fdinfo/{fd}")).unwrap_or_default();
            let flags = info.lines().find_map(|line| line.strip_prefix("flags:"));
            let flags = flags.and_then(|flags| u32::from_str_radix(flags.trim(), 8).ok());
            flags.is_some_and(|flags| flags & CLOSE_ON_EXEC == 0)
        })
        .collect()
}

/// Nothing says here which descriptors close on exec: those a shell can name are closed if they are open.
#[cfg(not(target_os = "linux"))]
fn leaked() -> Vec<u32> {
    (3..10).filter(|fd| Path::new(&format!("/dev/fd/{fd}")).exists()).collect()
}
