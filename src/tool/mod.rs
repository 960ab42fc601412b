//! What an agent can do: the [`Tool`] trait, the [`Registry`], and one file per tool.
//!
//! What may not live here: a question to anybody, a permission rule, a session, a client or a model. A tool
//! names its action and runs it.
//!
//! What always holds: what was shown is what runs, because [`Tool::prepare`] reads everything the action
//! depends on and [`Prepared::work`] does just that; a failure a model can learn from is a
//! [`ToolOutput`] with `failed` set; output is capped.
//!
//! To add a tool: one file with its row `TOOL`, its line in [`Registry::standard`], and a conversation fixture.

mod apply_patch;
mod bash;
mod change;
mod diff;
mod edit;
mod glob;
mod grep;
mod input;
mod label;
mod limit;
mod list;
mod multi_edit;
mod output;
mod question;
mod read;
mod readable;
mod seen;
mod skill;
mod spill;
mod standard;
mod todo;
mod walk;
mod web_fetch;
mod write;

#[cfg(test)]
mod tests;

use std::fmt;
use std::future::Future;
use std::path::Path;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::acp::{ToolCallContent, ToolCallLocation, ToolKind};
use crate::event::{Question, QuestionAnswer};
use crate::permission::Action;
use crate::workspace::{Commands, Files, Live, Workspace};

use output::Failure;

pub use label::line as one_line;
pub use limit::IMAGE_SHOWN as MOST_SHOWN;
pub use output::ToolOutput;
pub use readable::Readable;
pub use seen::SeenFiles;
pub use skill::{Skill, skill_tool, skills};

/// One thing an agent can do.
pub trait Tool: Send + Sync + fmt::Debug {
    /// Its name as models call it: `read`, `edit` …
    fn name(&self) -> &str;
    /// For the model: what it does and when to use it.
    fn description(&self) -> &str;
    /// JSON Schema of its input object.
    fn input(&self) -> Value;
    /// How clients draw it.
    fn kind(&self) -> ToolKind;
    /// Whether calls may run beside each other: true for what only looks.
    fn parallel(&self) -> bool;
    /// Whether it can be used where these are the people behind the turn; else the model is not told of it.
    fn available(&self, _people: &dyn People) -> bool {
        true
    }
    /// Looks at the input and at whatever the action depends on, changes nothing, and says what would be
    /// done. `Err` is a failed output: wrong input, a path outside the workspace, text not found.
    fn prepare(&self, input: Value, context: ToolContext) -> BoxFuture<'_, Result<Prepared, ToolOutput>>;
}

/// What a tool is given to work with.
#[derive(Debug, Clone)]
pub struct ToolContext {
    pub workspace: Workspace,
    /// The local disk, or the client's editor buffers over it.
    pub files: Arc<dyn Files>,
    /// Our own process groups, or the client's terminals.
    pub commands: Arc<dyn Commands>,
    /// Which files a search may look into.
    pub readable: Readable,
    /// Which content of which file the agent has seen in this session.
    pub seen: Arc<SeenFiles>,
    /// Live output, for display. Full means skip: the whole text is in the output anyway.
    pub progress: mpsc::Sender<Live>,
    pub cancel: CancellationToken,
    /// The people behind the turn, for what only they know.
    pub people: Arc<dyn People>,
    /// Where whole outputs are kept that are too long for a model, named for the session; `None`: nowhere.
    pub spill: Option<Arc<Path>>,
}

/// Whom a tool can put a question to. Whether the tool may run is never such a question.
pub trait People: Send + Sync + fmt::Debug {
    /// Whether somebody can fill in a form.
    fn take_forms(&self) -> bool;
    /// Whether somebody can be sent to a page.
    fn take_pages(&self) -> bool;
    /// Asks and waits for the answer, or for the end of the turn.
    fn ask(&self, question: Question) -> BoxFuture<'_, QuestionAnswer>;
}

/// Nobody to ask.
#[derive(Debug, Clone, Copy)]
pub struct Nobody;

impl People for Nobody {
    fn take_forms(&self) -> bool {
        false
    }

    fn take_pages(&self) -> bool {
        false
    }

    fn ask(&self, _: Question) -> BoxFuture<'_, QuestionAnswer> {
        Box::pin(async { QuestionAnswer::Cancelled })
    }
}

/// A call that is ready to run once it is permitted.
pub struct Prepared {
    /// One line for people: `Read src/main.rs (lines 1–40)`.
    pub title: String,
    /// What it does, as facts for the permission rules.
    pub action: Action,
    pub locations: Vec<ToolCallLocation>,
    /// What a person should see before saying yes: a diff, a command line.
    pub preview: Vec<ToolCallContent>,
    /// Does it.
    pub work: Work,
}

/// The deed itself.
pub type Work = Box<dyn FnOnce() -> BoxFuture<'static, ToolOutput> + Send>;

fn work(deed: impl Future<Output = Result<ToolOutput, Failure>> + Send + 'static) -> Work {
    Box::new(move || Box::pin(async move { deed.await.unwrap_or_else(ToolOutput::from) }))
}

impl fmt::Debug for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prepared")
            .field("title", &self.title)
            .field("action", &self.action)
            .finish_non_exhaustive()
    }
}

/// The tools of a session, by name.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    tools: Vec<Arc<dyn Tool>>,
}

impl Registry {
    /// The tools every session has.
    pub fn standard() -> Self {
        let rows = [
            read::TOOL,
            write::TOOL,
            edit::TOOL,
            multi_edit::TOOL,
            apply_patch::TOOL,
            list::TOOL,
            glob::TOOL,
            grep::TOOL,
            bash::TOOL,
            todo::TOOL,
        ];
        let mut tools: Vec<Arc<dyn Tool>> = Vec::with_capacity(rows.len() + 2);
        tools.extend(rows.into_iter().map(|tool| Arc::new(tool) as Arc<dyn Tool>));
        tools.push(Arc::new(web_fetch::WebFetch::public()));
        tools.push(Arc::new(question::AskPeople));
        Self { tools }
    }

    /// Those that can be used where these are the people behind the turn.
    pub fn available(&self, people: &dyn People) -> Self {
        self.only(|tool| tool.available(people))
    }

    /// Those that `keep` says, in the same order.
    pub fn only(&self, keep: impl Fn(&dyn Tool) -> bool) -> Self {
        Self { tools: self.tools.iter().filter(|tool| keep(tool.as_ref())).cloned().collect() }
    }

    /// Puts a tool in; a later one of the same name replaces the earlier.
    pub fn add(&mut self, tool: Arc<dyn Tool>) {
        self.tools.retain(|known| known.name() != tool.name());
        self.tools.push(tool);
    }

    /// The tool of that name.
    pub fn find(&self, name: &str) -> Option<&Arc<dyn Tool>> {
        self.tools.iter().find(|tool| tool.name() == name)
    }

    /// All of them, in the order they were put in.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<dyn Tool>> {
        self.tools.iter()
    }
}
