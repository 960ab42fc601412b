//! Descriptors that were opened to be inherited by somebody else.
//!
//! Ours all close on exec, but whoever started us may have left some open. They cannot be closed from safe
//! code here, so a shell does it on the way to the command; normally there are none and no shell.

use std::ffi::OsString;
use std::path::Path;

/// The command line, with a shell in front that closes leaked descriptors where there are any.
pub(super) fn without_leaks(argv: Vec<OsString>) -> Vec<OsString> {
    let leaked = leaked();
    if leaked.is_empty() || argv.is_empty() {
        return argv;
    }
    // Only bash knows descriptors of more than one digit.
    let bash = Path::new("/bin/bash").exists();
    let shell = if bash { "/bin/bash" } else { "/bin/sh" };
    let closed: String = leaked.iter().filter(|fd| bash || **fd < 10).map(|fd| format!(" {fd}>&-")).collect();
    let script = format!("exec{closed}; exec \"$@\"");
    let mut wrapped: Vec<OsString> = vec![shell.into(), "-c".into(), script.into(), shell.into()];
    wrapped.extend(argv);
    wrapped
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
