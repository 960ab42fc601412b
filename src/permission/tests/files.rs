use super::*;
use crate::permission::INSTRUCTION_FILES;

#[test]
fn reading_in_the_workspace_is_free_and_outside_is_asked() {
    let policy = policy();
    assert_eq!(policy.judge(&read("/ws/project/src/a")).decision, Decision::Allow);
    assert_eq!(policy.judge(&read("/etc/passwd")).decision, Decision::Ask);
    assert_eq!(policy.judge(&read("/ws/project-other/a")).decision, Decision::Ask);
    let wider = policy.with_roots([PathBuf::from("/ws/project-other")]);
    assert_eq!(wider.judge(&read("/ws/project-other/a")).decision, Decision::Allow);
    assert_eq!(decide(&wider, "cat /ws/project-other/a"), Decision::Allow);
}

#[test]
fn each_mode_treats_an_edit_as_it_says() {
    let wanted = [Decision::Ask, Decision::Allow, Decision::Deny, Decision::Allow];
    for (mode, decision) in Mode::ALL.into_iter().zip(wanted) {
        assert_eq!(policy().with_mode(mode).judge(&edit("/ws/project/a")).decision, decision, "{mode:?}");
    }
    let outside = policy().with_mode(Mode::AcceptEdits).judge(&edit("/ws/other/a"));
    assert_eq!(outside.decision, Decision::Ask);
}

#[test]
fn plan_mode_says_its_name_and_the_way_out_and_no_rule_lifts_it() {
    let policy = with_rules(&["allow *"]).with_mode(Mode::Plan);
    for action in [edit("/ws/project/a"), execute("cargo test"), remote("s", "t")] {
        let judgement = policy.judge(&action);
        assert_eq!(judgement.decision, Decision::Deny);
        assert!(
            judgement.reason.contains("Plan") && judgement.reason.contains("switch"),
            "{}",
            judgement.reason
        );
    }
}

#[test]
fn files_that_decide_what_runs_ask_in_every_mode_and_under_every_rule_and_grant() {
    let names = [
        ".git/config",
        ".git/hooks/pre-commit",
        "sub/.git/config",
        ".GIT/config",
        ".git./config",
        ".g\u{200c}it/config",
        ".gitmodules",
        ".gitattributes",
        ".github/workflows/ci.yml",
        ".gitlab-ci.yml",
        ".circleci/config.yml",
        ".husky/pre-commit",
        ".pre-commit-config.yaml",
        ".vscode/tasks.json",
        ".idea/x.xml",
        "a.code-workspace",
        ".devcontainer/devcontainer.json",
        ".bashrc",
        ".zshrc",
        ".profile",
        ".envrc",
        ".mcp.json",
        "opencode.json",
        ".opencode/a.json",
        ".adjutant/rules.toml",
        ".claude/settings.json",
        ".cursor/mcp.json",
        ".Cursor/rules/a.mdc",
        ".cargo/config.toml",
        ".npmrc",
        "Jenkinsfile",
        ".config/fish/config.fish",
        ".ssh/authorized_keys",
        "deep/in/.vscode/settings.json",
    ];
    for name in names {
        asks_in_every_mode(name, "changes what can run");
    }
}

#[test]
fn files_that_instruct_agents_ask_in_every_mode_and_under_every_rule_and_grant() {
    let names = [
        "Agents.MD",
        "agents.md.",
        "AGENTſ.md",
        "sub/CLAUDE.md",
        "CLAUDE.local.md",
        "AGENTS.override.md",
        "GEMINI.md",
        "QWEN.md",
        ".cursorrules",
        ".CursorRules",
        ".windsurfrules",
        ".clinerules/a.md",
        ".junie/guidelines.md",
        "docs/copilot-instructions.md",
    ];
    for name in INSTRUCTION_FILES.into_iter().chain(names) {
        asks_in_every_mode(name, "changes what agents are told");
        assert_eq!(decide(&full(), &format!("echo x >> {name}")), Decision::Ask, "{name}");
    }
    assert_eq!(decide(&policy(), "cat AGENTS.md"), Decision::Allow);
}

fn asks_in_every_mode(name: &str, why: &str) {
    let action = edit(&format!("{WORKSPACE}/{name}"));
    let mut policy = with_rules(&["allow *", "allow edit"]);
    let Action::Edit { path } = &action else { unreachable!() };
    policy.add_grant(super::grants::edit_grant(path));
    for mode in [Mode::Default, Mode::AcceptEdits, Mode::Full] {
        policy.set_mode(mode);
        let judgement = policy.judge(&action);
        assert_eq!(judgement.decision, Decision::Ask, "{name} in {mode:?}");
        assert!(judgement.reason.starts_with(why), "{}", judgement.reason);
        assert!(judgement.grants.is_empty());
    }
}

#[test]
fn common_names_are_not_protected() {
    let policy = full();
    for name in [
        "src/hooks/use.ts",
        "config.toml",
        "git/x",
        "src/github.rs",
        "package.json",
        "a.git.txt",
        ".env.example",
    ] {
        assert_eq!(policy.judge(&edit(&format!("{WORKSPACE}/{name}"))).decision, Decision::Allow, "{name}");
    }
}

#[test]
fn our_own_files_are_never_edited_and_reading_them_asks() {
    let mut policy = with_rules(&["allow *"]);
    for mode in Mode::ALL {
        policy.set_mode(mode);
        assert_eq!(policy.judge(&edit("/home/me/.config/adjutant/config.toml")).decision, Decision::Deny);
        assert_eq!(policy.judge(&edit("/home/me/x/../.config/adjutant/a")).decision, Decision::Deny);
        assert_eq!(policy.judge(&edit("/home/me/.Config/ADJUTANT/a")).decision, Decision::Deny);
        assert_eq!(decide(&policy, "cp x ~/.config/Adjutant/a"), Decision::Deny);
        assert_eq!(policy.judge(&read("/home/me/.config/adjutant/config.toml")).decision, Decision::Ask);
    }
}

#[test]
fn unresolved_paths_are_asked_about_whatever_rules_allow() {
    let policy = with_rules(&["allow *"]).with_mode(Mode::Full);
    for path in ["src/a", "/ws/project/../x", "./a", ""] {
        assert_eq!(policy.judge(&edit(path)).decision, Decision::Ask, "{path:?}");
        assert_eq!(policy.judge(&read(path)).decision, Decision::Ask, "{path:?}");
    }
    let action = Action::Execute { command: "ls".to_owned(), cwd: PathBuf::from("src") };
    assert_eq!(policy.judge(&action).decision, Decision::Ask);
}

#[test]
fn a_note_is_always_allowed() {
    for mode in Mode::ALL {
        assert_eq!(with_rules(&["deny *"]).with_mode(mode).judge(&Action::Note).decision, Decision::Allow);
    }
}

#[test]
fn urls_that_two_readers_could_read_differently_are_refused() {
    let bad = [
        "https://user@evil.com/",
        "https://good.com@evil.com/",
        "https://good.com\\@evil.com/",
        "https://good.com\\.evil.com",
        "file:///etc/passwd",
        "ftp://x/",
        "javascript:x",
        "https://",
        "https:///x",
        "https://ho st/",
        "https://x\n/",
        "https://x\u{0}/",
        "https://gооd.com/",
        "https://%65vil.com/",
        "https://x:99999/",
        "https://x:8a/",
        "//x/y",
        "https://..x/",
        "https://[zz]/",
        "",
        "x",
        "https://a..b/",
        "https://x\t.com/",
        " https://x/",
    ];
    for url in bad {
        let judgement = with_rules(&["allow *"]).with_mode(Mode::Full).judge(&fetch(url));
        assert_eq!(judgement.decision, Decision::Deny, "{url:?}");
    }
}

#[test]
fn a_host_rule_matches_that_host_only() {
    let policy = with_rules(&["allow fetch(https://good.com/**)"]);
    let same = [
        "https://good.com/",
        "https://good.com",
        "https://GOOD.com/x",
        "https://good.com:443/x",
        "https://good.com./x?q",
    ];
    for url in same {
        assert_eq!(policy.judge(&fetch(url)).decision, Decision::Allow, "{url}");
    }
    let other = [
        "http://good.com/",
        "https://good.com.evil.com/",
        "https://evil-good.com/",
        "https://evil.com/good.com",
        "https://a.good.com/",
        "https://good.com:444/",
        "https://evil.com?https://good.com/",
        "https://evil.com#good.com",
    ];
    for url in other {
        assert_eq!(policy.judge(&fetch(url)).decision, Decision::Ask, "{url}");
    }
}

#[test]
fn a_path_rule_sees_through_escapes_and_dots() {
    let policy = with_rules(&["allow fetch", "deny fetch(https://x.com/admin/**)"]);
    for url in [
        "https://x.com/admin/a",
        "https://x.com/%61dmin/a",
        "https://x.com/b/../admin/a",
        "https://x.com/b/%2e%2e/admin/a",
    ] {
        assert_eq!(policy.judge(&fetch(url)).decision, Decision::Deny, "{url}");
    }
    assert_eq!(policy.judge(&fetch("https://x.com/b")).decision, Decision::Allow);
}

#[test]
fn subdomains_match_only_when_the_rule_says_so() {
    let policy = with_rules(&["allow fetch(https://*.good.com/**)"]);
    assert_eq!(policy.judge(&fetch("https://a.good.com/x")).decision, Decision::Allow);
    assert_eq!(policy.judge(&fetch("https://good.com/x")).decision, Decision::Ask);
    assert_eq!(policy.judge(&fetch("https://evilgood.com/x")).decision, Decision::Ask);
}

fn edit_all(paths: &[&str]) -> Action {
    Action::EditAll { paths: paths.iter().map(PathBuf::from).collect() }
}

#[test]
fn of_several_edits_the_strictest_decides_and_names_its_file() {
    let policy = with_rules(&["deny edit(secret/**)", "allow edit(src/**)"]);
    let cases = [
        (&["/ws/project/src/a", "/ws/project/src/b"][..], Decision::Allow, "allowed by the rule"),
        (&["/ws/project/src/a", "/ws/project/b"], Decision::Ask, "/ws/project/b: changes a file"),
        (&["/ws/project/a", "/ws/project/b"], Decision::Ask, "/ws/project/a: changes a file (and 1 more)"),
        (
            &["/ws/project/a", "/ws/project/secret/b"],
            Decision::Deny,
            "/ws/project/secret/b: denied by the rule",
        ),
        (&["/ws/project/src/a", "/home/me/.config/adjutant/x"], Decision::Deny, "never done"),
        (&["/ws/project/src/a", "/ws/project/.git/config"], Decision::Ask, "changes what can run"),
        (&["/ws/project/src/a", "src/b"], Decision::Ask, "not absolute"),
    ];
    for (paths, decision, reason) in cases {
        let judgement = policy.judge(&edit_all(paths));
        assert_eq!(judgement.decision, decision, "{paths:?}");
        assert!(judgement.reason.contains(reason), "{paths:?}: {}", judgement.reason);
    }
    let plan = policy.with_mode(Mode::Plan);
    assert_eq!(plan.judge(&edit_all(&["/ws/project/src/a", "/ws/project/b"])).decision, Decision::Deny);
}

#[test]
fn always_is_offered_for_several_edits_where_it_speaks_of_one_file() {
    let policy = with_rules(&["allow edit(src/**)"]);
    let one = policy.judge(&edit_all(&["/ws/project/src/a", "/ws/project/b"]));
    assert!(
        matches!(&one.grants[..], [grant] if grant.kind == crate::permission::GrantKind::Edit("/ws/project/b".into()))
    );
    assert!(policy.judge(&edit_all(&["/ws/project/a", "/ws/project/b"])).grants.is_empty());
}

#[test]
fn readable_folders_are_read_freely_and_not_written() {
    let outputs = "/home/me/.config/adjutant/outputs/s1";
    let policy = policy().with_readable([PathBuf::from(outputs)]).with_mode(Mode::AcceptEdits);
    let file = format!("{outputs}/a.txt");
    assert_eq!(policy.judge(&read(&file)).decision, Decision::Allow);
    assert_eq!(policy.judge(&Action::Search { path: file.clone().into() }).decision, Decision::Allow);
    assert_eq!(policy.judge(&edit(&file)).decision, Decision::Deny);
    assert_eq!(policy.judge(&read("/home/me/.config/adjutant/outputs/s2/a")).decision, Decision::Ask);
    assert_eq!(policy.judge(&read(&format!("{outputs}/../s2/a"))).decision, Decision::Ask);
    let elsewhere = super::policy().with_readable([PathBuf::from("/skills")]).with_mode(Mode::AcceptEdits);
    assert_eq!(elsewhere.judge(&read("/skills/a/b")).decision, Decision::Allow);
    assert_eq!(elsewhere.judge(&edit("/skills/a/b")).decision, Decision::Ask);
}
