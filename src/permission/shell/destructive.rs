//! Commands that destroy what cannot be brought back, or reach beyond the machine's user. Some are never
//! run; the rest are asked about even where nothing else is.

use super::{Reading, SimpleCommand, wrapper};
use crate::permission::path::Place;
use std::path::{Component, Path, PathBuf};

/// How bad it is, and why, as a phrase for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::permission) enum Harm {
    /// Never run, in any mode.
    Fatal(String),
    /// Asked about in every mode.
    Lasting(String),
}

/// Programs and words that together destroy something. `-f` also matches inside `-xdf`; a long flag also
/// matches its abbreviations and what extends it; `*` at the end of a word matches any rest.
const TABLE: &[(&str, &str)] = &[
    // other users, other programs
    ("sudo", "runs as another user"),
    ("doas", "runs as another user"),
    ("su", "runs as another user"),
    ("pkexec", "runs as another user"),
    ("runuser", "runs as another user"),
    ("killall", "ends programs by name"),
    ("pkill", "ends programs by name"),
    ("kill -1", "ends every program of the user"),
    ("passwd", "changes accounts"),
    ("chpasswd", "changes accounts"),
    ("userdel", "changes accounts"),
    ("usermod", "changes accounts"),
    ("useradd", "changes accounts"),
    ("groupdel", "changes accounts"),
    ("visudo", "changes accounts"),
    ("crontab", "changes scheduled jobs"),
    ("at", "schedules a job"),
    ("systemctl stop", "stops a service"),
    ("systemctl disable", "stops a service"),
    ("systemctl mask", "stops a service"),
    ("service stop", "stops a service"),
    ("launchctl unload", "stops a service"),
    ("launchctl remove", "stops a service"),
    ("iptables", "changes the firewall"),
    ("ip6tables", "changes the firewall"),
    ("nft", "changes the firewall"),
    ("ufw", "changes the firewall"),
    ("insmod", "changes the kernel"),
    ("rmmod", "changes the kernel"),
    ("modprobe", "changes the kernel"),
    ("sysctl -w", "changes the kernel"),
    ("mount", "changes mounts"),
    ("umount", "changes mounts"),
    ("swapoff", "changes mounts"),
    // files and disks
    ("shred", "destroys files"),
    ("srm", "destroys files"),
    ("rimraf", "deletes folders"),
    ("dd", "overwrites its output"),
    ("find -delete", "deletes every file it finds"),
    ("fd -delete", "deletes every file it finds"),
    ("truncate", "empties files"),
    ("mkfs*", "makes a file system"),
    ("mke2fs", "makes a file system"),
    ("mkswap", "makes a file system"),
    ("wipefs", "erases a disk"),
    ("fdisk", "changes partitions"),
    ("sfdisk", "changes partitions"),
    ("gdisk", "changes partitions"),
    ("sgdisk", "changes partitions"),
    ("parted", "changes partitions"),
    ("blkdiscard", "erases a disk"),
    ("hdparm", "changes a disk"),
    ("cryptsetup", "changes a disk"),
    ("diskutil erase*", "erases a disk"),
    ("diskutil partition*", "erases a disk"),
    ("lvremove", "removes volumes"),
    ("vgremove", "removes volumes"),
    ("pvremove", "removes volumes"),
    ("zpool destroy", "removes volumes"),
    ("zfs destroy", "removes volumes"),
    ("btrfs delete", "removes volumes"),
    ("mdadm --zero-superblock", "removes volumes"),
    ("rsync --del", "deletes files at the target"),
    ("rsync --delete", "deletes files at the target"),
    ("rclone purge", "deletes files at the target"),
    ("rclone sync", "deletes files at the target"),
    ("rclone delete", "deletes files at the target"),
    ("trash-empty", "empties the trash"),
    ("history -c", "clears the history"),
    ("gpg --delete*", "deletes keys"),
    ("gpg --delete-secret-keys", "deletes keys"),
    ("security delete*", "deletes keys"),
    // version control
    ("git reset --hard", "throws away uncommitted work"),
    ("git reset --merge", "throws away uncommitted work"),
    ("git clean -f", "deletes untracked files"),
    ("git clean --force", "deletes untracked files"),
    ("git checkout .", "throws away uncommitted work"),
    ("git checkout --", "throws away uncommitted work"),
    ("git checkout -f", "throws away uncommitted work"),
    ("git checkout --force", "throws away uncommitted work"),
    ("git switch -f", "throws away uncommitted work"),
    ("git switch --discard-changes", "throws away uncommitted work"),
    ("git restore", "throws away uncommitted work"),
    ("git rm -f", "throws away uncommitted work"),
    ("git push -f", "rewrites a remote branch"),
    ("git push --force", "rewrites a remote branch"),
    ("git push --mirror", "rewrites a remote"),
    ("git push --delete", "deletes a remote branch"),
    ("git push -d", "deletes a remote branch"),
    ("git push --prune", "deletes remote branches"),
    ("git push +*", "rewrites a remote branch"),
    ("git push :*", "deletes a remote branch"),
    ("git branch -D", "deletes a branch"),
    ("git branch -d", "deletes a branch"),
    ("git branch --delete", "deletes a branch"),
    ("git tag -d", "deletes a tag"),
    ("git tag --delete", "deletes a tag"),
    ("git stash drop", "deletes stashed work"),
    ("git stash clear", "deletes stashed work"),
    ("git reflog expire", "deletes history"),
    ("git reflog delete", "deletes history"),
    ("git gc --prune", "deletes history"),
    ("git prune", "deletes history"),
    ("git filter-branch", "rewrites history"),
    ("git filter-repo", "rewrites history"),
    ("git update-ref -d", "deletes a reference"),
    ("git worktree remove", "deletes a working tree"),
    ("git worktree prune", "deletes a working tree"),
    ("git config", "changes what git runs"),
    ("git submodule deinit", "deletes a submodule"),
    ("hg purge", "deletes untracked files"),
    ("hg strip", "deletes history"),
    ("svn revert", "throws away uncommitted work"),
    ("jj abandon", "deletes history"),
    // containers and clouds
    ("docker prune", "deletes containers, images or volumes"),
    ("docker rm", "deletes containers, images or volumes"),
    ("docker rmi", "deletes containers, images or volumes"),
    ("docker down -v", "deletes volumes"),
    ("docker down --volumes", "deletes volumes"),
    ("podman prune", "deletes containers, images or volumes"),
    ("podman rm", "deletes containers, images or volumes"),
    ("podman rmi", "deletes containers, images or volumes"),
    ("docker-compose down -v", "deletes volumes"),
    ("kubectl delete", "deletes cluster resources"),
    ("kubectl drain", "empties a node"),
    ("kubectl replace --force", "deletes cluster resources"),
    ("helm uninstall", "removes a release"),
    ("helm delete", "removes a release"),
    ("terraform destroy", "destroys infrastructure"),
    ("terraform apply", "changes infrastructure"),
    ("terraform state rm", "forgets infrastructure"),
    ("tofu destroy", "destroys infrastructure"),
    ("tofu apply", "changes infrastructure"),
    ("pulumi destroy", "destroys infrastructure"),
    ("cdk destroy", "destroys infrastructure"),
    ("aws rm", "deletes cloud resources"),
    ("aws rb", "deletes cloud resources"),
    ("aws sync --delete", "deletes cloud resources"),
    ("aws delete-*", "deletes cloud resources"),
    ("aws terminate-*", "deletes cloud resources"),
    ("gcloud delete", "deletes cloud resources"),
    ("gsutil rm", "deletes cloud resources"),
    ("gsutil rb", "deletes cloud resources"),
    ("az delete", "deletes cloud resources"),
    ("az purge", "deletes cloud resources"),
    ("doctl delete", "deletes cloud resources"),
    ("heroku *:destroy", "deletes an application"),
    ("flyctl destroy", "deletes an application"),
    ("fly destroy", "deletes an application"),
    ("vercel rm", "deletes an application"),
    ("vercel remove", "deletes an application"),
    ("gh delete", "deletes on the forge"),
    ("glab delete", "deletes on the forge"),
    ("vault delete", "deletes secrets"),
    ("vault kv destroy", "deletes secrets"),
    // publishing
    ("npm publish", "publishes a package"),
    ("npm unpublish", "removes a published package"),
    ("pnpm publish", "publishes a package"),
    ("yarn publish", "publishes a package"),
    ("cargo publish", "publishes a package"),
    ("cargo yank", "removes a published package"),
    ("twine upload", "publishes a package"),
    ("gem push", "publishes a package"),
    ("gem yank", "removes a published package"),
    // databases
    ("dropdb", "deletes a database"),
    ("dropuser", "changes accounts"),
    ("redis-cli flush*", "empties a database"),
    ("mysqladmin drop", "deletes a database"),
    ("prisma reset", "empties a database"),
    ("prisma --force-reset", "empties a database"),
    ("rails db:drop", "deletes a database"),
    ("rails db:reset", "empties a database"),
    ("rake db:drop", "deletes a database"),
    ("rake db:reset", "empties a database"),
    ("artisan migrate:fresh", "empties a database"),
    ("artisan db:wipe", "empties a database"),
    ("php migrate:fresh", "empties a database"),
    ("php db:wipe", "empties a database"),
    ("php migrate:reset", "empties a database"),
    ("manage.py flush", "empties a database"),
    ("python flush", "empties a database"),
    ("python3 flush", "empties a database"),
    ("supabase reset", "empties a database"),
    ("dotnet drop", "deletes a database"),
    // packages of the system
    ("apt remove", "removes packages"),
    ("apt purge", "removes packages"),
    ("apt autoremove", "removes packages"),
    ("apt-get remove", "removes packages"),
    ("apt-get purge", "removes packages"),
    ("apt-get autoremove", "removes packages"),
    ("dpkg -r", "removes packages"),
    ("dpkg -P", "removes packages"),
    ("dnf remove", "removes packages"),
    ("yum remove", "removes packages"),
    ("pacman -R", "removes packages"),
    ("brew uninstall", "removes packages"),
];

/// Phrases inside one word (SQL or code given on the command line) that destroy.
const PHRASES: &[(&str, &str)] = &[
    ("drop database", "deletes a database"),
    ("drop schema", "deletes a database"),
    ("drop table", "deletes a table"),
    ("truncate table", "empties a table"),
    ("delete from", "deletes rows"),
    ("dropdatabase(", "deletes a database"),
    (".drop()", "deletes a collection"),
    ("flushall", "empties a database"),
    ("flushdb", "empties a database"),
    ("rmtree(", "deletes folders"),
    ("rmsync(", "deletes folders"),
    ("rm_rf", "deletes folders"),
    ("remove_tree(", "deletes folders"),
    ("os.remove(", "deletes files"),
    ("os.unlink(", "deletes files"),
    ("unlinksync(", "deletes files"),
    ("/dev/tcp/", "opens a network connection"),
    ("/dev/udp/", "opens a network connection"),
];

/// Folders of build output, which a tool makes again.
const REBUILDABLE: &[&str] = &[
    "target",
    "node_modules",
    "dist",
    "build",
    "out",
    "coverage",
    ".venv",
    "venv",
    "__pycache__",
    ".next",
    ".nuxt",
    ".turbo",
    ".parcel-cache",
    ".pytest_cache",
    ".mypy_cache",
    ".ruff_cache",
    ".tox",
    ".gradle",
    ".cache",
    "tmp",
];

/// Folders at the root whose loss is the loss of the system.
const SYSTEM: &[&str] = &[
    "bin",
    "boot",
    "dev",
    "etc",
    "home",
    "lib",
    "lib32",
    "lib64",
    "opt",
    "proc",
    "root",
    "run",
    "sbin",
    "srv",
    "sys",
    "usr",
    "var",
    "mnt",
    "media",
    "users",
    "system",
    "library",
    "applications",
    "volumes",
];

/// Names under `/dev` that are disks or memory.
const DEVICES: &[&str] = &[
    "sd", "hd", "vd", "xvd", "nvme", "mmcblk", "disk", "rdisk", "mapper", "dm-", "md", "loop", "mem", "kmem",
    "port", "nbd",
];

/// Programs that turn the machine off, with any words.
const POWER: &[&str] = &["shutdown", "reboot", "halt", "poweroff"];
const POWER_UNITS: &[&str] =
    &["poweroff", "reboot", "halt", "kexec", "suspend", "hibernate", "emergency", "rescue", "soft-reboot"];

/// The worst harm a line does, if any. `root` is the workspace.
pub(in crate::permission) fn harm(
    text: &str,
    reading: &Reading,
    place: &Place<'_>,
    root: &Path,
) -> Option<Harm> {
    let scope = Scope { place, root };
    if fork_bomb(text) {
        return Some(Harm::Fatal("starts itself without end".to_owned()));
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

fn fatal(why: &str) -> Option<Harm> {
    Some(Harm::Fatal(why.to_owned()))
}

fn lasting(why: &str) -> Option<Harm> {
    Some(Harm::Lasting(why.to_owned()))
}

impl Scope<'_> {
    fn judge(&self, command: &SimpleCommand) -> Option<Harm> {
        let program = command.program();
        let words = command.arguments();
        if POWER.contains(&program)
            || (matches!(program, "init" | "telinit") && words.iter().any(|w| w == "0" || w == "6"))
            || (program == "systemctl" && words.iter().any(|w| POWER_UNITS.contains(&w.as_str())))
        {
            return fatal("turns the machine off");
        }
        if matches!(program, "kill") && words.last().is_some_and(|w| w == "-1") && words.len() > 1 {
            return fatal("ends every program of the user");
        }
        let device = words.iter().find_map(|word| self.device(word.rsplit('=').next().unwrap_or(word)));
        if device.is_some() && writes_devices(program) {
            return fatal("overwrites a disk");
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
            return lasting("runs a script that is not shown");
        }
        own.or_else(|| listed(command)).or_else(|| phrase(words))
    }

    /// A redirect onto a disk or into the kernel's controls.
    fn overwrites(&self, target: &str) -> Option<Harm> {
        if target.contains("/dev/tcp/") || target.contains("/dev/udp/") {
            return lasting("opens a network connection");
        }
        if self.device(target).is_some() {
            return fatal("overwrites a disk");
        }
        let path = self.place.resolve(target);
        let vital = ["/etc/passwd", "/etc/shadow", "/etc/sudoers", "/proc/sysrq-trigger", "/etc/fstab"];
        if vital.iter().any(|file| path == Path::new(file)) {
            return fatal("overwrites a file the system needs");
        }
        let system = ["/etc", "/boot", "/sys", "/proc", "/usr", "/bin", "/sbin", "/lib"];
        if system.iter().any(|folder| path.starts_with(folder)) && !path.starts_with(self.root) {
            return lasting("overwrites a file of the system");
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
            return fatal("deletes the file system");
        }
        if recursive && let Some(harm) = self.vital_operand(words) {
            return Some(harm);
        }
        let operands: Vec<&String> = words.iter().filter(|w| !w.starts_with('-')).collect();
        let known = |word: &&String| !word.contains(['*', '?', '$', '`', '[', '{', '~']);
        if operands.is_empty() || !operands.iter().all(known) {
            return lasting("deletes files that are not named one by one");
        }
        let paths = operands.iter().map(|word| self.place.resolve(word));
        let mut outside = paths.filter(|path| path == self.root || !path.starts_with(self.root));
        if outside.next().is_some() {
            return lasting("deletes outside the workspace");
        }
        let rebuildable = |word: &&String| {
            let parts = Path::new(word.as_str()).components();
            parts.filter_map(|p| p.as_os_str().to_str()).any(|part| REBUILDABLE.contains(&part))
        };
        if recursive && !operands.iter().all(rebuildable) { lasting("deletes whole folders") } else { None }
    }

    fn attributes(&self, words: &[String]) -> Option<Harm> {
        if !words.iter().any(|w| has_flag(w, "-R") || has_flag(w, "--recursive")) {
            return None;
        }
        let modes = words.iter().skip_while(|w| w.starts_with('-')).skip(1).cloned().collect::<Vec<_>>();
        self.vital_operand(&modes).or_else(|| lasting("changes the owner or mode of whole folders"))
    }

    fn movement(&self, words: &[String]) -> Option<Harm> {
        let operands: Vec<String> = words.iter().filter(|w| !w.starts_with('-')).cloned().collect();
        let (target, sources) = operands.split_last()?;
        if let Some(harm) = self.vital_operand(sources) {
            return Some(harm);
        }
        (self.place.resolve(target) == Path::new("/dev/null"))
            .then(|| Harm::Lasting("destroys files".to_owned()))
    }

    /// An operand that is the root, a system folder or the home, or everything in one of them.
    fn vital_operand(&self, words: &[String]) -> Option<Harm> {
        let vital = words.iter().filter(|w| !w.starts_with('-')).any(|word| self.is_vital(word));
        if vital { fatal("destroys the system or the home folder") } else { None }
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
    let hit = |row: &&(&str, &str)| {
        let mut parts = row.0.split(' ');
        let name = parts.next().unwrap_or_default();
        let named = name.strip_suffix('*').map_or(program == name, |start| program.starts_with(start));
        named && parts.all(|part| command.arguments().iter().any(|word| has_flag(word, part)))
    };
    TABLE.iter().find(hit).map(|row| Harm::Lasting(row.1.to_owned()))
}

fn phrase(words: &[String]) -> Option<Harm> {
    let spoken = |word: &String| {
        let folded = word.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
        PHRASES.iter().find(|row| folded.contains(row.0))
    };
    words.iter().find_map(spoken).map(|row| Harm::Lasting(row.1.to_owned()))
}

/// Whether a word is, holds or abbreviates a part of a table row.
fn has_flag(word: &str, part: &str) -> bool {
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
