//! Refusals that no second try mends: what they are, and what to do about them.

use adjutant::config::{KeySource, Secret};
use adjutant::provider::{ProviderError, Remote};

use super::{Answer, DIALECTS, Dialect, KEY, read, remote};
use crate::support::model::{ModelServer, Reply};

/// The answer to a refusal; it was asked once.
async fn refused(dialect: &Dialect, status: u16, body: &str) -> Answer {
    let answer = dialect.ask([Reply::json(status, body)]).await;
    assert_eq!(answer.asked, 1, "{answer:?}");
    answer
}

fn error(words: &str) -> String {
    serde_json::json!({ "error": { "message": words, "type": "invalid_request_error" } }).to_string()
}

#[tokio::test]
async fn a_refused_key_says_how_to_give_another_and_is_not_repeated() {
    for dialect in &DIALECTS {
        for (status, said) in [(401, "Incorrect API key"), (403, "No access"), (400, "API key not valid")] {
            let answer = refused(dialect, status, &error(&format!("{said}: {KEY}."))).await;
            let words = ["Acme (127.0.0.1:", said, "set ACME_API_KEY", "`adjutant login acme`"];
            answer.fails(ProviderError::Unauthorized, &words);
        }
    }
}

#[tokio::test]
async fn without_a_key_nothing_is_sent() {
    for dialect in &DIALECTS {
        let server = ModelServer::start([Reply::nothing()]).await;
        let settings = dialect.settings(&server.url());
        let answer = read(&Remote::new(&settings, None), dialect.request()).await;
        answer.fails(ProviderError::Unauthorized, &["Acme", "set ACME_API_KEY", "`adjutant login acme`"]);
        let answer = read(&Remote::new(&settings, Some(Secret::new("two\nlines"))), dialect.request()).await;
        answer.fails(ProviderError::Unauthorized, &["set ACME_API_KEY"]);
        assert!(!answer.why().contains("two"));
        assert!(server.asked().is_empty());
    }
}

#[tokio::test]
async fn an_unknown_model_is_named() {
    for dialect in &DIALECTS {
        let answer = refused(dialect, 404, &error("no such model")).await;
        answer.fails(
            ProviderError::Misconfigured,
            &["\"m-1\"", "no such model", "`adjutant models`", "base_url"],
        );
    }
}

#[tokio::test]
async fn a_conversation_that_is_too_long_is_known_by_each_dialects_own_words() {
    for dialect in &DIALECTS {
        let (status, body) = dialect.too_long;
        refused(dialect, status, body).await.fails(ProviderError::TooLong, &["Acme", "too long"]);
    }
}

#[tokio::test]
async fn an_account_without_credit_is_not_asked_again() {
    for dialect in &DIALECTS {
        let body = r#"{"error":{"message":"You exceeded your current quota.","type":"insufficient_quota","code":"insufficient_quota"}}"#;
        refused(dialect, 429, body).await.fails(ProviderError::Unavailable, &["current quota"]);
        refused(dialect, 402, "{}").await.fails(ProviderError::Unavailable, &["paid"]);
    }
}

#[tokio::test]
async fn a_request_that_is_not_understood_is_told_in_the_providers_words_shortened() {
    for dialect in &DIALECTS {
        let answer = refused(dialect, 400, &error(&"the tool\nread is wrong ".repeat(100))).await;
        answer.fails(ProviderError::Misconfigured, &["(400)", "the tool read is wrong", "…"]);
        assert!(answer.why().len() < 400, "{}", answer.why());
        refused(dialect, 422, "").await.fails(ProviderError::Misconfigured, &["(422)"]);
    }
}

#[tokio::test]
async fn no_redirect_is_followed() {
    for dialect in &DIALECTS {
        let other = ModelServer::start([Reply::nothing()]).await;
        for status in [301, 302, 307, 308] {
            let moved = Reply::json(status, "").header("location", &other.url());
            let answer = dialect.ask([moved]).await;
            answer.fails(ProviderError::Misconfigured, &["has moved", "base_url"]);
        }
        assert!(other.asked().is_empty(), "the key went to another server");
    }
}

#[tokio::test]
async fn an_address_that_is_none_is_a_setting_to_correct() {
    for dialect in &DIALECTS {
        for base_url in ["", "api.example.org/v1", "ftp://127.0.0.1", "file:///etc/passwd"] {
            let mut settings = dialect.settings("");
            settings.base_url = base_url.to_owned();
            let answer = read(&remote(&settings), dialect.request()).await;
            answer.fails(ProviderError::Misconfigured, &["base_url", "\"acme\""]);
        }
        let mut settings = dialect.settings("http://127.0.0.1:1");
        settings.headers = vec![("bad name".to_owned(), Secret::new("x"))];
        read(&remote(&settings), dialect.request()).await.fails(ProviderError::Misconfigured, &["bad name"]);
    }
}

#[tokio::test]
async fn a_key_of_the_configuration_is_to_be_corrected_there() {
    let dialect = &DIALECTS[0];
    for (source, words) in [
        (KeySource::Given(Secret::new(KEY)), "correct the key of provider \"acme\""),
        (KeySource::None, "give provider \"acme\" a key"),
        (KeySource::Usual(Vec::new()), "run `adjutant login acme`"),
    ] {
        let server = ModelServer::start([Reply::json(401, "{}")]).await;
        let mut settings = dialect.settings(&server.url());
        settings.key = source;
        read(&remote(&settings), dialect.request()).await.fails(ProviderError::Unauthorized, &[words]);
    }
}
