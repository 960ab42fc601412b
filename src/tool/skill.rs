//! `skill`: instructions for a kind of work, from a folder with a `SKILL.md` and whatever belongs to it.

mod index;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

pub use self::index::{Skill, skills};

use super::input::{Fields, schema};
use super::output::Failure;
use super::walk::{Walk, sweep};
use super::{Prepared, Tool, ToolContext, ToolOutput, label, limit, work};
use crate::acp::{ToolCallLocation, ToolKind};
use crate::permission::Action;
use crate::workspace::{Text, Workspace};

const EXAMPLE: &str = r#"{"name": "release-notes"}"#;
/// The file that makes a folder a skill.
const FILE: &str = "SKILL.md";
/// Levels below a skill's folder whose files are named.
const LEVELS: usize = 4;

/// The tool for these skills; none where there are none.
pub fn skill_tool(skills: Vec<Skill>) -> Option<Arc<dyn Tool>> {
    (!skills.is_empty()).then(|| Arc::new(SkillTool { skills }) as Arc<dyn Tool>)
}

#[derive(Debug)]
struct SkillTool {
    skills: Vec<Skill>,
}

impl Tool for SkillTool {
    fn name(&self) -> &'static str {
        "skill"
    }

    fn description(&self) -> &'static str {
        "Returns the instructions of a skill and the names of the files that belong to it, which `read` opens. \
         Use it before work that a skill is for; the skills are described in the system prompt."
    }

    fn input(&self) -> Value {
        let names: Vec<&str> = self.skills.iter().map(|skill| skill.name.as_str()).collect();
        schema(&json!({"name": {"type": "string", "enum": names}}), &["name"])
    }

    fn kind(&self) -> ToolKind {
        ToolKind::Read
    }

    fn parallel(&self) -> bool {
        true
    }

    fn prepare(&self, input: Value, context: ToolContext) -> BoxFuture<'_, Result<Prepared, ToolOutput>> {
        Box::pin(async move { Ok(self.prepare(input, context)?) })
    }
}

impl SkillTool {
    fn prepare(&self, input: Value, context: ToolContext) -> Result<Prepared, Failure> {
        let mut fields = Fields::new(input, EXAMPLE)?;
        let name = fields.text(&["name", "skill", "skill_name", "skillName"])?;
        let Some(skill) = self.skills.iter().find(|skill| skill.name == name.trim()) else {
            let names: Vec<&str> = self.skills.iter().map(|skill| skill.name.as_str()).collect();
            let name = label::line(&name, 80);
            return Err(Failure(format!("there is no skill {name:?}; the skills are: {}", names.join(", "))));
        };
        let skill = skill.clone();
        Ok(Prepared {
            title: format!("Use the skill {}", skill.name),
            action: Action::Read { path: skill.path.clone() },
            locations: vec![ToolCallLocation::new(&skill.path)],
            preview: Vec::new(),
            work: work(async move {
                let text = sweep(&context.cancel, move |stop| told(&skill, stop)).await?.found?;
                Ok(ToolOutput::done(context.fit(text).await))
            }),
        })
    }
}

/// The instructions and the other files of a skill.
fn told(skill: &Skill, stop: &CancellationToken) -> Result<String, Failure> {
    let folder = skill.folder();
    let jail = Workspace::open(folder, &[])?;
    let data = jail.read(&jail.place(FILE)?, limit::SKILL)?;
    let text =
        Text::decode(&data.bytes).map_err(|why| Failure(format!("{}: {why}", skill.path.display())))?;
    let (_, body) = index::front_matter(text.as_str());
    let mut told =
        format!("# Skill {}\n\n{}\n\nIts folder is {}.", skill.name, body.trim(), folder.display());
    let (files, more) = files(&jail, folder, stop)?;
    if !files.is_empty() {
        told.push_str(" Its other files:");
    }
    for file in files {
        // Writing to a string does not fail.
        write!(told, "\n- {}", label::visible(&file.to_string_lossy(), false)).ok();
    }
    if more {
        told.push_str("\n- … and more");
    }
    Ok(told)
}

/// Paths below the folder, sorted, and whether there are more.
fn files(jail: &Workspace, folder: &Path, stop: &CancellationToken) -> Result<(Vec<PathBuf>, bool), Failure> {
    let walk = Walk::new(&jail.place(".")?).levels(LEVELS);
    let mut files = Vec::new();
    for entry in walk.builder().build().flatten().take_while(|_| !stop.is_cancelled()) {
        let below = entry.path().strip_prefix(folder).ok().filter(|path| *path != Path::new(FILE));
        let is_file = entry.file_type().is_some_and(|kind| kind.is_file());
        files.extend(below.filter(|_| is_file).map(Path::to_owned));
        if files.len() > limit::LISTED {
            break;
        }
    }
    files.sort_unstable();
    let more = files.len() > limit::SKILL_FILES;
    files.truncate(limit::SKILL_FILES);
    Ok((files, more))
}
