use serde_json::{Value, json};

use super::super::options::option;
use crate::agent::{OptionKind, OptionValue, SessionOption};

fn value(id: &str, group: &str) -> OptionValue {
    let (id, group) = (id.to_owned(), group.to_owned());
    OptionValue { name: id.to_uppercase(), id, description: String::new(), group }
}

fn drawn(kind: OptionKind, values: Vec<OptionValue>, switches: bool) -> Value {
    let current = values[0].id.clone();
    let offered = SessionOption { id: "it", name: "It", description: "What it is", kind, current, values };
    serde_json::to_value(option(offered, switches)).unwrap()
}

#[test]
fn values_of_several_groups_stand_in_groups() {
    let values = vec![value("a/1", "a"), value("b/1", "b"), value("a/2", "a"), value("offline", "")];
    assert_eq!(
        drawn(OptionKind::Model, values, true),
        json!({"id": "it", "name": "It", "description": "What it is", "category": "model",
        "type": "select", "currentValue": "a/1", "options": [
            {"group": "a", "name": "a", "options": [
                {"value": "a/1", "name": "A/1"}, {"value": "a/2", "name": "A/2"}]},
            {"group": "b", "name": "b", "options": [{"value": "b/1", "name": "B/1"}]},
            {"group": "built-in", "name": "built-in", "options": [{"value": "offline", "name": "OFFLINE"}]},
        ]})
    );
}

#[test]
fn values_of_one_group_stand_alone() {
    let drawn = drawn(OptionKind::ThoughtLevel, vec![value("low", "x"), value("high", "x")], false);
    assert_eq!(drawn["category"], "thought_level");
    assert_eq!(drawn["options"], json!([{"value": "low", "name": "LOW"}, {"value": "high", "name": "HIGH"}]));
}

#[test]
fn a_switch_is_drawn_as_the_client_can() {
    let values = || vec![value("true", ""), value("false", "")];
    let switch = drawn(OptionKind::Switch, values(), true);
    assert_eq!((&switch["type"], &switch["currentValue"]), (&json!("boolean"), &json!(true)));
    let select = drawn(OptionKind::Switch, values(), false);
    assert_eq!((&select["type"], &select["currentValue"]), (&json!("select"), &json!("true")));
    assert_eq!(select["options"].as_array().unwrap().len(), 2);
}
