use serde_json::json;

use super::*;

fn info(row: &Value) -> ModelInfo {
    let list = listed(&json!({ "data": [row] }).to_string());
    list[0].of(ModelInfo::unknown("p", &list[0].wire))
}

#[test]
fn a_list_of_models_comes_in_three_shapes_and_anything_else_is_empty() {
    let wires = |body: &str| listed(body).into_iter().map(|it| it.wire).collect::<Vec<_>>();
    assert_eq!(wires(r#"{"object":"list","data":[{"id":"a"},{"no":1},{"id":"b"}]}"#), ["a", "b"]);
    assert_eq!(wires(r#"[{"id":"a","type":"chat"},{"id":"b","type":"image"}]"#), ["a"]);
    assert_eq!(wires(r#"{"models":[{"name":"models/g"}]}"#), ["g"]);
    for odd in ["", "[]", "{}", r#"{"data":7}"#, "null", "7", "[[]]"] {
        assert!(wires(odd).is_empty(), "{odd}");
    }
}

#[test]
fn what_does_not_talk_is_left_out() {
    let list = json!({ "data": [
        { "id": "nomic-embed-text:latest" }, { "id": "whisper-large-v3" }, { "id": "tts-1" },
        { "id": "m1", "capabilities": { "completion_chat": false } },
        { "id": "f1", "supports_chat": false },
        { "id": "claude", "type": "model" }, { "id": "llama3.2:latest" },
    ] });
    let wires: Vec<_> = listed(&list.to_string()).into_iter().map(|it| it.wire).collect();
    assert_eq!(wires, ["claude", "llama3.2:latest"]);
}

#[test]
fn a_router_tells_sizes_prices_and_abilities() {
    let model = info(&json!({
        "id": "vendor/model", "name": "Vendor: Model", "context_length": 200_000,
        "top_provider": { "max_completion_tokens": 64_000 },
        "architecture": { "input_modalities": ["text", "image"] },
        "supported_parameters": ["temperature"],
        "pricing": { "prompt": "0.000003", "completion": "0.000015", "input_cache_read": "0.0000003" },
    }));
    assert_eq!((model.id.as_str(), model.name.as_str()), ("p/vendor/model", "Vendor: Model"));
    assert_eq!((model.context, model.output, model.images, model.tools), (200_000, 64_000, true, false));
    let price = model.price.unwrap();
    let close = |a: f64, b: f64| (a - b).abs() < 1e-9;
    assert!(close(price.input, 3.0) && close(price.output, 15.0), "{price:?}");
    assert!(close(price.cache_read, 0.3) && close(price.cache_write, 3.0), "{price:?}");
}

#[test]
fn a_price_that_depends_or_is_none_is_not_known() {
    for pricing in [
        json!({ "prompt": "-1", "completion": "-1" }),
        json!({ "prompt": "0", "completion": "0" }),
        json!({ "input": 0, "output": 0 }),
        json!({ "hourly": 2 }),
    ] {
        assert_eq!(info(&json!({ "id": "m", "pricing": pricing })).price, None, "{pricing}");
    }
    let priced = info(&json!({ "id": "m", "pricing": { "input": 0.5, "output": 2 } }));
    assert_eq!(priced.price, Some(Price { input: 0.5, output: 2.0, cache_read: 0.5, cache_write: 0.5 }));
}

#[test]
fn the_least_room_that_is_told_counts_and_an_answer_takes_no_more_than_half_of_it() {
    let context = |row: Value| info(&row).context;
    assert_eq!(context(json!({ "id": "m", "context_length": 32_768, "max_model_len": 16_384 })), 16_384);
    assert_eq!(context(json!({ "id": "m", "meta": { "n_ctx": 8_192, "n_ctx_train": 131_072 } })), 8_192);
    assert_eq!(context(json!({ "id": "m", "context_window": 131_072 })), 131_072);
    assert_eq!(context(json!({ "id": "m", "max_context_length": 0 })), 128_000);
    assert_eq!(info(&json!({ "id": "m", "max_model_len": 4_096 })).output, 2_048);
}

#[test]
fn a_name_for_people_is_taken_and_one_that_says_nothing_new_is_not() {
    let name = |row: Value| info(&row).name;
    assert_eq!(name(json!({ "id": "m-1", "display_name": "Model 1" })), "Model 1");
    let gemini = listed(
        r#"{"models":[{"name":"models/g-1","displayName":"G 1","inputTokenLimit":9,
        "outputTokenLimit":4,"supportedGenerationMethods":["generateContent"]},
        {"name":"models/e","supportedGenerationMethods":["embedContent"]}]}"#,
    );
    let known = gemini[0].of(ModelInfo::unknown("google", "g-1"));
    assert_eq!((gemini.len(), known.name.as_str(), known.context, known.output), (1, "G 1", 9, 4));
    assert_eq!(name(json!({ "id": "org/m", "name": "org/m" })), "org/m");
}
