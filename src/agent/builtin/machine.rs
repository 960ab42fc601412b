//! The loop of a turn as a pure machine: model step → tool calls → permission → run → next step. It knows
//! neither clock nor task nor text: inputs in, effects out.

use crate::acp::StopReason;
use crate::event::TurnStop;
use crate::permission::Decision;

/// What happened to the turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Input {
    Begin,
    /// The model said something that is more than blanks.
    Said,
    /// The model called a tool. `parallel`: it may run beside others of its kind.
    Called {
        id: String,
        parallel: bool,
    },
    ModelDone(StopReason),
    ModelFailed(String),
    /// The answer broke off after it had begun.
    ModelBrokeOff(String),
    /// There was no time left for the rest of the answer.
    ModelLate,
    /// The conversation is too long for the model.
    TooLong(String),
    /// The call was looked at. `None`: it cannot be done, and its output says why.
    Judged {
        id: String,
        decision: Option<Decision>,
    },
    /// The question was settled.
    Answered {
        id: String,
        answer: Answer,
    },
    /// The tool has ended.
    Ran {
        id: String,
    },
    /// A budget is used up, and nobody wants to go on. That was said.
    UsedUp,
    Cancelled,
    /// The turn took too long.
    Expired,
}

/// How a question was settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    Allowed,
    Rejected,
    /// What came back was no answer.
    None,
    /// Nobody is there to be asked.
    Absent,
}

/// What a person is told where the model says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Remark {
    /// The model gave no answer.
    Silence,
    /// The turn made as many model calls as it may.
    TooManySteps,
    /// The model refused.
    Refused,
    /// The answer reached the model's output limit before anything of it was whole.
    Cut,
}

/// What the driver is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Effect {
    CallModel,
    /// Make the conversation shorter before the model is asked again.
    Shorten,
    /// Tell the model that its answer broke off, before it is asked to go on.
    Resume,
    Prepare {
        id: String,
    },
    Ask {
        id: String,
    },
    Run {
        id: String,
    },
    /// The call is over without having run.
    Refuse {
        id: String,
        why: Refusal,
    },
    /// A turn does not end without words.
    Say(Remark),
    End(TurnStop),
}

/// Why a call was not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// By a rule.
    Denied,
    /// By a person.
    Rejected,
    /// Nobody answered.
    Unanswered,
    /// Nobody was there to answer.
    Unattended,
    /// The turn ended first.
    Cancelled,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Idle,
    /// The model is speaking.
    Model,
    /// Its calls are being worked off.
    Calls,
    /// The turn is given up; what runs is waited for.
    Stopping,
    Over,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CallPhase {
    Waiting,
    Preparing,
    Asking,
    Running,
    Done,
}

#[derive(Debug)]
struct Call {
    id: String,
    parallel: bool,
    phase: CallPhase,
}

/// Times that answers of one turn may break off before it is given up.
const BREAKS: usize = 3;

/// A turn of the built-in agent.
#[derive(Debug)]
pub(super) struct Machine {
    phase: Phase,
    calls: Vec<Call>,
    steps: usize,
    most_steps: usize,
    /// Times that the answer may still break off.
    breaks: usize,
    shortened: bool,
    spoke: bool,
    stop: Option<TurnStop>,
}

impl Machine {
    /// A turn of at most `most_steps` model calls.
    pub(super) fn new(most_steps: usize) -> Self {
        Self {
            phase: Phase::Idle,
            calls: Vec::new(),
            steps: 0,
            most_steps,
            breaks: BREAKS,
            shortened: false,
            spoke: false,
            stop: None,
        }
    }

    pub(super) fn handle(&mut self, input: Input) -> Vec<Effect> {
        match (self.phase, input) {
            (Phase::Over, late) => {
                tracing::debug!(?late, "after the end of the turn");
                Vec::new()
            }
            (Phase::Stopping, Input::Ran { id }) => {
                self.advance(&id, CallPhase::Running, CallPhase::Done);
                self.stopped()
            }
            (Phase::Stopping, late) => {
                tracing::debug!(?late, "while the turn is given up");
                Vec::new()
            }
            (_, Input::Cancelled) => self.stop(TurnStop::Finished { reason: StopReason::Cancelled }),
            (_, Input::Expired) => {
                self.stop(TurnStop::Failed { message: "the turn took too long and was stopped".into() })
            }
            (Phase::Idle, Input::Begin) => self.call_model(),
            (Phase::Model, Input::Said) => {
                self.spoke = true;
                Vec::new()
            }
            (Phase::Model, Input::Called { id, parallel }) => {
                self.calls.push(Call { id, parallel, phase: CallPhase::Waiting });
                Vec::new()
            }
            (Phase::Model, Input::UsedUp) => self.end(StopReason::MaxTurnRequests, None),
            (Phase::Model, Input::ModelDone(reason)) => self.model_done(reason),
            (Phase::Model, Input::ModelFailed(message)) => self.stop(TurnStop::Failed { message }),
            (Phase::Model, Input::ModelBrokeOff(message)) => self.broke_off(message),
            (Phase::Model, Input::ModelLate) => self.cut_short(),
            (Phase::Model, Input::TooLong(message)) => self.too_long(message),
            (Phase::Calls, Input::Judged { id, decision }) => self.judged(&id, decision),
            (Phase::Calls, Input::Answered { id, answer }) => self.answered(&id, answer),
            (Phase::Calls, Input::Ran { id }) => {
                if self.advance(&id, CallPhase::Running, CallPhase::Done) {
                    self.go_on()
                } else {
                    Vec::new()
                }
            }
            (phase @ (Phase::Idle | Phase::Model | Phase::Calls), input) => {
                tracing::error!(?phase, ?input, "an input that cannot come now");
                Vec::new()
            }
        }
    }

    fn call_model(&mut self) -> Vec<Effect> {
        if self.steps == self.most_steps {
            return self.end(StopReason::MaxTurnRequests, Some(Remark::TooManySteps));
        }
        self.steps += 1;
        self.phase = Phase::Model;
        self.calls.clear();
        vec![Effect::CallModel]
    }

    fn model_done(&mut self, reason: StopReason) -> Vec<Effect> {
        if !self.calls.is_empty() {
            self.phase = Phase::Calls;
            return self.go_on();
        }
        let remark = match reason {
            StopReason::Refusal => Remark::Refused,
            StopReason::MaxTokens => Remark::Cut,
            _ => Remark::Silence,
        };
        let remark = (!self.spoke).then_some(remark);
        self.end(reason, remark)
    }

    /// The same as for an answer [cut short](Machine::cut_short), as often as a provider may fail.
    fn broke_off(&mut self, message: String) -> Vec<Effect> {
        if self.breaks == 0 {
            return self.stop(TurnStop::Failed { message });
        }
        self.breaks -= 1;
        let mut effects = Vec::new();
        if self.calls.is_empty() {
            effects.push(Effect::Resume);
        }
        effects.extend(self.cut_short());
        effects
    }

    /// What was received whole counts: its calls are run, or the model is asked for the rest.
    fn cut_short(&mut self) -> Vec<Effect> {
        if self.calls.is_empty() {
            return self.call_model();
        }
        self.phase = Phase::Calls;
        self.go_on()
    }

    fn too_long(&mut self, message: String) -> Vec<Effect> {
        if self.shortened || !self.calls.is_empty() {
            return self.stop(TurnStop::Failed { message });
        }
        self.shortened = true;
        let mut effects = vec![Effect::Shorten];
        effects.extend(self.call_model());
        effects
    }

    fn end(&mut self, reason: StopReason, remark: Option<Remark>) -> Vec<Effect> {
        let mut effects: Vec<_> = remark.map(Effect::Say).into_iter().collect();
        effects.extend(self.stop(TurnStop::Finished { reason }));
        effects
    }

    fn judged(&mut self, id: &str, decision: Option<Decision>) -> Vec<Effect> {
        let next = match decision {
            Some(Decision::Allow) => CallPhase::Running,
            Some(Decision::Ask) => CallPhase::Asking,
            Some(Decision::Deny) | None => CallPhase::Done,
        };
        if !self.advance(id, CallPhase::Preparing, next) {
            return Vec::new();
        }
        let id = id.to_owned();
        match decision {
            Some(Decision::Allow) => vec![Effect::Run { id }],
            Some(Decision::Ask) => vec![Effect::Ask { id }],
            Some(Decision::Deny) => self.refuse(id, Refusal::Denied),
            None => self.go_on(),
        }
    }

    fn answered(&mut self, id: &str, answer: Answer) -> Vec<Effect> {
        let next = if answer == Answer::Allowed { CallPhase::Running } else { CallPhase::Done };
        if !self.advance(id, CallPhase::Asking, next) {
            return Vec::new();
        }
        match answer {
            Answer::Allowed => vec![Effect::Run { id: id.to_owned() }],
            Answer::Rejected => self.refuse(id.to_owned(), Refusal::Rejected),
            Answer::None => self.refuse(id.to_owned(), Refusal::Unanswered),
            Answer::Absent => self.refuse(id.to_owned(), Refusal::Unattended),
        }
    }

    fn refuse(&mut self, id: String, why: Refusal) -> Vec<Effect> {
        let mut effects = vec![Effect::Refuse { id, why }];
        effects.extend(self.go_on());
        effects
    }

    /// Starts every call whose turn has come, or the next step when all are done. A call that only looks
    /// runs beside its like; one that changes things runs alone, in the order the model gave.
    fn go_on(&mut self) -> Vec<Effect> {
        if self.calls.iter().all(|call| call.phase == CallPhase::Done) {
            // What was said before says nothing about their results.
            self.spoke = false;
            return self.call_model();
        }
        let (mut effects, mut alone, mut idle) = (Vec::new(), true, true);
        for call in &mut self.calls {
            let may_start = if call.parallel { alone } else { idle };
            if call.phase == CallPhase::Waiting && may_start {
                call.phase = CallPhase::Preparing;
                effects.push(Effect::Prepare { id: call.id.clone() });
            }
            if call.phase != CallPhase::Done {
                idle = false;
                alone &= call.parallel;
            }
        }
        effects
    }

    /// Refuses what does not run yet and waits for what does.
    fn stop(&mut self, stop: TurnStop) -> Vec<Effect> {
        self.phase = Phase::Stopping;
        self.stop = Some(stop);
        let mut effects = Vec::new();
        for call in &mut self.calls {
            if !matches!(call.phase, CallPhase::Done | CallPhase::Running) {
                call.phase = CallPhase::Done;
                effects.push(Effect::Refuse { id: call.id.clone(), why: Refusal::Cancelled });
            }
        }
        effects.extend(self.stopped());
        effects
    }

    fn stopped(&mut self) -> Vec<Effect> {
        if self.calls.iter().any(|call| call.phase == CallPhase::Running) {
            return Vec::new();
        }
        self.phase = Phase::Over;
        self.stop.take().map(Effect::End).into_iter().collect()
    }

    fn advance(&mut self, id: &str, from: CallPhase, to: CallPhase) -> bool {
        let call = self.calls.iter_mut().find(|call| call.id == id && call.phase == from);
        if let Some(call) = call {
            call.phase = to;
            return true;
        }
        tracing::error!(id, ?to, "a call that cannot come there now");
        false
    }
}
