//! Looks at stored sessions, forgets them, and takes back what they did to files.

mod changes;
mod revert;

use std::process::ExitCode;
use std::sync::Arc;

use super::args::Sessions;
use super::plain::{clean, one_line};
use super::{Setup, print};
use crate::acp::{ContentBlock, SessionId};
use crate::app;
use crate::clock::rfc3339;
use crate::event::{Event, EventKind, TurnStop};
use crate::store::{ListQuery, SessionRecord, Store};

/// Does one of the commands.
pub(super) async fn run(setup: &Setup, command: Sessions) -> anyhow::Result<ExitCode> {
    if let Sessions::Revert(command) = command {
        return revert::run(setup, command).await;
    }
    let store = app::store(&setup.environment.paths());
    match command {
        Sessions::List { all, json } => list(store, all, json).await?,
        Sessions::Show { id, json } => show(store, SessionId::new(id), json).await?,
        Sessions::Delete { id } => {
            let id = SessionId::new(id);
            store.find(&id).await?;
            store.delete(&id).await?;
            app::forget(&setup.environment.paths(), &id);
        }
        Sessions::Diff { id, turn } => return changes::diff(store.as_ref(), &SessionId::new(id), turn).await,
        Sessions::Revert(_) => {}
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(store: Arc<dyn Store>, all: bool, json: bool) -> anyhow::Result<()> {
    let cwd = if all { None } else { Some(std::env::current_dir()?) };
    let mut query = ListQuery { cwd, cursor: None, limit: 200 };
    loop {
        let page = store.list(query.clone()).await?;
        for record in &page.sessions {
            if json { print::json(record)? } else { print::line(&row(record))? }
        }
        query.cursor = page.next;
        if query.cursor.is_none() {
            return Ok(());
        }
    }
}

fn row(record: &SessionRecord) -> String {
    let state = if record.running { "running or interrupted" } else { "" };
    let title = one_line(record.title.as_deref().unwrap_or("(untitled)"));
    let (at, cwd) = (rfc3339(record.updated_at), one_line(&record.cwd.display().to_string()));
    format!("{}  {at}  {cwd}  {title}  {state}", record.id).trim_end().to_owned()
}

async fn show(store: Arc<dyn Store>, id: SessionId, json: bool) -> anyhow::Result<()> {
    store.find(&id).await?;
    let mut after = 0;
    loop {
        let events = store.read(&id, after, 512).await?;
        let Some(last) = events.last() else { return Ok(()) };
        after = last.seq;
        for event in &events {
            if json { print::json(event)? } else { print::text(&plain(event))? }
        }
    }
}

/// An event as people read it; empty for what only programs need.
fn plain(event: &Event) -> String {
    match &event.kind {
        EventKind::PromptAccepted { content, .. } => {
            let text = content.iter().map(block).collect::<Vec<_>>().join("\n");
            format!("\n> {}\n\n", clean(&text).replace('\n', "\n> "))
        }
        EventKind::Text { text, .. } => text.clone(),
        EventKind::ToolStarted { update } => {
            format!("\n[{}]\n", one_line(update.fields.title.as_deref().unwrap_or("tool")))
        }
        EventKind::TurnEnded { stop: TurnStop::Failed { message }, .. } => format!("\n(failed: {message})\n"),
        EventKind::TurnEnded { stop: TurnStop::Interrupted, .. } => "\n(interrupted)\n".to_owned(),
        EventKind::TurnEnded { .. } => "\n".to_owned(),
        _ => String::new(),
    }
}

fn block(block: &ContentBlock) -> String {
    match block {
        ContentBlock::Text(text) => text.text.clone(),
        ContentBlock::ResourceLink(link) => format!("[{}]", link.uri),
        ContentBlock::Image(_) => "[image]".to_owned(),
        _ => "[attachment]".to_owned(),
    }
}
