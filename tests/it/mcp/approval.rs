//! Servers that a project names: nothing runs before a person approved it.

use std::path::Path;

use adjutant::config::{Config, Environment, Flags, McpServer, McpTransport, Origin, Secret};
use adjutant::mcp::{Phase, Trust, Verdict, describe};

use super::zoo::{Zoo, animal, secret};
use crate::support::proc::{marked, until};

fn of_project(file: &Path) -> McpServer {
    McpServer { origin: Origin::Project("/project/.mcp.json".into()), ..animal("zoo", "good", file) }
}

#[tokio::test]
async fn a_server_of_a_project_is_inert_until_it_is_approved() {
    let mut zoo = Zoo::of(|file| vec![of_project(file)]).await;
    let (title, detail) = zoo.notice().await;
    assert_eq!(
        title,
        "The MCP server zoo of .mcp.json is not started: look at what it runs, then `/mcp approve zoo` or `adjutant mcp approve zoo`"
    );
    assert!(detail.starts_with("runs: ") && detail.contains("fixtures/mcp/zoo.sh good "), "{detail}");
    assert_eq!((zoo.phase(), zoo.names().len()), (Phase::Unapproved, 0));
    assert!(zoo.servers.command("/mcp reconnect zoo").unwrap().contains("not approved"));
    assert!(marked(&zoo.mark()).is_empty());

    let said = zoo.servers.command("/mcp approve zoo").unwrap();
    assert!(said.contains(&detail), "{said}");
    until("it is connected", || zoo.phase() == Phase::Ready).await;
    assert!(zoo.servers.command("/mcp approve none").unwrap().contains("There are: zoo."));
    assert!(zoo.servers.command("/other").is_none());
}

#[tokio::test]
async fn what_was_approved_once_is_started_as_long_as_it_stays_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("data/trust.json");
    let trust = Trust::at(Some(file.clone()));
    let zoo = Zoo::trusting(trust.clone(), |file| {
        trust.record(&of_project(file), Verdict::Approved).unwrap();
        vec![of_project(file)]
    })
    .await;
    assert_eq!(zoo.phase(), Phase::Ready);
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);

    let mut zoo = Zoo::trusting(trust.clone(), |file| {
        let mut server = of_project(file);
        trust.record(&server, Verdict::Approved).unwrap();
        let McpTransport::Stdio { args, .. } = &mut server.transport else { panic!() };
        args.push("--more".into());
        vec![server]
    })
    .await;
    assert!(zoo.notice().await.0.contains("is not started"));

    let zoo = Zoo::trusting(trust.clone(), |file| {
        trust.record(&of_project(file), Verdict::Rejected).unwrap();
        vec![of_project(file)]
    })
    .await;
    assert_eq!(zoo.phase(), Phase::Unapproved);
}

#[test]
fn everything_that_decides_what_runs_counts() {
    let trust = Trust::at(None);
    let file = Path::new("/f");
    let approved = of_project(file);
    trust.record(&approved, Verdict::Approved).unwrap();
    assert_eq!(trust.verdict(&approved), Verdict::Approved);
    let changes: [fn(&mut McpServer); 6] = [
        |it| it.origin = Origin::Project("/other/.mcp.json".into()),
        |it| it.name = "other".into(),
        |it| it.transport = McpTransport::Http { url: "http://x".into(), headers: Vec::new() },
        |it| stdio(it, |command, _, _| *command = "sh".into()),
        |it| stdio(it, |_, args, _| *args = vec![args.iter().map(Secret::expose).collect::<String>().into()]),
        |it| stdio(it, |_, _, env| env.push(("NODE_OPTIONS".into(), secret("--require=x")))),
    ];
    for change in changes {
        let mut altered = approved.clone();
        change(&mut altered);
        assert_eq!(trust.verdict(&altered), Verdict::Unknown, "{altered:?}");
    }
}

fn stdio(
    server: &mut McpServer,
    change: impl FnOnce(&mut Secret, &mut Vec<Secret>, &mut Vec<(String, Secret)>),
) {
    let McpTransport::Stdio { command, args, env, .. } = &mut server.transport else { panic!() };
    change(command, args, env);
}

#[test]
fn a_person_sees_the_whole_command_line_and_no_secret() {
    let mut server = of_project(Path::new("/f"));
    stdio(&mut server, |command, args, env| {
        *command = "npx".into();
        *args = vec!["-y".into(), "a b\n\u{202e}c".into(), "x".repeat(5000).into()];
        env.push(("TOKEN".into(), secret("s3cret")));
    });
    let shown = describe(&server);
    assert!(shown.starts_with("runs: npx -y 'a b<U+000A><U+202E>c' xxx"), "{shown}");
    assert!(shown.contains(&"x".repeat(5000)) && shown.ends_with("\nwith variables: TOKEN"));
    assert!(!shown.contains("s3cret"));
}

#[test]
fn a_person_sees_whose_values_are_sent_and_any_other_is_asked_about() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().to_str().unwrap();
    let project = folder.path().join("project");
    std::fs::create_dir(&project).unwrap();
    let variables = [("HOME", home), ("DOCS_TOKEN", "s3cret"), ("CLOUD_KEY", "s3cret too")];
    let config = Config::load(&Environment::of(variables), &Flags::default()).unwrap();
    let server = |transport: &str| {
        let text = format!("{{\"mcpServers\": {{\"docs\": {transport}}}}}");
        std::fs::write(project.join(".mcp.json"), text).unwrap();
        config.project(&project).servers.remove(0)
    };
    let local = server(r#"{"command": "docs", "env": {"A": "x-${DOCS_TOKEN}-${CLOUD_KEY}", "B": "plain"}}"#);
    assert_eq!(describe(&local), "runs: docs\nwith variables: A (from DOCS_TOKEN and CLOUD_KEY), B");
    let remote = |variable: &str| {
        server(&format!(
            r#"{{"url": "https://docs.example.org", "headers": {{"Authorization": "Bearer ${{{variable}}}"}}}}"#
        ))
    };
    let approved = remote("DOCS_TOKEN");
    assert_eq!(
        describe(&approved),
        "reaches: https://docs.example.org\nwith headers: Authorization (from DOCS_TOKEN)"
    );
    let trust = Trust::at(None);
    trust.record(&approved, Verdict::Approved).unwrap();
    assert_eq!(trust.verdict(&remote("DOCS_TOKEN")), Verdict::Approved);
    assert_eq!(trust.verdict(&remote("CLOUD_KEY")), Verdict::Unknown);

    let plain = |value: &str| {
        server(&format!(r#"{{"url": "https://docs.example.org", "headers": {{"X-Team": "{value}"}}}}"#))
    };
    trust.record(&plain("a"), Verdict::Approved).unwrap();
    assert_eq!(trust.verdict(&plain("a")), Verdict::Approved);
    assert_eq!(trust.verdict(&plain("b")), Verdict::Unknown, "what the file says is another one");
}

#[test]
fn a_person_sees_whose_values_a_command_line_takes_and_any_change_is_asked_about() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().to_str().unwrap();
    let project = folder.path().join("project");
    std::fs::create_dir(&project).unwrap();
    let server = |key: &str, transport: &str| {
        let variables = [("HOME", home), ("BIN", "/opt"), ("KEY", key), ("OTHER_KEY", key)];
        let config = Config::load(&Environment::of(variables), &Flags::default()).unwrap();
        let text = format!("{{\"mcpServers\": {{\"docs\": {transport}}}}}");
        std::fs::write(project.join(".mcp.json"), text).unwrap();
        config.project(&project).servers.remove(0)
    };
    let local = r#"{"command": "${BIN}/docs", "args": ["${KEY}", "${NONE:-8080}"]}"#;
    let approved = server("s3cret", local);
    assert_eq!(
        describe(&approved),
        "runs: '{env:BIN}/docs' '{env:KEY}' '{env:NONE:-8080}'\nwith values from: BIN, KEY, NONE"
    );
    assert!(!format!("{approved:?}").contains("s3cret"));
    let trust = Trust::at(None);
    trust.record(&approved, Verdict::Approved).unwrap();
    assert_eq!(trust.verdict(&server("s3cret", local)), Verdict::Approved);
    let others = [
        server("another", local),
        server("s3cret", &local.replace("${KEY}", "${OTHER_KEY}")),
        server("s3cret", &local.replace("${KEY}", "s3cret")),
        server("s3cret", &local.replace("${NONE:-8080}", "8080")),
    ];
    for other in others {
        assert_eq!(trust.verdict(&other), Verdict::Unknown, "{}", describe(&other));
    }

    let remote = server("s3cret", r#"{"url": "https://docs.example.org/${KEY}"}"#);
    assert_eq!(describe(&remote), "reaches: https://docs.example.org/{env:KEY}\nwith values from: KEY");
}
