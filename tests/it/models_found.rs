//! Models that nobody has named: those of a server on this machine, and of a provider of which only the key is known.

use serde_json::{Value, json};

use crate::support::bench::{Bench, Model};
use crate::support::client::{Client, said};
use crate::support::link::Link;
use crate::support::model::{Asked, ModelServer, Reply};

/// Where servers on this machine usually listen, and nobody does here.
const ELSEWHERE: [&str; 4] = ["OLLAMA_HOST", "LMSTUDIO_BASE_URL", "LLAMACPP_BASE_URL", "VLLM_BASE_URL"];

const LIST: &str = r#"{"object":"list","data":[{"id":"nomic-embed-text:latest","object":"model"},
    {"id":"llama3.2:latest","object":"model"},{"id":"qwen3:8b","object":"model","max_model_len":16384}]}"#;

fn answer(asked: &Asked) -> Reply {
    if asked.method == "GET" {
        return Reply::json(200, LIST);
    }
    let chunk =
        json!({ "choices": [{ "index": 0, "delta": { "content": "Here." }, "finish_reason": "stop" }] });
    Reply::stream(format!("data: {chunk}\n\ndata: [DONE]\n\n"))
}

/// The program with these variables, said hello to.
async fn client(bench: &Bench, variables: &[(&str, String)]) -> Client {
    let mut command = bench.program(&["acp"]);
    command.envs(ELSEWHERE.map(|name| (name, "http://127.0.0.1:9/v1")));
    command.envs(variables.iter().map(|(name, value)| (*name, value.as_str())));
    Client::hello(Link::started(&mut command), json!({})).await
}

/// A session's name and its option `model`.
async fn open(client: &mut Client, bench: &Bench) -> (String, Value) {
    let place = json!({ "cwd": bench.cwd(), "mcpServers": [] });
    let reply = client.request("session/new", place).await.unwrap();
    (reply["sessionId"].as_str().unwrap().to_owned(), model(&reply))
}

fn model(reply: &Value) -> Value {
    let options = reply["configOptions"].as_array().unwrap();
    options.iter().find(|option| option["id"] == "model").unwrap().clone()
}

/// The ids of all that can be chosen.
fn offered(option: &Value) -> Vec<String> {
    let options = option["options"].as_array().unwrap();
    let grouped = options.iter().flat_map(|it| match it["options"].as_array() {
        Some(group) => group.clone(),
        None => vec![it.clone()],
    });
    grouped.map(|it| it["value"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_nobody_else_would_answer_a_server_on_this_machine_does() {
    let bench = Bench::new(Model::Configured, "");
    let server = ModelServer::answering(answer).await;
    let mut client = client(&bench, &[("OLLAMA_HOST", server.url())]).await;
    assert_eq!(server.count(), 0, "nobody is looked for before a session is wanted");
    let (session, option) = open(&mut client, &bench).await;
    assert_eq!(option["currentValue"], "ollama/llama3.2:latest");
    assert_eq!(offered(&option), ["ollama/llama3.2:latest", "ollama/qwen3:8b", "offline"]);
    let turn = client.prompt(&session, "Where are you?").await;
    assert_eq!(client.reply(turn).await.unwrap()["stopReason"], "end_turn");
    assert_eq!(client.heard.iter().filter_map(said).collect::<String>(), "Here.");
    let asked = server.asked();
    assert_eq!(asked.last().unwrap().body["model"], "llama3.2:latest");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_of_a_provider_whose_models_nobody_knows_is_enough() {
    let bench = Bench::new(Model::Configured, "");
    let server = ModelServer::answering(answer).await;
    let key = ("TOGETHER_API_KEY", "k".to_owned());
    let address = ("TOGETHER_BASE_URL", format!("{}/v1", server.url()));
    let mut client = client(&bench, &[key, address]).await;
    assert_eq!(server.count(), 0);
    let (session, option) = open(&mut client, &bench).await;
    assert_eq!(option["currentValue"], "together/llama3.2:latest");
    let params = json!({ "sessionId": session, "configId": "model", "value": "together/qwen3:8b" });
    let reply = client.request("session/set_config_option", params).await.unwrap();
    assert_eq!(model(&reply)["currentValue"], "together/qwen3:8b");
    let (_, _) = open(&mut client, &bench).await;
    assert_eq!(server.count(), 1, "it is asked once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_somebody_answers_nobody_is_looked_for_and_any_model_can_be_named() {
    let bench = Bench::new(Model::Configured, "");
    let server = ModelServer::answering(answer).await;
    let key = ("OPENAI_API_KEY", "k".to_owned());
    let mut client = client(&bench, &[key, ("OLLAMA_HOST", server.url())]).await;
    let (session, option) = open(&mut client, &bench).await;
    assert!(option["currentValue"].as_str().unwrap().starts_with("openai/"), "{option}");
    assert_eq!(server.count(), 0);
    let choose = |value: &str| json!({ "sessionId": session, "configId": "model", "value": value });
    let reply = client.request("session/set_config_option", choose("ollama/own:1b")).await.unwrap();
    assert_eq!(model(&reply)["currentValue"], "ollama/own:1b");
    assert!(offered(&model(&reply)).contains(&"ollama/own:1b".to_owned()));
    for unknown in ["nobody/x", "anthropic/claude-opus-5", "x", ""] {
        let refused = client.request("session/set_config_option", choose(unknown)).await.unwrap_err();
        assert_eq!(refused["code"], -32602, "{unknown}: {refused}");
    }
    let turn = client.prompt(&session, "Where are you?").await;
    assert_eq!(client.reply(turn).await.unwrap()["stopReason"], "end_turn");
    assert_eq!(server.asked()[0].body["model"], "own:1b");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_cannot_be_asked_is_told_of_and_the_session_is_there() {
    let bench = Bench::new(Model::Configured, "");
    let server = ModelServer::start([Reply::json(401, r#"{"error":{"message":"no such key"}}"#)]).await;
    let key = ("TOGETHER_API_KEY", "k".to_owned());
    let address = ("TOGETHER_BASE_URL", format!("{}/v1", server.url()));
    let mut command = bench.program(&["run", "Hello"]);
    command.envs(ELSEWHERE.map(|name| (name, "http://127.0.0.1:9/v1"))).envs([key, address]);
    let output = command.output().await.unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("Together AI") && told.contains("no such key"), "{told}");
    assert!(output.status.success(), "{told}");
}
