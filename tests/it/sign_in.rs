//! Keys and models as people see them: the real program, and a small provider on this machine.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::time::Duration;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::time::timeout;

use crate::support::bench::Bench;

const PATIENCE: Duration = Duration::from_secs(20);

/// A provider that knows one key and lists two models.
async fn provider() -> (String, tokio_util::task::AbortOnDropHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/v1", listener.local_addr().unwrap());
    let serving = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let mut stream = BufReader::new(stream);
            let mut asked = String::new();
            while !asked.ends_with("\r\n\r\n") {
                if !matches!(stream.read_line(&mut asked).await, Ok(read) if read > 0) {
                    break;
                }
            }
            let knows = asked.to_lowercase().contains("authorization: bearer sk-right");
            let (status, body) = if knows {
                ("200 OK", json!({ "data": [{ "id": "small" }, { "id": "gpt-5.5-2026-04-23" }] }))
            } else {
                ("401 Unauthorized", json!({ "error": { "message": "wrong key" } }))
            };
            let body = body.to_string();
            let head =
                format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\nconnection: close\r\n");
            let reply = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
            let _gone = stream.write_all(reply.as_bytes()).await;
        }
    });
    (address, tokio_util::task::AbortOnDropHandle::new(serving))
}

fn program(bench: &Bench, address: &str, arguments: &[&str]) -> Command {
    let mut command = bench.program(arguments);
    command.envs([("ADJUTANT_MODEL", ""), ("OPENAI_BASE_URL", address)]).current_dir(bench.cwd());
    command
}

/// What came of a command that is told `input`: its exit code, stdout and stderr.
async fn output(mut command: Command, input: &str) -> (i32, String, String) {
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).await.unwrap();
    let output = timeout(PATIENCE, child.wait_with_output()).await.expect("it does not end").unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn rows(lines: &str) -> Vec<Value> {
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn row<'a>(rows: &'a [Value], id: &str) -> &'a Value {
    rows.iter().find(|row| row["id"] == id).unwrap_or_else(|| panic!("no {id}"))
}

#[tokio::test]
async fn a_key_is_tried_stored_used_and_forgotten() {
    let bench = Bench::scripted("");
    let (address, _provider) = provider().await;
    let run =
        async |arguments: &[&str], input: &str| output(program(&bench, &address, arguments), input).await;
    let file = bench.home().join(".config/adjutant/keys.json");
    let login = ["login", "openai", "--key-stdin"];

    let (code, out, err) = run(&login, "sk-wrong\n").await;
    assert_eq!((code, out.as_str()), (69, ""), "{err}");
    assert!(err.contains("nothing was stored") && !err.contains("sk-wrong") && !file.exists(), "{err}");
    assert_eq!(run(&login, "two words\n").await.0, 64);
    let (code, out, err) = run(&login, "  sk-right\n").await;
    assert_eq!((code, out.as_str()), (0, ""), "{err}");
    assert!(err.contains("The key works.") && !err.contains("sk-right"), "{err}");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);

    let (_, out, _) = run(&["providers", "--json"], "").await;
    let providers = rows(&out);
    assert_eq!(row(&providers, "openai")["key"], "stored");
    assert_eq!(
        (&row(&providers, "anthropic")["key"], &row(&providers, "ollama")["key"]),
        (&json!(null), &json!("none needed"))
    );
    let (_, out, _) = run(&["providers"], "").await;
    assert!(!out.contains("sk-right") && out.contains("openai-chat") && out.contains("missing"), "{out}");

    let (code, out, err) = run(&["models", "openai", "--refresh", "--json"], "").await;
    let models = rows(&out);
    assert_eq!((code, models.len()), (0, 2), "{out} {err}");
    assert_eq!(row(&models, "openai/small")["context"], 128_000);
    assert_eq!(row(&models, "openai/gpt-5.5-2026-04-23")["name"], "GPT-5.5");
    let (_, out, _) = run(&["models", "--json"], "").await;
    let models = rows(&out);
    let default = row(&models, "openai/gpt-6.2-sol");
    assert_eq!((&default["state"], &default["default"]), (&json!("ready"), &json!(true)));
    assert_eq!(row(&models, "anthropic/claude-opus-5-5")["state"], "no-key");
    assert_eq!(row(&models, "offline")["state"], "ready");

    let (code, out, err) = run(&["doctor", "--online"], "").await;
    assert!(code == 0 && out.contains("ok    OpenAI answers") && out.contains("2 models"), "{out} {err}");
    let (code, _, err) = run(&["logout"], "").await;
    assert!(code == 0 && err.contains("Forgotten: openai."), "{err}");
    assert_eq!(row(&rows(&run(&["providers", "--json"], "").await.1), "openai")["key"], json!(null));
    assert!(run(&["logout", "openai"], "").await.2.contains("No key was stored."));
}

#[tokio::test]
async fn what_is_asked_for_wrongly_is_said() {
    let bench = Bench::scripted("");
    for (arguments, code, part) in [
        (&["login", "opnai", "--key-stdin"][..], 64, "did you mean openai?"),
        (&["login", "ollama", "--key-stdin"], 64, "Ollama needs no key"),
        (&["login", "openai"], 64, "--key-stdin"),
        (&["login"], 64, "say which provider"),
        (&["login", "mcp:docs"], 64, "docs"),
        (&["models", "nobody"], 64, "unknown provider"),
    ] {
        let said = output(program(&bench, "http://127.0.0.1:9/v1", arguments), "").await;
        assert!(said.0 == code && said.2.contains(part) && said.1.is_empty(), "{arguments:?}: {said:?}");
    }
}

#[tokio::test]
async fn a_provider_that_cannot_be_reached_hinders_no_login() {
    let bench = Bench::scripted("");
    let address = "http://127.0.0.1:9/v1";
    let login = |more: &'static [&str]| {
        program(&bench, address, &[&["login", "openai", "--key-stdin"], more].concat())
    };
    let (code, _, err) = output(login(&[]), "sk-any\n").await;
    assert!(code == 0 && err.contains("could not be tried"), "{err}");
    let (code, _, err) = output(login(&["--no-check"]), "sk-any\n").await;
    assert!(code == 0 && !err.contains("tried"), "{err}");
    let (code, out, _) = output(program(&bench, address, &["doctor", "--online"]), "").await;
    assert!(code == 69 && out.contains("fail  "), "{out}");
}

#[tokio::test]
async fn a_key_is_typed_without_being_shown_and_the_terminal_is_as_before() {
    let bench = Bench::scripted("");
    for (typed, code) in [("sk-typex\x7fd\r", 0), ("sk-ty\x03", 130)] {
        let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&terminal).unwrap();
        unlockpt(&terminal).unwrap();
        let name = ptsname(&terminal, Vec::new()).unwrap().into_string().unwrap();
        let stdin = File::options().read(true).write(true).open(name).unwrap();
        let mut command = program(&bench, "http://127.0.0.1:9/v1", &["acp", "login", "openai", "--no-check"]);
        let mut child = command.stdin(stdin.try_clone().unwrap()).spawn().unwrap();
        let mut notes = BufReader::new(child.stderr.take().unwrap());
        let mut said = Vec::new();
        while !said.ends_with(b"shown):") {
            assert_ne!(timeout(PATIENCE, notes.read_until(b':', &mut said)).await.unwrap().unwrap(), 0);
        }
        let quiet = async {
            while tcgetattr(&stdin).unwrap().local_modes.contains(LocalModes::ECHO) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(PATIENCE, quiet).await.expect("the terminal shows what is typed");
        let mut keyboard = File::from(terminal);
        keyboard.write_all(typed.as_bytes()).unwrap();
        timeout(PATIENCE, notes.read_to_end(&mut said)).await.expect("it does not end").unwrap();
        let output = timeout(PATIENCE, child.wait_with_output()).await.unwrap().unwrap();
        let said = String::from_utf8_lossy(&said);
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(!said.contains("sk-"), "{said}");
        let modes = tcgetattr(&stdin).unwrap().local_modes;
        assert!(modes.contains(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG));
    }
    let stored = std::fs::read_to_string(bench.home().join(".config/adjutant/keys.json")).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&stored).unwrap(), json!({ "openai": "sk-typed" }));
}

#[tokio::test]
async fn a_local_server_is_found_by_those_who_look() {
    let bench = Bench::scripted("");
    let (address, _provider) = provider().await;
    let config = format!(
        "model = \"mine/big\"\n[provider.mine]\nbase_url = \"{address}\"\n[provider.mine.headers]\nauthorization = \"Bearer sk-right\"\n[provider.gone]\nbase_url = \"http://127.0.0.1:9/v1\"\n[provider.gone.model.it]\n[mcp.broken]\ncommand = \"/nowhere/server\"\n"
    );
    let folder = bench.home().join(".config/adjutant");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("config.toml"), config).unwrap();
    let run =
        async |arguments: &[&str]| output(program(&bench, "http://127.0.0.1:9/v1", arguments), "").await;
    let (code, out, err) = run(&["models", "--json"]).await;
    let models = rows(&out);
    assert_eq!(code, 0, "{err}");
    assert_eq!(row(&models, "mine/small")["state"], "ready");
    assert_eq!(row(&models, "gone/it")["state"], "not-running");
    let (code, out, _) = run(&["doctor", "--json"]).await;
    let findings = rows(&out);
    let state = |part: &str| {
        let found = findings.iter().find(|it| it["what"].as_str().unwrap().contains(part));
        found.unwrap_or_else(|| panic!("{part}: {out}"))["state"].as_str().unwrap().to_owned()
    };
    assert_eq!(code, 69);
    assert_eq!(state("mine/big answers"), "ok");
    assert_eq!(state("mine answers at"), "ok");
    assert_eq!(state("gone does not answer"), "fail");
    assert_eq!(state("/nowhere/server"), "fail");
    assert_eq!(state("sessions are kept in"), "ok");
    assert!(findings.iter().all(|it| it["state"] == "ok" || !it["do"].as_str().unwrap().is_empty()), "{out}");
}
