use super::{Reading, fault};
use crate::config::agent::{AgentProfile, AgentUse, CommandTemplate};
use crate::config::known;
use crate::config::raw;
use crate::config::tree::Node;
use crate::permission::Rule;

impl Reading<'_> {
    pub(in crate::config) fn agents(&mut self, tree: &Node) -> Vec<AgentProfile> {
        self.entries(tree, "agent", Self::agent)
    }

    fn agent(&mut self, name: &str, raw: raw::Agent, node: &Node) -> Result<Option<AgentProfile>, String> {
        if raw.enabled == Some(false) {
            return Ok(None);
        }
        let key = format!("agent.{name}");
        let prompt = match (raw.prompt, &raw.prompt_file) {
            (Some(prompt), _) => Some(prompt),
            (None, Some(path)) => {
                let place = &node.part("prompt_file").unwrap_or(node).place;
                let prompt = self.file(path, place);
                Some(prompt.map_err(|reason| fault(place, &format!("{key}.prompt_file"), &reason))?)
            }
            (None, None) => None,
        };
        Ok(Some(AgentProfile {
            name: name.to_owned(),
            description: raw.description.unwrap_or_default(),
            prompt: prompt.filter(|prompt| !prompt.trim().is_empty()),
            model: raw.model.map(|model| known::model(&model)),
            mode: raw.mode,
            tools: raw.tools,
            without: raw.without,
            rules: all_rules(node, &key)?,
            use_as: raw.use_as.unwrap_or(AgentUse::All),
            steps: raw.steps.map(|steps| steps.max(1)),
            origin: self.origin(&node.place),
        }))
    }

    pub(in crate::config) fn commands(&mut self, tree: &Node) -> Vec<CommandTemplate> {
        self.entries(tree, "command", Self::command)
    }

    fn command(
        &mut self,
        name: &str,
        raw: raw::Command,
        node: &Node,
    ) -> Result<Option<CommandTemplate>, String> {
        let key = format!("command.{name}");
        let template = raw.template.filter(|template| !template.trim().is_empty());
        let template = template.ok_or_else(|| fault(&node.place, &key, "it has no `template`"))?;
        Ok(Some(CommandTemplate {
            name: name.to_owned(),
            description: raw.description.unwrap_or_default(),
            hint: raw.hint,
            template,
            agent: raw.agent,
            model: raw.model.map(|model| known::model(&model)),
            origin: self.origin(&node.place),
        }))
    }
}

/// The rules in the table `permission` of an entry that stands at `key`, and what is wrong with the others.
pub(in crate::config) fn rules(entry: &Node, key: &str) -> (Vec<Rule>, Vec<String>) {
    let (mut rules, mut faults) = (Vec::new(), Vec::new());
    let dot = if key.is_empty() { "" } else { "." };
    let lists = entry.part("permission").and_then(Node::as_table).into_iter().flatten();
    for (decision, list) in lists {
        for node in list.as_list().unwrap_or_default() {
            let text = node.as_text().unwrap_or_default();
            match Rule::parse(decision, text) {
                Ok(rule) => rules.push(rule),
                Err(e) => {
                    let key = format!("{key}{dot}permission.{decision}");
                    faults.push(fault(&node.place, &key, &format!("{text:?}: {e}")));
                }
            }
        }
    }
    (rules, faults)
}

/// The same where a rule that cannot be read is an error, because a restriction must not get lost.
pub(in crate::config) fn all_rules(entry: &Node, key: &str) -> Result<Vec<Rule>, String> {
    let (rules, faults) = rules(entry, key);
    faults.into_iter().next().map_or(Ok(rules), Err)
}
