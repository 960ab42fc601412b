//! Prompts of servers as slash commands.

use std::sync::Arc;

use rmcp::model::{
    ClientRequest, GetPromptRequest, GetPromptRequestParams, Prompt, PromptArgument, Role, ServerResult,
};
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use super::server::Server;
use super::{McpError, name, output};
use crate::acp::{AvailableCommand, AvailableCommandInput, ContentBlock, UnstructuredCommandInput};
use crate::tool::one_line;

/// Characters of a description, and bytes of all that a prompt brings.
const DESCRIPTION: usize = 300;
const CONTENT: usize = 1024 * 1024;

/// The prompts of a server: `server:prompt`.
pub(super) fn commands(server: &Server) -> Vec<AvailableCommand> {
    let command = |prompt: &Prompt| {
        let said = prompt.description.as_deref().or(prompt.title.as_deref()).unwrap_or(&prompt.name);
        let command = AvailableCommand::new(command_name(server, prompt), one_line(said, DESCRIPTION));
        let hint = prompt.arguments.iter().flatten().map(hint).collect::<Vec<_>>().join(" ");
        let input = (!hint.is_empty()).then(|| {
            AvailableCommandInput::Unstructured(UnstructuredCommandInput::new(one_line(&hint, DESCRIPTION)))
        });
        command.input(input)
    };
    server.state().catalogue.prompts.iter().map(command).collect()
}

fn command_name(server: &Server, prompt: &Prompt) -> String {
    format!("{}:{}", server.prefix, name::plain(&prompt.name))
}

fn hint(argument: &PromptArgument) -> String {
    if argument.required == Some(true) {
        format!("<{}>", argument.name)
    } else {
        format!("[{}]", argument.name)
    }
}

/// The prompt that a typed `/server:prompt rest` means.
pub(super) fn find<'a>(roster: &[Arc<Server>], typed: &'a str) -> Option<(Arc<Server>, Prompt, &'a str)> {
    let typed = typed.trim().strip_prefix('/')?;
    let (command, rest) = typed.split_once(char::is_whitespace).unwrap_or((typed, ""));
    roster.iter().find_map(|server| {
        let catalogue = server.state().catalogue;
        let prompt = catalogue.prompts.iter().find(|prompt| command_name(server, prompt) == command)?;
        Some((Arc::clone(server), prompt.clone(), rest.trim()))
    })
}

/// What the prompt stands for.
pub(super) async fn get(
    server: &Server,
    prompt: &Prompt,
    rest: &str,
    cancel: &CancellationToken,
) -> Result<Vec<ContentBlock>, McpError> {
    let mut params = GetPromptRequestParams::new(prompt.name.clone());
    params.arguments = arguments(prompt, rest)?;
    let answer = server.ask(ClientRequest::GetPromptRequest(GetPromptRequest::new(params)), cancel).await?;
    let result = match answer {
        Some(ServerResult::GetPromptResult(result)) => result,
        Some(_) => return Err(McpError::Refused("it answered with something else than a prompt".into())),
        None => return Err(McpError::Unavailable("it was cancelled".into())),
    };
    let mut content = Vec::new();
    let mut weight = 0;
    for message in &result.messages {
        weight += serde_json::to_vec(&message.content).map_or(0, |bytes| bytes.len());
        if weight > CONTENT {
            return Err(McpError::Refused(format!("its prompt is larger than {CONTENT} bytes")));
        }
        if message.role == Role::Assistant {
            content.push("(You said before:)".to_owned().into());
        }
        content.extend(output::block(&message.content));
    }
    Ok(content)
}

/// Arguments from what was typed: `name=value`, or one word for each in order, the last of which takes the rest.
/// Quotes hold words together.
pub(super) fn arguments(prompt: &Prompt, rest: &str) -> Result<Option<Map<String, Value>>, McpError> {
    let known = prompt.arguments.as_deref().unwrap_or_default();
    let mut given = Map::new();
    let mut words = words(rest).into_iter().peekable();
    let named = |word: &str| {
        let (name, value) = word.split_once('=')?;
        known.iter().find(|it| it.name == name).map(|it| (it.name.clone(), value.to_owned()))
    };
    while let Some(word) = words.next() {
        if let Some((name, value)) = named(&word) {
            given.insert(name, value.into());
            continue;
        }
        let mut open = known.iter().filter(|it| !given.contains_key(&it.name));
        let Some(argument) = open.next() else {
            return Err(McpError::Invalid(format!("{word:?} is one argument too many")));
        };
        let mut value = word;
        if open.next().is_none() {
            for word in words.by_ref() {
                value = format!("{value} {word}");
            }
        }
        given.insert(argument.name.clone(), value.into());
    }
    let missing = known.iter().find(|it| it.required == Some(true) && !given.contains_key(&it.name));
    if let Some(missing) = missing {
        let usage = known.iter().map(hint).collect::<Vec<_>>().join(" ");
        return Err(McpError::Invalid(format!("{:?} is missing; the arguments are: {usage}", missing.name)));
    }
    Ok((!given.is_empty()).then_some(given))
}

fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for c in text.chars() {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (None, '"' | '\'')
                if word.as_deref().is_none_or(|word| word.is_empty() || word.ends_with('=')) =>
            {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, _) if c.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}
