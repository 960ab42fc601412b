//! The program as people and pipelines use it.

use std::fs::File;
use std::process::Output;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::Child;
use tokio::time::timeout;

use crate::support::bench::{Bench, Model};

const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) async fn end(child: Child) -> Output {
    timeout(PATIENCE, child.wait_with_output()).await.expect("it does not end").unwrap()
}

/// A terminal's two ends: whoever sits at it, and the program. It is 200 columns wide.
pub(crate) fn terminal() -> (File, File) {
    let near = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&near).unwrap();
    unlockpt(&near).unwrap();
    let size = Winsize { ws_row: 24, ws_col: 200, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(&near, size).unwrap();
    let name = ptsname(&near, Vec::new()).unwrap().into_string().unwrap();
    let far = File::options().read(true).write(true).open(name).unwrap();
    (File::from(near), far)
}

pub(crate) async fn output(bench: &Bench, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = end(bench.program(arguments).spawn().unwrap()).await;
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[tokio::test]
async fn a_reader_that_goes_away_cancels_the_turn_and_nothing_is_said() {
    let bench = Bench::scripted("{\"when\":\"\",\"answer\":[{\"repeat\":{\"n\":100000000,\"size\":60}}]}\n");
    for arguments in [&["run", "go"][..], &["run", "--json", "go"]] {
        let mut child = bench.program(arguments).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        lines.read_exact(&mut [0; 1000]).await.unwrap();
        drop(lines);
        let output = end(child).await;
        assert_eq!(output.status.code(), Some(141), "{output:?}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    }
    let mut child = bench.program(&["sessions", "list", "--all"]).spawn().unwrap();
    drop(child.stdout.take());
    let output = end(child).await;
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(141), &b""[..]));
    let (_, listed, _) = list(&bench).await;
    assert!(!listed.contains("running"), "{listed}");
}

async fn list(bench: &Bench) -> (Option<i32>, String, String) {
    output(bench, &["sessions", "list", "--all"]).await
}

#[tokio::test]
async fn an_output_that_cannot_be_written_is_a_failure() {
    let bench = Bench::scripted("{\"text\":\"hello\"}\n");
    let full = File::options().write(true).open("/dev/full").unwrap();
    let output = end(bench.program(&["run", "go"]).stdout(full).spawn().unwrap()).await;
    assert_eq!(output.status.code(), Some(69), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.starts_with("adjutant: the output cannot be written: No space"), "{said}");
}

#[tokio::test]
async fn what_is_printed_is_not_obeyed_by_a_terminal() {
    let hostile = "\\u001b]0;owned\\u0007 \\u202egnp.exe\\u202c";
    let bench = Bench::scripted(&format!("{{\"text\":\"{hostile}\"}}\n{{\"error\":\"{hostile}\"}}\n"));
    let hostile = "\u{1b}[2J\u{202e}title";
    let shown = output(&bench, &["run", hostile]).await;
    let listed = list(&bench).await;
    let id = listed.1.split_whitespace().next().unwrap().to_owned();
    let show = output(&bench, &["sessions", "show", &id]).await;
    assert!(shown.1.contains("]0;owned gnp.exe") && shown.2.contains("]0;owned gnp.exe"), "{shown:?}");
    assert!(show.1.contains("title") && show.1.contains("failed:"), "{show:?}");
    for (_, out, err) in [&shown, &listed, &show] {
        let obeyed = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}' || c == '\u{202c}');
        assert!(!out.contains(obeyed) && !err.contains(obeyed), "{out:?} {err:?}");
    }
}

#[tokio::test]
async fn paths_are_meant_from_where_they_were_typed() {
    let bench = Bench::scripted("{\"text\":\"from the script\"}\n");
    std::fs::write(bench.root().join("c.toml"), "mode = \"plan\"\n").unwrap();
    let arguments = ["--cwd", "work", "--config", "c.toml", "--log-file", "log", "run", "go"];
    let child = bench.program(&arguments).env("ADJUTANT_SCRIPT", "script.jsonl").spawn().unwrap();
    let output = end(child).await;
    assert_eq!(String::from_utf8_lossy(&output.stdout), "from the script\n", "{output:?}");
    assert!(bench.root().join("log").exists());
    let child = bench
        .program(&["--cwd", "work", "run", "go"])
        .envs([("ADJUTANT_SCRIPT", "script.jsonl"), ("ADJUTANT_CONFIG", "c.toml")])
        .spawn()
        .unwrap();
    assert_eq!(end(child).await.status.code(), Some(0));
}

#[tokio::test]
async fn an_interrupt_at_a_question_cancels_the_turn() {
    let call = "{\"call\":{\"name\":\"bash\",\"input\":{\"command\":\"touch made\"}}}\n";
    let bench = Bench::scripted(call);
    let (_terminal, stdin) = terminal();
    let mut child = bench.program(&["--cwd", "work", "run", "go"]).stdin(stdin).spawn().unwrap();
    let mut notes = BufReader::new(child.stderr.take().unwrap());
    let mut said = Vec::new();
    while !said.ends_with(b"choice:") {
        assert_ne!(timeout(PATIENCE, notes.read_until(b':', &mut said)).await.unwrap().unwrap(), 0);
    }
    let pid = Pid::from_raw(child.id().unwrap() as i32).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    timeout(PATIENCE, notes.read_to_end(&mut said)).await.expect("it does not end").unwrap();
    let said = String::from_utf8_lossy(&said);
    assert!(said.ends_with("\nadjutant: cancelled\n"), "{said}");
    assert_eq!(end(child).await.status.code(), Some(130));
    assert!(bench.read("made").is_err());
}

#[tokio::test]
async fn what_is_set_is_shown_with_where_it_was_set() {
    let bench = Bench::scripted("");
    let file = bench.home().join(".config/adjutant/config.toml");
    let (code, path, _) = output(&bench, &["config", "path"]).await;
    assert_eq!((code, path.trim_end()), (Some(0), file.to_str().unwrap()));
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, "\n[provider.lab]\nbase_url = \"http://127.0.0.1:1/v1\"\nkey = \"sk-1\"\n")
        .unwrap();
    std::fs::write(
        bench.root().join(".mcp.json"),
        "{\"colour\":\"\u{1b}[31m\",\n\"mcpServers\":{\"a\":{\"command\":\"a\"}}}",
    )
    .unwrap();
    let (code, shown, told) = output(&bench, &["config", "show", "--mode", "plan"]).await;
    assert_eq!(code, Some(0));
    for line in [
        format!("provider.lab.key = (set)  # {}:4\n", file.display()),
        format!("mcp.a.command = \"a\"  # {}:2\n", bench.root().join(".mcp.json").display()),
        "mode = \"plan\"  # option --mode\n".to_owned(),
        "model = \"scripted\"  # variable ADJUTANT_MODEL\n".to_owned(),
    ] {
        assert!(shown.contains(&line), "{line} not in {shown}");
    }
    assert!(told.contains("`colour` has no meaning here"), "{told}");
    let (_, json, _) = output(&bench, &["config", "show", "--json"]).await;
    assert!(
        json.lines()
            .all(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["origin"].is_string())
    );
    let (_, schema, _) = output(&bench, &["config", "schema"]).await;
    assert!(serde_json::from_str::<serde_json::Value>(&schema).unwrap()["properties"]["mcp"].is_object());
    std::fs::write(&file, "[provider.lab]\nkye = \"sk-1\"\n").unwrap();
    let (code, _, told) = output(&bench, &["config", "show"]).await;
    assert_eq!(code, Some(78));
    let expected =
        format!("adjutant: {}:2: provider.lab: unknown key \"kye\": did you mean \"key\"?\n", file.display());
    assert_eq!(told, expected);
}

#[tokio::test]
async fn what_the_agent_without_a_model_recommends_can_be_run() {
    let bench = Bench::new(Model::Offline, "");
    let (_, said, _) = output(&bench, &["run", "which model are you?"]).await;
    let commands: Vec<_> = said.split('`').filter_map(|text| text.strip_prefix("adjutant ")).collect();
    assert!(!commands.is_empty(), "{said}");
    for command in commands {
        let words: Vec<_> = command.split(' ').collect();
        let (code, _, why) = output(&bench, &words).await;
        assert_eq!(code, Some(0), "{command}: {why}");
    }
}
