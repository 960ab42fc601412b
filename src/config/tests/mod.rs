mod front_matter;
mod import;
mod project;
mod reference;
mod show;

use super::*;
use tempfile::TempDir;

/// A home and a project, made of files.
struct House(TempDir);

impl House {
    /// Files with their paths: `home/…` and `project/…`, the latter a repository.
    fn new<const N: usize>(files: [(&str, &str); N]) -> Self {
        let house = Self(tempfile::tempdir().unwrap());
        std::fs::create_dir_all(house.path("project/.git")).unwrap();
        for (path, text) in files {
            house.write(path, text);
        }
        house
    }

    fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().canonicalize().unwrap().join(path)
    }

    fn environment<const N: usize>(&self, variables: [(&str, &str); N]) -> Environment {
        let home = self.path("home").into_os_string().into_string().unwrap();
        Environment::of(variables).and("HOME", &home)
    }

    fn load(&self) -> Result<Config, ConfigError> {
        self.load_with([])
    }

    fn load_with<const N: usize>(&self, variables: [(&str, &str); N]) -> Result<Config, ConfigError> {
        Config::load(&self.environment(variables), &Flags::default())
    }

    fn project(&self) -> Project {
        self.load().unwrap().project(&self.path("project"))
    }
}

fn with_file(text: &str) -> Result<Config, ConfigError> {
    House::new([("home/.config/adjutant/config.toml", text)]).load()
}

/// One line has all these parts.
#[track_caller]
fn told(lines: &[String], parts: &[&str]) {
    assert!(
        lines.iter().any(|line| parts.iter().all(|part| line.contains(part))),
        "{parts:?} not in {lines:#?}"
    );
}

fn provider<'a>(config: &'a Config, id: &str) -> &'a ProviderSettings {
    config.providers.iter().find(|provider| provider.id == id).unwrap_or_else(|| panic!("{id}"))
}

#[test]
fn nothing_set_means_the_first_with_a_key_and_asking() {
    let config = Config::load(&Environment::default(), &Flags::default()).unwrap();
    assert_eq!((config.model, config.mode), (Model::Auto, Mode::Default));
    assert_eq!((config.paths, config.problems), (Paths::default(), Vec::new()));
}

#[test]
fn folders_follow_the_xdg_specification() {
    let paths =
        Environment::of([("HOME", "/h"), ("XDG_DATA_HOME", "/d"), ("XDG_STATE_HOME", "relative")]).paths();
    assert_eq!(paths.sessions().unwrap(), Path::new("/d/adjutant/sessions.db"));
    assert_eq!(paths.config.unwrap(), Path::new("/h/.config/adjutant"));
    assert_eq!(paths.state.unwrap(), Path::new("/h/.local/state/adjutant"));
}

#[test]
fn a_file_sets_mode_and_rules() {
    let config = with_file(
        "mode = \"plan\"\n[permission]\nallow = [\"bash(cargo test:*)\"]\ndeny = [\"read(**/.env)\"]",
    )
    .unwrap();
    assert_eq!((config.mode, config.rules.len()), (Mode::Plan, 2));
}

#[test]
fn a_wrong_file_is_named_with_its_line_and_what_would_be_right() {
    for (text, part) in [
        ("\nmode = ", "config.toml:2: "),
        ("\ncolour = 1", "config.toml:2: unknown key \"colour\": known here are model, "),
        ("modle = \"auto\"", "config.toml:1: unknown key \"modle\": did you mean \"model\"?"),
        ("mode = \"careless\"", "config.toml:1: mode: unknown \"careless\""),
        ("model = 7", "config.toml:1: model: expected a string, found a whole number"),
        ("[permission]\nallow = [\"bash(\"]", "config.toml:2: permission.allow: \"bash(\""),
        ("[permission]\nallow = [\n\"read\",\n7]", "config.toml:4: permission.allow.2: expected a string"),
        (
            "[provider.lab]\nbase_ulr = \"x\"",
            "config.toml:2: provider.lab: unknown key \"base_ulr\": did you mean",
        ),
        ("provider.lab.api = \"openai\"", "config.toml:1: provider.lab.api: unknown \"openai\""),
        (
            "provider.lab.model.x.price = [1, 2]",
            "config.toml:1: provider.lab.model.x.price: invalid length 2",
        ),
        ("[budget.day]\ntime = \"soon\"", "config.toml:2: budget.day.time: \"soon\" is no time"),
        ("budget.turn.money = -1.0", "config.toml:1: budget.turn.money"),
        ("model = \"gpt\"", "unknown \"gpt\""),
    ] {
        let error = with_file(text).unwrap_err().to_string();
        assert!(error.contains(part), "{text:?}: {error}");
    }
    let missing = Flags { config: Some("/nowhere/c.toml".into()), mode: None };
    assert!(Config::load(&Environment::default(), &missing).is_err());
}

#[test]
fn a_value_in_the_wrong_place_is_not_repeated() {
    for text in [
        "[mcp.m]\nurl = \"https://m\"\nheaders = \"Bearer s3cret\"",
        "[mcp.m]\ncommand = \"m\"\nenv = \"TOKEN=s3cret\"",
        "[mcp.m]\ncommand = \"m\"\nenv = [\"TOKEN=s3cret\"]",
        "[provider.lab]\nheaders = \"Bearer s3cret\"",
        "[mcp.m]\nurl = \"https://m\"\nheaders = { A = { B = \"s3cret\" } }",
    ] {
        let told = with_file(text).map_or_else(|e| e.to_string(), |config| config.problems.join("\n"));
        assert!(told.contains("config.toml:") && !told.contains("s3cret"), "{text:?}: {told}");
    }
    let error = with_file("[provider.lab]\nheaders = \"x\"").unwrap_err().to_string();
    assert!(error.contains("provider.lab.headers: expected a map, found a text"), "{error}");
}

#[test]
fn the_environment_names_a_script() {
    let environment = Environment::of([("ADJUTANT_MODEL", "scripted"), ("ADJUTANT_SCRIPT", "/s.jsonl")]);
    assert_eq!(
        Config::load(&environment, &Flags::default()).unwrap().model,
        Model::Scripted("/s.jsonl".into())
    );
    let without = Environment::of([("ADJUTANT_MODEL", "scripted")]);
    assert!(Config::load(&without, &Flags::default()).is_err());
}

#[test]
fn a_model_is_asked_at_the_provider_before_its_slash() {
    let named = |text| Model::Named(String::from(text));
    assert_eq!(with_file("model = \"openai/gpt-5\"").unwrap().model, named("openai/gpt-5"));
    assert_eq!(with_file("model = \"gemini/gemini-3-pro\"").unwrap().model, named("google/gemini-3-pro"));
    let house = House::new([("home/.config/adjutant/config.toml", "model = \"openai/gpt-5\"")]);
    assert_eq!(house.load_with([("ADJUTANT_MODEL", "offline")]).unwrap().model, Model::Offline);
}

#[test]
fn what_is_set_of_a_provider_lies_over_what_is_known() {
    let config = with_file(
        "[provider.openai]\nretries = 1\n[provider.openai.model.\"gpt-9\"]\ncontext = 5\nprice = [1, 2, 0.5, 0]\n\
         [provider.lab]\nbase_url = \"https://lab.example/v1/\"\nheaders = { A = \"b\" }\n\
         [provider.here]\nbase_url = \"http://localhost:9/v1\"\n[provider.nowhere]\nname = \"x\"",
    )
    .unwrap();
    let openai = provider(&config, "openai");
    assert_eq!((openai.api, openai.limits.retries), (Api::OpenAiResponses, 1));
    assert_eq!((openai.models[0].context, openai.models[0].price), (Some(5), Some([1.0, 2.0, 0.5, 0.0])));
    assert_eq!(openai.key, KeySource::Usual(vec!["OPENAI_API_KEY".into()]));
    let lab = provider(&config, "lab");
    assert_eq!((lab.api, lab.base_url.as_str()), (Api::OpenAiChat, "https://lab.example/v1"));
    assert_eq!((&lab.key, lab.headers[0].1.expose()), (&KeySource::Usual(vec!["LAB_API_KEY".into()]), "b"));
    assert_eq!(provider(&config, "here").key, KeySource::None);
    assert_eq!(provider(&config, "ollama").key, KeySource::None);
    told(&config.problems, &["config.toml:11", "provider.nowhere", "base_url"]);
    assert!(config.providers.iter().all(|provider| provider.id != "nowhere"));
}

#[test]
fn variables_say_where_known_providers_are() {
    let config =
        House::new([("home/.config/adjutant/config.toml", "provider.vllm.base_url = \"http://a/v1\"")])
            .load_with([
                ("OPENAI_BASE_URL", "http://127.0.0.1:1/v1/"),
                ("ANTHROPIC_BASE_URL", "http://127.0.0.1:2"),
                ("GOOGLE_GEMINI_BASE_URL", "https://g.example/v1beta"),
                ("OLLAMA_HOST", "0.0.0.0"),
                ("LMSTUDIO_BASE_URL", "http://10.0.0.1:4"),
            ])
            .unwrap();
    for (id, url) in [
        ("openai", "http://127.0.0.1:1/v1"),
        ("anthropic", "http://127.0.0.1:2/v1"),
        ("google", "https://g.example/v1beta"),
        ("ollama", "http://127.0.0.1:11434/v1"),
        ("lmstudio", "http://10.0.0.1:4/v1"),
        ("vllm", "http://a/v1"),
        ("xai", "https://api.x.ai/v1"),
    ] {
        assert_eq!(provider(&config, id).base_url, url);
    }
    assert_eq!(provider(&config, "openai").api, Api::OpenAiChat);
    let config =
        House::new([("home/.config/adjutant/config.toml", "provider.openai.api = \"openai-responses\"")])
            .load_with([("OPENAI_BASE_URL", "http://127.0.0.1:1/v1/")])
            .unwrap();
    assert_eq!(provider(&config, "openai").api, Api::OpenAiResponses);
}

#[test]
fn keys_and_headers_are_taken_from_variables_and_files() {
    let house = House::new([
        (
            "home/.config/adjutant/config.toml",
            "[provider.openai]\nkey = \"{env:MINE}\"\n[provider.groq]\nkey = \"{file:groq.key}\"\n\
             [provider.xai]\nkey = \"{file:~/xai.key}\"\n[provider.mistral]\nkey = \"{file:gone}\"\n\
             [provider.deepseek]\nkey = \"\"\nheaders = { A = \"Bearer {env:TOKEN}\" }\n\
             [mcp.a]\ncommand = \"a\"\nenv = { T = \"x-{env:TOKEN}-{file:groq.key}\", P = \"{plain}\", Q = \"{a}{env:TOKEN}\" }\n\
             [mcp.b]\nurl = \"https://b\"\nheaders = { T = \"{env:GONE}\" }\n",
        ),
        ("home/.config/adjutant/groq.key", "gk\n"),
        ("home/xai.key", "xk"),
    ]);
    let config = house.load_with([("TOKEN", "t")]).unwrap();
    let key = |id| provider(&config, id).key.clone();
    assert_eq!(key("openai"), KeySource::Usual(vec!["MINE".into()]));
    assert_eq!(key("groq"), KeySource::Given(Secret::new("gk")));
    assert_eq!(key("xai"), KeySource::Given(Secret::new("xk")));
    assert_eq!(key("mistral"), KeySource::Usual(vec!["MISTRAL_API_KEY".into()]));
    assert_eq!(key("deepseek"), KeySource::None);
    assert_eq!(provider(&config, "deepseek").headers[0].1.expose(), "Bearer t");
    let [server] = &config.servers[..] else { panic!("{:?}", config.servers) };
    let McpTransport::Stdio { env, .. } = &server.transport else { panic!() };
    let env: Vec<_> = env.iter().map(|(name, it)| (name.as_str(), it.expose(), it.written())).collect();
    assert_eq!(
        env,
        [
            ("T", "x-t-gk", Some("x-{env:TOKEN}-{file:groq.key}")),
            ("P", "{plain}", None),
            ("Q", "{a}t", Some("{a}{env:TOKEN}"))
        ]
    );
    told(&config.problems, &["config.toml:8", "provider.mistral.key", "gone is not there"]);
    told(&config.problems, &["mcp.b.headers.T", "the variable GONE is not set"]);
    assert_eq!(config.problems.len(), 2);
    assert!(!format!("{config:?}").contains("gk"));
}

#[test]
fn agents_commands_servers_and_limits_are_read() {
    let config = with_file(
        "[agent.review]\ndescription = \"d\"\nprompt_file = \"../adjutant/config.toml\"\nmode = \"plan\"\n\
         tools = [\"read\"]\nsteps = 3\nuse_as = \"sub\"\npermission.deny = [\"bash\"]\n\
         [agent.off]\nenabled = false\n[command.fix]\ntemplate = \"fix $1\"\nagent = \"review\"\n\
         [command.empty]\n[mcp.off]\ncommand = \"x\"\nenabled = false\n[mcp.none]\n\
         [mcp.far]\nurl = \"https://m\"\ntransport = \"sse\"\nstartup_timeout = 2\n\
         [mcp.near]\ncommand = \"m\"\ncwd = \"sub\"\n[lsp.rust]\ncommand = \"ra\"\nextensions = [\".rs\"]\nwait = 1\n\
         [budget.day]\nmoney = 2\ntime = \"1h30m\"\n",
    )
    .unwrap();
    let [review] = &config.agents[..] else { panic!("{:?}", config.agents) };
    assert!(review.prompt.as_ref().unwrap().starts_with("[agent.review]"));
    assert_eq!((review.mode, review.steps, review.use_as), (Some(Mode::Plan), Some(3), AgentUse::Sub));
    assert_eq!((review.rules.len(), review.tools.as_deref()), (1, Some(&["read".to_owned()][..])));
    assert!(matches!(&review.origin, Origin::User(path) if path.ends_with("config.toml")));
    assert_eq!((config.commands[0].name.as_str(), config.commands.len()), ("fix", 1));
    let [far, near] = &config.servers[..] else { panic!("{:?}", config.servers) };
    assert!(matches!(&far.transport, McpTransport::Sse { url, .. } if url.expose() == "https://m"));
    assert_eq!(far.startup.as_secs(), 2);
    let McpTransport::Stdio { cwd: Some(cwd), .. } = &near.transport else { panic!() };
    assert!(cwd.ends_with(".config/adjutant/sub"));
    assert_eq!(
        (config.language_servers[0].extensions[0].as_str(), config.language_servers[0].wait.as_secs()),
        ("rs", 1)
    );
    assert_eq!((config.budgets.day.money, config.budgets.day.time.unwrap().as_secs()), (Some(2.0), 5400));
    told(&config.problems, &["command.empty", "no `template`"]);
    told(&config.problems, &["mcp.none", "neither"]);
}

#[test]
fn upper_layers_count_leaf_by_leaf_and_rules_add_up() {
    let house = House::new([
        (
            "home/.config/opencode/opencode.json",
            r#"{"model":"openai/a","permission":{"bash":{"rm *":"deny"}},
                "agent":{"r":{"model":"openai/b","prompt":"p"}},
                "mcp":{"s":{"type":"remote","url":"https://old"},"t":{"type":"local","command":["t","1"]}}}"#,
        ),
        (
            "home/.config/adjutant/config.toml",
            "[permission]\ndeny = [\"fetch\"]\n[agent.r]\nmodel = \"openai/c\"\n[mcp.s]\ncommand = \"new\"\n\
             [mcp.t]\nenabled = false\n",
        ),
    ]);
    let config = house.load().unwrap();
    assert_eq!(config.model, Model::Named("openai/a".into()));
    let rules: Vec<_> = config.rules.iter().map(ToString::to_string).collect();
    assert_eq!(rules, ["deny bash(rm *)", "deny fetch"]);
    let agent = &config.agents[0];
    assert_eq!((agent.model.as_deref(), agent.prompt.as_deref()), (Some("openai/c"), Some("p")));
    let [server] = &config.servers[..] else { panic!("{:?}", config.servers) };
    assert!(matches!(&server.transport, McpTransport::Stdio { command, .. } if command.expose() == "new"));
    let alone =
        Flags { config: Some(house.path("home/.config/adjutant/config.toml")), mode: Some(Mode::Full) };
    let config = Config::load(&house.environment([]), &alone).unwrap();
    assert_eq!((config.model, config.rules.len(), config.mode), (Model::Auto, 1, Mode::Full));
}
