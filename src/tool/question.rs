//! `question`: asks the person what only they know, in a form or on a page.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::{Map, Value, json};

use super::input::{Fields, schema};
use super::output::Failure;
use super::{People, Prepared, Tool, ToolContext, ToolOutput, label, limit, work};
use crate::acp::ToolKind;
use crate::event::{Form, Question, QuestionAnswer, QuestionForm};
use crate::permission::Action;

const EXAMPLE: &str = r#"{"message": "Which database is it to be?", "fields": [{"name": "database", "kind": "choice", "options": ["SQLite", "PostgreSQL"]}]}"#;

/// Words that tell a name to be that of a secret.
const SECRETS: [&str; 14] = [
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "pwd",
    "secret",
    "token",
    "credential",
    "key",
    "apikey",
    "pin",
    "otp",
    "cvv",
    "cvc",
];

/// The tool. It is there only where somebody can be asked.
#[derive(Debug)]
pub(super) struct AskPeople;

impl Tool for AskPeople {
    fn name(&self) -> &'static str {
        "question"
    }

    fn description(&self) -> &'static str {
        "\
        Asks the person what only they can know or decide, and waits for the answer. Use it when the answer changes \
        what you do and stands in no file. Never ask for passwords, tokens or keys, or whether a tool may run. Give \
        `fields` for a form, or `url` for a page to visit."
    }

    fn input(&self) -> Value {
        let field = json!({
            "type": "object",
            "properties": {
                "name": {"type": "string", "description": "Under this name the answer comes back"},
                "title": {"type": "string", "description": "What the person reads"},
                "kind": {"enum": ["text", "number", "integer", "boolean", "choice"]},
                "options": {"type": "array", "items": {"type": "string"}, "description": "For a choice"},
                "required": {"type": "boolean"},
                "default": {"description": "Filled in already"},
            },
            "required": ["name", "kind"],
            "additionalProperties": false,
        });
        let properties = json!({
            "message": {"type": "string", "description": "The question, in one or two sentences"},
            "fields": {"type": "array", "items": field, "maxItems": limit::FORM},
            "url": {"type": "string", "description": "A page to visit instead of a form"},
        });
        schema(&properties, &["message"])
    }

    fn kind(&self) -> ToolKind {
        ToolKind::Other
    }

    fn parallel(&self) -> bool {
        false
    }

    fn available(&self, people: &dyn People) -> bool {
        people.take_forms() || people.take_pages()
    }

    fn prepare(&self, input: Value, context: ToolContext) -> BoxFuture<'_, Result<Prepared, ToolOutput>> {
        Box::pin(async move { Ok(prepare(input, context.people)?) })
    }
}

fn prepare(input: Value, people: Arc<dyn People>) -> Result<Prepared, Failure> {
    let mut fields = Fields::new(input, EXAMPLE)?;
    let message = label::visible(fields.text(&["message", "question", "text"])?.trim(), true);
    if message.is_empty() || message.chars().count() > limit::ASKED {
        return Err(fields.refuse("message", &format!("must have 1 to {} characters", limit::ASKED)));
    }
    let form = match fields.optional_text(&["url", "page", "link"])? {
        Some(url) => page(&fields, url, people.as_ref())?,
        None => form(&mut fields, people.as_ref())?,
    };
    let is_page = matches!(form, QuestionForm::Page { .. });
    Ok(Prepared {
        title: format!("Ask: {}", label::line(&message, 80)),
        action: Action::Note,
        locations: Vec::new(),
        preview: vec![message.clone().into()],
        work: work(async move { Ok(told(people.ask(Question { message, form }).await, is_page)) }),
    })
}

fn page(fields: &Fields, url: String, people: &dyn People) -> Result<QuestionForm, Failure> {
    if !people.take_pages() {
        return Err(Failure(
            "nobody can be sent to a page here: ask with `fields`, or in your answer".into(),
        ));
    }
    let web = ["https://", "http://"].iter().any(|scheme| url.starts_with(scheme));
    if !web || url.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(fields.refuse("url", "must be an http or https address"));
    }
    Ok(QuestionForm::Page { url })
}

fn form(fields: &mut Fields, people: &dyn People) -> Result<QuestionForm, Failure> {
    if !people.take_forms() {
        return Err(Failure(
            "nobody can fill in a form here: ask with `url`, or in your answer and end your turn".into(),
        ));
    }
    let asked = fields.list(&["fields", "questions"])?;
    if asked.is_empty() || asked.len() > limit::FORM {
        return Err(fields.refuse("fields", &format!("must be 1 to {}", limit::FORM)));
    }
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for asked in asked {
        let mut field = Fields::new(asked, EXAMPLE)?;
        let name = field.text(&["name", "id"])?;
        if properties.contains_key(&name) {
            return Err(field.refuse("name", &format!("{name:?} is there twice")));
        }
        if field.flag(&["required"])? {
            required.push(name.clone());
        }
        properties.insert(name.clone(), property(&mut field, &name)?);
    }
    let schema = json!({ "type": "object", "properties": properties, "required": required });
    for field in Form::read(&schema).map_err(Failure)?.fields {
        if let Some(default) = schema["properties"][&field.name].get("default") {
            let wrong = |why| Failure(format!("the default of `{}` {why}", field.name));
            field.accept(default).map_err(wrong)?;
        }
    }
    Ok(QuestionForm::Fields { schema })
}

/// One field as the JSON Schema of its value.
fn property(field: &mut Fields, name: &str) -> Result<Value, Failure> {
    let title = field.optional_text(&["title", "label", "question"])?;
    for label in std::iter::once(name).chain(title.as_deref()) {
        if label.is_empty() || label.chars().count() > limit::FORM_LABEL {
            let most = limit::FORM_LABEL;
            return Err(field.refuse("name", &format!("and `title` must have 1 to {most} characters")));
        }
        if is_secret(label) {
            return Err(Failure(format!(
                "`{label}` looks like a secret, and secrets do not pass through here: ask the person to put it into \
                 the environment or a file of theirs instead. If it is no secret, name the field otherwise"
            )));
        }
    }
    let kind = field.optional_text(&["kind", "type"])?.unwrap_or_else(|| "text".to_owned());
    let mut property = match kind.as_str() {
        "text" | "string" => json!({ "type": "string" }),
        "number" | "float" => json!({ "type": "number" }),
        "integer" | "int" => json!({ "type": "integer" }),
        "boolean" | "bool" => json!({ "type": "boolean" }),
        "choice" | "select" | "enum" => json!({ "type": "string", "enum": choices(field)? }),
        _ => return Err(field.refuse("kind", "must be text, number, integer, boolean or choice")),
    };
    if let Some(title) = title {
        property["title"] = label::visible(&title, false).into();
    }
    if let Some(default) = field.any(&["default"]) {
        property["default"] = default;
    }
    Ok(property)
}

fn choices(field: &mut Fields) -> Result<Vec<String>, Failure> {
    let given = field.list(&["options", "choices", "enum", "values"])?;
    let texts = given.into_iter().map(|it| match it {
        Value::String(text) => label::visible(&text, false),
        other => other.to_string(),
    });
    let texts: Vec<_> = texts.collect();
    let long = texts.iter().any(|it| it.is_empty() || it.chars().count() > limit::FORM_LABEL);
    if texts.is_empty() || texts.len() > limit::CHOICES || long {
        let (most, longest) = (limit::CHOICES, limit::FORM_LABEL);
        return Err(field.refuse("options", &format!("must be 1 to {most} of 1 to {longest} characters")));
    }
    Ok(texts)
}

/// Whether something of that name is a secret.
fn is_secret(name: &str) -> bool {
    let mut words = vec![String::new()];
    let mut small = false;
    for c in name.chars() {
        if !c.is_alphanumeric() || (small && c.is_uppercase()) {
            words.push(String::new());
        }
        small = c.is_lowercase();
        if let Some(word) = words.last_mut().filter(|_| c.is_alphanumeric()) {
            word.extend(c.to_lowercase());
        }
    }
    words.iter().any(|word| SECRETS.contains(&word.as_str()) || SECRETS.contains(&word.trim_end_matches('s')))
}

/// The answer as the model reads it.
fn told(answer: QuestionAnswer, is_page: bool) -> ToolOutput {
    let content = match answer {
        QuestionAnswer::Accepted { content } => content,
        QuestionAnswer::Declined => {
            return ToolOutput::done(
                "The person declined to answer. Go on without it, or say what is missing.",
            );
        }
        QuestionAnswer::Unfit { reason } => {
            return ToolOutput::failed(format!(
                "There is no usable answer: {reason}. Go on without it, or ask again."
            ));
        }
        QuestionAnswer::Cancelled => {
            return ToolOutput::failed(
                "Nobody answered: the question was dismissed, or nobody could be asked.",
            );
        }
    };
    let lines: Vec<_> =
        content.as_object().into_iter().flatten().map(|(name, value)| line(name, value)).collect();
    let text = match (is_page, lines.is_empty()) {
        (true, _) => "The person visited the page.".to_owned(),
        (false, true) => "The person filled in nothing.".to_owned(),
        (false, false) => lines.join("\n"),
    };
    ToolOutput::done(limit::middle(&text)).raw(content)
}

fn line(name: &str, value: &Value) -> String {
    match value {
        Value::String(text) => format!("{name}: {text}"),
        Value::Array(values) => {
            let values: Vec<_> = values.iter().map(|it| it.as_str().unwrap_or_default()).collect();
            format!("{name}: {}", values.join(", "))
        }
        other => format!("{name}: {other}"),
    }
}
