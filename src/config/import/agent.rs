//! Agents and commands, from JSON or from the front matter of a Markdown file.

use super::tool::names;
use super::{Import, add, copy, unknown};
use crate::config::tree::Node;

/// Keys of agents that are understood, or change nothing here.
const AGENT: &[&str] = &[
    "name",
    "description",
    "prompt",
    "prompt_file",
    "model",
    "mode",
    "use_as",
    "tools",
    "disallowedTools",
    "without",
    "permission",
    "steps",
    "maxSteps",
    "maxTurns",
    "disable",
    "enabled",
    "hidden",
    "color",
    "temperature",
    "top_p",
    "variant",
    "options",
    "version",
    "author",
    "tags",
    "license",
    "argument-hint",
    "memory",
    "background",
    "effort",
];

impl Import<'_> {
    /// An agent in any of the ways it is written.
    pub(super) fn agent(&mut self, name: &str, from: &Node) -> (String, Node) {
        let mut out = Node::table(&from.place);
        copy(
            from,
            &mut out,
            &[
                ("description", "description"),
                ("prompt_file", "prompt_file"),
                ("use_as", "use_as"),
                ("enabled", "enabled"),
                ("maxSteps", "steps"),
                ("maxTurns", "steps"),
                ("steps", "steps"),
            ],
        );
        if let Some(prompt) = from.part("prompt") {
            let file = prompt.as_text().and_then(|text| text.strip_prefix("{file:")?.strip_suffix('}'));
            match file {
                Some(path) => out.put("prompt_file", Node::text(path, &prompt.place)),
                None => out.put("prompt", prompt.clone()),
            }
        }
        if let Some(model) = from.part("model") {
            self.model(model, &mut out, "model");
        }
        if let Some(mode) = from.part("mode") {
            match mode.as_text() {
                Some("subagent") => out.put("use_as", Node::text("sub", &mode.place)),
                Some("primary" | "all") => out.put("use_as", mode.clone()),
                _ => out.put("mode", mode.clone()),
            }
        }
        if let Some(tools) = from.part("tools") {
            self.tools(tools, &mut out);
        }
        if let Some(permission) = from.part("permission") {
            self.permission(permission, &mut out);
        }
        for key in ["without", "disallowedTools"] {
            if let Some(without) = from.part(key) {
                add(&mut out, "without", names(without), without);
            }
        }
        for key in unknown(from, AGENT) {
            self.problems.at(&from.place, &format!("agent {name}: `{key}` has no meaning here"));
        }
        let name = from.part("name").and_then(Node::as_text).unwrap_or(name);
        (name.to_owned(), out)
    }

    /// A Markdown file: its body is the prompt.
    pub(in crate::config) fn agent_file(&mut self, name: &str, front: &Node, body: &str) -> (String, Node) {
        let (name, mut agent) = self.agent(name, front);
        if !body.trim().is_empty() {
            agent.put("prompt", Node::text(body.trim(), &front.place));
        }
        (name, agent)
    }

    pub(super) fn command(&mut self, name: &str, from: &Node) -> (String, Node) {
        let mut out = Node::table(&from.place);
        let keys = [
            ("description", "description"),
            ("argument-hint", "hint"),
            ("hint", "hint"),
            ("template", "template"),
            ("agent", "agent"),
        ];
        copy(from, &mut out, &keys);
        // `argument-hint: [file]` is a hint in brackets, and reads as a list.
        if let Some(hint) = out.take("hint") {
            let items =
                hint.as_list().map(|items| items.iter().filter_map(Node::as_text).collect::<Vec<_>>());
            let text = items.map_or_else(
                || hint.clone(),
                |items| Node::text(format!("[{}]", items.join(", ")), &hint.place),
            );
            out.put("hint", text);
        }
        if let Some(model) = from.part("model") {
            self.model(model, &mut out, "model");
        }
        self.runs_nothing(name, &out);
        if from.part("subtask").and_then(Node::as_truth) == Some(true) {
            self.problems.at(&from.place, &format!("command {name}: `subtask` has no meaning here"));
        }
        (name.to_owned(), out)
    }

    /// Elsewhere the output of such commands is put into the prompt.
    fn runs_nothing(&mut self, name: &str, command: &Node) {
        if let Some(template) = command.part("template")
            && template.as_text().is_some_and(|text| text.contains("!`"))
        {
            let what =
                format!("command {name}: !`…` runs nothing here, and stays in the prompt as it is written");
            self.problems.at(&template.place, &what);
        }
    }

    /// A Markdown file: its body is the template, whose first line says what it does where nothing else does.
    pub(in crate::config) fn command_file(&mut self, name: &str, front: &Node, body: &str) -> (String, Node) {
        let (name, mut command) = self.command(name, front);
        command.put("template", Node::text(body.trim(), &front.place));
        self.runs_nothing(&name, &command);
        if command.part("description").is_none() {
            let first =
                body.lines().map(|line| line.trim_start_matches('#').trim()).find(|line| !line.is_empty());
            let first: String = first.unwrap_or_default().chars().take(100).collect();
            command.put("description", Node::text(first, &front.place));
        }
        (name, command)
    }
}
