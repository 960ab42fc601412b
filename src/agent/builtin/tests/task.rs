use crate::acp::{SessionId, StopReason};
use crate::agent::Settings;
use crate::agent::builtin::task::{about_work, settings, subagents, told};
use crate::agent::{ChildReport, builtin::choice};
use crate::config::{AgentProfile, AgentUse, Origin};
use crate::event::TurnStop;
use crate::permission::Mode;

fn profile(name: &str, use_as: AgentUse) -> AgentProfile {
    AgentProfile {
        name: name.into(),
        description: format!("about {name}"),
        prompt: None,
        model: None,
        mode: None,
        tools: None,
        without: Vec::new(),
        rules: Vec::new(),
        use_as,
        steps: None,
        origin: Origin::Client,
    }
}

#[test]
fn a_model_may_call_what_is_meant_for_it() {
    let agents = [("plan", AgentUse::Primary), ("general", AgentUse::Sub), ("both", AgentUse::All)]
        .map(|(name, use_as)| profile(name, use_as));
    let found = subagents(agents.to_vec());
    let names: Vec<_> = found.iter().map(|agent| agent.name.as_str()).collect();
    assert_eq!(names, ["general", "both"]);
}

#[test]
fn a_sub_agent_has_its_own_model_and_never_more_rights() {
    let given = Settings {
        mode: Mode::Default,
        options: [("model", "m"), ("thought_level", "high"), ("agent", "plan"), ("x", "y")]
            .map(|(option, value)| (option.to_owned(), value.to_owned()))
            .to_vec(),
    };
    let agent = |mode, model: Option<&str>| {
        let model = model.map(ToOwned::to_owned);
        subagents(vec![AgentProfile { model, mode, ..profile("a", AgentUse::Sub) }]).remove(0)
    };
    for (own, parent, together) in [
        (Some(Mode::Full), Mode::Default, Mode::Default),
        (Some(Mode::Plan), Mode::Full, Mode::Plan),
        (Some(Mode::AcceptEdits), Mode::Full, Mode::AcceptEdits),
        (None, Mode::Plan, Mode::Plan),
    ] {
        assert_eq!(settings(Settings { mode: parent, ..given.clone() }, &agent(own, None)).mode, together);
    }
    let same = settings(given.clone(), &agent(None, None));
    assert_eq!([same.option(choice::MODEL), same.option(choice::AGENT)], [Some("m"), Some("a")]);
    let own = settings(given, &agent(None, Some("other")));
    assert_eq!(
        [own.option(choice::MODEL), own.option(choice::EFFORT), own.option("x")],
        [None, None, Some("y")]
    );
}

#[test]
fn the_model_is_told_how_a_sub_agent_ended() {
    let report = |text: &str, stop| {
        let session = SessionId::new("s");
        told("explore", ChildReport { session, text: text.into(), stop, cost: 0.5, spent: 7 })
    };
    let finished = |reason| TurnStop::Finished { reason };
    let done = report(" Found it. \n", finished(StopReason::EndTurn));
    assert_eq!((done.text.as_str(), done.failed), ("Found it.", false));
    assert_eq!(done.raw.unwrap(), serde_json::json!({ "session": "s", "cost": 0.5, "spent": 7 }));
    let rows = [
        ("", finished(StopReason::EndTurn), "(The sub-agent explore said nothing.)", false),
        ("Half", finished(StopReason::MaxTokens), "stopped early", false),
        ("", finished(StopReason::Cancelled), "The sub-agent explore was cancelled.", true),
        (
            "Half",
            TurnStop::Failed { message: "no key".into() },
            "explore failed: no key. It had said:\n\nHalf",
            true,
        ),
        ("", TurnStop::Interrupted, "was interrupted", true),
    ];
    for (text, stop, wanted, failed) in rows {
        let output = report(text, stop);
        assert!(output.text.contains(wanted) && output.failed == failed, "{output:?}");
    }
}

#[test]
fn people_see_one_line_of_the_work() {
    assert_eq!(about_work("Look\u{202e} around", "Go"), "Look<U+202E> around");
    assert_eq!(about_work(" ", "\n  Find it.\nThen go."), "Find it.");
    assert!(about_work(&"long ".repeat(100), "Go").len() <= 200);
}
