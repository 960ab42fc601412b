use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

use super::super::{Api, ProviderLimits};
use super::*;

fn keys(folder: &Path, environment: Environment) -> Keys {
    let paths = Paths { config: Some(folder.to_owned()), ..Paths::default() };
    Keys::new(Arc::new(Config { paths, environment, providers: vec![usual()], ..Config::default() }))
}

fn provider(key: KeySource) -> ProviderSettings {
    ProviderSettings {
        id: "acme".to_owned(),
        name: "Acme".to_owned(),
        api: Api::OpenAiChat,
        base_url: String::new(),
        key,
        headers: Vec::new(),
        models: Vec::new(),
        limits: ProviderLimits::default(),
    }
}

fn usual() -> ProviderSettings {
    provider(KeySource::Usual(vec!["ACME_KEY".to_owned(), "ACME_OTHER".to_owned()]))
}

fn found(keys: &Keys, provider: &ProviderSettings) -> Option<(String, KeyPlace)> {
    let key = keys.of(provider).unwrap()?;
    Some((key.secret.map_or_else(String::new, |it| it.expose().to_owned()), key.place))
}

#[test]
fn keys_that_are_stored_at_once_are_all_kept() {
    let home = tempfile::tempdir().unwrap();
    let keys = keys(home.path(), Environment::default());
    std::thread::scope(|scope| {
        for number in 0..16 {
            let file = keys.file().clone();
            scope.spawn(move || file.set(&format!("p{number}"), &Secret::new("k")).unwrap());
        }
        scope.spawn(|| (0..200).for_each(|_| drop(keys.file().read().unwrap())));
    });
    assert_eq!(keys.file().read().unwrap().ids().count(), 16);
}

#[test]
fn the_configuration_comes_first_then_the_environment_then_the_file() {
    let home = tempfile::tempdir().unwrap();
    let bare = keys(home.path(), Environment::of([("ACME_KEY", "")]));
    assert_eq!(found(&bare, &usual()), None);
    bare.file().set("acme", &Secret::new("stored")).unwrap();
    assert_eq!(found(&bare, &usual()), Some(("stored".into(), KeyPlace::File)));
    let set = keys(home.path(), Environment::of([("ACME_OTHER", " second \n")]));
    assert_eq!(found(&set, &usual()), Some(("second".into(), KeyPlace::Variable("ACME_OTHER".into()))));
    let given = provider(KeySource::Given(Secret::new("given")));
    assert_eq!(found(&set, &given), Some(("given".into(), KeyPlace::Config)));
    assert_eq!(found(&set, &provider(KeySource::None)), Some((String::new(), KeyPlace::NotNeeded)));
    assert_eq!(set.lasting(), [KeyPlace::Variable("ACME_OTHER".into())]);
    assert_eq!(bare.lasting(), []);
    let stored = set.file().read().unwrap();
    for provider in [usual(), given, provider(KeySource::None)] {
        assert_eq!(set.with(&stored)(&provider), set.of(&provider).unwrap());
    }
}

#[test]
fn the_file_is_private_and_replaced_whole() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("a/b");
    let keys = keys(&folder, Environment::default());
    std::fs::create_dir_all(&folder).unwrap();
    let draft = folder.join(format!(".keys.json.{}", std::process::id()));
    std::fs::write(&draft, "left behind").unwrap();
    keys.file().set("acme", &Secret::new("k1")).unwrap();
    keys.file().set("other", &Secret::new("k2")).unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(keys.file().path().unwrap()), 0o600);
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1, "a draft was left behind");
    assert_eq!(keys.file().read().unwrap().ids().collect::<Vec<_>>(), ["acme", "other"]);
    assert_eq!(keys.file().remove(|id| id == "acme").unwrap(), ["acme"]);
    assert_eq!(keys.file().remove(|id| id == "acme").unwrap(), [""; 0]);
    assert_eq!(keys.file().read().unwrap().ids().collect::<Vec<_>>(), ["other"]);
}

#[test]
fn a_new_folder_is_private() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("config");
    keys(&folder, Environment::default()).file().set("acme", &Secret::new("k")).unwrap();
    assert_eq!(std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn a_file_that_others_can_read_is_neither_used_nor_written() {
    let home = tempfile::tempdir().unwrap();
    let keys = keys(home.path(), Environment::default());
    keys.file().set("acme", &Secret::new("k")).unwrap();
    for mode in [0o640, 0o604, 0o620] {
        std::fs::set_permissions(keys.file().path().unwrap(), Permissions::from_mode(mode)).unwrap();
        for error in [keys.of(&usual()).unwrap_err(), keys.file().set("x", &Secret::new("y")).unwrap_err()] {
            assert!(error.to_string().contains("chmod 600"), "{error}");
        }
    }
}

#[test]
fn a_damaged_file_is_named_without_what_is_in_it() {
    let home = tempfile::tempdir().unwrap();
    let keys = keys(home.path(), Environment::default());
    for text in
        ["", "sk-secret", "{\"acme\": {\"sk-secret\": 1}}", "[\"sk-secret\"]", "{\"acme\": \"sk-secret"]
    {
        keys.file().set("acme", &Secret::new("k")).unwrap();
        std::fs::write(keys.file().path().unwrap(), text).unwrap();
        let error = keys.of(&usual()).unwrap_err().to_string();
        assert!(error.contains("keys.json") && !error.contains("secret"), "{error}");
        std::fs::remove_file(keys.file().path().unwrap()).unwrap();
    }
}

#[test]
fn without_a_home_nothing_is_stored() {
    let keys = Keys::new(Arc::default());
    assert_eq!(found(&keys, &usual()), None);
    assert!(keys.file().set("acme", &Secret::new("k")).unwrap_err().to_string().contains("HOME"));
}

#[test]
fn no_key_is_shown_whoever_prints_it() {
    let home = tempfile::tempdir().unwrap();
    let keys = keys(home.path(), Environment::of([("ACME_KEY", "sk-secret")]));
    keys.file().set("acme", &Secret::new("sk-secret")).unwrap();
    let shown = format!("{:?} {:?} {:?}", keys, keys.file().read().unwrap(), keys.of(&usual()).unwrap());
    assert!(!shown.contains("sk-secret"), "{shown}");
}
