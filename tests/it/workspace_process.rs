//! Commands under their supervisor: output, ends, and that nothing survives.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a failure here is a failed test, in the functions they share too")]

use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use adjutant::workspace::{Command, Commands, Exit, Finished, Live, LocalCommands, WorkspaceError};
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

const MARK: &str = "ADJUTANT_TEST_MARK";
const OWNER: &str = "ADJUTANT_TEST_OWNER";

fn commands() -> LocalCommands {
    LocalCommands::new(PathBuf::from(env!("CARGO_BIN_EXE_adjutant")))
}

/// A folder for a command, whose name marks every process the command starts.
struct Bench {
    dir: TempDir,
}

impl Bench {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    fn mark(&self) -> &str {
        self.dir.path().to_str().unwrap()
    }

    fn script(&self, script: &str) -> Command {
        let mut command = Command::shell(script, self.dir.path());
        command.env.push((MARK.to_owned(), self.mark().to_owned()));
        command
    }

    async fn run(&self, script: &str) -> Finished {
        run(self.script(script), CancellationToken::new()).await
    }

    /// Runs the script and cancels it once it has made the file `ready`.
    async fn cancelled(&self, script: &str) -> (Finished, Duration) {
        let cancel = CancellationToken::new();
        let running = tokio::spawn(run(self.script(script), cancel.clone()));
        self.ready().await;
        let asked = Instant::now();
        cancel.cancel();
        (running.await.unwrap(), asked.elapsed())
    }

    async fn ready(&self) {
        let ready = self.dir.path().join("ready");
        within(Duration::from_secs(10), "the command is ready", || ready.exists()).await;
    }

    /// Processes the command started that have not ended. The supervisor's own environment bears the mark too.
    fn survivors(&self) -> Vec<String> {
        let mark = format!("{MARK}={}", self.mark());
        let entries = std::fs::read_dir("/proc").unwrap().flatten();
        let marked = entries.filter(|entry| {
            let environment = std::fs::read(entry.path().join("environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes())
        });
        marked
            .map(|entry| std::fs::read_to_string(entry.path().join("cmdline")).unwrap_or_default())
            .collect()
    }

    async fn no_survivors(&self) {
        within(Duration::from_secs(3), "nothing survives", || self.survivors().is_empty()).await;
    }
}

async fn run(command: Command, cancel: CancellationToken) -> Finished {
    let (output, mut received) = mpsc::channel(16);
    let drain = tokio::spawn(async move { while received.recv().await.is_some() {} });
    let finished = commands().run(command, output, cancel).await.unwrap();
    drain.await.unwrap();
    finished
}

async fn within(limit: Duration, what: &str, mut holds: impl FnMut() -> bool) {
    let until = Instant::now() + limit;
    while !holds() {
        assert!(Instant::now() < until, "not so within {limit:?}: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn output_and_errors_come_in_one_stream_with_the_exit_code() {
    let bench = Bench::new();
    let finished = bench.run("echo one; echo two >&2; echo three; exit 7").await;
    assert_eq!(finished.output.to_text(), "one\ntwo\nthree\n");
    assert_eq!(finished.exit, Exit::Code(7));
    let folder = bench.dir.path().canonicalize().unwrap();
    assert_eq!(bench.run("pwd -P; cat").await.output.to_text().trim(), folder.to_str().unwrap());
}

#[tokio::test]
async fn a_signal_is_not_mistaken_for_a_code() {
    let bench = Bench::new();
    assert_eq!(bench.run("kill -SEGV $$").await.exit, Exit::Signal(11));
    let mut patient = bench.script("exit 139");
    patient.limits.wall = Duration::MAX;
    assert_eq!(run(patient, CancellationToken::new()).await.exit, Exit::Code(139));
    assert_eq!(bench.run("kill -KILL $$").await.exit, Exit::Signal(9));
}

#[tokio::test]
async fn what_cannot_be_started_is_an_error_with_its_name() {
    let (output, _received) = mpsc::channel(1);
    let missing = Command::new(vec!["no-such-program".to_owned()], "/");
    let error = commands().run(missing, output.clone(), CancellationToken::new()).await.unwrap_err();
    assert!(matches!(error, WorkspaceError::Spawn { .. }), "{error}");
    assert!(error.to_string().contains("no-such-program"), "{error}");
    for command in [Command::shell("true", "/no/such/folder"), Command::new(Vec::new(), "/")] {
        commands().run(command, output.clone(), CancellationToken::new()).await.unwrap_err();
    }
    let nobody = LocalCommands::new(PathBuf::from("/no/such/supervisor"));
    let error = nobody.run(Command::shell("true", "/"), output, CancellationToken::new()).await.unwrap_err();
    assert!(error.to_string().contains("/no/such/supervisor"), "{error}");
}

#[tokio::test]
async fn only_harmless_variables_are_inherited() {
    let bench = Bench::new();
    // The test runner sets variables named CARGO_*: they stand for everything that must not go on.
    assert!(std::env::vars_os().any(|(name, _)| name.to_string_lossy().starts_with("CARGO_")));
    let environment = bench.run("env").await.output.to_text();
    assert!(!environment.contains("CARGO_"), "{environment}");
    for expected in ["PATH=", "PAGER=cat", "GIT_TERMINAL_PROMPT=0", MARK] {
        assert!(environment.contains(expected), "{environment}");
    }
}

#[tokio::test]
async fn a_command_leads_its_own_group_without_terminal_core_or_input() {
    let bench = Bench::new();
    let finished = bench.run("ps -o pgid= -p $$ | tr -d ' '; echo $$; ulimit -c; wc -c; tty").await;
    let text = finished.output.to_text();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.first(), lines.get(1), "{text}");
    assert_eq!(lines.get(2..), Some(&["0", "0", "not a tty"][..]), "{text}");
    // Asked from `ps`: a test runner led from outside its pid namespace is in session 0.
    let ask = format!("ps -o sid= -p $$; ps -o sid= -p {}", std::process::id());
    let sessions = bench.run(&ask).await.output.to_text();
    let [command, ours] = sessions.split_whitespace().collect::<Vec<_>>()[..] else {
        panic!("two sessions: {sessions}")
    };
    assert_ne!(command, ours);
}

#[tokio::test]
async fn descriptors_left_open_do_not_reach_the_command() {
    let bench = Bench::new();
    let supervise = format!(
        "exec 7</dev/null 23</dev/null; {} __supervise -- /bin/ls /proc/self/fd",
        env!("CARGO_BIN_EXE_adjutant")
    );
    let mut supervisor = tokio::process::Command::new("/bin/bash")
        .args(["-c", &supervise])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lifeline = supervisor.stdin.take();
    let output = supervisor.wait_with_output().await.unwrap();
    drop(lifeline);
    let text = String::from_utf8(output.stdout).unwrap();
    // 3 is the folder that is being listed.
    assert_eq!(text.split_whitespace().collect::<Vec<_>>(), ["0", "1", "2", "3"]);
    assert_eq!(bench.run("exec /bin/ls /proc/self/fd").await.output.to_text(), "0\n1\n2\n3\n");
}

#[tokio::test]
async fn huge_output_costs_little_memory() {
    let before = resident();
    let (peak_seen, finished) = {
        let running =
            tokio::spawn(async { Bench::new().run("head -c 300000000 /dev/zero; printf the-end").await });
        let mut peak = 0;
        while !running.is_finished() {
            peak = peak.max(resident());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        (peak, running.await.unwrap())
    };
    assert_eq!(finished.output.total(), 300_000_007);
    assert_eq!(finished.output.head.len() + finished.output.tail.len(), 256 * 1024);
    assert!(finished.output.to_text().ends_with("the-end"));
    let grown = peak_seen.saturating_sub(before);
    assert!(grown < 16 * 1024 * 1024, "{grown} bytes more");
}

fn resident() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

#[tokio::test]
async fn a_receiver_that_takes_nothing_does_not_hold_up_the_command() {
    let bench = Bench::new();
    let (output, mut received) = mpsc::channel::<Live>(2);
    let command = bench.script("head -c 5000000 /dev/urandom; printf the-end");
    let finished = commands().run(command, output, CancellationToken::new()).await.unwrap();
    assert_eq!((finished.exit, finished.output.total()), (Exit::Code(0), 5_000_007));
    let mut seen = 0;
    while let Some(Live::Output(bytes)) = received.recv().await {
        seen += bytes.len();
    }
    assert!(seen > 0 && seen < 5_000_007);
}

#[tokio::test]
async fn a_receiver_that_comes_late_is_told_of_the_gap() {
    let bench = Bench::new();
    let (output, mut received) = mpsc::channel::<Live>(1);
    let done = bench.dir.path().join("done");
    let command = bench.script("head -c 2000000 /dev/zero; touch done; sleep 0.3; printf the-end");
    let running =
        tokio::spawn(async move { commands().run(command, output, CancellationToken::new()).await.unwrap() });
    within(Duration::from_secs(10), "the output is written", || done.exists()).await;
    let mut seen = Vec::new();
    while let Some(Live::Output(bytes)) = received.recv().await {
        seen.extend_from_slice(&bytes);
    }
    running.await.unwrap();
    let seen = String::from_utf8(seen).unwrap();
    assert!(seen.contains("bytes not shown") && seen.ends_with("the-end"));
}

#[tokio::test]
async fn live_output_arrives_while_the_command_runs() {
    let bench = Bench::new();
    let (output, mut received) = mpsc::channel::<Live>(4);
    let command = bench.script("echo now; while [ ! -e go ]; do sleep 0.01; done; echo then");
    let running =
        tokio::spawn(async move { commands().run(command, output, CancellationToken::new()).await.unwrap() });
    assert_eq!(received.recv().await, Some(Live::Output("now\n".into())));
    std::fs::write(bench.dir.path().join("go"), "").unwrap();
    assert_eq!(received.recv().await, Some(Live::Output("then\n".into())));
    assert_eq!(running.await.unwrap().exit, Exit::Code(0));
}

#[tokio::test]
async fn a_plain_command_is_cancelled_at_once() {
    let bench = Bench::new();
    let (finished, took) = bench.cancelled("echo before; touch ready; sleep 1000; echo after").await;
    assert_eq!((finished.exit, finished.output.to_text().as_str()), (Exit::Cancelled, "before\n"));
    assert!(took < Duration::from_millis(200), "{took:?}");
    bench.no_survivors().await;
}

#[tokio::test]
async fn what_is_cancelled_already_is_not_started() {
    let bench = Bench::new();
    let cancel = CancellationToken::new();
    cancel.cancel();
    let finished = run(Command::new(vec!["no-such-program".to_owned()], bench.mark()), cancel).await;
    assert_eq!(finished.exit, Exit::Cancelled);
}

#[tokio::test]
async fn a_command_over_its_time_is_ended() {
    let bench = Bench::new();
    let mut command = bench.script("echo early; sleep 1000");
    command.limits.wall = Duration::from_millis(300);
    let finished = run(command, CancellationToken::new()).await;
    assert_eq!((finished.exit, finished.output.to_text().as_str()), (Exit::TimedOut, "early\n"));
    assert!(finished.elapsed < Duration::from_secs(1));
    bench.no_survivors().await;
}

#[tokio::test]
async fn an_orderly_end_is_waited_for() {
    let bench = Bench::new();
    let script =
        "(trap 'sleep 0.5; echo tidied > tidy; exit' TERM; touch ready; while :; do sleep 0.01; done) & wait";
    let (finished, took) = bench.cancelled(script).await;
    assert_eq!(finished.exit, Exit::Cancelled);
    assert_eq!(std::fs::read_to_string(bench.dir.path().join("tidy")).unwrap(), "tidied\n");
    assert!(took < Duration::from_secs(2), "{took:?}");
}

/// Ignores TERM, as does its child, in the same group.
const STUBBORN: &str = "trap '' TERM; (while :; do sleep 1; done) & touch ready; while :; do sleep 1; done";

/// Leaves session, group and parent, ignores TERM, holds the output.
const ESCAPED: &str = "
    (setsid bash -c 'trap \"\" TERM HUP
        (setsid bash -c \"touch escaped; while :; do sleep 1; done\" &)
        while :; do sleep 1; done' &)
    while [ ! -e escaped ]; do sleep 0.01; done
    touch ready";

#[tokio::test]
async fn a_tree_that_ignores_requests_is_killed_within_three_seconds() {
    for script in [STUBBORN.to_owned(), format!("trap '' TERM; {ESCAPED}; while :; do sleep 1; done")] {
        let bench = Bench::new();
        let (finished, took) = bench.cancelled(&script).await;
        assert_eq!(finished.exit, Exit::Cancelled);
        assert!(took < Duration::from_secs(3), "{took:?}");
        assert_eq!(bench.survivors(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn what_a_command_leaves_behind_goes_with_it() {
    for script in [ESCAPED, "sleep 1000 & nohup sleep 1001 & disown -a; touch ready"] {
        let bench = Bench::new();
        let finished = bench.run(&format!("{script}; echo done; exit 3")).await;
        assert_eq!(finished.exit, Exit::Code(3));
        assert!(finished.output.to_text().contains("done"));
        assert!(finished.elapsed < Duration::from_secs(2), "{:?}", finished.elapsed);
        bench.no_survivors().await;
    }
}

#[tokio::test]
async fn stopped_processes_are_ended_too() {
    let bench = Bench::new();
    let (finished, took) = bench.cancelled("touch ready; kill -STOP $$; sleep 1000").await;
    assert_eq!(finished.exit, Exit::Cancelled);
    assert!(took < Duration::from_secs(1), "{took:?}");
    bench.no_survivors().await;
}

#[tokio::test]
async fn dropping_a_run_ends_the_command() {
    let bench = Bench::new();
    let (output, _received) = mpsc::channel(16);
    let command = bench.script(&format!("{ESCAPED}; sleep 1000"));
    let running =
        tokio::spawn(async move { commands().run(command, output, CancellationToken::new()).await });
    bench.ready().await;
    running.abort();
    bench.no_survivors().await;
}

/// Not a test by itself: the process that the next one kills.
#[tokio::test]
async fn an_owner_that_is_about_to_be_killed() {
    let Some(mark) = std::env::var_os(OWNER) else { return };
    let mut command = Command::shell(STUBBORN, PathBuf::from(&mark));
    command.env.push((MARK.to_owned(), mark.into_string().unwrap()));
    let mut escaped = command.clone();
    escaped.argv = Command::shell(format!("{ESCAPED}-escaped; sleep 1000"), "/").argv;
    tokio::join!(run(command, CancellationToken::new()), run(escaped, CancellationToken::new()));
}

#[tokio::test]
async fn nothing_survives_an_owner_that_is_killed() {
    let bench = Bench::new();
    let mut owner = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args(["workspace_process::an_owner_that_is_about_to_be_killed", "--exact"])
        .env(OWNER, bench.mark())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    bench.ready().await;
    let escaped = bench.dir.path().join("ready-escaped");
    within(Duration::from_secs(10), "the second command is ready", || escaped.exists()).await;
    assert!(bench.survivors().len() >= 4, "{:?}", bench.survivors());
    owner.start_kill().unwrap();
    owner.wait().await.unwrap();
    bench.no_survivors().await;
}

#[tokio::test]
async fn a_killed_supervisor_takes_the_command_group_along() {
    let bench = Bench::new();
    let command = bench.script("touch ready; sleep 1000");
    let running = tokio::spawn(run(command, CancellationToken::new()));
    bench.ready().await;
    let supervisor = std::fs::read_dir("/proc").unwrap().flatten().find(|entry| {
        let read = |name| std::fs::read_to_string(entry.path().join(name)).unwrap_or_default();
        read("cmdline").contains("__supervise") && read("environ").contains(bench.mark())
    });
    let pid: i32 = supervisor.unwrap().file_name().to_str().unwrap().parse().unwrap();
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    let finished = running.await.unwrap();
    assert_eq!(finished.exit, Exit::Signal(9));
    bench.no_survivors().await;
}

#[tokio::test]
async fn a_hundred_short_commands_are_quick() {
    let started = Instant::now();
    for _ in 0..100 {
        assert_eq!(
            run(Command::new(vec!["true".to_owned()], "/"), CancellationToken::new()).await.exit,
            Exit::Code(0)
        );
    }
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
}
