//! A question to which only the person at the terminal knows the answer: field by field, or as a page to visit.

use serde_json::{Map, Value, json};

use super::ask::line;
use super::plain::{one_line, visible};
use super::print;
use crate::acp::ElicitationPropertySchema as Kind;
use crate::event::{Field, Form, Question, QuestionAnswer, QuestionForm};

/// Asks on the terminal. A field that is left empty is not filled in; the end of the input is no answer.
pub(super) async fn person(question: &Question) -> QuestionAnswer {
    print::note(&format!("\n? {}", visible(&question.message)));
    let answer = match &question.form {
        QuestionForm::Fields { schema } => match Form::read(schema) {
            Ok(form) => fields(&form).await,
            Err(reason) => return QuestionAnswer::Unfit { reason },
        },
        QuestionForm::Page { url } => page(url).await,
    };
    answer.unwrap_or(QuestionAnswer::Cancelled)
}

async fn page(url: &str) -> Option<QuestionAnswer> {
    print::note(&format!("  {}", one_line(url)));
    print::question("  visit it, then press return (n: no): ");
    let declined = line().await?.eq_ignore_ascii_case("n");
    Some(if declined { QuestionAnswer::Declined } else { QuestionAnswer::Accepted { content: json!({}) } })
}

async fn fields(form: &Form) -> Option<QuestionAnswer> {
    let mut content = Map::new();
    for field in &form.fields {
        if let Some(value) = ask(field).await? {
            content.insert(field.name.clone(), value);
        }
    }
    Some(QuestionAnswer::Accepted { content: content.into() })
}

/// Asks until the answer fits; an empty one takes what is filled in already, or nothing.
async fn ask(field: &Field) -> Option<Option<Value>> {
    let default = default(field);
    let choices = field.choices();
    for (at, (_, title)) in choices.iter().flatten().enumerate() {
        print::note(&format!("  {}  {}", at + 1, one_line(title)));
    }
    let hint = match (&field.kind, &choices) {
        (Kind::Boolean(_), _) => " (y/n)",
        (Kind::Array(_), _) => " (numbers)",
        (_, Some(_)) => " (a number)",
        _ => "",
    };
    let filled = default.as_ref().map(|it| format!(" [{}]", one_line(&plain(it)))).unwrap_or_default();
    loop {
        print::question(&format!("  {}{hint}{filled}: ", one_line(field.title())));
        let typed = line().await?;
        if typed.is_empty() && (default.is_some() || !field.required) {
            return Some(default);
        }
        match field.accept(&meant(field, choices.as_deref(), &typed)) {
            Ok(value) => return Some(Some(value)),
            Err(why) => print::note(&format!("  That {}.", one_line(&why))),
        }
    }
}

/// What was typed, as a value: choices by their number, yes and no.
pub(super) fn meant(field: &Field, choices: Option<&[(&str, &str)]>, typed: &str) -> Value {
    let choice = |typed: &str| {
        let at = typed.parse::<usize>().ok().and_then(|at| at.checked_sub(1));
        at.and_then(|at| choices?.get(at)).map_or(typed, |(value, _)| value).to_owned()
    };
    match &field.kind {
        Kind::Boolean(_) => match typed.to_ascii_lowercase().as_str() {
            "y" | "yes" => true.into(),
            "n" | "no" => false.into(),
            _ => typed.into(),
        },
        Kind::Array(_) => {
            let parts = typed.split([',', ' ']).filter(|part| !part.is_empty());
            parts.map(choice).collect()
        }
        _ if choices.is_some() => choice(typed).into(),
        _ => typed.into(),
    }
}

fn default(field: &Field) -> Option<Value> {
    match &field.kind {
        Kind::String(it) => it.default.clone().map(Value::from),
        Kind::Number(it) => it.default.map(Value::from),
        Kind::Integer(it) => it.default.map(Value::from),
        Kind::Boolean(it) => it.default.map(Value::from),
        Kind::Array(it) => it.default.clone().map(Value::from),
        _ => None,
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}
