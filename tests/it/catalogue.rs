//! Models of several providers, and keys that come and go while the program runs.

use adjutant::config::{
    Api, Config, KeySource, Model, ModelSettings, ProviderLimits, ProviderSettings, Secret,
};
use serde_json::{Value, json};

use crate::support::bench::Bench;
use crate::support::client::{Client, update};
use crate::support::link::Link;

/// A provider that nobody is asked of in these tests.
fn provider(id: &str, key: KeySource, models: &[(&str, &[&str])]) -> ProviderSettings {
    let model = |(id, efforts): &(&str, &[&str])| ModelSettings {
        id: (*id).to_owned(),
        efforts: Some(efforts.iter().map(|it| (*it).to_owned()).collect()),
        ..ModelSettings::default()
    };
    ProviderSettings {
        id: id.to_owned(),
        name: id.to_uppercase(),
        api: Api::OpenAiChat,
        base_url: "http://127.0.0.1:9".to_owned(),
        key,
        headers: Vec::new(),
        models: models.iter().map(model).collect(),
        limits: ProviderLimits::default(),
    }
}

fn two_providers() -> Config {
    let acme = provider("acme", KeySource::None, &[("plain", &[]), ("thinker", &["low", "high"])]);
    let other = provider("other", KeySource::Given(Secret::new("key")), &[("one", &[])]);
    Config { providers: vec![acme, other], ..Config::default() }
}

/// A configuration whose model needs a key that is not there.
fn without_key(bench: &Bench) -> (Config, std::path::PathBuf) {
    let usual = KeySource::Usual(vec!["ACME_API_KEY".to_owned()]);
    let config = Config {
        model: Model::Named("acme/plain".to_owned()),
        providers: vec![provider("acme", usual, &[("plain", &[])])],
        ..Config::default()
    };
    (config, bench.home().join("config/keys.json"))
}

/// The value that an option of a session has.
fn chosen(options: &Value, id: &str) -> Option<String> {
    let option = options.as_array().unwrap().iter().find(|option| option["id"] == id)?;
    Some(option["currentValue"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn another_model_brings_its_thought_levels_and_every_client_hears_of_it() {
    let bench = Bench::scripted("");
    let door = bench.door_of(two_providers());
    let mut one = Client::hello(Link::memory(&door), json!({})).await;
    let new = one.request("session/new", json!({ "cwd": bench.cwd(), "mcpServers": [] })).await.unwrap();
    let session = new["sessionId"].clone();
    let (options, model) = (&new["configOptions"], &new["configOptions"][1]);
    assert_eq!(
        (chosen(options, "model").as_deref(), chosen(options, "thought_level")),
        (Some("acme/plain"), None)
    );
    let groups: Vec<_> = model["options"].as_array().unwrap().iter().map(|it| it["group"].clone()).collect();
    assert_eq!(
        (&model["category"], groups),
        (&json!("model"), vec![json!("acme"), json!("other"), json!("built-in")])
    );
    let mut two = Client::hello(Link::memory(&door), json!({})).await;
    let place = json!({ "sessionId": session, "cwd": bench.cwd(), "mcpServers": [] });
    two.request("session/load", place).await.unwrap();

    let set = json!({ "sessionId": session, "configId": "model", "value": "acme/thinker" });
    let reply = one.request("session/set_config_option", set).await.unwrap();
    assert_eq!(chosen(&reply["configOptions"], "thought_level").as_deref(), Some("default"));
    assert_eq!(chosen(&reply["configOptions"], "model").as_deref(), Some("acme/thinker"));
    let heard = two.until(|line| update(line) == Some("config_option_update")).await;
    assert_eq!(heard["params"]["update"]["configOptions"], reply["configOptions"]);

    let level = json!({ "sessionId": session, "configId": "thought_level", "value": "high" });
    let reply = one.request("session/set_config_option", level.clone()).await.unwrap();
    assert_eq!(chosen(&reply["configOptions"], "thought_level").as_deref(), Some("high"));
    let plain = json!({ "sessionId": session, "modelId": "other/one" });
    assert_eq!(one.request("session/set_model", plain).await.unwrap(), json!({}));
    let heard = two.until(|line| {
        update(line) == Some("config_option_update")
            && chosen(&line["params"]["update"]["configOptions"], "model").as_deref() == Some("other/one")
    });
    assert_eq!(chosen(&heard.await["params"]["update"]["configOptions"], "thought_level"), None);
    assert_eq!(one.request("session/set_config_option", level).await.unwrap_err()["code"], -32602);
    one.leave().await;
    two.leave().await;
}

#[tokio::test]
async fn a_session_waits_for_its_key_and_a_stored_one_counts_at_once() {
    let bench = Bench::scripted("");
    let (config, file) = without_key(&bench);
    let door = bench.door_of(config);
    let mut client = Client::hello(Link::memory(&door), json!({})).await;
    let place = json!({ "cwd": bench.cwd(), "mcpServers": [] });
    let details = "no key for ACME: set ACME_API_KEY or run `adjutant login acme`";
    let refusal =
        json!({ "code": -32000, "message": "Authentication required", "data": { "details": details } });
    assert_eq!(client.request("session/new", place.clone()).await.unwrap_err(), refusal);
    assert_eq!(client.request("authenticate", json!({ "methodId": "local" })).await.unwrap_err(), refusal);
    assert_eq!(client.request("session/list", json!({})).await.unwrap(), json!({ "sessions": [] }));

    store(&file, "{\"acme\": \"key\"}");
    assert_eq!(client.request("authenticate", json!({ "methodId": "local" })).await.unwrap(), json!({}));
    let session = client.request("session/new", place.clone()).await.unwrap()["sessionId"].clone();
    assert_eq!(client.request("logout", json!({})).await.unwrap(), json!({}));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "{}");
    let again = json!({ "sessionId": session, "cwd": bench.cwd(), "mcpServers": [] });
    for method in ["session/load", "session/resume", "session/fork"] {
        assert_eq!(client.request(method, again.clone()).await.unwrap_err(), refusal, "{method}");
    }
    let unknown = json!({ "sessionId": "nobody", "cwd": bench.cwd(), "mcpServers": [] });
    assert_eq!(client.request("session/load", unknown).await.unwrap_err()["code"], -32002);
    let listed = client.request("session/list", json!({})).await.unwrap();
    assert_eq!(listed["sessions"].as_array().unwrap().len(), 1, "{listed}");

    store(&file, "{\"acme\": \"key\"}");
    client.request("session/load", again).await.unwrap();
    client.leave().await;
}

#[tokio::test]
async fn what_is_set_to_fall_back_on_answers_where_the_key_is_missing() {
    let bench = Bench::scripted("");
    let (config, _) = without_key(&bench);
    let door = bench.door_of(Config { fallback: Some("offline".to_owned()), ..config });
    let mut client = Client::hello(Link::memory(&door), json!({})).await;
    let new = client.request("session/new", json!({ "cwd": bench.cwd(), "mcpServers": [] })).await.unwrap();
    assert_eq!(chosen(&new["configOptions"], "model").as_deref(), Some("offline"));
    client.leave().await;
}

#[tokio::test]
async fn a_logout_says_which_keys_it_cannot_drop() {
    let bench = Bench::scripted("");
    let door = bench.door_of(two_providers());
    let mut client = Client::hello(Link::memory(&door), json!({})).await;
    let reply = client.request("logout", json!({})).await.unwrap();
    assert_eq!(reply, json!({ "_meta": { "details": "keys are still taken from the configuration" } }));
    client.leave().await;
}

/// Stores keys as `adjutant login` does, from another process.
fn store(file: &std::path::Path, keys: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, keys).unwrap();
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)).unwrap();
}
