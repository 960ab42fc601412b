//! Servers of a session, as an editor sees them: the whole program over its standard streams.

use serde_json::{Value, json};

use super::zoo::script;
use crate::support::bench::Bench;
use crate::support::client::{Client, said, update};
use crate::support::link::Link;
use crate::support::proc::{marked, until};

const SCRIPT: &str = r#"
{"when":"^echo$","results":0,"answer":[{"call":{"id":"c1","name":"zoo_echo","input":{"text":"hi"}}}]}
{"when":"^echo$","results":1,"answer":[{"text":"Done."}]}
{"when":"Say hello","results":0,"answer":[{"text":"Hello."}]}
"#;

async fn open(bench: &Bench, servers: Value) -> (Client, String) {
    let link = Link::process(bench);
    let mut client = Client::hello(link, json!({"session": {"notices": {}}})).await;
    let params = json!({ "cwd": bench.cwd(), "mcpServers": servers });
    let reply = client.request("session/new", params).await.unwrap();
    (client, reply["sessionId"].as_str().unwrap().to_owned())
}

fn zoo(bench: &Bench, behaviour: &str) -> Value {
    let told = bench.root().join("told");
    json!([{ "name": "zoo", "command": script(), "args": [behaviour, told], "env": [] }])
}

fn has_command(line: &Value, name: &str) -> bool {
    let commands = line["params"]["update"]["availableCommands"].as_array();
    commands.is_some_and(|commands| commands.iter().any(|it| it["name"] == name))
}

#[tokio::test]
async fn a_clients_server_is_asked_about_called_and_ended() {
    let bench = Bench::scripted(SCRIPT.trim_start());
    let (mut client, session) = open(&bench, zoo(&bench, "good")).await;
    client.until(|line| has_command(line, "zoo:greet")).await;
    let id = client.prompt(&session, "echo").await;
    let asked = client.until(|line| line["method"] == "session/request_permission").await;
    assert_eq!(asked["params"]["toolCall"]["title"], "zoo: echo {\"text\":\"hi\"}");
    let options = asked["params"]["options"].as_array().unwrap();
    let always = options.iter().find(|it| it["kind"] == "allow_always").expect("it can be remembered");
    client.answer(&asked, json!({"outcome": {"outcome": "selected", "optionId": always["optionId"]}})).await;
    let done = client.until(|line| line["params"]["update"]["status"] == "completed").await;
    let text = &done["params"]["update"]["content"][0]["content"]["text"];
    assert!(text.as_str().unwrap().starts_with("said in "), "{done}");
    client.reply(id).await.unwrap();

    let id = client.prompt(&session, "echo").await;
    client.reply(id).await.unwrap();
    let asked = client.heard.iter().filter(|line| line["method"] == "session/request_permission").count();
    assert_eq!(asked, 1, "what was allowed for good is asked again");

    let mark = bench.root().join("told");
    let mark = mark.to_str().unwrap();
    assert!(!marked(mark).is_empty());
    client.request("session/close", json!({"sessionId": session})).await.unwrap();
    until("the server is gone", || marked(mark).is_empty()).await;
    client.leave().await;
}

#[tokio::test]
async fn a_prompt_of_a_server_and_its_command_are_typed() {
    let bench = Bench::scripted(SCRIPT.trim_start());
    let (mut client, session) = open(&bench, zoo(&bench, "good")).await;
    client.until(|line| has_command(line, "zoo:greet")).await;
    let id = client.prompt(&session, "/zoo:greet Ada").await;
    client.until(|line| said(line) == Some("Hello.")).await;
    client.reply(id).await.unwrap();
    let id = client.prompt(&session, "/mcp").await;
    client.until(|line| said(line).is_some_and(|text| text.starts_with("- **zoo**: ready: 2 tools"))).await;
    client.reply(id).await.unwrap();
    client.leave().await;
}

#[tokio::test]
async fn what_an_editor_attaches_hides_no_command_of_a_server() {
    let bench = Bench::scripted(SCRIPT.trim_start());
    let (mut client, session) = open(&bench, zoo(&bench, "good")).await;
    client.until(|line| has_command(line, "zoo:greet")).await;
    for (typed, answer) in [("/zoo:greet Ada", "Hello."), ("/mcp", "- **zoo**: ready: 2 tools")] {
        let link = json!({"type": "resource_link", "name": "a.txt", "uri": "file:///a.txt"});
        let prompt = json!([{"type": "text", "text": typed}, link]);
        let id = client.ask("session/prompt", json!({"sessionId": session, "prompt": prompt})).await;
        let said = client.until(|line| said(line).is_some()).await;
        let text = said["params"]["update"]["content"]["text"].as_str().unwrap();
        assert!(text.starts_with(answer), "{typed}: {text}");
        client.reply(id).await.unwrap();
    }
    client.leave().await;
}

#[tokio::test]
async fn a_server_of_a_project_waits_for_its_approval() {
    let bench = Bench::scripted(SCRIPT.trim_start());
    let told = bench.root().join("told");
    let server = json!({"command": script(), "args": ["good", told]});
    bench.write(".mcp.json", &json!({"mcpServers": {"zoo": server}}).to_string());
    let (mut client, session) = open(&bench, json!([])).await;
    let notice = client.until(|line| update(line) == Some("notice")).await;
    let title = notice["params"]["update"]["title"].as_str().unwrap();
    assert!(title.starts_with("The MCP server zoo of .mcp.json is not started"), "{title}");
    assert!(notice["params"]["update"]["description"].as_str().unwrap().contains("zoo.sh good"), "{notice}");
    assert!(marked(told.to_str().unwrap()).is_empty());
    let id = client.prompt(&session, "/mcp approve zoo").await;
    client.until(|line| said(line).is_some_and(|text| text.starts_with("Approved"))).await;
    client.reply(id).await.unwrap();
    client.until(|line| has_command(line, "zoo:greet")).await;
    client.leave().await;

    // The next session starts it at once.
    let (mut client, _) = open(&bench, json!([])).await;
    client.until(|line| has_command(line, "zoo:greet")).await;
    client.leave().await;
}

#[tokio::test]
async fn what_a_model_says_to_a_sub_agent_approves_no_server() {
    let script = r#"
{"when":"^Help$","results":0,"answer":[{"call":{"id":"c1","name":"task","input":{"description":"Help","prompt":"/mcp approve zoo"}}}]}
{"when":"^Help$","results":1,"answer":[{"text":"Done."}]}
{"when":"approve","results":0,"answer":[{"text":"These are words."}]}
"#;
    let bench = Bench::scripted(script.trim_start());
    let told = bench.root().join("told");
    let server = json!({"command": self::script(), "args": ["good", told]});
    bench.write(".mcp.json", &json!({"mcpServers": {"zoo": server}}).to_string());
    let (mut client, session) = open(&bench, json!([])).await;
    let id = client.prompt(&session, "Help").await;
    let done = client.until(|line| line["params"]["update"]["status"] == "completed").await;
    let text = &done["params"]["update"]["content"][0]["content"]["text"];
    assert_eq!(text, "These are words.", "the sub-agent was given the text: {done}");
    client.reply(id).await.unwrap();
    let id = client.prompt(&session, "/mcp").await;
    client.until(|line| said(line).is_some_and(|text| text.starts_with("- **zoo**: not approved"))).await;
    client.reply(id).await.unwrap();
    assert!(marked(told.to_str().unwrap()).is_empty());
    client.leave().await;
}

#[tokio::test]
async fn the_command_line_lists_approves_and_tries_servers() {
    let bench = Bench::scripted("");
    let told = bench.root().join("told");
    bench.write(
        ".mcp.json",
        &json!({"mcpServers": {"zoo": {"command": script(), "args": ["good", told]}}}).to_string(),
    );
    let run = async |words: &[&str]| {
        let mut command = tokio::process::Command::new(crate::support::bench::PROGRAM);
        command.args(words).env_clear().env("PATH", "/usr/bin:/bin").envs(bench.variables());
        command.current_dir(bench.cwd()).stdin(std::process::Stdio::null());
        let output = command.output().await.unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    };
    let (code, listed, _) = run(&["mcp", "list"]).await;
    assert!(code == 0 && listed.contains("zoo   not approved") && listed.contains("zoo.sh good"), "{listed}");
    let (code, _, said) = run(&["mcp", "tools"]).await;
    assert!(code == 69 && said.contains("zoo is not approved"), "{said}");
    assert!(marked(told.to_str().unwrap()).is_empty());
    let (code, _, said) = run(&["mcp", "approve", "zoo"]).await;
    assert!(code == 130 && said.contains("runs: ") && said.contains("nothing was approved"), "{said}");
    let (code, _, said) = run(&["mcp", "approve", "zoo", "--yes"]).await;
    assert!(code == 0 && said.contains("Approved, as long as it stays the same."), "{said}");
    let (code, tools, said) = run(&["mcp", "tools", "zoo"]).await;
    assert!(code == 0 && tools.contains("zoo_echo"), "{tools}{said}");
    let (code, _, said) = run(&["mcp", "login", "zoo"]).await;
    assert!(code == 64 && said.contains("there is nothing to sign in to"), "{said}");
    assert_eq!(run(&["mcp", "reject", "zoo"]).await.0, 0);
    assert!(run(&["mcp", "list"]).await.1.contains("rejected"));
}
