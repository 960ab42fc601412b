use super::*;

#[test]
fn every_value_is_shown_with_its_origin_and_no_secret() {
    let house = House::new([
        (
            "home/.config/adjutant/config.toml",
            "model = \"openai/a\"\n[permission]\ndeny = [\"fetch\"]\n[provider.openai]\nkey = \"sk-1\"\n\
             headers = { A = \"sk-2\", B = \"{env:X}\" }\n[mcp.m]\nurl = \"https://u:sk-3@m/p?key=sk-4\"\n",
        ),
        ("home/.config/opencode/opencode.json", "{\n\"permission\": {\n\"bash\": \"ask\"}}"),
        ("project/opencode.json", "{\n\"permission\": {\"edit\": \"ask\"}, \"plugin\": []}"),
    ]);
    let environment = house.environment([("OLLAMA_HOST", "h"), ("OPENAI_API_KEY", "sk-5")]);
    let flags = Flags { config: None, mode: Some(Mode::Plan) };
    let (settings, problems) = Config::settings(&environment, &flags, &house.path("project")).unwrap();
    let lines: Vec<_> =
        settings.iter().map(|it| format!("{} = {} # {}", it.key, it.value, it.origin)).collect();
    let root = house.path("");
    let file = |path: &str| root.join(path).display().to_string();
    let own = file("home/.config/adjutant/config.toml");
    let expected = [
        "mcp.m.url = \"https://(set)@m/p?(set)\" # OWN:8".replace("OWN", &own),
        "mode = \"plan\" # option --mode".into(),
        "model = \"openai/a\" # OWN:1".replace("OWN", &own),
        format!("permission.ask = \"bash\" # {}:3", file("home/.config/opencode/opencode.json")),
        format!("permission.ask = \"edit\" # {}:2", file("project/opencode.json")),
        "permission.deny = \"fetch\" # OWN:3".replace("OWN", &own),
        "provider.ollama.api = \"openai-chat\" # built in".into(),
        "provider.ollama.base_url = \"http://h:11434/v1\" # variable OLLAMA_HOST".into(),
        "provider.openai.headers.A = (set) # OWN:6".replace("OWN", &own),
        "provider.openai.headers.B = \"{env:X}\" # OWN:6".replace("OWN", &own),
        "provider.openai.key = (set) # OWN:5".replace("OWN", &own),
    ];
    for line in &expected {
        assert!(lines.contains(line), "{line} not in {lines:#?}");
    }
    assert!(!lines.iter().any(|line| line.contains("sk-") || line.contains("groq")), "{lines:#?}");
    told(&problems, &["`plugin` has no meaning here"]);
}
