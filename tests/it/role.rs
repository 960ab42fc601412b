//! Turns as the model's server sees them: which agent and which model answers, with which tools, and
//! what it is shown of files.

use serde_json::{Value, json};

use crate::command_line::output;
use crate::support::bench::{Bench, Model};
use crate::support::client::{Client, said, update};
use crate::support::link::Link;
use crate::support::model::{Asked, ModelServer, Reply};

/// An answer of a server that speaks chat completions.
fn words(text: &str) -> Reply {
    let delta = json!({"choices": [{"index": 0, "delta": {"content": text}}]});
    let end = json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]});
    Reply::stream(format!("data: {delta}\n\ndata: {end}\n\ndata: [DONE]\n\n"))
}

/// An answer that calls a tool.
fn call(id: &str, name: &str, input: &Value) -> Reply {
    let function = json!({"name": name, "arguments": input.to_string()});
    let calls = json!([{"index": 0, "id": id, "type": "function", "function": function}]);
    let delta = json!({"choices": [{"index": 0, "delta": {"tool_calls": calls}}]});
    let end = json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]});
    Reply::stream(format!("data: {delta}\n\ndata: {end}\n\ndata: [DONE]\n\n"))
}

/// A bench whose models are answered for by `server`, with more of a configuration and files beside it.
fn bench(server: &ModelServer, more: &str, files: &[(&str, &str)]) -> Bench {
    let bench = Bench::new(Model::Configured, "");
    let provider = format!("[provider.acme]\nbase_url = \"{}\"\nkey = \"\"\n", server.url());
    let config = ("config.toml", &*format!("model = \"acme/usual\"\n{provider}{more}"));
    for (path, text) in files.iter().copied().chain([config]) {
        let path = bench.home().join(".config/adjutant").join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    bench
}

fn tools(asked: &Asked) -> Vec<&str> {
    let tools = asked.body["tools"].as_array().map_or(&[][..], Vec::as_slice);
    tools.iter().map(|tool| tool["function"]["name"].as_str().unwrap()).collect()
}

/// Whether the system prompt says that.
fn is_told(asked: &Asked, text: &str) -> bool {
    asked.body["messages"][0]["content"].as_str().unwrap().contains(text)
}

/// Whether it is in what the model was shown, files included.
fn is_shown(asked: &Asked, text: &str) -> bool {
    asked.body["messages"].to_string().contains(text)
}

const REVIEWER: &str = "---\ntools: [read, grep]\n---\nYou judge what others wrote.\n";
const REVIEW: &str = "---\nagent: reviewer\nmodel: acme/large\n---\nReview $1\n";

#[tokio::test]
async fn a_commands_agent_and_model_answer_its_turn_and_no_other() {
    let server = ModelServer::start([words("Fine.")]).await;
    let bench = bench(&server, "", &[("agents/reviewer.md", REVIEWER), ("commands/review.md", REVIEW)]);
    let (mut client, session) = Client::open(Link::memory(&bench.door()), &bench).await;
    for prompt in ["Hello", "/review a.rs", "Hello again"] {
        let id = client.prompt(&session, prompt).await;
        assert_eq!(client.reply(id).await.unwrap()["stopReason"], "end_turn");
    }
    let asked = server.asked();
    let models: Vec<_> = asked.iter().map(|asked| asked.body["model"].as_str().unwrap()).collect();
    assert_eq!(models, ["usual", "large", "usual"]);
    assert_eq!(tools(&asked[1]), ["read", "grep"]);
    assert!(tools(&asked[0]).contains(&"edit") && tools(&asked[2]).contains(&"edit"));
    let told: Vec<_> = asked.iter().map(|asked| is_told(asked, "You judge what others wrote.")).collect();
    assert_eq!(told, [false, true, false]);
    client.leave().await;
}

#[tokio::test]
async fn a_command_that_names_what_there_is_not_runs_nothing() {
    let server = ModelServer::start([words("Fine.")]).await;
    let files = [
        ("commands/one.md", "---\nagent: reviwer\n---\nReview it\n"),
        ("commands/two.md", "---\nmodel: nowhere/large\n---\nReview it\n"),
        ("agents/reviewer.md", REVIEWER),
    ];
    let bench = bench(&server, "", &files);
    let (mut client, session) = Client::open(Link::memory(&bench.door()), &bench).await;
    for (prompt, why) in [
        (
            "/one",
            "The command /one was not run: there is no agent \"reviwer\"; the agents are build, reviewer,",
        ),
        ("/two", "The command /two was not run: unknown provider \"nowhere\""),
    ] {
        let id = client.prompt(&session, prompt).await;
        client.until(|line| said(line).is_some_and(|text| text.starts_with(why))).await;
        assert_eq!(client.reply(id).await.unwrap()["stopReason"], "end_turn");
    }
    assert_eq!(server.count(), 0, "nobody was asked");
    let id = client.prompt(&session, "Hello").await;
    client.reply(id).await.unwrap();
    assert_eq!(server.asked()[0].body["model"], Value::from("usual"));
    client.leave().await;
}

const NARROW: &str = "---\ntools: [task, read, grep]\n---\nYou look.\n";
const INNER: &str = "---\nmode: subagent\ntools: [grep, read, bash, task]\n---\nYou do.\n";
const RULES: &str = "[agent.narrow.permission]\ndeny = [\"read(**/secret.txt)\"]\nallow = [\"bash\"]\n";

#[tokio::test]
async fn a_sub_agent_may_do_nothing_that_the_agents_above_it_may_not() {
    let work = |agent: &str| json!({"description": "Work", "prompt": "Work.", "agent": agent});
    let server = ModelServer::start([
        call("c1", "task", &work("inner")),
        call("c2", "read", &json!({"path": "secret.txt"})),
        call("c3", "task", &work("general")),
        words("Done."),
    ])
    .await;
    let files = [("agents/narrow.md", NARROW), ("agents/inner.md", INNER)];
    let bench = bench(&server, RULES, &files);
    bench.write("secret.txt", "it is blue");
    let (mut client, session) = Client::open(Link::memory(&bench.door()), &bench).await;
    let choice = json!({"sessionId": session, "configId": "agent", "value": "narrow"});
    client.request("session/set_config_option", choice).await.unwrap();
    let id = client.prompt(&session, "Hello").await;
    client.reply(id).await.unwrap();
    let asked = server.asked();
    assert_eq!(tools(&asked[0]), ["read", "grep", "task"], "the agent of the session");
    assert_eq!(tools(&asked[1]), ["read", "grep", "task"], "the one beneath it");
    assert!(is_told(&asked[1], "You do."));
    let refused = &asked[2].body["messages"].as_array().unwrap().last().unwrap()["content"];
    assert!(!refused.as_str().unwrap().contains("blue"), "{refused}");
    assert_eq!(tools(&asked[3]), ["read", "grep", "task"], "the one beneath that, which by itself has all");
    client.leave().await;
}

#[tokio::test]
async fn a_provider_that_reports_no_usage_leaves_the_gauge_an_estimate() {
    let server = ModelServer::start([words(&"word ".repeat(400))]).await;
    let models = "[provider.acme.model.usual]\ncontext = 1000\n";
    let bench = bench(&server, models, &[]);
    let (mut client, session) = Client::open(Link::memory(&bench.door()), &bench).await;
    let id = client.prompt(&session, "Hello").await;
    let told = client.until(|line| update(line) == Some("usage_update")).await;
    let told = &told["params"]["update"];
    let used = told["used"].as_u64().unwrap();
    assert!((500..550).contains(&used), "{told}");
    assert_eq!((&told["size"], &told["_meta"]), (&json!(1000), &json!({"estimated": true})));
    client.reply(id).await.unwrap();
    client.leave().await;
}

/// What is said about a set-up when a session is opened.
fn notices(client: &Client) -> Vec<&str> {
    let notices = client.heard.iter().filter(|line| update(line) == Some("notice"));
    notices.map(|line| line["params"]["update"]["title"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_project_names_the_model_and_what_is_wrong_with_it_is_told() {
    let server = ModelServer::start([words("Fine.")]).await;
    let bench = bench(&server, "", &[]);
    bench.write("opencode.json", r#"{"model": "acme/large", "provider": {"x": {}}}"#);
    bench.write(".mcp.json", "{");
    let mut client = Client::hello(Link::memory(&bench.door()), json!({"session": {"notices": {}}})).await;
    let session = client.session(&bench).await;
    for (option, value) in [("agent", "build"), ("model", "acme/usual")] {
        let id = client.prompt(&session, "Hello").await;
        client.reply(id).await.unwrap();
        let choice = json!({"sessionId": session, "configId": option, "value": value});
        client.request("session/set_config_option", choice).await.unwrap();
    }
    let id = client.prompt(&session, "Hello").await;
    client.reply(id).await.unwrap();
    let asked = server.asked();
    let models: Vec<_> = asked.iter().map(|asked| asked.body["model"].as_str().unwrap()).collect();
    assert_eq!(models, ["large", "large", "usual"], "the session's choice stands above the project's");
    for part in ["opencode.json:1: a project does not say where models are", ".mcp.json:1"] {
        assert!(notices(&client).iter().any(|title| title.contains(part)), "{part}: {:?}", notices(&client));
    }
    client.leave().await;
}

#[tokio::test]
async fn a_project_replaces_no_standard_agent_and_no_skill_of_the_persons() {
    let server = ModelServer::start([words("Fine.")]).await;
    let skill = "---\ndescription: By the person\n---\nx";
    let bench = bench(&server, "", &[("skills/release/SKILL.md", skill)]);
    for agent in ["plan", "build", "general"] {
        bench.write(&format!(".claude/agents/{agent}.md"), "You are another.");
    }
    bench.write(".claude/skills/release/SKILL.md", "---\ndescription: By the project\n---\nx");
    bench.write(".claude/skills/more/SKILL.md", "---\ndescription: One more\n---\nx");
    let (mut client, session) = Client::open(Link::memory(&bench.door()), &bench).await;
    for agent in ["build", "plan"] {
        let choice = json!({"sessionId": session, "configId": "agent", "value": agent});
        client.request("session/set_config_option", choice).await.unwrap();
        let id = client.prompt(&session, "Hello").await;
        client.reply(id).await.unwrap();
    }
    for asked in server.asked() {
        assert!(!is_told(&asked, "You are another."));
        assert!(is_told(&asked, "By the person") && !is_told(&asked, "By the project"));
        assert!(is_told(&asked, "One more"));
    }
    client.leave().await;
}

#[tokio::test]
async fn a_model_that_calls_no_tools_is_told_of_none() {
    let server = ModelServer::start([words("Fine.")]).await;
    let bench = bench(&server, "[provider.acme.model.plain]\ntools = false\n", &[]);
    let (mut client, session) = Client::open(Link::memory(&bench.door()), &bench).await;
    for model in ["acme/plain", "acme/usual"] {
        let choice = json!({"sessionId": session, "configId": "model", "value": model});
        client.request("session/set_config_option", choice).await.unwrap();
        let id = client.prompt(&session, "Hello").await;
        client.reply(id).await.unwrap();
    }
    let asked = server.asked();
    assert_eq!(asked[0].body.get("tools"), None);
    assert!(tools(&asked[1]).contains(&"edit"));
    client.leave().await;
}

#[tokio::test]
async fn files_that_a_command_mentions_are_shown() {
    let server = ModelServer::start([words("Fine.")]).await;
    let files = [("commands/review.md", "Review $1 by @rules.md"), ("commands/look.md", "Look at @$1")];
    let bench = bench(&server, "", &files);
    for (path, text) in [("rules.md", "be kind"), ("a.rs", "fn first"), ("b.rs", "fn second")] {
        bench.write(path, text);
    }
    let (mut client, session) = Client::open(Link::memory(&bench.door()), &bench).await;
    for prompt in ["/review @a.rs", "/look b.rs"] {
        let id = client.prompt(&session, prompt).await;
        client.reply(id).await.unwrap();
    }
    let asked = server.asked();
    assert!(is_shown(&asked[0], "fn first") && is_shown(&asked[0], "be kind"), "{}", asked[0].body);
    assert!(!is_shown(&asked[0], "fn second") && is_shown(&asked[1], "fn second"), "{}", asked[1].body);
    client.leave().await;
}

#[tokio::test]
async fn files_are_mentioned_in_quotes_and_with_lines() {
    let server = ModelServer::start([words("Fine.")]).await;
    let bench = bench(&server, "", &[]);
    bench.write("a b.txt", "in quotes");
    bench.write("lines.txt", "line one\nline two\nline three\nline four\n");
    bench.write("place.txt", "place one\nplace two\n");
    bench.write("odd:1-2", "an odd name");
    let (mut client, session) = Client::open(Link::memory(&bench.door()), &bench).await;
    let prompt = "See @\"a b.txt\", (@lines.txt:2-3), @place.txt:2:7 and @odd:1-2.";
    let id = client.prompt(&session, prompt).await;
    client.reply(id).await.unwrap();
    let asked = &server.asked()[0];
    for shown in ["in quotes", "line two", "line three", "place one", "place two", "an odd name"] {
        assert!(is_shown(asked, shown), "{shown}: {}", asked.body);
    }
    for other in ["line one", "line four"] {
        assert!(!is_shown(asked, other), "{other}: {}", asked.body);
    }
    client.leave().await;
}

#[tokio::test]
async fn a_no_of_nobody_is_not_told_as_a_persons() {
    let touch = || call("c1", "bash", &json!({"command": "touch made"}));
    let server = ModelServer::start([touch(), words("I may not."), touch(), words("I may not.")]).await;
    let bench = bench(&server, "", &[]);
    let mut client = Client::unknown(Link::doors(&bench.doors()));
    let params = json!({"task": "Touch it", "context": {"cwd": bench.cwd()}});
    client.send(&json!({"type": "request", "id": "1", "method": "execute_task", "params": params})).await;
    let response = client.until(|line| line["type"] == "response").await;
    assert_eq!(response["result"]["denied"], json!(["`touch made`"]));
    let (code, _, _) = output(&bench, &["run", "Touch it"]).await;
    assert_eq!(code, Some(0));
    for asked in [&server.asked()[1], &server.asked()[3]] {
        let told = "Rejected: nobody can be asked here; a rule or the mode would have to allow this call.";
        assert!(is_shown(asked, told), "{}", asked.body);
    }
    client.leave().await;
}
