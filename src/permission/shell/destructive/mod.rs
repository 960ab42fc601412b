//! Commands that destroy what cannot be brought back, or reach beyond the machine's user. Some are never
//! run; the rest are asked about even where nothing else is.

mod table;

use super::{Reading, SimpleCommand, readonly, wrapper};
use crate::permission::path::Place;
use std::path::{Component, Path, PathBuf};
use table::{DEVICES, PHRASES, POWER, POWER_UNITS, REBUILDABLE, SYSTEM, TABLE};

/// How bad it is, and why, as a phrase for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::permission) enum Harm {
    /// Never run, in any mode.
    Fatal(String),
    /// Asked about in every mode.
    Lasting(String),
}

/// The worst harm a line does, if any. `root` is the workspace.
pub(in crate::permission) fn harm(
    text: &str,
    reading: &Reading,
    place: &Place<'_>,
    root: &Path,
) -> Option<Harm> {
    let scope = Scope { place, root };
    if fork_bomb(text) {
        return Some(fatal("starts itself without end"));
    }
    let writes = reading.writes.iter().filter_map(|target| scope.overwrites(target));
    let commands = reading.all().filter_map(|command| scope.judge(command));
    let mut lasting = None;
    for harm in commands.chain(writes) {
        if matches!(harm, Harm::Fatal(_)) {
            return Some(harm);
        }
        lasting.get_or_insert(harm);
    }
    lasting
}

struct Scope<'a> {
    place: &'a Place<'a>,
    root: &'a Path,
}

fn fatal(why: &str) -> Harm {
    Harm::Fatal(why.to_owned())
}

fn lasting(why: &str) -> Harm {
    Harm::Lasting(why.to_owned())
}

impl Scope<'_> {
    fn judge(&self, command: &SimpleCommand) -> Option<Harm> {
        if readonly::is_reader(command) {
            return None;
        }
        let program = command.program();
        let words = command.arguments();
        if POWER.contains(&program)
            || (matches!(program, "init" | "telinit") && words.iter().any(|w| w == "0" || w == "6"))
            || (program == "systemctl" && words.iter().any(|w| POWER_UNITS.contains(&w.as_str())))
        {
            return Some(fatal("turns the machine off"));
        }
        if matches!(program, "kill") && words.iter().skip(1).any(|w| w == "-1") {
            return Some(fatal("ends every program of the user"));
        }
        let device = words.iter().find_map(|word| self.device(word.rsplit('=').next().unwrap_or(word)));
        if device.is_some() && writes_devices(program) {
            return Some(fatal("overwrites a disk"));
        }
        let own = match program {
            "rm" | "unlink" | "rmdir" | "srm" | "trash" => self.removal(words),
            "chmod" | "chown" | "chgrp" | "chattr" | "setfacl" => self.attributes(words),
            "mv" => self.movement(words),
            "find" if words.iter().any(|w| w == "-delete" || w == "rm") => self.vital_operand(words),
            _ => None,
        };
        let shell = wrapper::SHELLS.contains(&program) || matches!(program, "eval" | "source" | ".");
        if own.is_none() && shell && runs_unseen(command) {
            return Some(lasting("runs a script that is not shown"));
        }
        own.or_else(|| listed(command)).or_else(|| phrase(command))
    }

    /// A redirect onto a disk or into the kernel's controls.
    fn overwrites(&self, target: &str) -> Option<Harm> {
        if target.contains("/dev/tcp/") || target.contains("/dev/udp/") {
            return Some(lasting("opens a network connection"));
        }
        if self.device(target).is_some() {
            return Some(fatal("overwrites a disk"));
        }
        let path = self.place.resolve(target);
        let vital = ["/etc/passwd", "/etc/shadow", "/etc/sudoers", "/proc/sysrq-trigger", "/etc/fstab"];
        if vital.iter().any(|file| path == Path::new(file)) {
            return Some(fatal("overwrites a file the system needs"));
        }
        let system = ["/etc", "/boot", "/sys", "/proc", "/usr", "/bin", "/sbin", "/lib"];
        if system.iter().any(|folder| path.starts_with(folder)) && !path.starts_with(self.root) {
            return Some(lasting("overwrites a file of the system"));
        }
        None
    }

    fn device(&self, word: &str) -> Option<PathBuf> {
        let path = self.place.resolve(word);
        let name = path.strip_prefix("/dev").ok()?.to_str()?;
        DEVICES.iter().any(|start| name.starts_with(start)).then(|| path.clone())
    }

    fn removal(&self, words: &[String]) -> Option<Harm> {
        let recursive =
            words.iter().any(|w| has_flag(w, "-r") || has_flag(w, "-R") || has_flag(w, "--recursive"));
        if words.iter().any(|w| has_flag(w, "--no-preserve-root")) {
            return Some(fatal("deletes the file system"));
        }
        if recursive && let Some(harm) = self.vital_operand(words) {
            return Some(harm);
        }
        let operands: Vec<&String> = words.iter().filter(|w| !w.starts_with('-')).collect();
        let known = |word: &&String| !word.contains(['*', '?', '$', '`', '[', '{', '~']);
        if operands.is_empty() || !operands.iter().all(known) {
            return Some(lasting("deletes files that are not named one by one"));
        }
        let paths = operands.iter().map(|word| self.place.resolve(word));
        let mut outside = paths.filter(|path| path == self.root || !path.starts_with(self.root));
        if outside.next().is_some() {
            return Some(lasting("deletes outside the workspace"));
        }
        let rebuildable = |word: &&String| {
            let parts = Path::new(word.as_str()).components();
            parts.filter_map(|p| p.as_os_str().to_str()).any(|part| REBUILDABLE.contains(&part))
        };
        (recursive && !operands.iter().all(rebuildable)).then(|| lasting("deletes whole folders"))
    }

    fn attributes(&self, words: &[String]) -> Option<Harm> {
        if !words.iter().any(|w| has_flag(w, "-R") || has_flag(w, "--recursive")) {
            return None;
        }
        let modes = words.iter().skip_while(|w| w.starts_with('-')).skip(1).cloned().collect::<Vec<_>>();
        self.vital_operand(&modes).or_else(|| Some(lasting("changes the owner or mode of whole folders")))
    }

    fn movement(&self, words: &[String]) -> Option<Harm> {
        let operands: Vec<String> = words.iter().filter(|w| !w.starts_with('-')).cloned().collect();
        let (target, sources) = operands.split_last()?;
        if let Some(harm) = self.vital_operand(sources) {
            return Some(harm);
        }
        (self.place.resolve(target) == Path::new("/dev/null")).then(|| lasting("destroys files"))
    }

    /// An operand that is the root, a system folder or the home, or everything in one of them.
    fn vital_operand(&self, words: &[String]) -> Option<Harm> {
        let vital = words.iter().filter(|w| !w.starts_with('-')).any(|word| self.is_vital(word));
        vital.then(|| fatal("destroys the system or the home folder"))
    }

    fn is_vital(&self, word: &str) -> bool {
        let everything =
            ["/*", "/.*", "/.", "/**", "/{*,.*}", "/?*"].iter().find_map(|all| word.strip_suffix(all));
        let stem = match everything {
            Some("") => "/",
            Some(stem) => stem,
            None => word,
        };
        if stem.is_empty() || stem.contains(['*', '?']) {
            return false;
        }
        if ["~", "$HOME", "${HOME}", "~root"].contains(&stem.trim_end_matches('/')) {
            return true;
        }
        let path = self.place.resolve(stem);
        if path == self.root || (everything.is_some() && path.starts_with(self.root)) {
            return false;
        }
        let mut parts = path.components().skip_while(|part| *part == Component::RootDir);
        let first = parts.next().and_then(|part| part.as_os_str().to_str()).map(str::to_lowercase);
        let system = first.as_deref().is_none_or(|name| SYSTEM.contains(&name)) && parts.next().is_none();
        system || self.place.home.is_some_and(|home| path == home || home.starts_with(&path))
    }
}

fn writes_devices(program: &str) -> bool {
    program.starts_with("mkfs")
        || matches!(
            program,
            "dd" | "mke2fs" | "mkswap" | "wipefs" | "blkdiscard" | "shred" | "fdisk" | "sfdisk" | "sgdisk"
        )
        || matches!(
            program,
            "gdisk" | "parted" | "cp" | "tee" | "mv" | "badblocks" | "hdparm" | "cryptsetup" | "rm"
        )
        || matches!(program, "truncate" | "diskutil" | "pv" | "cat")
}

fn listed(command: &SimpleCommand) -> Option<Harm> {
    let program = command.program();
    let hit = |entry: &str| {
        let mut parts = entry.split(' ');
        let name = parts.next().unwrap_or_default();
        let named = name.strip_suffix('*').map_or(program == name, |start| program.starts_with(start));
        named && parts.all(|part| command.arguments().iter().any(|word| has_flag(word, part)))
    };
    TABLE.iter().find(|(_, entries)| entries.iter().any(|entry| hit(entry))).map(|(why, _)| lasting(why))
}

/// Forges and version control carry messages, which may speak of anything.
fn phrase(command: &SimpleCommand) -> Option<Harm> {
    if matches!(command.program(), "git" | "gh" | "glab" | "jj" | "hg") {
        return None;
    }
    let spoken = |word: &String| {
        let folded = word.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
        PHRASES.iter().find(|(_, phrases)| phrases.iter().any(|phrase| folded.contains(phrase)))
    };
    command.arguments().iter().find_map(spoken).map(|(why, _)| lasting(why))
}

/// Whether a word is, holds or abbreviates a part of a table row.
fn has_flag(word: &str, part: &str) -> bool {
    if part == "--" {
        return word == part;
    }
    if let Some(long) = part.strip_prefix("--").filter(|long| !long.is_empty()) {
        let Some(given) = word.strip_prefix("--") else { return false };
        let name = given.split('=').next().unwrap_or(given);
        return name.starts_with(long.trim_end_matches('*')) || (name.len() >= 2 && long.starts_with(name));
    }
    match part.strip_prefix('-') {
        Some(letter) if letter.len() == 1 => {
            word.starts_with('-') && !word.starts_with("--") && word.contains(letter)
        }
        _ => match (part.strip_suffix('*'), part.strip_prefix('*')) {
            (Some(start), _) => word.starts_with(start) && word.len() > start.len(),
            (_, Some(end)) => word.ends_with(end),
            _ => word == part,
        },
    }
}

/// A shell that reads its script from elsewhere: its input, a substitution or a download.
fn runs_unseen(command: &SimpleCommand) -> bool {
    let substituted = command
        .arguments()
        .iter()
        .any(|word| word.contains("<(") || word.contains("$(") || word.contains('`'));
    let shell = wrapper::SHELLS.contains(&command.program());
    substituted || (shell && wrapper::reads_script(command))
}

/// `f(){ f|f& };f` in any spelling.
fn fork_bomb(text: &str) -> bool {
    let dense: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    dense.match_indices("(){").any(|(at, opening)| {
        let name: String = dense[..at].chars().rev().take_while(|c| !";&|(){}".contains(*c)).collect();
        let name: String = name.chars().rev().collect();
        let name = name.strip_prefix("function").unwrap_or(&name);
        !name.is_empty() && dense[at + opening.len()..].starts_with(&format!("{name}|{name}"))
    })
}
