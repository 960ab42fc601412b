use std::sync::{Arc, Mutex};

use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::Site;
use crate::event::{Question, QuestionAnswer, QuestionForm};
use crate::permission::Action;
use crate::tool::{People, Registry};

/// Somebody who says what was prepared, and remembers what was asked.
#[derive(Debug)]
struct Somebody {
    pages: bool,
    says: QuestionAnswer,
    asked: Mutex<Vec<Question>>,
}

impl People for Somebody {
    fn take_forms(&self) -> bool {
        true
    }

    fn take_pages(&self) -> bool {
        self.pages
    }

    fn ask(&self, question: Question) -> BoxFuture<'_, QuestionAnswer> {
        self.asked.lock().unwrap().push(question);
        Box::pin(async { self.says.clone() })
    }
}

fn site(says: QuestionAnswer) -> (Site, Arc<Somebody>) {
    let somebody = Arc::new(Somebody { pages: true, says, asked: Mutex::default() });
    let mut site = Site::new();
    site.context.people = somebody.clone();
    (site, somebody)
}

fn field(field: impl Into<Value>) -> Value {
    let field = field.into();
    json!({ "message": "Say.", "fields": [field] })
}

#[tokio::test]
async fn a_form_is_asked_as_a_schema_and_answered_line_by_line() {
    let content = json!({ "store": "SQLite", "size": 4, "sure": true });
    let (site, somebody) = site(QuestionAnswer::Accepted { content: content.clone() });
    let input = json!({ "message": " What is it\u{202e} to be? ", "fields": [
        { "name": "store", "kind": "choice", "options": ["SQLite", 7], "required": true },
        { "name": "size", "title": "How large", "kind": "integer", "default": 4 },
        { "id": "sure", "type": "bool" },
    ]});
    let prepared = site.prepare("question", input).await.unwrap();
    assert_eq!(prepared.action, Action::Note);
    let output = (prepared.work)().await;
    assert_eq!((output.text.as_str(), output.raw), ("store: SQLite\nsize: 4\nsure: true", Some(content)));
    let asked = somebody.asked.lock().unwrap().remove(0);
    assert_eq!(asked.message, "What is it\\u{202e} to be?");
    let schema = json!({
        "type": "object",
        "properties": {
            "store": { "type": "string", "enum": ["SQLite", "7"] },
            "size": { "type": "integer", "title": "How large", "default": 4 },
            "sure": { "type": "boolean" },
        },
        "required": ["store"],
    });
    assert_eq!(asked.form, QuestionForm::Fields { schema });
}

#[tokio::test]
async fn no_answer_is_told_as_what_it_is() {
    let rows = [
        (QuestionAnswer::Declined, false, "declined"),
        (QuestionAnswer::Cancelled, true, "Nobody answered"),
        (QuestionAnswer::Unfit { reason: "`a` is missing".into() }, true, "`a` is missing"),
        (QuestionAnswer::Accepted { content: json!({}) }, false, "filled in nothing"),
    ];
    for (says, failed, wanted) in rows {
        let (site, _) = site(says);
        let output = site.call("question", field(json!({ "name": "a", "kind": "text" }))).await;
        assert!(output.failed == failed && output.text.contains(wanted), "{output:?}");
    }
}

#[tokio::test]
async fn secrets_are_not_asked_for() {
    let (site, somebody) = site(QuestionAnswer::Cancelled);
    for name in
        ["password", "API_KEY", "githubToken", "aws secret", "Tokens", "user.passphrase", "PIN", "apikey"]
    {
        for asked in [json!({ "name": name }), json!({ "name": "a", "title": name })] {
            let text = site.failed("question", field(asked)).await;
            assert!(text.contains("looks like a secret"), "{name}: {text}");
        }
    }
    assert!(somebody.asked.lock().unwrap().is_empty());
    for name in ["tokenizer", "keyboard", "monkey", "secretary", "pinned"] {
        assert!(site.prepare("question", field(json!({ "name": name }))).await.is_ok(), "{name}");
    }
}

#[tokio::test]
async fn what_nobody_could_answer_is_refused() {
    let (site, _) = site(QuestionAnswer::Cancelled);
    let many: Vec<_> = (0..21).map(|at| json!({ "name": format!("f{at}") })).collect();
    let twice = json!([{ "name": "a" }, { "name": "a" }]);
    for (input, wanted) in [
        (json!({ "message": "", "fields": [{ "name": "a" }] }), "`message`"),
        (json!({ "message": "x".repeat(2001), "fields": [{ "name": "a" }] }), "`message`"),
        (json!({ "message": "Say.", "fields": many }), "`fields`"),
        (json!({ "message": "Say.", "fields": twice }), "twice"),
        (field(json!({ "name": "" })), "`name`"),
        (field(json!({ "name": "a", "kind": "choice", "options": [] })), "`options`"),
        (field(json!({ "name": "a", "kind": "choice", "options": ["x"], "default": "y" })), "default of `a`"),
        (json!({ "message": "Go.", "url": "javascript:alert(1)" }), "`url`"),
        (json!({ "message": "Go.", "url": "https://a b" }), "`url`"),
    ] {
        let text = site.failed("question", input).await;
        assert!(text.contains(wanted), "{wanted}: {text}");
    }
}

#[tokio::test]
async fn where_only_forms_are_taken_no_page_is_shown() {
    let mut site = Site::new();
    let somebody = Somebody { pages: false, says: QuestionAnswer::Declined, asked: Mutex::default() };
    assert!(Registry::standard().available(&somebody).find("question").is_some());
    site.context.people = Arc::new(somebody);
    let text = site.failed("question", json!({ "message": "Go.", "url": "https://example.org" })).await;
    assert!(text.contains("nobody can be sent to a page"), "{text}");
}
