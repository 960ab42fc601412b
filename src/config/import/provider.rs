use super::{Import, copy, unknown};
use crate::config::known;
use crate::config::tree::{Node, Value};

/// Packages and the dialect they speak; the others speak as `OpenAI` chat does.
const PACKAGES: [(&str, &str); 4] = [
    ("@ai-sdk/anthropic", "anthropic"),
    ("@ai-sdk/google", "gemini"),
    ("@ai-sdk/openai", "openai-responses"),
    ("@ai-sdk/azure", "openai-responses"),
];

/// Keys that are understood, or change nothing here.
const KEYS: &[&str] =
    &["name", "npm", "api", "apiKey", "baseURL", "options", "models", "env", "id", "disable", "disabled"];

impl Import<'_> {
    pub(super) fn provider(&mut self, id: &str, from: &Node) -> (String, Node) {
        let mut out = Node::table(&from.place);
        copy(from, &mut out, &[("name", "name"), ("apiKey", "key"), ("baseURL", "base_url")]);
        if let Some(package) = from.part("npm")
            && let Some(name) = package.as_text()
        {
            let api = PACKAGES.iter().find(|row| row.0 == name).map_or("openai-chat", |row| row.1);
            out.put("api", Node::text(api, &package.place));
        }
        if let Some(api) =
            from.part("api").filter(|api| api.as_text().is_some_and(|api| api.starts_with("http")))
        {
            out.put("base_url", api.clone());
        }
        if let Some(options) = from.part("options") {
            copy(options, &mut out, &[("baseURL", "base_url"), ("apiKey", "key"), ("headers", "headers")]);
            if let Some(Node { value: Value::Integer(milliseconds), place }) = options.part("timeout") {
                let seconds = (milliseconds / 1000).clamp(1, 86_400);
                out.put("total_timeout", Node::new(Value::Integer(seconds), place));
            }
        }
        if let Some(models) = from.part("models") {
            let mut all = Node::table(&models.place);
            for (name, model) in models.written().into_iter().filter(|(_, model)| model.as_table().is_some())
            {
                all.put(name, model_of(model));
            }
            out.put("model", all);
        }
        for key in unknown(from, KEYS) {
            self.problems.at(&from.place, &format!("provider {id}: `{key}` has no meaning here"));
        }
        (known::provider(id).to_owned(), out)
    }
}

fn model_of(from: &Node) -> Node {
    let mut out = Node::table(&from.place);
    copy(from, &mut out, &[("name", "name"), ("tool_call", "tools"), ("attachment", "images")]);
    if let Some(limit) = from.part("limit") {
        copy(limit, &mut out, &[("context", "context"), ("output", "output")]);
    }
    if let Some(modalities) = from.part("modalities").and_then(|it| it.part("input")).and_then(Node::as_list)
    {
        let images = modalities.iter().any(|it| it.as_text() == Some("image"));
        out.put("images", Node::new(Value::Truth(images), &from.place));
    }
    if let Some(cost) = from.part("cost") {
        let zero = || Node::new(Value::Integer(0), &cost.place);
        let prices = ["input", "output", "cache_read", "cache_write"];
        let prices = prices.map(|key| cost.part(key).cloned().unwrap_or_else(zero));
        out.put("price", Node::new(Value::List(prices.into()), &cost.place));
    }
    if let Some(reasoning) = from.part("reasoning") {
        let levels: &[&str] =
            if reasoning.as_truth() == Some(true) { &["low", "medium", "high"] } else { &[] };
        let levels = levels.iter().map(|level| Node::text(*level, &reasoning.place)).collect();
        out.put("efforts", Node::new(Value::List(levels), &reasoning.place));
    }
    out
}
