//! The served methods, as a kept list, and what of the protocol is not served, with the reason.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use adjutant::acp::{self, method};
use adjutant::serve::acp::{METHODS, METHODS_V2};

/// The methods of one version of the protocol.
struct Version {
    served: &'static [&'static str],
    /// Those that the schema crate knows, in its debug form: it has no list of its own.
    known: String,
    /// Those of the schema crate that are not served.
    declined: &'static [(&'static str, &'static str)],
    /// The kept list.
    kept: &'static str,
    /// Whether a folder of conversations speaks it.
    speaks: fn(&str) -> bool,
}

fn versions() -> [Version; 2] {
    [
        Version {
            served: METHODS,
            known: format!("{:?}", acp::AGENT_METHOD_NAMES),
            declined: &[],
            kept: "schema/acp-methods.json",
            speaks: |topic| topic != "v2",
        },
        Version {
            served: METHODS_V2,
            known: format!("{:?}", acp::v2::AGENT_METHOD_NAMES),
            declined: &[],
            kept: "schema/acp-v2-methods.json",
            speaks: |topic| topic == "v2",
        },
    ]
}

#[test]
fn the_kept_list_of_methods_is_what_is_served() {
    for version in versions() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(version.kept);
        let served = serde_json::to_string_pretty(version.served).unwrap() + "\n";
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, &served).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(kept, served, "{}: write it anew with UPDATE=1", path.display());
    }
}

#[test]
fn every_method_of_the_protocol_is_served_or_declined_with_a_reason() {
    for Version { served, known, declined, .. } in versions() {
        let known: BTreeSet<_> = known.split('"').skip(1).step_by(2).collect();
        let declined: BTreeMap<_, _> = declined.iter().copied().collect();
        assert!(known.contains("initialize") && known.contains("session/prompt"), "{known:?}");
        for name in &known {
            let (is_served, is_declined) = (served.contains(name), declined.contains_key(name));
            assert!(is_served != is_declined, "{name}: served {is_served}, declined {is_declined}");
        }
        for name in served.iter().filter(|name| **name != method::SESSION_SET_MODEL) {
            assert!(known.contains(name), "{name} is no method of the protocol");
        }
        assert!(declined.values().all(|reason| !reason.is_empty()));
    }
}

#[test]
fn every_method_has_a_conversation() {
    for Version { served, speaks, .. } in versions() {
        let mut text = String::new();
        for topic in std::fs::read_dir(crate::support::conversation::folder()).unwrap() {
            let topic = topic.unwrap();
            if !speaks(topic.file_name().to_str().unwrap()) {
                continue;
            }
            for file in std::fs::read_dir(topic.path()).unwrap() {
                text += &std::fs::read_to_string(file.unwrap().path()).unwrap();
            }
        }
        for name in served {
            assert!(text.contains(&format!("\"method\":\"{name}\"")), "{name} is in no conversation");
        }
    }
}
