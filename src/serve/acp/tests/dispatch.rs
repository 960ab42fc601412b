use std::collections::BTreeSet;

use crate::engine::EngineSource;
use crate::serve::acp::dispatch::Tables;
use crate::serve::acp::version::Version;
use crate::serve::acp::{METHODS, METHODS_V2};

#[test]
fn every_method_that_is_named_is_served_and_no_other() {
    let source = EngineSource::new(|| Err("none".to_owned()));
    let tables = Tables::v1(&source);
    assert_eq!(tables.newest(), Version::V1, "a draft is built that nobody offers");
    let tables = tables.with_v2(&source);
    assert_eq!(tables.newest(), Version::V2);
    for (version, methods) in [(Version::V1, METHODS), (Version::V2, METHODS_V2)] {
        let served: BTreeSet<_> = tables.of(version).method_names().collect();
        let named: BTreeSet<_> = methods.iter().copied().collect();
        assert_eq!(served, named);
        assert_eq!(named.len(), methods.len(), "one is named twice");
    }
}
