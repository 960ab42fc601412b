use super::*;
use crate::config::{Api, Environment, Paths, ProviderLimits};

fn provider(id: &str, key: KeySource) -> ProviderSettings {
    ProviderSettings {
        id: id.to_owned(),
        name: id.to_uppercase(),
        api: Api::OpenAiChat,
        base_url: "http://127.0.0.1:9/v1".to_owned(),
        key,
        headers: Vec::new(),
        models: Vec::new(),
        limits: ProviderLimits::default(),
    }
}

fn usual(id: &str) -> ProviderSettings {
    provider(id, KeySource::Usual(vec![format!("{}_API_KEY", id.to_uppercase())]))
}

fn set(id: &str) -> ModelSettings {
    ModelSettings { id: id.to_owned(), ..ModelSettings::default() }
}

/// Three usual providers are known; `llama` needs no key and has a model; `ollama` needs none and has none.
fn config(environment: Environment, model: Model) -> Config {
    let mut llama = provider("llama", KeySource::None);
    llama.models = vec![set("tiny")];
    let local = provider("ollama", KeySource::None);
    Config {
        providers: vec![local, llama, usual("mistral"), usual("openai"), usual("anthropic")],
        environment,
        model,
        ..Config::default()
    }
}

fn catalogue(environment: Environment, model: Model) -> Catalogue {
    Catalogue::new(Arc::new(config(environment, model)))
}

fn ids(catalogue: &Catalogue) -> Vec<String> {
    catalogue.usable().iter().map(|model| model.id.clone()).collect()
}

fn named(id: &str) -> Model {
    Model::Named(id.to_owned())
}

fn refusal(catalogue: &Catalogue, id: Option<&str>) -> String {
    match catalogue.open(id) {
        Ok(answerer) => panic!("{id:?} is {}", answerer.model.id),
        Err(ProviderError::Unauthorized(text)) => format!("unauthorized: {text}"),
        Err(ProviderError::Misconfigured(text)) => format!("misconfigured: {text}"),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn with_nothing_set_the_first_provider_with_a_key_answers() {
    let keys = Environment::of([("OPENAI_API_KEY", "k"), ("MISTRAL_API_KEY", "k")]);
    let both = catalogue(keys, Model::Auto);
    let default = both.open(None).unwrap();
    assert_eq!((default.model.id.as_str(), default.provider.id()), ("openai/gpt-6.2-sol", "openai"));
    let ids = ids(&both);
    assert_eq!(ids.first().unwrap(), "openai/gpt-6.2-sol");
    assert_eq!(ids.last().unwrap(), "offline");
    assert!(
        ids.iter().any(|id| id == "mistral/mistral-large-latest") && ids.iter().any(|id| id == "llama/tiny")
    );
    assert!(!ids.iter().any(|id| id.starts_with("anthropic/") || id.starts_with("ollama/")), "{ids:?}");
    assert_eq!(ids.iter().filter(|id| *id == "openai/gpt-6.2-sol").count(), 1);
}

#[test]
fn without_any_key_a_named_local_server_answers_and_else_the_command_agent() {
    let local = catalogue(Environment::default(), Model::Auto);
    assert_eq!(local.open(None).unwrap().model.id, "llama/tiny");
    assert_eq!(ids(&local), ["llama/tiny", "offline"]);
    let none = Catalogue::new(Arc::new(Config { providers: vec![usual("openai")], ..Config::default() }));
    assert_eq!(none.open(None).unwrap().model.id, "offline");
    assert_eq!(ids(&none), ["offline"]);
    let asked = catalogue(Environment::of([("OPENAI_API_KEY", "k")]), Model::Offline);
    assert_eq!(ids(&asked)[..2], ["offline", "openai/gpt-6.2-sol"]);
}

#[test]
fn a_missing_key_is_asked_for_by_name() {
    let without = catalogue(Environment::default(), named("anthropic/claude-opus-5-5"));
    let text = "unauthorized: no key for ANTHROPIC: set ANTHROPIC_API_KEY or run `adjutant login anthropic`";
    assert_eq!(refusal(&without, None), text);
    assert_eq!(refusal(&without, Some("anthropic/claude-fable-5")), text);
    assert_eq!(ids(&without), ["llama/tiny", "offline"]);
}

#[test]
fn an_unknown_model_of_a_known_provider_works_with_safe_assumptions() {
    let catalogue = catalogue(Environment::of([("OPENAI_API_KEY", "k")]), Model::Auto);
    let model = catalogue.open(Some("openai/gpt-99")).unwrap().model;
    assert_eq!(*model, ModelInfo::unknown("openai", "gpt-99"));
    let local = catalogue.open(Some("ollama/qwen/coder:30b")).unwrap().model;
    assert_eq!((local.id.as_str(), local.wire.as_str()), ("ollama/qwen/coder:30b", "qwen/coder:30b"));
}

#[test]
fn what_nobody_knows_is_refused_with_what_may_be_meant() {
    let catalogue = catalogue(Environment::of([("OPENAI_API_KEY", "k")]), Model::Auto);
    for (id, part) in [
        ("antropic/claude-opus-5-5", "unknown provider \"antropic\", did you mean anthropic?"),
        ("claude-opus-5-5", "unknown model \"claude-opus-5-5\", did you mean anthropic/claude-opus-5-5"),
        ("ofline", "did you mean offline?"),
        ("openai/", "unknown model \"openai/\""),
        ("zzz/x", "unknown provider \"zzz\": `adjutant providers`"),
        ("", "unknown model \"\": `adjutant models`"),
    ] {
        let text = refusal(&catalogue, Some(id));
        assert!(text.starts_with("misconfigured: ") && text.contains(part), "{id:?}: {text}");
    }
}

#[test]
fn what_is_set_of_a_model_wins_over_the_table() {
    let mut openai = usual("openai");
    let efforts = Some(vec!["low".to_owned(), "huge".to_owned()]);
    let (context, price) = (Some(1_000), Some([1.0, 2.0, 3.0, 4.0]));
    openai.models = vec![ModelSettings { context, price, efforts, ..set("gpt-5.5") }, set("mine")];
    let catalogue = Catalogue::new(Arc::new(Config { providers: vec![openai.clone()], ..Config::default() }));
    let known = catalogue.known(&openai);
    let model = known.iter().find(|model| model.wire == "gpt-5.5").unwrap();
    assert_eq!((model.name.as_str(), model.context), ("GPT-5.5", 1_000));
    assert_eq!((model.output, model.efforts.as_slice()), (128_000, &[Effort::Low][..]));
    assert_eq!(model.price, Some(Price { input: 1.0, output: 2.0, cache_read: 3.0, cache_write: 4.0 }));
    assert_eq!(known[0].wire, "gpt-6.2-sol", "what is set of a model makes it no default");
    assert_eq!(known.last(), Some(&ModelInfo::unknown("openai", "mine")));
    assert_eq!(known.iter().filter(|model| model.wire == "gpt-5.5").count(), 1);
}

#[test]
fn a_login_counts_at_once_and_connections_are_kept_until_the_key_changes() {
    let home = tempfile::tempdir().unwrap();
    let paths = Paths { config: Some(home.path().join("c")), ..Paths::default() };
    let config = Config { paths, ..config(Environment::default(), Model::Auto) };
    let catalogue = Catalogue::new(Arc::new(config));
    let file = catalogue.keys().file().clone();
    let id = Some("openai/gpt-5.5");
    let open = || catalogue.open(id).map(|answerer| Arc::as_ptr(&answerer.provider).cast::<()>());
    assert!(open().is_err());
    file.set("openai", &Secret::new("one")).unwrap();
    let first = open().unwrap();
    assert_eq!(open().unwrap(), first);
    assert_eq!(catalogue.open(None).unwrap().model.id, "openai/gpt-6.2-sol");
    let kept = catalogue.open(id).unwrap();
    file.set("openai", &Secret::new("two")).unwrap();
    assert_ne!(open().unwrap(), first);
    drop(kept);
    assert_eq!(file.remove(|_| true).unwrap(), ["openai"]);
    assert!(open().is_err());
}

#[test]
fn a_key_file_that_is_not_used_is_named_to_whoever_misses_its_key() {
    use std::os::unix::fs::PermissionsExt;
    let home = tempfile::tempdir().unwrap();
    let paths = Paths { config: Some(home.path().to_owned()), ..Paths::default() };
    let environment = Environment::of([("MISTRAL_API_KEY", "k")]);
    let catalogue = Catalogue::new(Arc::new(Config { paths, ..config(environment, Model::Auto) }));
    catalogue.keys().file().set("openai", &Secret::new("one")).unwrap();
    let path = home.path().join("keys.json");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    assert_eq!(catalogue.open(None).unwrap().model.id, "mistral/mistral-medium-latest");
    let text = refusal(&catalogue, Some("openai/gpt-5.5"));
    assert!(text.starts_with("unauthorized: ") && text.contains("chmod 600"), "{text}");
}
