use std::sync::Arc;

use crate::tool::{Nobody, Registry, read};

#[test]
fn the_standard_tools_are_named_and_described() {
    let registry = Registry::standard();
    let names: Vec<&str> = registry.iter().map(|tool| tool.name()).collect();
    assert_eq!(
        names,
        [
            "read",
            "write",
            "edit",
            "multi_edit",
            "apply_patch",
            "list",
            "glob",
            "grep",
            "bash",
            "todo",
            "question"
        ]
    );
    for tool in registry.iter() {
        let schema = tool.input();
        assert_eq!(schema["type"], "object");
        for required in schema["required"].as_array().unwrap() {
            assert!(
                schema["properties"][required.as_str().unwrap()].is_object(),
                "{}: {required}",
                tool.name()
            );
        }
        assert!((40..400).contains(&tool.description().len()), "{}", tool.name());
    }
}

#[test]
fn what_only_looks_may_run_beside_others() {
    let registry = Registry::standard();
    let parallel: Vec<&str> =
        registry.iter().filter(|tool| tool.parallel()).map(|tool| tool.name()).collect();
    assert_eq!(parallel, ["read", "list", "glob", "grep"]);
}

#[test]
fn a_tool_that_asks_is_there_only_where_somebody_can_be_asked() {
    let registry = Registry::standard().available(&Nobody);
    assert!(registry.find("question").is_none() && registry.find("read").is_some());
}

#[test]
fn a_later_tool_of_the_same_name_replaces_the_earlier() {
    let mut registry = Registry::standard();
    registry.add(Arc::new(read::TOOL));
    assert_eq!(registry.iter().filter(|tool| tool.name() == "read").count(), 1);
    assert!(registry.find("nope").is_none());
}
