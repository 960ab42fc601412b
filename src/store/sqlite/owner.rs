use std::fs;
use std::process;
use std::sync::OnceLock;

/// The process that claimed a session: its id, when it was started (in clock ticks since boot) and the
/// boot, so that a later process with the same id is not taken for it. Where `/proc` is missing the last
/// two are empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Owner {
    pub(super) pid: u32,
    start: String,
    boot: String,
}

impl Owner {
    /// This process.
    pub(super) fn this() -> &'static Self {
        static THIS: OnceLock<Owner> = OnceLock::new();
        THIS.get_or_init(|| Self::of(process::id()))
    }

    /// The process that has this id now.
    pub(super) fn of(pid: u32) -> Self {
        Self { pid, start: start(pid).unwrap_or_default(), boot: boot() }
    }

    pub(super) fn encode(&self) -> String {
        format!("{}:{}:{}", self.pid, self.start, self.boot)
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, ':');
        let pid = parts.next()?.parse().ok()?;
        let (start, boot) = (parts.next()?.to_owned(), parts.next()?.to_owned());
        Some(Self { pid, start, boot })
    }

    /// Whether this very process still runs.
    pub(super) fn is_alive(&self) -> bool {
        if self.start.is_empty() {
            return i32::try_from(self.pid)
                .ok()
                .and_then(rustix::process::Pid::from_raw)
                .is_some_and(|pid| rustix::process::test_kill_process(pid) != Err(rustix::io::Errno::SRCH));
        }
        self.boot == boot() && start(self.pid).is_some_and(|start| start == self.start)
    }
}

fn boot() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()
}

/// Field 22 of `/proc/<pid>/stat` (`proc_pid_stat(5)`); `None` for a process that is gone or only waits to be
/// collected. The fields are counted from the last `)`, for a process name may hold blanks and brackets.
fn start(pid: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
    let state = fields.next()?;
    (!matches!(state, "Z" | "X")).then_some(())?;
    fields.nth(18).map(str::to_owned)
}
