use serde_json::{Value, json};

use super::Form;

fn form() -> Form {
    Form::read(&json!({
        "type": "object",
        "properties": {
            "name": {"type": "string", "minLength": 2, "maxLength": 5, "pattern": "^[a-z]+$"},
            "mail": {"type": "string", "format": "email"},
            "page": {"type": "string", "format": "uri"},
            "day": {"type": "string", "format": "date"},
            "at": {"type": "string", "format": "date-time"},
            "size": {"type": "string", "enum": ["s", "m"]},
            "shape": {"type": "string", "oneOf": [{"const": "o", "title": "Round"}]},
            "share": {"type": "number", "minimum": 0, "maximum": 1},
            "count": {"type": "integer", "minimum": 1},
            "sure": {"type": "boolean"},
            "tags": {"type": "array", "items": {"type": "string", "enum": ["a", "b"]}, "maxItems": 2},
            "marks": {"type": "array", "items": {"anyOf": [{"const": "x", "title": "X"}]}, "minItems": 1},
        },
    }))
    .unwrap()
}

#[test]
fn a_right_answer_is_taken_as_its_field_has_it() {
    let rows = [
        ("name", json!("abc"), json!("abc")),
        ("name", json!("äß"), Value::Null),
        ("mail", json!("a@b"), json!("a@b")),
        ("page", json!("https://a"), json!("https://a")),
        ("day", json!("2026-02-28"), json!("2026-02-28")),
        ("at", json!("2026-02-28T10:00:00Z"), json!("2026-02-28T10:00:00Z")),
        ("size", json!("m"), json!("m")),
        ("shape", json!("o"), json!("o")),
        ("share", json!(0.5), json!(0.5)),
        ("share", json!("0.5"), json!(0.5)),
        ("count", json!(3), json!(3)),
        ("count", json!(3.0), json!(3)),
        ("count", json!(" 3 "), json!(3)),
        ("sure", json!(false), json!(false)),
        ("sure", json!("true"), json!(true)),
        ("tags", json!(["b"]), json!(["b"])),
        ("marks", json!(["x"]), json!(["x"])),
    ];
    for (name, given, taken) in rows {
        let accepted = form().accept(&json!({ name: given }));
        match taken {
            Value::Null => assert!(accepted.is_err(), "{name} {given}"),
            taken => assert_eq!(accepted, Ok(json!({ name: taken })), "{name} {given}"),
        }
    }
}

#[test]
fn a_wrong_answer_is_named() {
    let rows = [
        ("name", json!("a"), "has a length that is less than 2"),
        ("name", json!("abcdef"), "has a length that is more than 5"),
        ("name", json!("ABC"), "does not match"),
        ("name", json!(3), "is no text"),
        ("mail", json!("a b@c"), "is no e-mail address"),
        ("page", json!("nowhere"), "is no URI"),
        ("day", json!("2026-02-30"), "is no date"),
        ("at", json!("yesterday"), "is no time"),
        ("size", json!("xl"), "is none of the choices"),
        ("shape", json!("Round"), "is none of the choices"),
        ("share", json!(1.5), "is more than 1"),
        ("share", json!("much"), "is no number"),
        ("count", json!(0), "is less than 1"),
        ("count", json!(1.5), "is no whole number"),
        ("sure", json!("perhaps"), "is neither true nor false"),
        ("tags", json!("a"), "is no list"),
        ("tags", json!(["c"]), "holds what is none of the choices"),
        ("tags", json!(["a", "b", "a"]), "has a length that is more than 2"),
        ("marks", json!([]), "has a length that is less than 1"),
    ];
    for (name, given, why) in rows {
        let refused = form().accept(&json!({ name: given })).unwrap_err();
        assert!(refused.starts_with(&format!("`{name}` {why}")), "{name} {given}: {refused}");
    }
    assert_eq!(form().accept(&json!([1])), Err("the answer is no object".into()));
}

#[test]
fn what_was_not_asked_is_left_out_and_what_has_to_be_there_is_missed() {
    let form = Form::read(&json!({
        "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
        "required": ["b"],
    }))
    .unwrap();
    assert_eq!(form.accept(&json!({"b": "x", "c": 1, "a": null})), Ok(json!({"b": "x"})));
    assert_eq!(form.accept(&json!({"a": "x"})), Err("`b` is missing".into()));
    assert_eq!(form.accept(&Value::Null), Err("`b` is missing".into()));
}

#[test]
fn an_answer_has_a_size() {
    let form = Form::read(&json!({"properties": {"a": {"type": "string"}}})).unwrap();
    assert!(form.accept(&json!({"a": "x".repeat(60_000)})).is_ok());
    assert!(form.accept(&json!({"a": "x".repeat(70_000)})).is_err());
}

#[test]
fn a_form_is_flat_and_of_a_size_and_keeps_its_order() {
    let refused = |schema: Value| Form::read(&schema).unwrap_err();
    assert!(refused(json!({"properties": {"a": {"type": "object"}}})).contains("`a`"));
    assert!(
        refused(json!({"properties": {"a": {"type": "array", "items": {"type": "object"}}}})).contains("`a`")
    );
    let many: serde_json::Map<_, _> =
        (0..51).map(|at| (format!("f{at}"), json!({"type": "string"}))).collect();
    assert!(refused(json!({ "properties": many })).contains("51 fields"));
    let form = form();
    let names: Vec<_> = form.fields.iter().map(|field| field.name.as_str()).collect();
    assert_eq!(names[..3], ["name", "mail", "page"]);
}
