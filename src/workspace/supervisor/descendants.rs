//! Finding and signalling what a command started.

use rustix::process::{Pid, Signal};

/// The processes of a command: its group, and on Linux every descendant of the supervisor.
pub(super) struct Tree {
    leader: Pid,
}

impl Tree {
    pub(super) fn new(leader: Pid) -> Self {
        Self { leader }
    }

    /// Asks for the end; stopped processes are woken to hear it. `leader`: whether the command itself still
    /// runs, so that its process group is certain to be its own.
    pub(super) fn end(&self, leader: bool) {
        self.signal(Signal::TERM, leader);
        self.signal(Signal::CONT, leader);
    }

    pub(super) fn kill(&self, leader: bool) {
        self.signal(Signal::KILL, leader);
    }

    #[cfg(target_os = "linux")]
    fn signal(&self, signal: Signal, leader: bool) {
        if leader {
            rustix::process::kill_process_group(self.leader, signal).ok();
        }
        for process in linux::descendants() {
            process.signal(signal);
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn signal(&self, signal: Signal, _leader: bool) {
        rustix::process::kill_process_group(self.leader, signal).ok();
    }

    /// Whether nothing is left, given that the supervisor has no child left. Without a subreaper orphans
    /// belong to somebody else, but their group can still be asked.
    pub(super) fn is_gone(&self) -> bool {
        cfg!(target_os = "linux") || rustix::process::test_kill_process_group(self.leader).is_err()
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::HashSet;
    use std::fs;

    use rustix::process::{Pid, PidfdFlags, Signal};

    /// A process as `/proc/<pid>/stat` has it. The start time tells it from a later one with the same number.
    pub(super) struct Process {
        pid: i32,
        parent: i32,
        started: u64,
    }

    impl Process {
        fn read(pid: i32) -> Option<Self> {
            let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
            // The name in parentheses may hold anything, parentheses and spaces too.
            let fields = stat.get(stat.iter().rposition(|byte| *byte == b')')? + 2..)?;
            let mut fields = std::str::from_utf8(fields).ok()?.split(' ');
            let parent = fields.nth(1)?.parse().ok()?;
            let started = fields.nth(17)?.parse().ok()?;
            Some(Self { pid, parent, started })
        }

        pub(super) fn signal(&self, signal: Signal) {
            let Some(pid) = Pid::from_raw(self.pid) else { return };
            let Ok(held) = rustix::process::pidfd_open(pid, PidfdFlags::empty()) else { return };
            if Self::read(self.pid).is_some_and(|now| now.started == self.started) {
                rustix::process::pidfd_send_signal(held, signal).ok();
            }
        }
    }

    /// Every descendant of this process, parents before their children.
    pub(super) fn descendants() -> Vec<Process> {
        let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
        let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let mut others: Vec<Process> = pids.filter_map(Process::read).collect();
        let mut family = HashSet::from([rustix::process::getpid().as_raw_pid()]);
        let mut found = Vec::new();
        loop {
            let (children, rest): (Vec<_>, Vec<_>) =
                others.into_iter().partition(|process| family.contains(&process.parent));
            if children.is_empty() {
                return found;
            }
            family.extend(children.iter().map(|process| process.pid));
            found.extend(children);
            others = rest;
        }
    }
}
