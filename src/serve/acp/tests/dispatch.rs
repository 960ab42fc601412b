use std::collections::BTreeSet;

use crate::engine::EngineSource;
use crate::serve::acp::{METHODS, dispatch};

#[test]
fn every_method_that_is_named_is_served_and_no_other() {
    let methods = dispatch::methods(&EngineSource::new(|| Err("none".to_owned())));
    let served: BTreeSet<_> = methods.method_names().collect();
    let named: BTreeSet<_> = METHODS.iter().copied().collect();
    assert_eq!(served, named);
    assert_eq!(named.len(), METHODS.len(), "one is named twice");
}
