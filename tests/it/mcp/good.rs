//! What well-behaved servers bring.

use std::time::Duration;

use adjutant::acp::{ContentBlock, ToolCallContent, ToolKind};
use adjutant::config::McpTransport;
use adjutant::permission::Action;
use adjutant::tool::Registry;
use serde_json::json;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::zoo::{Zoo, animal, secret, spec};
use crate::support::proc::until;

#[tokio::test]
async fn tools_of_a_server_are_named_for_it_and_run() {
    let zoo = Zoo::with("good").await;
    assert_eq!(zoo.names(), ["mcp_resource", "zoo_echo", "zoo_look_at"]);
    let (echo, look) = (zoo.tool("zoo_echo"), zoo.tool("zoo_look_at"));
    assert_eq!(echo.description(), "Says it again.");
    assert_eq!(echo.input()["properties"]["text"]["type"], "string");
    assert_eq!((echo.kind(), echo.parallel()), (ToolKind::Other, false));
    assert_eq!((look.kind(), look.parallel()), (ToolKind::Read, true));

    let context = zoo.context(mpsc::channel(1).0);
    let prepared = echo.prepare(json!({"text": "hi\u{202e}"}), context).await.unwrap();
    assert_eq!(prepared.title, r#"zoo: echo {"text":"hi\u{202e}"}"#);
    let Action::Remote { server, tool, pin } = &prepared.action else { panic!("{prepared:?}") };
    assert_eq!((server.as_str(), tool.as_str(), pin.len()), ("zoo", "echo", 32));

    let output = zoo.call("zoo_echo", json!({"text": "hi"})).await;
    assert_eq!((output.text.as_str(), output.failed), (&*format!("said in {}", zoo.path().display()), false));
    assert!(zoo.told().contains(r#""arguments":{"text":"hi"}"#));
    assert!(zoo.call("zoo_echo", json!([1])).await.failed);
}

#[tokio::test]
async fn a_server_gets_what_was_set_and_little_else() {
    let zoo = Zoo::of(|file| {
        let mut server = animal("zoo", "good", file);
        if let McpTransport::Stdio { env, .. } = &mut server.transport {
            env.push(("BEHAVIOUR_TEXT".into(), secret("told")));
        }
        vec![server]
    })
    .await;
    // CARGO_MANIFEST_DIR is set for every test and not for what it starts.
    let script = "env > \"$1\"; exec \"$2\" good";
    let (file, server) = (zoo.path().join("env"), super::zoo::script());
    let args = ["-c", script, "sh", file.to_str().unwrap(), server.to_str().unwrap()];
    let args = args.iter().map(|arg| (*arg).into()).collect();
    let transport = McpTransport::Stdio { command: "sh".into(), args, env: Vec::new(), cwd: None };
    let other = Zoo::of(|_| vec![spec("zoo", transport)]).await;
    other.tool("zoo_echo");
    let seen = std::fs::read_to_string(file).unwrap();
    assert!(seen.contains("PATH=") && !seen.contains("CARGO_MANIFEST_DIR"), "{seen}");
    assert!(zoo.call("zoo_echo", json!({})).await.text.starts_with("told in "));
}

#[tokio::test]
async fn two_servers_with_one_name_for_a_tool_keep_them_apart() {
    let zoo = Zoo::of(|file| {
        vec![animal("a", "good", file), animal("a b", "good", file), animal("a_b", "good", file)]
    })
    .await;
    let names = zoo.names();
    assert_eq!(names[..3], ["mcp_resource", "a_echo", "a_look_at"]);
    // The third has the second's name in everything a model sees, and comes later.
    assert_eq!(names.len(), 5, "{names:?}");
}

#[tokio::test]
async fn a_servers_tool_takes_no_name_of_another_tool() {
    let zoo = Zoo::with("good").await;
    let mut known = Registry::standard();
    known.add(zoo.tool("zoo_echo"));
    let names: Vec<_> = zoo.servers.tools(&known).iter().map(|tool| tool.name().to_owned()).collect();
    assert_eq!(names.len(), 3, "{names:?}");
    assert!(names[1].starts_with("zoo_echo_") && names[2] == "zoo_look_at", "{names:?}");
}

#[tokio::test]
async fn prompts_are_commands() {
    let mut zoo = Zoo::with("good").await;
    zoo.commands_changed().await;
    let commands = zoo.servers.commands();
    let names: Vec<&str> = commands.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["mcp", "zoo:greet"]);
    let cancel = CancellationToken::new();
    assert!(zoo.servers.prompt("/zoo:none", &cancel).await.is_none());
    assert!(zoo.servers.prompt("zoo:greet", &cancel).await.is_none());
    let missing = zoo.servers.prompt("/zoo:greet", &cancel).await.unwrap().unwrap_err();
    assert_eq!(missing.to_string(), "\"who\" is missing; the arguments are: <who> [how]");
    let content = zoo.servers.prompt("/zoo:greet \"the whole zoo\" how=loud and clear", &cancel).await;
    let error = content.unwrap().unwrap_err();
    assert_eq!(error.to_string(), "\"and\" is one argument too many");
    let content =
        zoo.servers.prompt("/zoo:greet \"the whole zoo\" loud and clear", &cancel).await.unwrap().unwrap();
    assert!(matches!(&content[..], [ContentBlock::Text(text)] if text.text == "Say hello."), "{content:?}");
    assert!(
        zoo.told().contains(r#""arguments":{"who":"the whole zoo","how":"loud and clear"}"#),
        "{}",
        zoo.told()
    );
}

#[tokio::test]
async fn resources_are_listed_and_read() {
    let zoo = Zoo::with("good").await;
    let listed = zoo.call("mcp_resource", json!({})).await;
    assert_eq!(listed.text, "zoo zoo://map (map)\n");
    let read = zoo.call("mcp_resource", json!({"uri": "zoo://map"})).await;
    assert_eq!(read.text, "[zoo://map]\nlions to the left");
    assert!(zoo.call("mcp_resource", json!({"uri": "zoo://map", "server": "none"})).await.failed);
}

#[tokio::test]
async fn results_of_every_kind_are_passed_on() {
    let zoo = Zoo::with("structured").await;
    assert_eq!(zoo.call("zoo_echo", json!({})).await.text, "{\n  \"degrees\": 21\n}");

    let zoo = Zoo::with("failing").await;
    let output = zoo.call("zoo_echo", json!({})).await;
    assert_eq!((output.text.as_str(), output.failed), ("no such thing", true));

    let zoo = Zoo::with("image").await;
    let output = zoo.call("zoo_echo", json!({})).await;
    assert_eq!(output.text, "look\n(image/png, about 6 bytes; shown to the user)\nresource: a file:///a");
    let kinds = output.content.iter().map(|it| match it {
        ToolCallContent::Content(it) => match it.content {
            ContentBlock::Text(_) => "text",
            ContentBlock::Image(_) => "image",
            ContentBlock::ResourceLink(_) => "link",
            _ => "?",
        },
        _ => "?",
    });
    assert_eq!(kinds.collect::<Vec<_>>(), ["text", "image", "link"]);

    let zoo = Zoo::with("large").await;
    let output = zoo.call("zoo_echo", json!({})).await;
    assert!(output.text.len() < 64 * 1024 && output.text.contains("bytes omitted"), "{}", output.text.len());
    let whole = zoo.outputs().join("1.txt");
    assert!(output.text.contains(&format!("is in {}", whole.display())), "{}", output.text);
    assert!(std::fs::metadata(&whole).unwrap().len() > 64 * 1024);
}

#[tokio::test]
async fn a_server_may_ask_the_people_behind_a_call() {
    let zoo = Zoo::with("asking").await.asking(json!({"colour": "red"}));
    assert_eq!(zoo.call("zoo_echo", json!({})).await.text, "painted red");
    let zoo = Zoo::with("asking").await;
    assert_eq!(zoo.call("zoo_echo", json!({})).await.text, "not painted");
}

#[tokio::test]
async fn progress_is_shown_and_keeps_a_call_alive() {
    let zoo = Zoo::of(|file| {
        let mut server = animal("zoo", "progressing", file);
        server.timeout = Duration::from_millis(700);
        vec![server]
    })
    .await;
    let output = zoo.call("zoo_echo", json!({})).await;
    assert!(!output.failed, "{}", output.text);
    assert_eq!(*zoo.progress.lock().unwrap(), "1 of 3: step\n2 of 3: step\n3 of 3: step\n");
}

#[tokio::test]
async fn a_changed_tool_is_another_one_for_its_grants() {
    let zoo = Zoo::with("growing").await;
    let pin = |action: &Action| match action {
        Action::Remote { pin, .. } => pin.clone(),
        other => panic!("{other:?}"),
    };
    let prepare = async || {
        let context = zoo.context(mpsc::channel(1).0);
        pin(&zoo.tool("zoo_echo").prepare(json!({}), context).await.unwrap().action)
    };
    let before = prepare().await;
    assert_eq!(before, prepare().await);
    assert!(!zoo.call("zoo_echo", json!({})).await.failed);
    until("the new tool is there", || zoo.names().iter().any(|name| name == "zoo_more")).await;
    assert_ne!(before, prepare().await);
}

#[tokio::test]
async fn a_server_ends_with_its_session() {
    let zoo = Zoo::with("good").await;
    let mark = zoo.mark();
    assert!(!crate::support::proc::marked(&mark).is_empty());
    zoo.servers.close().await;
    until("all processes are gone", || crate::support::proc::marked(&mark).is_empty()).await;
}
