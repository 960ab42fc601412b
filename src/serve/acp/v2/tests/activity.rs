use crate::acp::{MessageId, StopReason, ToolCall, ToolCallId, ToolCallUpdate, ToolCallUpdateFields};
use crate::event::{AskId, AskOutcome, EventKind, Question, QuestionForm, TurnId, TurnStop};
use crate::serve::acp::v2::activity::{Activity, State};

fn update(call: &str) -> Box<ToolCallUpdate> {
    Box::new(ToolCallUpdate::new(call.to_owned(), ToolCallUpdateFields::new()))
}

fn begun() -> EventKind {
    EventKind::PromptAccepted { turn: TurnId(1), message: MessageId::new("m"), content: Vec::new() }
}

fn proposed(call: &str) -> EventKind {
    EventKind::ToolProposed { call: Box::new(ToolCall::new(call.to_owned(), call)) }
}

fn started(call: &str) -> EventKind {
    EventKind::ToolStarted { update: update(call) }
}

fn asked(ask: &str, call: &str) -> EventKind {
    EventKind::AskOpened { ask: AskId(ask.into()), turn: TurnId(1), call: update(call), options: Vec::new() }
}

fn settled(ask: &str) -> EventKind {
    EventKind::AskSettled { ask: AskId(ask.into()), outcome: AskOutcome::Cancelled }
}

fn questioned(ask: &str, call: &str) -> EventKind {
    let question = Question { message: String::new(), form: QuestionForm::Page { url: String::new() } };
    let call = Some(ToolCallId::new(call));
    EventKind::QuestionOpened { ask: AskId(ask.into()), turn: TurnId(1), call, question }
}

fn ended() -> EventKind {
    EventKind::TurnEnded { turn: TurnId(1), stop: TurnStop::Finished { reason: StopReason::EndTurn } }
}

fn after(events: &[EventKind]) -> State {
    let mut activity = Activity::default();
    for event in events {
        activity.note(event);
    }
    activity.state()
}

#[test]
fn a_turn_runs_from_its_prompt_to_its_end() {
    assert_eq!(after(&[]), State::Idle);
    assert_eq!(after(&[begun()]), State::Running);
    assert_eq!(after(&[begun(), started("c1"), ended()]), State::Idle);
}

#[test]
fn an_open_question_needs_somebody_only_while_nothing_else_goes_on() {
    let [first, second] = [proposed("c1"), proposed("c2")];
    let both = |rest: &[EventKind]| after(&[&[begun(), first.clone(), second.clone()], rest].concat());
    assert_eq!(both(&[asked("a", "c1")]), State::RequiresAction);
    assert_eq!(both(&[asked("a", "c1"), settled("a")]), State::Running);
    assert_eq!(both(&[started("c2"), asked("a", "c1")]), State::Running);
    assert_eq!(both(&[asked("a", "c1"), asked("b", "c2"), settled("a")]), State::RequiresAction);
}

#[test]
fn a_call_that_asks_does_not_work_meanwhile() {
    assert_eq!(after(&[begun(), started("c1"), questioned("a", "c1")]), State::RequiresAction);
    assert_eq!(after(&[begun(), started("c1"), started("c2"), questioned("a", "c1")]), State::Running);
}

#[test]
fn a_question_from_beneath_holds_up_the_call_that_it_comes_from() {
    assert_eq!(after(&[begun(), started("task"), asked("a", "child-call")]), State::RequiresAction);
    assert_eq!(after(&[begun(), started("task"), started("c2"), asked("a", "child-call")]), State::Running);
}

#[test]
fn what_was_open_when_a_turn_ended_is_forgotten() {
    assert_eq!(after(&[begun(), started("c1"), asked("a", "c2"), ended(), begun()]), State::Running);
}
