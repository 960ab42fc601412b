//! Judging a command line: the same order as for every action, for each command that it would run.

use super::{
    Decision, Grant, Judgement, Mode, Policy, Rule, Scope,
    display::brief,
    grant::{self, Answer},
    path::Place,
    protected,
    shell::{
        self, Clarity, Reading, SimpleCommand,
        destructive::{self, Harm},
        readonly,
        word::dequote,
    },
};
use std::path::{Path, PathBuf};

/// A command line with what is known about it.
struct Line<'a> {
    policy: &'a Policy,
    text: &'a str,
    place: Place<'a>,
    reading: Reading,
    harm: Option<Harm>,
    touched: Vec<Touched>,
}

/// A path that the line names. Every word counts as one: it is used to restrict only.
struct Touched {
    path: PathBuf,
    /// The command that names it may do more than read it.
    writes: bool,
}

pub(super) fn judge(policy: &Policy, text: &str, cwd: &Path) -> Judgement {
    let line = Line::read(policy, text, Place { cwd, home: policy.home() });
    line.denied()
        .or_else(|| line.planned())
        .or_else(|| line.asked())
        .or_else(|| line.alarming())
        .unwrap_or_else(|| line.ordinary())
}

impl<'a> Line<'a> {
    fn read(policy: &'a Policy, text: &'a str, place: Place<'a>) -> Self {
        let reading = shell::read(text);
        let harm = destructive::harm(text, &reading, &place, policy.workspace());
        let touched = touched(&reading, &place);
        Self { policy, text, place, reading, harm, touched }
    }

    /// Hard denials, then rules that deny, then lasting rejections.
    fn denied(&self) -> Option<Judgement> {
        if let Some(Harm::Fatal(why)) = &self.harm {
            return Some(Judgement::deny(format!("never run: it {why}")));
        }
        if self.touched.iter().any(|touched| touched.writes && self.policy.is_own(&touched.path)) {
            let what = "it would change the configuration or state of this program";
            return Some(Judgement::deny(format!("never run: {what}")));
        }
        if let Some(rule) = self.restricted(Decision::Deny) {
            return Some(Judgement::deny(format!("denied by the rule `{rule}`")));
        }
        let rejects =
            |grant: &&Grant| grant.answer == Answer::Reject && self.reading.all().any(|c| grant.covers(c));
        self.policy.live_grants().find(rejects).map(|grant| Judgement::deny(grant.to_string()))
    }

    fn planned(&self) -> Option<Judgement> {
        let refused = self.policy.mode() == Mode::Plan && !self.only_reads();
        refused.then(|| self.policy.refused_by_plan("only plainly read-only commands run"))
    }

    fn asked(&self) -> Option<Judgement> {
        let rule = self.restricted(Decision::Ask)?;
        Some(Judgement::ask(format!("asked because of the rule `{rule}`")))
    }

    /// What is asked about in every mode, whatever allows it: protected files, text that cannot be read,
    /// destruction.
    fn alarming(&self) -> Option<Judgement> {
        let mut written = self.touched.iter().filter(|touched| touched.writes);
        if let Some(why) = written.find_map(|touched| protected::reason(&touched.path)) {
            return Some(Judgement::ask(why));
        }
        if self.touched.iter().any(|touched| self.policy.is_own(&touched.path)) {
            return Some(Judgement::ask("reads the configuration or state of this program"));
        }
        if let Clarity::Unreadable(why) = &self.reading.clarity {
            return Some(Judgement::ask(format!("cannot be checked: {why}")));
        }
        let Some(Harm::Lasting(why)) = &self.harm else { return None };
        let meant = self.is_plain() && self.reading.commands.iter().all(|c| self.exactly_allowed(c));
        (!meant).then(|| Judgement::ask(format!("destructive: it {why}")))
    }

    /// Rules that allow, grants, the read-only table; then the mode.
    fn ordinary(&self) -> Judgement {
        let uncovered: Vec<&SimpleCommand> =
            self.reading.commands.iter().filter(|c| !self.covered(c)).collect();
        if self.is_plain() && uncovered.is_empty() {
            return Judgement::allow(
                "every command is allowed by a rule, an earlier answer or plainly reads",
            );
        }
        if self.policy.mode() == Mode::Full {
            return Judgement::allow("allowed by the mode Full access");
        }
        if let Clarity::Opaque(why) | Clarity::Unreadable(why) = &self.reading.clarity {
            return Judgement::ask(format!("what it runs cannot be known from its text: {why}"));
        }
        let name = uncovered.first().and_then(|c| c.argv.first()).map_or("", String::as_str);
        let reason = format!("no rule allows `{}`", brief(name, 60));
        if !self.inside() {
            return Judgement::ask(reason);
        }
        let within = &self.reading.within;
        Judgement::ask(reason).offering(grant::for_commands(self.policy.workspace(), &uncovered, within))
    }

    fn is_plain(&self) -> bool {
        self.reading.clarity == Clarity::Plain
    }

    fn inside(&self) -> bool {
        self.policy.contains(self.place.cwd)
    }

    fn only_reads(&self) -> bool {
        self.is_plain() && self.reading.commands.iter().all(|c| self.reads_only(c))
    }

    fn covered(&self, command: &SimpleCommand) -> bool {
        let rule = || self.policy.rules_of(Decision::Allow).any(|rule| rule.covers(command));
        let allows = |grant: &Grant| grant.answer == Answer::Allow && grant.covers(command);
        let granted = || self.inside() && self.policy.live_grants().any(allows);
        self.reads_only(command) || rule() || granted()
    }

    fn exactly_allowed(&self, command: &SimpleCommand) -> bool {
        self.policy.rules_of(Decision::Allow).any(|rule| rule.is_exact_command() && rule.covers(command))
            || self.reads_only(command)
    }

    /// Plainly read-only, and reading only what the read tool may read unasked.
    fn reads_only(&self, command: &SimpleCommand) -> bool {
        let Some(reads) = readonly::reads(command) else { return false };
        let free = |word: &&str| {
            let up = word.split('/').any(|part| part == "..");
            !up && self.policy.reads_freely(&self.place.resolve(word))
        };
        let broad = reads.broadly && self.policy.restricts_reading();
        self.inside() && !broad && reads.paths.iter().filter(|word| **word != "-").all(free)
    }

    /// The last restricting rule of this decision that speaks of the line.
    fn restricted(&self, decision: Decision) -> Option<&Rule> {
        let unreadable = matches!(self.reading.clarity, Clarity::Unreadable(_));
        let bare = if unreadable { dequote(self.text) } else { String::new() };
        let tokens: Vec<&str> =
            if unreadable { tokens(self.text).chain(tokens(&bare)).collect() } else { Vec::new() };
        let speaks = |rule: &&Rule| {
            rule.is_general(Scope::Bash)
                || self.reading.all().any(|command| rule.names(command))
                || (unreadable && rule.occurs_in(&tokens))
                || self.touches(rule)
        };
        self.policy.rules_of(decision).filter(speaks).last()
    }

    /// Whether a rule about files speaks of one that the line names.
    fn touches(&self, rule: &Rule) -> bool {
        let concerns = |touched: &Touched| match rule.scope() {
            Scope::Read => true,
            Scope::Edit => touched.writes,
            _ => false,
        };
        let place = self.policy.place();
        self.touched.iter().any(|touched| concerns(touched) && rule.matches_file(&touched.path, &place))
    }
}

fn touched(reading: &Reading, place: &Place<'_>) -> Vec<Touched> {
    let mut found = Vec::new();
    let mut add = |word: &str, writes| found.push(Touched { path: place.resolve(word), writes });
    for command in reading.all() {
        let writes = !readonly::is_reader(command);
        for word in command.arguments() {
            if !word.starts_with('-') {
                add(word, writes);
            }
            // `--file=x`, `of=x`
            if let Some((_, value)) = word.split_once('=') {
                add(value, writes);
            }
        }
    }
    reading.writes.iter().for_each(|word| add(word, true));
    reading.reads.iter().for_each(|word| add(word, false));
    found
}

/// What could be the name of a program or a plain argument.
fn tokens(text: &str) -> impl Iterator<Item = &str> {
    let parts = text.split(|c: char| !(c.is_alphanumeric() || "_.+-".contains(c)));
    parts.filter(|token| !token.is_empty())
}
