use serde_json::json;

use super::rich::{call, conversation, model, request, result, said, user};
use crate::provider::conversation::{Part, Piece, Place, Said, Turn, object, turns, wire_id};
use crate::provider::{Echo, Message};

fn texts(turn: &Turn<'_>) -> Vec<String> {
    let texts = |parts: &[Part<'_>]| {
        let text = |part: &Part<'_>| match part {
            Part::Text(text) => text.clone().into_owned(),
            Part::Image { mime, .. } => (*mime).to_owned(),
        };
        parts.iter().map(text).collect::<Vec<_>>()
    };
    match turn {
        Turn::User(parts) => texts(parts),
        Turn::Assistant(said) => vec![said.text.to_owned()],
        Turn::Outcomes(outcomes) => outcomes.iter().flat_map(|it| texts(&it.parts)).collect(),
    }
}

#[test]
fn a_call_without_a_result_is_told_as_interrupted_and_a_result_without_a_call_to_nobody() {
    let messages = vec![
        user("go"),
        said("", vec![call("a", "read", json!({})), call("b", "read", json!({}))]),
        result("b", "2"),
        result("x", "?"),
        user("more"),
    ];
    let request = request(model("m"), messages);
    let turns = turns(&request, "");
    let Turn::Outcomes(outcomes) = &turns[2] else { panic!("{turns:?}") };
    assert_eq!(
        outcomes.iter().map(|it| (it.call.id.as_str(), it.failed)).collect::<Vec<_>>(),
        [("a", true), ("b", false)]
    );
    assert!(outcomes[0].text().contains("interrupted"));
    assert_eq!(outcomes[1].text(), "2");
    assert_eq!(turns.len(), 4);
    assert_eq!(texts(&turns[3]), ["more"]);
}

#[test]
fn users_that_follow_each_other_are_one_and_blank_texts_are_nobody() {
    let blank = Message::User(vec![" ".into()]);
    let messages = vec![user("a"), blank.clone(), user("b"), said(" \n", Vec::new()), user("c"), blank];
    let request = request(model("m"), messages);
    let turns = turns(&request, "");
    assert_eq!(turns.iter().map(texts).collect::<Vec<_>>(), [["a", "b", "c"]]);
}

#[test]
fn a_model_without_eyes_is_told_what_it_does_not_see() {
    let mut request = conversation(model("m"), |_| Vec::new());
    let seen = turns(&request, "");
    assert!(texts(&seen[0]).contains(&"image/png".to_owned()));
    request.model = crate::provider::ModelInfo::unknown("test", "m").into();
    let unseen = turns(&request, "");
    assert!(unseen.iter().flat_map(texts).all(|text| text != "image/png"));
    assert!(texts(&unseen[0]).iter().any(|text| text.contains("this model takes no images")));
    let shown = unseen.iter().filter(|turn| !matches!(turn, Turn::Assistant(_)));
    assert!(shown.flat_map(texts).all(|text| !text.trim().is_empty()));
}

#[test]
fn an_echo_is_put_back_where_it_came_and_only_to_its_source() {
    let echo = |source: &str, text, calls, item: &str| Echo {
        source: source.into(),
        data: Place { text, calls }.mark(&item.into()),
    };
    let calls = vec![call("a", "read", json!({})), call("b", "read", json!({}))];
    let echoes =
        vec![echo("me", 0, 0, "1"), echo("you", 0, 0, "2"), echo("me", 6, 1, "3"), echo("me", 99, 99, "4")];
    let request =
        request(model("m"), vec![user("go"), Message::Assistant { text: "Ünd so".into(), calls, echoes }]);
    let turns = turns(&request, "me");
    let Turn::Assistant(said) = &turns[1] else { panic!("{turns:?}") };
    let told: Vec<_> = said
        .pieces()
        .iter()
        .map(|piece| match piece {
            Piece::Echo(item) => item.as_str().unwrap().to_owned(),
            Piece::Text(text) => (*text).to_owned(),
            Piece::Call(call) => call.id.clone(),
        })
        .collect();
    assert_eq!(told, ["1", "Ünd s", "a", "3", "o", "b", "4"]);
}

#[test]
fn an_echo_that_was_tampered_with_is_harmless() {
    let calls = [call("a", "read", json!({}))];
    let odd = [json!({ "text": 1, "calls": "x" }), json!(null), json!({ "text": 0, "item": 7 })];
    let said = Said { text: "Ü!", calls: &calls, echoes: odd.iter().collect(), at: 0 };
    assert_eq!(said.pieces().last(), Some(&Piece::Call(&calls[0])));
    assert_eq!(said.pieces().len(), 5);
}

#[test]
fn ids_and_inputs_take_the_form_that_every_provider_takes() {
    assert_eq!(wire_id("toolu_01-A"), "toolu_01-A");
    assert_eq!(wire_id("functions.read:0"), "callfunctions_read_0");
    assert_eq!(wire_id(&"é".repeat(100)).len(), 64);
    assert_ne!(wire_id(&format!("{}1", "x".repeat(80))), wire_id(&format!("{}2", "x".repeat(80))));
    assert_eq!(*object(&json!({ "a": 1 })), json!({ "a": 1 }));
    assert_eq!(*object(&json!("{oops")), json!({ "arguments": "{oops" }));
    assert_eq!(*object(&json!(null)), json!({}));
}
