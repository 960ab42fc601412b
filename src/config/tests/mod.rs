mod reference;

use super::*;

fn with_file(text: &str) -> Result<Config, ConfigError> {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("c.toml");
    std::fs::write(&path, text).unwrap();
    Config::load(&Environment::default(), &Flags { config: Some(path), mode: None })
}

#[test]
fn nothing_set_means_the_first_with_a_key_and_asking() {
    let config = Config::load(&Environment::default(), &Flags::default()).unwrap();
    assert_eq!((config.model, config.mode), (Model::Auto, Mode::Default));
    assert_eq!(config.paths, Paths::default());
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
fn a_wrong_file_is_named_with_its_line() {
    for (text, part) in [
        ("mode = ", "c.toml:1: "),
        ("\ncolour = 1", "c.toml:2: unknown key \"colour\""),
        ("mode = \"careless\"", "careless"),
        ("[permission]\nallow = [\"bash(\"]", "permission.allow"),
        ("model = \"gpt\"", "gpt"),
    ] {
        let error = with_file(text).unwrap_err().to_string();
        assert!(error.contains(part), "{text:?}: {error}");
    }
    let missing = Flags { config: Some("/nowhere/c.toml".into()), mode: None };
    assert!(Config::load(&Environment::default(), &missing).is_err());
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
