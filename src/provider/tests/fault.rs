use crate::provider::answer::{CallIds, arguments};
use crate::provider::dialect::ReadError;
use crate::provider::fault::Fault;
use serde_json::json;

/// Status, body, its words, too long, permanent.
const REFUSALS: &[(u16, &str, &str, bool, bool)] = &[
    (
        400,
        r#"{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 203410 tokens > 200000 maximum"},"request_id":"req_1"}"#,
        "prompt is too long: 203410 tokens > 200000 maximum",
        true,
        false,
    ),
    (
        400,
        r#"{"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low to access the Anthropic API."}}"#,
        "Your credit balance is too low to access the Anthropic API.",
        false,
        true,
    ),
    (
        413,
        r#"{"type":"error","error":{"type":"request_too_large","message":"Request exceeds the maximum size"}}"#,
        "Request exceeds the maximum size",
        true,
        false,
    ),
    (
        529,
        r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
        "Overloaded",
        false,
        false,
    ),
    (
        400,
        r#"{"error":{"message":"This model's maximum context length is 128000 tokens.","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}"#,
        "This model's maximum context length is 128000 tokens.",
        true,
        false,
    ),
    (
        429,
        r#"{"error":{"message":"You exceeded your current quota","type":"insufficient_quota","param":null,"code":"insufficient_quota"}}"#,
        "You exceeded your current quota",
        false,
        true,
    ),
    (
        429,
        r#"{"error":{"message":"Rate limit reached for gpt-5: maximum context length is unrelated","type":"tokens","code":"rate_limit_exceeded"}}"#,
        "Rate limit reached for gpt-5: maximum context length is unrelated",
        false,
        false,
    ),
    (
        400,
        r#"[{"error":{"code":400,"message":"The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).","status":"INVALID_ARGUMENT"}}]"#,
        "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
        true,
        false,
    ),
    (
        429,
        r#"{"error":{"code":429,"message":"You exceeded your current quota, please check your plan and billing details.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaId":"GenerateRequestsPerMinutePerProjectPerModel-FreeTier"}]},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34s"}]}}"#,
        "You exceeded your current quota, please check your plan and billing details.",
        false,
        false,
    ),
    (
        429,
        r#"{"error":{"code":429,"message":"Quota","status":"RESOURCE_EXHAUSTED","details":[{"violations":[{"quotaId":"GenerateRequestsPerDayPerProjectPerModel-FreeTier"}]}]}}"#,
        "Quota",
        false,
        true,
    ),
    (
        404,
        r#"{"error":"model \"x\" not found, try pulling it first"}"#,
        "model \"x\" not found, try pulling it first",
        false,
        false,
    ),
    (502, "<html><body>Bad Gateway</body></html>", "no reason given", false, false),
    (500, "", "no reason given", false, false),
    (500, " upstream went away\n", "upstream went away", false, false),
    (422, r#"{"detail":"no"}"#, "no", false, false),
    (500, r#"{"error":{"type":"server_error"}}"#, "server_error", false, false),
    (500, "[]", "no reason given", false, false),
    (402, "{}", "no reason given", false, true),
];

#[test]
fn what_providers_refuse_with_is_understood() {
    for (status, body, words, too_long, permanent) in REFUSALS {
        let refusal = Fault::read(body).refusal(*status);
        assert_eq!(
            (&*refusal.text, refusal.too_long, refusal.permanent),
            (*words, *too_long, *permanent),
            "{body}"
        );
    }
}

#[test]
fn a_key_that_is_no_good_is_told_apart_from_a_bad_request() {
    let gemini = r#"{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID"}]}}"#;
    assert!(Fault::read(gemini).refusal(400).bad_key);
    assert!(!Fault::read(REFUSALS[0].1).refusal(400).bad_key);
}

#[test]
fn only_what_may_pass_is_tried_again() {
    let retried = |body: &str| match Fault::read(body).failure() {
        ReadError::Failed { retry, .. } => retry,
        other => panic!("{other:?}"),
    };
    for passing in ["overloaded_error", "api_error", "rate_limit_error", "timeout_error", "server_error"] {
        assert!(retried(&json!({ "error": { "type": passing, "message": "no" } }).to_string()), "{passing}");
    }
    let crowded =
        json!({ "code": "rate_limit_exceeded", "message": "too much for the context window in a minute" });
    assert!(retried(&crowded.to_string()));
    for lasting in ["invalid_request_error", "insufficient_quota", "billing_error", "authentication_error"] {
        assert!(!retried(&json!({ "error": { "type": lasting, "message": "no" } }).to_string()), "{lasting}");
    }
}

#[test]
fn arguments_are_an_object_or_the_text_itself() {
    assert_eq!(arguments(""), json!({}));
    assert_eq!(arguments(" null "), json!({}));
    assert_eq!(arguments("{\"a\": [1]}"), json!({ "a": [1] }));
    for broken in ["{\"a\": ", "[1]", "7", "\"{}\"", "{} {}"] {
        assert_eq!(arguments(broken), json!(broken));
    }
    let deep = "[".repeat(100_000);
    assert_eq!(arguments(&deep), json!(deep));
}

#[test]
fn a_made_up_id_is_told_apart_by_its_answer_and_its_place() {
    let mut ids = CallIds::default();
    ids.answer("resp-1!");
    ids.answer("another");
    assert_eq!(ids.name(None), "call_resp1_1");
    assert_eq!(ids.name(Some("given".to_owned())), "given");
    assert_eq!(ids.name(Some(String::new())), "call_resp1_3");
}
