//! The rules, the grants and the mode of one session, and the order in which they speak.

use super::{
    Action, Answer, Decision, Grant, GrantKind, Judgement, Mode, Rule, Scope,
    display::brief,
    execute,
    path::{Place, is_resolved, normalize, starts_with_in_any_case},
    protected,
    url::Url,
};
use std::path::{Path, PathBuf};

/// Everything that decides about actions in one workspace.
#[derive(Debug, Clone)]
pub struct Policy {
    workspace: PathBuf,
    home: Option<PathBuf>,
    roots: Vec<PathBuf>,
    rules: Vec<Rule>,
    grants: Vec<Grant>,
    own: Vec<PathBuf>,
    readable: Vec<PathBuf>,
    mode: Mode,
}

impl Policy {
    /// A policy without rules, in the default mode. Both paths are absolute, with links resolved.
    #[expect(clippy::needless_pass_by_value, reason = "the policy owns its paths; callers hand theirs over")]
    pub fn new(workspace: PathBuf, home: Option<PathBuf>) -> Self {
        let workspace = normalize(&workspace);
        let home = home.map(|home| normalize(&home));
        Self {
            workspace,
            home,
            roots: Vec::new(),
            rules: Vec::new(),
            grants: Vec::new(),
            own: Vec::new(),
            readable: Vec::new(),
            mode: Mode::Default,
        }
    }

    /// The same with these rules instead of any before, in the order of their precedence within a rank:
    /// the last that matches gives the reason.
    pub fn with_rules(mut self, rules: Vec<Rule>) -> Self {
        self.rules = rules;
        self
    }

    /// The same in another mode.
    pub fn with_mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// The same with further folders that count as the workspace, absolute and resolved.
    pub fn with_roots(mut self, roots: impl IntoIterator<Item = PathBuf>) -> Self {
        self.roots.extend(roots.into_iter().map(|root| normalize(&root)));
        self
    }

    /// The same with further folders that are read as freely as the workspace, also where they lie within
    /// protected ones, and that are no more writable for it. Absolute and resolved.
    pub fn with_readable(mut self, folders: impl IntoIterator<Item = PathBuf>) -> Self {
        self.readable.extend(folders.into_iter().map(|folder| normalize(&folder)));
        self
    }

    /// Adds absolute paths that nothing may write in any mode, and that reading always asks for: this
    /// program's configuration and state.
    pub fn protect(&mut self, paths: impl IntoIterator<Item = PathBuf>) {
        self.own.extend(paths.into_iter().map(|path| normalize(&path)));
    }

    /// Changes the mode.
    pub fn set_mode(&mut self, mode: Mode) {
        self.mode = mode;
    }

    /// The mode.
    pub const fn mode(&self) -> Mode {
        self.mode
    }

    /// The workspace, absolute.
    pub fn workspace(&self) -> &Path {
        &self.workspace
    }

    /// Remembers a lasting answer. One that was given the other way round is replaced.
    pub fn add_grant(&mut self, grant: Grant) {
        self.grants.retain(|old| old.kind != grant.kind || old.workspace != grant.workspace);
        self.grants.push(grant);
    }

    /// Takes these as the lasting answers, in place of any before.
    pub fn set_grants(&mut self, grants: Vec<Grant>) {
        self.grants = grants;
    }

    /// Forgets a lasting answer; whether there was one.
    pub fn remove_grant(&mut self, grant: &Grant) -> bool {
        let before = self.grants.len();
        self.grants.retain(|old| old != grant);
        self.grants.len() < before
    }

    /// The lasting answers, oldest first, also those of other workspaces.
    pub fn grants(&self) -> &[Grant] {
        &self.grants
    }

    /// What the rules say. Hard denials, rules that deny, rejections, the plan mode, rules that ask,
    /// protected and destructive things, rules that allow, grants, the mode: the first that speaks decides.
    pub fn judge(&self, action: &Action) -> Judgement {
        if let Action::Execute { command, cwd } = action {
            return if is_resolved(cwd) {
                execute::judge(self, command, cwd)
            } else {
                Judgement::ask("the working folder is not an absolute, resolved path")
            };
        }
        if let Action::EditAll { paths } = action {
            return self.judge_all(paths);
        }
        self.forbidden(action)
            .or_else(|| self.denied(action))
            .or_else(|| self.planned(action))
            .or_else(|| self.asked(action))
            .or_else(|| self.guarded(action))
            .or_else(|| self.permitted(action))
            .unwrap_or_else(|| self.by_mode(action))
    }

    /// The strictest of the judgements of single edits. "Always" is offered where one file alone is asked about,
    /// as an answer then speaks of that file.
    fn judge_all(&self, paths: &[PathBuf]) -> Judgement {
        let each = paths.iter().map(|path| (path, self.judge(&Action::Edit { path: path.clone() })));
        let mut judged: Vec<_> = each.collect();
        let Some(strictest) = judged.iter().map(|(_, judgement)| judgement.decision).max() else {
            return Judgement::allow("changes nothing");
        };
        judged.retain(|(_, judgement)| judgement.decision == strictest);
        let alone = judged.len() == 1;
        let (path, first) = judged.remove(0);
        if paths.len() == 1 || strictest == Decision::Allow {
            return first;
        }
        let more = if alone { String::new() } else { format!(" (and {} more)", judged.len()) };
        let reason = format!("{}: {}{more}", brief(&path.to_string_lossy(), 200), first.reason);
        Judgement { decision: strictest, reason, grants: if alone { first.grants } else { Vec::new() } }
    }

    fn forbidden(&self, action: &Action) -> Option<Judgement> {
        match action {
            Action::Edit { path } if self.is_own(&normalize(path)) => Some(Judgement::deny(
                "never done: it would change the configuration or state of this program",
            )),
            Action::Fetch { url } => {
                let why = Url::parse(url).err()?;
                Some(Judgement::deny(format!("never fetched: {why}; write the URL as https://host/path")))
            }
            _ => None,
        }
    }

    fn last_rule(&self, decision: Decision, action: &Action) -> Option<&Rule> {
        let place = self.place();
        self.rules_of(decision).filter(|rule| rule.matches(action, &place)).last()
    }

    /// Rules that deny, then lasting rejections.
    fn denied(&self, action: &Action) -> Option<Judgement> {
        if let Some(rule) = self.last_rule(Decision::Deny, action) {
            return Some(Judgement::deny(format!("denied by the rule `{rule}`")));
        }
        let rejects = |grant: &&Grant| grant.answer == Answer::Reject && grant.matches(action);
        self.live_grants().find(rejects).map(|grant| Judgement::deny(grant.to_string()))
    }

    fn planned(&self, action: &Action) -> Option<Judgement> {
        let what = match action {
            Action::Edit { .. } => "files are not changed",
            Action::Remote { .. } => "remote tools are not called",
            _ => return None,
        };
        (self.mode == Mode::Plan).then(|| self.refused_by_plan(what))
    }

    fn asked(&self, action: &Action) -> Option<Judgement> {
        let rule = self.last_rule(Decision::Ask, action)?;
        Some(Judgement::ask(format!("asked because of the rule `{rule}`")))
    }

    /// What no allowance lifts: unresolved paths, protected files, files of our own.
    fn guarded(&self, action: &Action) -> Option<Judgement> {
        match action {
            Action::Read { path } | Action::Search { path } | Action::Edit { path } if !is_resolved(path) => {
                Some(Judgement::ask("the path is not absolute and resolved"))
            }
            Action::Edit { path } => protected::reason(path).map(Judgement::ask),
            Action::Read { path } if self.is_own(path) && !self.is_readable(path) => {
                Some(Judgement::ask("reads the configuration or state of this program"))
            }
            _ => None,
        }
    }

    fn permitted(&self, action: &Action) -> Option<Judgement> {
        if let Some(rule) = self.last_rule(Decision::Allow, action) {
            return Some(Judgement::allow(format!("allowed by the rule `{rule}`")));
        }
        let granted = self.live_grants().find(|grant| grant.answer == Answer::Allow && grant.matches(action));
        granted.map(|grant| Judgement::allow(grant.to_string()))
    }

    fn by_mode(&self, action: &Action) -> Judgement {
        let free = || Judgement::allow(format!("allowed by the mode {}", self.mode.name()));
        match (action, self.mode) {
            (Action::Note, _) | (_, Mode::Full) => free(),
            (Action::Read { path } | Action::Search { path }, _)
                if self.contains(path) || self.is_readable(path) =>
            {
                free()
            }
            (Action::Read { .. } | Action::Search { .. }, _) => Judgement::ask("reads outside the workspace"),
            (Action::Edit { path }, Mode::AcceptEdits) if self.contains(path) => free(),
            (Action::Edit { path }, _) => {
                let whose = if self.contains(path) { "a file" } else { "a file outside the workspace" };
                Judgement::ask(format!("changes {whose}")).offering(self.offer(GrantKind::Edit(path.clone())))
            }
            (Action::Fetch { url }, _) => {
                let origin = Url::parse(url).map(|url| url.origin()).unwrap_or_default();
                let reason = format!("fetches from {}", brief(&origin, 200));
                Judgement::ask(reason).offering(self.offer(GrantKind::Fetch(origin)))
            }
            (Action::Remote { server, tool, pin }, _) => {
                let reason =
                    format!("calls the tool {} of the server {}", brief(tool, 100), brief(server, 100));
                let kind = GrantKind::Remote { server: server.clone(), tool: tool.clone(), pin: pin.clone() };
                Judgement::ask(reason).offering(self.offer(kind))
            }
            (Action::Execute { .. }, _) => Judgement::ask("runs a command"),
            (Action::EditAll { .. }, _) => Judgement::ask("changes several files"),
        }
    }

    fn offer(&self, kind: GrantKind) -> Vec<Grant> {
        vec![Grant { workspace: self.workspace.clone(), answer: Answer::Allow, kind }]
    }

    pub(super) fn refused_by_plan(&self, what: &str) -> Judgement {
        Judgement::deny(format!(
            "refused by the mode {}: {what}; switch to another mode, or to an agent without it, to go on",
            self.mode.name()
        ))
    }

    pub(super) fn home(&self) -> Option<&Path> {
        self.home.as_deref()
    }

    pub(super) fn place(&self) -> Place<'_> {
        Place { cwd: &self.workspace, home: self.home() }
    }

    pub(super) fn rules_of(&self, decision: Decision) -> impl Iterator<Item = &Rule> {
        self.rules.iter().filter(move |rule| rule.decision() == decision)
    }

    pub(super) fn live_grants(&self) -> impl Iterator<Item = &Grant> {
        self.grants.iter().filter(|grant| grant.is_for(&self.workspace))
    }

    pub(super) fn contains(&self, path: &Path) -> bool {
        is_resolved(path)
            && (path.starts_with(&self.workspace) || self.roots.iter().any(|root| path.starts_with(root)))
    }

    /// Whatever the case: on some file systems it names the same file.
    pub(super) fn is_own(&self, path: &Path) -> bool {
        self.own.iter().any(|own| starts_with_in_any_case(path, own))
    }

    fn is_readable(&self, path: &Path) -> bool {
        is_resolved(path) && self.readable.iter().any(|folder| path.starts_with(folder))
    }

    /// Whether the read tool would read this file without asking.
    pub(super) fn reads_freely(&self, path: &Path) -> bool {
        self.is_readable(path) || self.contains(path) && !self.is_own(path)
    }

    /// Whether some rule withholds files from reading, or own files lie in the workspace.
    pub fn restricts_reading(&self) -> bool {
        let rule = |rule: &Rule| {
            rule.decision() != Decision::Allow && matches!(rule.scope(), Scope::Read | Scope::Search)
        };
        self.rules.iter().any(rule) || self.own.iter().any(|own| self.contains(own))
    }
}
