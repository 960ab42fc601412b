use super::*;

const HARMLESS: &str = include_str!("../../../fixtures/permission/harmless.txt");
const ASKS: &str = include_str!("../../../fixtures/permission/asks.tsv");
const DESTRUCTIVE: &str = include_str!("../../../fixtures/permission/destructive.txt");
const FATAL: &str = include_str!("../../../fixtures/permission/fatal.txt");
const RULES: &str = include_str!("../../../fixtures/permission/rules.tsv");

/// Panics with every line that does not get the decision it should.
fn all_get(policy: &Policy, commands: &[String], wanted: impl Fn(Decision) -> bool) {
    let wrong: Vec<String> = commands
        .iter()
        .map(|command| (command, run(policy, command)))
        .filter(|(_, judgement)| !wanted(judgement.decision))
        .map(|(command, judgement)| format!("{command:?}: {} ({})", judgement.decision, judgement.reason))
        .collect();
    assert!(wrong.is_empty(), "{} of {} wrong:\n{}", wrong.len(), commands.len(), wrong.join("\n"));
}

fn asking() -> Vec<String> {
    ASKS.lines()
        .filter(|line| !line.starts_with("# "))
        .map(|line| decode(line.split_once('\t').map_or("", |(_, command)| command)))
        .collect()
}

#[test]
fn plainly_read_only_commands_run_unasked_in_every_mode() {
    assert!(lines(HARMLESS).len() >= 100);
    for mode in Mode::ALL {
        all_get(&policy().with_mode(mode), &lines(HARMLESS), |decision| decision == Decision::Allow);
    }
}

#[test]
fn nothing_unclear_runs_unasked() {
    assert!(asking().len() >= 550);
    for mode in [Mode::Default, Mode::AcceptEdits] {
        all_get(&policy().with_mode(mode), &asking(), |decision| decision != Decision::Allow);
    }
}

#[test]
fn nothing_unclear_runs_in_plan_mode() {
    all_get(&policy().with_mode(Mode::Plan), &asking(), |decision| decision == Decision::Deny);
}

#[test]
fn each_group_of_unclear_commands_is_large_enough() {
    let count = |group: &str| ASKS.lines().filter(|line| line.split('\t').next() == Some(group)).count();
    let forms = ["variable", "substitution", "arithmetic", "quoting", "glob", "tilde", "brace", "history"];
    assert!(forms.iter().map(|group| count(group)).sum::<usize>() >= 150);
    assert!(count("flag") >= 300, "{}", count("flag"));
    assert!(count("hidden") >= 20 && count("separator") >= 60 && count("environment") >= 60);
}

#[test]
fn destructive_commands_ask_even_in_full_mode() {
    assert!(lines(DESTRUCTIVE).len() >= 60);
    all_get(&full(), &lines(DESTRUCTIVE), |decision| decision == Decision::Ask);
}

#[test]
fn destructive_commands_ask_whatever_rules_allow() {
    let policy = with_rules(&["allow *", "allow bash"]).with_mode(Mode::Full);
    all_get(&policy, &lines(DESTRUCTIVE), |decision| decision == Decision::Ask);
}

#[test]
fn destructive_commands_never_offer_always() {
    for command in lines(DESTRUCTIVE) {
        assert!(run(&full(), &command).grants.is_empty(), "{command}");
    }
}

#[test]
fn fatal_commands_are_denied_in_every_mode_and_under_every_rule() {
    for mode in Mode::ALL {
        all_get(&policy().with_mode(mode), &lines(FATAL), |decision| decision == Decision::Deny);
    }
    all_get(&with_rules(&["allow *", "ask bash"]).with_mode(Mode::Full), &lines(FATAL), |d| {
        d == Decision::Deny
    });
}

#[test]
fn rules_decide_about_commands_as_the_table_says() {
    let mut wrong = Vec::new();
    for line in lines(RULES) {
        let fields: Vec<&str> = line.split('\t').collect();
        let [rules, command, wanted] = fields[..] else { panic!("three fields: {line}") };
        let rules: Vec<&str> = rules.split(" ; ").collect();
        let judgement = run(&with_rules(&rules), command);
        if judgement.decision.word() != wanted {
            wrong.push(format!("{line}: {} ({})", judgement.decision, judgement.reason));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn everyday_work_runs_unasked_in_full_mode() {
    let work = [
        "cargo test",
        "cargo build --release 2>&1 | tail -20",
        "npm run build",
        "rm -rf target",
        "rm old.txt",
        "rm -rf node_modules dist",
        "FOO=1 cargo test",
        "for f in a b; do echo $f; done",
        "git commit -m 'x y'",
        "git push origin main",
        "git checkout -b x",
        "git status",
        "cd src && ls",
        "echo x > out.txt",
        "mkdir -p a/b",
        "python3 script.py",
        "sh build.sh",
        "cat <<EOF > a.txt\nhello\nEOF",
        "export A=1; make",
        "chmod +x run.sh",
        "docker ps",
        "kubectl get pods",
        "sed -i s/a/b/ src/main.rs",
        "npm install",
        "timeout 60 cargo test",
        "kill 123",
    ];
    all_get(&full(), &work.map(str::to_owned), |decision| decision == Decision::Allow);
}
