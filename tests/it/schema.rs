//! The served methods, as a kept list, and what of the protocol is not served, with the reason.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use adjutant::acp::{AGENT_METHOD_NAMES, method};
use adjutant::serve::acp::METHODS;

/// Methods of the schema crate that are not served.
const DECLINED: &[(&str, &str)] = &[];

/// Every name that the schema crate knows, read from its debug form: it has no list of its own.
fn known() -> BTreeSet<String> {
    let text = format!("{AGENT_METHOD_NAMES:?}");
    let names = text.split('"').skip(1).step_by(2);
    names.map(str::to_owned).collect()
}

#[test]
fn the_kept_list_of_methods_is_what_is_served() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/acp-methods.json");
    let served = serde_json::to_string_pretty(METHODS).unwrap() + "\n";
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &served).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(kept, served, "{}: write it anew with UPDATE=1", path.display());
}

#[test]
fn every_method_of_the_protocol_is_served_or_declined_with_a_reason() {
    let declined: BTreeMap<_, _> = DECLINED.iter().copied().collect();
    let known = known();
    assert!(known.contains("initialize") && known.contains("session/prompt"), "{known:?}");
    for name in &known {
        let (is_served, is_declined) =
            (METHODS.contains(&name.as_str()), declined.contains_key(name.as_str()));
        assert!(is_served != is_declined, "{name}: served {is_served}, declined {is_declined}");
    }
    for name in METHODS.iter().filter(|name| **name != method::SESSION_SET_MODEL) {
        assert!(known.contains(*name), "{name} is no method of the protocol");
    }
    assert!(declined.values().all(|reason| !reason.is_empty()));
}

#[test]
fn every_method_has_a_conversation() {
    let folder = crate::support::conversation::folder();
    let mut text = String::new();
    for topic in std::fs::read_dir(folder).unwrap() {
        for file in std::fs::read_dir(topic.unwrap().path()).unwrap() {
            text += &std::fs::read_to_string(file.unwrap().path()).unwrap();
        }
    }
    for name in METHODS {
        assert!(text.contains(&format!("\"method\":\"{name}\"")), "{name} is in no conversation");
    }
}
