//! Judging a command line: the same order as for every action, for each command that it would run.

use super::{
    Decision, Grant, Judgement, Mode, Policy, Rule,
    display::brief,
    grant::{self, Answer},
    path::Place,
    protected,
    shell::{self, Clarity, Reading, SimpleCommand, destructive::Harm, readonly, word::dequote},
};
use std::path::{Path, PathBuf};

/// A command line with what is known about it.
struct Line<'a> {
    policy: &'a Policy,
    text: &'a str,
    place: Place<'a>,
    reading: Reading,
}

pub(super) fn judge(policy: &Policy, text: &str, cwd: &Path) -> Judgement {
    let place = Place { cwd, home: policy.home() };
    let line = Line { policy, text, place, reading: shell::read(text) };
    line.denied()
        .or_else(|| line.asked())
        .or_else(|| line.rejected())
        .or_else(|| line.planned())
        .or_else(|| line.alarming())
        .unwrap_or_else(|| line.ordinary())
}

impl Line<'_> {
    /// Hard denials, then rules that deny.
    fn denied(&self) -> Option<Judgement> {
        if let Some(Harm::Fatal(why)) = self.harm() {
            return Some(Judgement::deny(format!("never run: it {why}")));
        }
        if self.touched().any(|(path, writes)| writes && self.policy.is_own(&path)) {
            return Some(Judgement::deny(
                "never run: it would change the configuration or state of this program",
            ));
        }
        self.restricted(Decision::Deny).map(|rule| Judgement::deny(format!("denied by the rule `{rule}`")))
    }

    fn asked(&self) -> Option<Judgement> {
        self.restricted(Decision::Ask)
            .map(|rule| Judgement::ask(format!("asked because of the rule `{rule}`")))
    }

    fn rejected(&self) -> Option<Judgement> {
        let rejects =
            |grant: &&Grant| grant.answer == Answer::Reject && self.reading.all().any(|c| grant.covers(c));
        self.policy.live_grants().find(rejects).map(|grant| Judgement::deny(grant.to_string()))
    }

    fn planned(&self) -> Option<Judgement> {
        let refused = self.policy.mode() == Mode::Plan && !self.only_reads();
        refused.then(|| self.policy.refused_by_plan("only plainly read-only commands run"))
    }

    /// What is asked about in every mode, whatever allows it: protected files, destruction, text that
    /// cannot be read.
    fn alarming(&self) -> Option<Judgement> {
        if let Some(why) =
            self.touched().filter(|(_, writes)| *writes).find_map(|(path, _)| protected::reason(&path))
        {
            return Some(Judgement::ask(why));
        }
        if let Clarity::Unreadable(why) = &self.reading.clarity {
            return Some(Judgement::ask(format!("cannot be checked: {why}")));
        }
        let Some(Harm::Lasting(why)) = self.harm() else { return None };
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
        let offers =
            if self.inside() { grant::for_commands(self.policy.workspace(), &uncovered) } else { Vec::new() };
        Judgement::ask(reason).offering(offers)
    }

    fn is_plain(&self) -> bool {
        self.reading.clarity == Clarity::Plain
    }

    fn inside(&self) -> bool {
        self.policy.contains(self.place.cwd)
    }

    fn harm(&self) -> Option<Harm> {
        shell::destructive::harm(self.text, &self.reading, &self.place, self.policy.workspace())
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
        self.inside() && !broad && reads.paths.iter().filter(|word| **word != "-").all(|word| free(word))
    }

    /// The last restricting rule of this decision that speaks of the line.
    fn restricted(&self, decision: Decision) -> Option<&Rule> {
        let unreadable = matches!(self.reading.clarity, Clarity::Unreadable(_));
        let bare = dequote(self.text);
        let split = |c: char| !(c.is_alphanumeric() || "_.+-".contains(c));
        let tokens: Vec<&str> = if unreadable {
            self.text.split(split).chain(bare.split(split)).filter(|token| !token.is_empty()).collect()
        } else {
            Vec::new()
        };
        let workspace = self.policy.place();
        let speaks = |rule: &&Rule| {
            let files = || match rule.scope() {
                super::Scope::Read => self.touched().any(|(path, _)| rule.matches_file(&path, &workspace)),
                super::Scope::Edit => {
                    self.touched().any(|(path, w)| w && rule.matches_file(&path, &workspace))
                }
                _ => false,
            };
            rule.is_general(super::Scope::Bash)
                || self.reading.all().any(|command| rule.names(command))
                || (unreadable && rule.occurs_in(&tokens))
                || files()
        };
        self.policy.rules_of(decision).filter(speaks).last()
    }

    /// Paths the line names, and whether it may write them. Every word counts as a path: it is used to
    /// restrict only.
    fn touched(&self) -> impl Iterator<Item = (PathBuf, bool)> + '_ {
        let of_command = move |command: &SimpleCommand| {
            let writes = !readonly::is_reader(command);
            let words: Vec<_> = command.arguments().iter().flat_map(|word| values(word)).collect();
            words.into_iter().map(move |word| (self.place.resolve(&word), writes)).collect::<Vec<_>>()
        };
        let redirected = self.reading.writes.iter().map(|word| (self.place.resolve(word), true));
        let read = self.reading.reads.iter().map(|word| (self.place.resolve(word), false));
        self.reading.all().flat_map(of_command).chain(redirected).chain(read)
    }
}

/// The word, and what follows an equals sign in it: `--file=x`, `of=x`.
fn values(word: &str) -> impl Iterator<Item = String> {
    let whole = (!word.starts_with('-')).then(|| word.to_owned());
    whole.into_iter().chain(word.split_once('=').map(|(_, value)| value.to_owned()))
}
