//! Files that decide what runs later: hooks, CI, editor settings, shell start-up, agent configuration.
//! Writing them is asked about in every mode, because it is a way to run things unasked.

use super::display::is_hidden;
use std::path::{Component, Path};

/// Folders (or files) of these names protect themselves and everything below.
#[rustfmt::skip]
const NAMES: &[&str] = &[
    // version control
    ".git", ".hg", ".svn", ".jj", ".gitmodules", ".gitattributes", ".gitconfig", ".husky", ".githooks",
    ".lefthook", "lefthook.yml", "lefthook.yaml", ".lefthook.yml", ".lefthook.yaml",
    ".pre-commit-config.yaml", ".pre-commit-hooks.yaml", ".overcommit.yml",
    // continuous integration
    ".github", ".gitlab-ci.yml", ".gitlab", ".circleci", ".travis.yml", ".appveyor.yml", "appveyor.yml",
    "azure-pipelines.yml", "jenkinsfile", "bitbucket-pipelines.yml", ".drone.yml", ".woodpecker",
    ".woodpecker.yml", ".buildkite", ".forgejo", ".gitea", ".cirrus.yml", ".semaphore", "cloudbuild.yaml",
    // editors
    ".vscode", ".vscode-server", ".idea", ".zed", ".vs", ".fleet", ".devcontainer", ".devcontainer.json",
    ".vim", ".vimrc", ".exrc", ".nvimrc", ".nvim.lua", ".dir-locals.el", ".emacs", ".emacs.d",
    ".sublime-project",
    // shells and environments
    ".bashrc", ".bash_profile", ".bash_login", ".bash_logout", ".bash_aliases", ".profile", ".zshrc",
    ".zprofile", ".zshenv", ".zlogin", ".zlogout", ".kshrc", ".cshrc", ".tcshrc", ".login", ".inputrc",
    ".xprofile", ".xinitrc", ".envrc", ".direnv", ".mise.toml", "mise.toml", ".mise", ".tool-versions",
    ".tmux.conf", ".screenrc",
    // credentials and package managers that run code
    ".ssh", ".gnupg", ".netrc", ".npmrc", ".yarnrc", ".yarnrc.yml", ".pnpmfile.cjs", ".pypirc",
    ".gdbinit", ".lldbinit", ".sudoers", "sudoers", "sudoers.d",
    // agents and MCP
    ".adjutant", "adjutant.json", "adjutant.toml", ".mcp.json", "mcp.json", ".mcp", "opencode.json",
    "opencode.jsonc", ".opencode", ".claude", ".claude.json", ".codex", ".cursor",
    ".gemini", ".continue", ".aider.conf.yml", ".windsurf", ".roo", ".roomodes",
    ".cline", ".kiro", ".amp", ".qwen", ".crush.json", "crush.json",
    ".copilot",
];

/// The instruction files of a project that go into the prompt of its agent, in the order they are looked for
/// in a root, relative to it. Nothing writes them unasked: whoever writes them speaks to every later session.
pub const INSTRUCTION_FILES: [&str; 3] = ["AGENTS.md", "CLAUDE.md", ".github/copilot-instructions.md"];

/// What other agents are told, besides what stands in the folders above.
#[rustfmt::skip]
const TOLD: &[&str] = &[
    "agent.md", "agents.override.md", "agents.local.md", "claude.local.md", "gemini.md", "qwen.md",
    "crush.md", "warp.md", ".rules", ".cursorrules", ".windsurfrules",
    ".clinerules", ".roorules", ".goosehints", ".junie", ".augment", ".augment-guidelines", ".trae",
];

/// Pairs of neighbouring components, for names too common alone.
#[rustfmt::skip]
const PAIRS: &[(&str, &str)] = &[
    (".cargo", "config"), (".cargo", "config.toml"), (".config", "git"), (".config", "fish"),
    (".config", "nvim"), (".config", "systemd"), (".config", "autostart"), (".config", "environment.d"),
    (".config", "zed"), (".config", "code"), (".config", "opencode"), (".config", "adjutant"),
    (".config", "mise"), (".config", "direnv"), ("library", "launchagents"), ("library", "launchdaemons"),
    ("etc", "profile"), ("etc", "profile.d"), ("etc", "cron.d"), ("etc", "crontab"), ("etc", "systemd"),
    ("etc", "bash.bashrc"), ("etc", "ld.so.preload"), ("spool", "cron"), (".yarn", "releases"),
    (".yarn", "plugins"),
];

/// Why writing this path changes what can run or what agents are told, or nothing. Case, trailing dots and
/// invisible characters are ignored, as some file systems ignore them.
pub(super) fn reason(path: &Path) -> Option<String> {
    let parts: Vec<String> = path.components().filter_map(folded).collect();
    let shown = |part: &String| super::display::brief(part, 60);
    if let Some(file) = parts.iter().find(|part| instructs(part)) {
        return Some(format!("changes what agents are told: `{}` is protected", shown(file)));
    }
    let name = parts.iter().find(|part| NAMES.contains(&part.as_str()) || part.ends_with(".code-workspace"));
    let pair = parts.windows(2).find(|two| PAIRS.iter().any(|row| two[0] == row.0 && two[1] == row.1));
    let found = name.or_else(|| pair.map(|two| &two[1]))?;
    Some(format!("changes what can run: `{}` is protected", shown(found)))
}

fn instructs(part: &str) -> bool {
    let mut names = INSTRUCTION_FILES.iter().filter_map(|file| file.rsplit('/').next());
    names.any(|name| name.eq_ignore_ascii_case(part)) || TOLD.contains(&part)
}

fn folded(part: Component<'_>) -> Option<String> {
    let Component::Normal(name) = part else { return None };
    let name = name.to_string_lossy();
    let seen = name.chars().filter(|&c| !is_hidden(c));
    // Up and down again, so that `ſ` is `s` and `ﬁ` is `fi`, as where a file system folds names.
    let seen: String = seen.flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect();
    Some(seen.trim_end_matches(['.', ' ']).to_owned())
}
