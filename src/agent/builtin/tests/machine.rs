use std::collections::HashSet;

use proptest::prelude::*;

use super::super::machine::{Answer, Effect, Input, Machine, Refusal, Remark};
use crate::acp::StopReason;
use crate::event::TurnStop;
use crate::permission::Decision;

const END: StopReason = StopReason::EndTurn;

fn begun(steps: usize) -> Machine {
    let mut machine = Machine::new(steps);
    assert_eq!(machine.handle(Input::Begin), [Effect::CallModel]);
    machine
}

fn called(machine: &mut Machine, calls: &[(&str, bool)]) -> Vec<Effect> {
    for (id, parallel) in calls {
        assert_eq!(machine.handle(Input::Called { id: (*id).into(), parallel: *parallel }), []);
    }
    machine.handle(Input::ModelDone(END))
}

fn judged(machine: &mut Machine, id: &str, decision: Decision) -> Vec<Effect> {
    machine.handle(Input::Judged { id: id.into(), decision: Some(decision) })
}

fn ran(machine: &mut Machine, id: &str) -> Vec<Effect> {
    machine.handle(Input::Ran { id: id.into() })
}

fn prepare(id: &str) -> Effect {
    Effect::Prepare { id: id.into() }
}

fn run(id: &str) -> Effect {
    Effect::Run { id: id.into() }
}

fn refuse(id: &str, why: Refusal) -> Effect {
    Effect::Refuse { id: id.into(), why }
}

fn end(reason: StopReason) -> Effect {
    Effect::End(TurnStop::Finished { reason })
}

#[test]
fn an_answer_without_calls_ends_the_turn_with_its_reason() {
    let mut machine = begun(5);
    machine.handle(Input::Said);
    assert_eq!(machine.handle(Input::ModelDone(StopReason::MaxTokens)), [end(StopReason::MaxTokens)]);
}

#[test]
fn a_silent_model_does_not_end_the_turn_silently() {
    assert_eq!(begun(5).handle(Input::ModelDone(END)), [Effect::Say(Remark::Silence), end(END)]);
}

#[test]
fn an_answer_that_the_limit_cut_before_its_first_word_is_not_told_as_none() {
    let cut = begun(5).handle(Input::ModelDone(StopReason::MaxTokens));
    assert_eq!(cut, [Effect::Say(Remark::Cut), end(StopReason::MaxTokens)]);
}

#[test]
fn words_before_calls_are_no_words_about_their_results() {
    let mut machine = begun(5);
    machine.handle(Input::Said);
    called(&mut machine, &[("a", true)]);
    judged(&mut machine, "a", Decision::Allow);
    assert_eq!(ran(&mut machine, "a"), [Effect::CallModel]);
    assert_eq!(machine.handle(Input::ModelDone(END)), [Effect::Say(Remark::Silence), end(END)]);
}

#[test]
fn an_answer_that_broke_off_at_its_end_is_not_silent() {
    let mut machine = begun(5);
    machine.handle(Input::Said);
    machine.handle(Input::ModelBrokeOff("cut".into()));
    assert_eq!(machine.handle(Input::ModelDone(END)), [end(END)]);
}

#[test]
fn calls_that_only_look_run_beside_each_other() {
    let mut machine = begun(5);
    assert_eq!(called(&mut machine, &[("a", true), ("b", true)]), [prepare("a"), prepare("b")]);
    assert_eq!(judged(&mut machine, "b", Decision::Allow), [run("b")]);
    assert_eq!(judged(&mut machine, "a", Decision::Allow), [run("a")]);
    assert_eq!(ran(&mut machine, "b"), []);
    assert_eq!(ran(&mut machine, "a"), [Effect::CallModel]);
}

#[test]
fn a_call_that_changes_things_runs_alone_and_in_order() {
    let mut machine = begun(5);
    let first = called(&mut machine, &[("look", true), ("edit", false), ("then", true), ("again", false)]);
    assert_eq!(first, [prepare("look")]);
    judged(&mut machine, "look", Decision::Allow);
    assert_eq!(ran(&mut machine, "look"), [prepare("edit")]);
    judged(&mut machine, "edit", Decision::Allow);
    assert_eq!(ran(&mut machine, "edit"), [prepare("then")]);
    judged(&mut machine, "then", Decision::Allow);
    assert_eq!(ran(&mut machine, "then"), [prepare("again")]);
}

#[test]
fn what_is_asked_runs_only_when_it_is_allowed() {
    let mut machine = begun(5);
    called(&mut machine, &[("a", false), ("b", false)]);
    assert_eq!(judged(&mut machine, "a", Decision::Ask), [Effect::Ask { id: "a".into() }]);
    let rejected = machine.handle(Input::Answered { id: "a".into(), answer: Answer::Rejected });
    assert_eq!(rejected, [refuse("a", Refusal::Rejected), prepare("b")]);
    judged(&mut machine, "b", Decision::Ask);
    assert_eq!(machine.handle(Input::Answered { id: "b".into(), answer: Answer::Allowed }), [run("b")]);
}

#[test]
fn what_is_denied_or_cannot_be_done_goes_back_to_the_model() {
    let mut machine = begun(5);
    called(&mut machine, &[("a", true), ("b", true)]);
    assert_eq!(judged(&mut machine, "a", Decision::Deny), [refuse("a", Refusal::Denied)]);
    assert_eq!(machine.handle(Input::Judged { id: "b".into(), decision: None }), [Effect::CallModel]);
}

#[test]
fn a_model_that_calls_for_ever_is_stopped() {
    let mut machine = begun(2);
    called(&mut machine, &[("a", true)]);
    judged(&mut machine, "a", Decision::Allow);
    assert_eq!(ran(&mut machine, "a"), [Effect::CallModel]);
    called(&mut machine, &[("b", true)]);
    judged(&mut machine, "b", Decision::Allow);
    assert_eq!(ran(&mut machine, "b"), [Effect::Say(Remark::TooManySteps), end(StopReason::MaxTurnRequests)]);
}

#[test]
fn a_cancelled_turn_answers_every_open_call_and_waits_for_what_runs() {
    let mut machine = begun(5);
    called(&mut machine, &[("a", true), ("b", true), ("c", false)]);
    judged(&mut machine, "a", Decision::Allow);
    judged(&mut machine, "b", Decision::Ask);
    let refused = [refuse("b", Refusal::Cancelled), refuse("c", Refusal::Cancelled)];
    assert_eq!(machine.handle(Input::Cancelled), refused);
    assert_eq!(machine.handle(Input::Answered { id: "b".into(), answer: Answer::Allowed }), []);
    assert_eq!(machine.handle(Input::Cancelled), []);
    assert_eq!(ran(&mut machine, "a"), [end(StopReason::Cancelled)]);
    assert_eq!(ran(&mut machine, "a"), []);
}

#[test]
fn a_question_that_nobody_answers_is_not_told_as_a_no() {
    let mut machine = begun(5);
    called(&mut machine, &[("a", false)]);
    judged(&mut machine, "a", Decision::Ask);
    let settled = machine.handle(Input::Answered { id: "a".into(), answer: Answer::None });
    assert_eq!(settled, [refuse("a", Refusal::Unanswered), Effect::CallModel]);
}

#[test]
fn a_model_that_fails_fails_the_turn() {
    let failed = begun(5).handle(Input::ModelFailed("no network".into()));
    assert_eq!(failed, [Effect::End(TurnStop::Failed { message: "no network".into() })]);
}

#[test]
fn an_input_that_cannot_come_changes_nothing() {
    let mut machine = begun(5);
    assert_eq!(ran(&mut machine, "never"), []);
    assert_eq!(judged(&mut machine, "never", Decision::Allow), []);
    assert_eq!(called(&mut machine, &[("a", true)]), [prepare("a")]);
    assert_eq!(machine.handle(Input::Answered { id: "a".into(), answer: Answer::Allowed }), []);
    assert_eq!(judged(&mut machine, "a", Decision::Allow), [run("a")]);
    assert_eq!(judged(&mut machine, "a", Decision::Allow), []);
}

fn any_input() -> impl Strategy<Value = Input> {
    let id = || prop_oneof![Just("a"), Just("b"), Just("c")].prop_map(str::to_owned);
    prop_oneof![
        Just(Input::Said),
        (id(), any::<bool>()).prop_map(|(id, parallel)| Input::Called { id, parallel }),
        Just(Input::ModelDone(END)),
        (id(), 0..4u8).prop_map(|(id, which)| {
            let decision = [Some(Decision::Allow), Some(Decision::Ask), Some(Decision::Deny), None];
            Input::Judged { id, decision: decision[usize::from(which)] }
        }),
        (id(), any::<bool>()).prop_map(|(id, yes)| Input::Answered {
            id,
            answer: if yes { Answer::Allowed } else { Answer::None }
        }),
        id().prop_map(|id| Input::Ran { id }),
        Just(Input::Cancelled),
    ]
}

proptest! {
    /// Whatever comes in whatever order: one end, nothing after it, and nothing runs that was not allowed.
    #[test]
    fn no_order_of_inputs_runs_what_was_not_allowed_or_ends_twice(inputs in prop::collection::vec(any_input(), 0..60)) {
        let mut machine = begun(4);
        let (mut ended, mut asked) = (false, HashSet::new());
        for input in inputs {
            let allowed = match &input {
                Input::Judged { id, decision: Some(Decision::Allow) } => Some(id.clone()),
                Input::Answered { id, answer: Answer::Allowed } if asked.contains(id) => Some(id.clone()),
                _ => None,
            };
            for effect in machine.handle(input) {
                prop_assert!(!ended, "{effect:?} after the end");
                match effect {
                    Effect::Run { id } => prop_assert_eq!(Some(id), allowed.clone()),
                    Effect::Ask { id } => { asked.insert(id); }
                    Effect::End(_) => ended = true,
                    Effect::CallModel => asked.clear(),
                    _ => {}
                }
            }
        }
    }
}

#[test]
fn an_answer_that_broke_off_is_gone_on_with_a_few_times() {
    let mut machine = begun(9);
    for _ in 0..3 {
        machine.handle(Input::Said);
        let effects = machine.handle(Input::ModelBrokeOff("cut".into()));
        assert_eq!(effects, [Effect::Resume, Effect::CallModel]);
    }
    let over = machine.handle(Input::ModelBrokeOff("cut".into()));
    assert_eq!(over, [Effect::End(TurnStop::Failed { message: "cut".into() })]);
}

#[test]
fn whole_calls_of_an_answer_that_broke_off_are_run() {
    let mut machine = begun(9);
    machine.handle(Input::Called { id: "a".into(), parallel: true });
    assert_eq!(machine.handle(Input::ModelBrokeOff("cut".into())), [prepare("a")]);
}

#[test]
fn an_answer_without_time_is_asked_for_again_or_its_calls_are_run() {
    let mut machine = begun(9);
    for _ in 0..5 {
        assert_eq!(machine.handle(Input::ModelLate), [Effect::CallModel]);
    }
    machine.handle(Input::Called { id: "a".into(), parallel: true });
    assert_eq!(machine.handle(Input::ModelLate), [prepare("a")]);
}

#[test]
fn a_conversation_that_is_too_long_is_shortened_once() {
    let mut machine = begun(9);
    let effects = machine.handle(Input::TooLong("long".into()));
    assert_eq!(effects, [Effect::Shorten, Effect::CallModel]);
    let over = machine.handle(Input::TooLong("long".into()));
    assert_eq!(over, [Effect::End(TurnStop::Failed { message: "long".into() })]);
}
