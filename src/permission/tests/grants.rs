use super::*;
use crate::permission::{Answer, CommandPattern, Grant, GrantKind};
use std::path::Path;

pub(super) fn edit_grant(path: &Path) -> Grant {
    Grant {
        workspace: PathBuf::from(WORKSPACE),
        answer: Answer::Allow,
        kind: GrantKind::Edit(path.to_owned()),
    }
}

/// The patterns offered for a command, as people read them.
fn offers(command: &str) -> Vec<String> {
    let shown = |grant: Grant| match grant.kind {
        GrantKind::Commands(patterns) => {
            patterns.iter().map(CommandPattern::to_string).collect::<Vec<_>>().join(" + ")
        }
        _ => panic!("not a command"),
    };
    run(&policy(), command).grants.into_iter().map(shown).collect()
}

#[test]
fn build_commands_may_be_remembered_with_further_words() {
    assert_eq!(offers("cargo test --lib x"), ["cargo test --lib x", "cargo test …"]);
    assert_eq!(offers("npm run build"), ["npm run build", "npm run build …"]);
    assert_eq!(
        offers("cargo build && cargo test"),
        ["cargo build + cargo test", "cargo build … + cargo test …"]
    );
    assert_eq!(offers("cargo test | tail -5"), ["cargo test", "cargo test …"]);
}

#[test]
fn commands_that_can_run_anything_are_remembered_word_by_word() {
    let exact = [
        "bash -c ls",
        "python3 -m pytest tests",
        "python3 -c x",
        "node -e x",
        "env ls",
        "git status",
        "git log",
        "xargs ls",
        "ssh host",
        "docker ps",
        "make test",
        "npm install x",
        "cargo run",
        "cargo test --config x",
        "perl -e x",
        "go test -exec x",
        "timeout 5 cargo test",
        "npx x",
        "cargo +nightly test",
        "npm run",
    ];
    for command in exact {
        assert_eq!(offers(command), [command], "{command}");
    }
}

#[test]
fn nothing_is_offered_for_what_may_change_or_is_unclear() {
    let none = [
        "./run.sh",
        "/bin/x",
        "cargo test $X",
        "cargo test > log",
        "cargo test src/*",
        "sudo ls",
        "a; b; c; d; e",
        "X=1 cargo test",
    ];
    for command in none {
        assert!(offers(command).is_empty(), "{command}: {:?}", offers(command));
    }
}

#[test]
fn nothing_is_offered_for_what_runs_a_file_or_its_input() {
    let none = [
        "sh build.sh",
        "bash -e build",
        "bash --rcfile x -c ls",
        "bash -c 'sh build.sh'",
        "bash -c ./build",
        "sh",
        "cat x | sh",
        "python3 x.py",
        "python3.12 x",
        "python -m tool",
        "python -u x.py",
        "cat x.py | python3 -",
        "node x.js",
        "node -r ./x.js -e y",
        "node -e y -r ./x.js",
        "perl -p x.pl",
        "ruby x.rb",
        "php x.php",
        "env node x.js",
        "timeout 5 python3 x.py",
        "xargs sh x.sh",
        "uv run x.py",
        "poetry run python x.py",
        "deno run -A x.ts",
        "bun x.ts",
        "bun run x.ts",
        "npx tsx x.ts",
        "source x",
        ". x",
        "cargo test && sh x.sh",
    ];
    for command in none {
        assert!(offers(command).is_empty(), "{command}: {:?}", offers(command));
    }
    for command in ["bun run build", "bun test", "deno fmt", "uv run pytest", "pytest tests/x.py"] {
        assert!(!offers(command).is_empty(), "{command}");
    }
}

#[test]
fn an_offered_grant_allows_the_command_it_was_offered_for() {
    for command in
        ["cargo test --lib x", "npm run build", "make test", "cargo build && cargo test", "git status"]
    {
        for grant in run(&policy(), command).grants {
            let mut policy = policy();
            policy.add_grant(grant);
            assert_eq!(decide(&policy, command), Decision::Allow, "{command}");
            assert_eq!(decide(&policy, &format!("{command}; rm x")), Decision::Ask);
            assert_eq!(decide(&policy, &format!("{command} $(rm x)")), Decision::Ask);
            assert_eq!(decide(&policy, &format!("{command} > x")), Decision::Ask);
        }
    }
}

#[test]
fn an_open_grant_does_not_cover_words_that_turn_it_around() {
    let mut policy = policy();
    policy.add_grant(run(&policy, "cargo test").grants.remove(1));
    assert_eq!(decide(&policy, "cargo test --lib permission -- --nocapture"), Decision::Allow);
    let turned = [
        "cargo test --config x",
        "cargo test --config=x",
        "cargo test --conf x",
        "cargo test --manifest-path=/x/Cargo.toml",
        "cargo test -Zx",
        "cargo test -C /x",
        "cargo test src/*",
        "cargo test /etc/x",
        "cargo test ../x",
        "cargo build",
        "./cargo test",
        "cargo test --target-dir=../x",
    ];
    for command in turned {
        assert_eq!(decide(&policy, command), Decision::Ask, "{command}");
    }
}

#[test]
fn an_exact_grant_covers_nothing_else() {
    let mut policy = policy();
    policy.add_grant(run(&policy, "make 'a b'").grants.remove(0));
    assert_eq!(decide(&policy, "make 'a b'"), Decision::Allow);
    assert_eq!(decide(&policy, "make a b"), Decision::Ask);
    assert_eq!(decide(&policy, "make 'a b' c"), Decision::Ask);
    policy.add_grant(run(&policy, "touch 'src/*'").grants.remove(0));
    assert_eq!(decide(&policy, "touch src/*"), Decision::Ask);
}

#[test]
fn grants_hold_in_their_workspace_only() {
    let grant = run(&policy(), "make test").grants.remove(0);
    let mut other = Policy::new(PathBuf::from("/ws/other"), None);
    other.add_grant(grant.clone());
    let action = Action::Execute { command: "make test".to_owned(), cwd: PathBuf::from("/ws/other") };
    assert_eq!(other.judge(&action).decision, Decision::Ask);
    let mut here = policy();
    here.add_grant(grant);
    let outside = Action::Execute { command: "make test".to_owned(), cwd: PathBuf::from("/elsewhere") };
    assert_eq!(here.judge(&outside).decision, Decision::Ask);
}

#[test]
fn a_rejection_denies_and_replaces_the_allowance() {
    let mut policy = with_rules(&["allow bash(make:*)"]);
    let grant = run(&super::policy(), "make test").grants.remove(0);
    policy.add_grant(grant.clone());
    policy.add_grant(grant.clone().rejecting());
    assert_eq!(policy.grants().len(), 1);
    assert_eq!(decide(&policy, "make test"), Decision::Deny);
    assert_eq!(decide(&policy, "ls; make test"), Decision::Deny);
    assert!(policy.remove_grant(&grant.rejecting()));
    assert_eq!(decide(&policy, "make test"), Decision::Allow);
}

#[test]
fn fetch_and_remote_grants_name_origin_and_tool() {
    let mut policy = policy();
    policy.add_grant(policy.judge(&fetch("https://x.com/a?b")).grants.remove(0));
    assert_eq!(policy.judge(&fetch("https://x.com/other")).decision, Decision::Allow);
    assert_eq!(policy.judge(&fetch("http://x.com/other")).decision, Decision::Ask);
    assert_eq!(policy.judge(&fetch("https://x.com.evil.com/")).decision, Decision::Ask);
    policy.add_grant(policy.judge(&remote("s", "t")).grants.remove(0));
    assert_eq!(policy.judge(&remote("s", "t")).decision, Decision::Allow);
    assert_eq!(policy.judge(&remote("s", "u")).decision, Decision::Ask);
}

#[test]
fn rules_outrank_grants() {
    let mut policy = with_rules(&["ask bash(make:*)"]);
    policy.add_grant(run(&super::policy(), "make test").grants.remove(0));
    let judgement = run(&policy, "make test");
    assert_eq!(judgement.decision, Decision::Ask);
    assert!(judgement.grants.is_empty());
}

#[test]
fn a_grant_reads_as_one_line_and_survives_storage() {
    let grant = run(&policy(), "cargo test").grants.remove(1);
    assert_eq!(grant.to_string(), "always allow `cargo test …` in /ws/project");
    let stored = serde_json::to_string(&grant).unwrap();
    assert_eq!(serde_json::from_str::<Grant>(&stored).unwrap(), grant);
    assert_eq!(
        edit_grant(Path::new("/ws/project/a")).rejecting().to_string(),
        "always reject edits of /ws/project/a in /ws/project"
    );
}

#[test]
fn a_remote_tool_that_describes_itself_anew_is_asked_about_again() {
    let mut policy = policy();
    let call = |pin: &str| Action::Remote { server: "s".into(), tool: "t".into(), pin: pin.into() };
    policy.add_grant(policy.judge(&call("one")).grants.remove(0));
    assert_eq!(policy.judge(&call("one")).decision, Decision::Allow);
    assert_eq!(policy.judge(&call("two")).decision, Decision::Ask);
}
