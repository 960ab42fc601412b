//! Signing in to a remote server.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use adjutant::config::{McpServer, McpTransport, Origin};
use adjutant::mcp::{login, logout};
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use super::remote::{Gate, Remote};
use super::zoo::{Zoo, spec};
use crate::command_line::output;
use crate::support::bench::Bench;

fn server(remote: &Remote) -> McpServer {
    spec("zoo", McpTransport::Http { url: format!("{}/mcp", remote.address).into(), headers: Vec::new() })
}

/// One parameter of an address, decoded as far as these tests need it.
fn parameter(address: &str, name: &str) -> String {
    let query = address.split_once('?').unwrap().1;
    let found = query.split('&').find_map(|it| it.strip_prefix(&format!("{name}="))).unwrap();
    found.replace("%3A", ":").replace("%2F", "/")
}

/// Says yes, as a person in the browser does.
async fn say_yes(address: &str) -> String {
    let (callback, state) = (parameter(address, "redirect_uri"), parameter(address, "state"));
    let host = callback.strip_prefix("http://").unwrap().split('/').next().unwrap();
    let mut browser = TcpStream::connect(host).await.unwrap();
    let request = format!("GET /callback?code=code-1&state={state} HTTP/1.1\r\nHost: {host}\r\n\r\n");
    browser.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    browser.read_to_string(&mut answer).await.unwrap();
    answer
}

async fn sign_in(remote: &Remote, tokens: &Path) {
    let login = login(&server(remote), tokens).await.unwrap();
    let address = login.address().to_owned();
    assert!(address.starts_with(&format!("{}/authorize?", remote.address)), "{address}");
    assert_eq!(parameter(&address, "code_challenge_method"), "S256");
    let (finished, answer) = tokio::join!(login.finish(), say_yes(&address));
    finished.unwrap();
    assert!(answer.ends_with("You can close this page and go back to the terminal."), "{answer}");
}

#[tokio::test]
async fn a_server_that_wants_a_sign_in_says_how_and_works_after_it() {
    let remote = Remote::start(Gate::Tokens).await;
    let mut zoo = Zoo::of(|_| vec![server(&remote)]).await;
    let (title, _) = zoo.notice().await;
    assert_eq!(
        title,
        format!(
            "The MCP server zoo is not available: it wants you to sign in: run `adjutant mcp login zoo --url {}/mcp`",
            remote.address
        )
    );
    let tokens = zoo.path().join("tokens.json");
    sign_in(&remote, &tokens).await;
    assert_eq!(std::fs::metadata(&tokens).unwrap().permissions().mode() & 0o777, 0o600);
    let exchange = &remote.asked("POST /token")[0];
    assert!(
        exchange.body.contains("code=code-1") && exchange.body.contains("code_verifier="),
        "{exchange:?}"
    );

    // The next turn connects it again.
    assert!(zoo.servers.command("/mcp reconnect zoo").unwrap().contains("again"));
    crate::support::proc::until("it is connected", || zoo.names() == ["zoo_echo"]).await;
    assert_eq!(zoo.call("zoo_echo", json!({"a": 1})).await.text, "{\"a\":1}");
}

#[tokio::test]
async fn a_token_that_no_longer_counts_is_refreshed() {
    let remote = Remote::start(Gate::Tokens).await;
    let folder = tempfile::tempdir().unwrap();
    let tokens = folder.path().join("tokens.json");
    sign_in(&remote, &tokens).await;
    remote.forget_tokens();
    let zoo = Zoo::of(|file| {
        std::fs::copy(&tokens, file.with_file_name("tokens.json")).unwrap();
        vec![server(&remote)]
    })
    .await;
    assert!(!zoo.call("zoo_echo", json!({})).await.failed);
    let refreshed = remote.asked("POST /token").pop().unwrap();
    assert!(refreshed.body.contains("grant_type=refresh_token"), "{refreshed:?}");
    let kept = std::fs::read_to_string(zoo.path().join("tokens.json")).unwrap();
    assert!(kept.contains("token-102"), "{kept}");
}

#[tokio::test]
async fn a_browser_that_comes_from_elsewhere_signs_nobody_in() {
    let remote = Remote::start(Gate::Tokens).await;
    let folder = tempfile::tempdir().unwrap();
    let login = login(&server(&remote), &folder.path().join("tokens.json")).await.unwrap();
    let address = login.address().replace("state=", "state=x");
    let (finished, _) = tokio::join!(login.finish(), say_yes(&address));
    assert!(finished.is_err());
    assert!(remote.asked("POST /token").is_empty());
}

#[tokio::test]
async fn a_local_program_has_nothing_to_sign_in_to() {
    let here = McpTransport::Stdio { command: "x".into(), args: vec![], env: vec![], cwd: None };
    let error = login(&spec("zoo", here), Path::new("/none")).await.unwrap_err();
    assert_eq!(error.to_string(), "zoo is a local program: there is nothing to sign in to");
}

#[tokio::test]
async fn a_sign_in_is_forgotten_and_no_other() {
    let remote = Remote::start(Gate::Tokens).await;
    let bench = Bench::scripted("");
    let folder = bench.home().join(".config/adjutant");
    std::fs::create_dir_all(&folder).unwrap();
    let server = format!("[mcp.zoo]\nurl = \"{}/mcp\"\n[mcp.here]\ncommand = \"x\"\n", remote.address);
    std::fs::write(folder.join("config.toml"), server).unwrap();
    let tokens = folder.join("mcp-sign-ins.json");
    sign_in(&remote, &tokens).await;
    let other = McpTransport::Http { url: "http://127.0.0.1:9/mcp".into(), headers: Vec::new() };
    assert!(!logout(&spec("other", other), &tokens).unwrap());
    assert!(std::fs::read_to_string(&tokens).unwrap().contains("token-"));

    for said in ["The sign-in is forgotten: zoo.\n", "Nobody was signed in to zoo.\n"] {
        assert_eq!(
            output(&bench, &["mcp", "logout", "zoo"]).await,
            (Some(0), String::new(), said.to_owned())
        );
        assert_eq!(std::fs::read_to_string(&tokens).unwrap(), "{}");
    }
    sign_in(&remote, &tokens).await;
    assert_eq!(output(&bench, &["logout", "mcp:zoo"]).await.0, Some(0));
    assert_eq!(std::fs::read_to_string(&tokens).unwrap(), "{}");
    let (code, _, said) = output(&bench, &["mcp", "logout", "here"]).await;
    assert!(code != Some(0) && said.contains("here is a local program"), "{said}");
}

#[tokio::test]
async fn how_to_sign_in_is_said_as_it_works_and_shows_no_secret() {
    let remote = Remote::start(Gate::Tokens).await;
    let secret = |url: &str| McpTransport::Http { url: url.into(), headers: Vec::new() };
    let with_key = format!("{}/mcp?key=s3cret", remote.address);
    for (server, said) in [
        (
            McpServer { origin: Origin::User("/home/config.toml".into()), ..server(&remote) },
            "run `adjutant mcp login zoo`".to_owned(),
        ),
        (
            McpServer { name: "my zoo".into(), ..server(&remote) },
            format!("run `adjutant mcp login 'my zoo' --url {}/mcp`", remote.address),
        ),
        (
            spec("zoo", secret(&with_key)),
            "run `adjutant mcp login zoo --url URL`, with the whole URL that the editor has for it"
                .to_owned(),
        ),
        (
            spec("zoo", secret(&with_key.replace("http://", "http://me:s3cret@").replace("?key=s3cret", ""))),
            "run `adjutant mcp login zoo --url URL`, with the whole URL that the editor has for it"
                .to_owned(),
        ),
    ] {
        let mut zoo = Zoo::of(|_| vec![server]).await;
        let (title, _) = zoo.notice().await;
        assert!(title.ends_with(&format!("it wants you to sign in: {said}")), "{title}");
        assert!(!title.contains("s3cret"));
    }
}

#[tokio::test]
async fn a_server_that_only_the_editor_knows_is_signed_in_to_by_its_address() {
    let remote = Remote::start(Gate::Tokens).await;
    let bench = Bench::scripted("");
    let url = format!("{}/mcp", remote.address);
    let mut program = bench.program(&["mcp", "login", "zoo", "--url", &url]).spawn().unwrap();
    let mut lines = BufReader::new(program.stderr.take().unwrap()).lines();
    let address = loop {
        let line = lines.next_line().await.unwrap().expect("it names the page");
        if line.contains("/authorize?") {
            break line.trim().to_owned();
        }
    };
    say_yes(&address).await;
    assert!(program.wait().await.unwrap().success());
    let tokens = bench.home().join(".config/adjutant/mcp-sign-ins.json");
    let zoo = Zoo::of(|file| {
        std::fs::copy(&tokens, file.with_file_name("tokens.json")).unwrap();
        vec![server(&remote)]
    })
    .await;
    assert!(!zoo.call("zoo_echo", json!({})).await.failed);

    let forgotten = output(&bench, &["mcp", "logout", "zoo", "--url", &url]).await;
    assert_eq!(forgotten, (Some(0), String::new(), "The sign-in is forgotten: zoo.\n".to_owned()));
    let (code, _, said) = output(&bench, &["mcp", "login", "zoo"]).await;
    assert!(
        code != Some(0) && said.contains("to sign in to one that the editor names, add --url URL"),
        "{said}"
    );
}
