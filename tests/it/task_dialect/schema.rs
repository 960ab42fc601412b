//! Every line that is said fits `schema/task.schema.json`, and so does every request that is answered.

use std::path::Path;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Value, json};

use crate::support::bench::Bench;
use crate::support::link::Link;

static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/task.schema.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
});

/// Whether a value fits, by the keywords that the schema uses (JSON Schema 2020-12). Panics at one it does not know.
fn fits(schema: &Value, value: &Value) -> bool {
    schema.as_object().unwrap().iter().all(|(keyword, rule)| keyword_fits(keyword, rule, schema, value))
}

fn keyword_fits(keyword: &str, rule: &Value, schema: &Value, value: &Value) -> bool {
    let fields = || value.as_object().into_iter().flatten();
    let number =
        |holds: fn(f64, f64) -> bool| value.as_f64().is_none_or(|it| holds(it, rule.as_f64().unwrap()));
    match keyword {
        "$schema" | "title" | "description" | "$defs" => true,
        "$ref" => fits(SCHEMA.pointer(rule.as_str().unwrap().trim_start_matches('#')).unwrap(), value),
        "oneOf" => rule.as_array().unwrap().iter().filter(|one| fits(one, value)).count() == 1,
        "const" => rule == value,
        "enum" => rule.as_array().unwrap().contains(value),
        "type" => match rule {
            Value::Array(types) => types.iter().any(|name| is(name, value)),
            name => is(name, value),
        },
        "required" => {
            let names = rule.as_array().unwrap().iter();
            !value.is_object()
                || names.map(|name| name.as_str().unwrap()).all(|name| value.get(name).is_some())
        }
        "properties" => fields().all(|(name, field)| rule.get(name).is_none_or(|it| fits(it, field))),
        "additionalProperties" => fields()
            .filter(|(name, _)| schema["properties"].get(name).is_none())
            .all(|(_, field)| rule.is_object() && fits(rule, field)),
        "items" => value.as_array().into_iter().flatten().all(|item| fits(rule, item)),
        "minLength" => {
            value.as_str().is_none_or(|text| text.chars().count() as u64 >= rule.as_u64().unwrap())
        }
        "pattern" => {
            value.as_str().is_none_or(|text| Regex::new(rule.as_str().unwrap()).unwrap().is_match(text))
        }
        "minimum" => number(|it, least| it >= least),
        "exclusiveMinimum" => number(|it, least| it > least),
        "maximum" => number(|it, most| it <= most),
        other => panic!("the schema uses {other}, which is not checked here"),
    }
}

fn is(name: &Value, value: &Value) -> bool {
    match name.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("no type {other}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_line_that_is_said_fits() {
    let bench = Bench::scripted(
        r#"
        {"text":"Let me see."}
        {"call":{"id":"c1","name":"todo","input":{"entries":[{"content":"Look","status":"in_progress"}]}}}
        {"stop":"end_turn"}
        {"call":{"id":"c2","name":"bash","input":{"command":"touch made"}}}
        {"call":{"id":"c3","name":"read","input":{"path":"a.txt"}}}
        {"stop":"end_turn"}
        {"text":"Done."}
        {"stop":"end_turn"}
        {"error":"It fails"}
        {"stop":"refusal"}
        "#,
    );
    let mut link = Link::doors(&bench.doors());
    let task = json!({ "task": "Go", "context": { "cwd": bench.cwd(), "environment": { "A": "b" } }, "events": true });
    let requests = [
        ("ping", json!({})),
        ("get_status", json!({})),
        ("list_capabilities", json!({})),
        ("execute_task", task.clone()),
        ("execute_task", task.clone()),
        ("execute_task", task),
        ("execute_task", json!({})),
        ("cancel_task", json!({ "taskId": "task-42" })),
        ("session/new", json!({})),
    ];
    for (id, (method, params)) in requests.into_iter().enumerate() {
        let request = json!({ "type": "request", "id": id, "method": method, "params": params });
        link.wire.send_line(&request.to_string()).await;
        loop {
            let said = link.wire.json().await.unwrap().unwrap();
            assert!(fits(&SCHEMA, &said), "{said}");
            if said["id"] == id {
                break;
            }
        }
    }
    link.wire.send_line("{}").await;
    let said = link.wire.json().await.unwrap().unwrap();
    assert!(fits(&SCHEMA, &said) && said["id"].is_null(), "{said}");
    link.finish().await.unwrap();
}

#[test]
fn every_request_of_a_conversation_fits_and_what_is_refused_does_not() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/task_dialect");
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.file_name().unwrap() == "bad.jsonl" {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap().replace("{task}", "task-1");
        for line in text.lines().filter_map(|line| line.strip_prefix("> ")) {
            assert!(fits(&SCHEMA, &serde_json::from_str(line).unwrap()), "{}: {line}", path.display());
        }
    }
    let wrong = [
        json!({ "type": "request", "method": "ping" }),
        json!({ "type": "request", "id": null, "method": "ping" }),
        json!({ "type": "request", "id": 1, "method": "execute_task", "params": {} }),
        json!({ "type": "request", "id": 1, "method": "execute_task", "params": { "task": "x", "timeout": 0 } }),
        json!({ "type": "request", "id": 1, "method": "execute_task", "params": { "task": "x", "tools": ["all"] } }),
        json!({ "type": "response", "id": 1 }),
        json!({ "type": "error", "id": 1, "error": { "code": "OOPS", "message": "x" } }),
        json!({ "type": "event", "event": "status_update", "data": { "taskId": "task-1", "progress": 2, "message": "" } }),
    ];
    for line in wrong {
        assert!(!fits(&SCHEMA, &line), "{line}");
    }
}
