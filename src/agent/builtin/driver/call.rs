//! One call of the model on its way: looked at, judged, asked about, run, refused.

use std::sync::Arc;

use futures_util::future::join;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{CALLS, Call, Driver, Outcome};
use crate::acp::ToolKind;
use crate::agent::builtin::machine::{Input, Refusal};
use crate::agent::builtin::people::TurnPeople;
use crate::agent::builtin::{budget, progress, report, task};
use crate::agent::{OpenCalls, TurnFault};
use crate::event::{AskOutcome, EventKind};
use crate::permission::{Action, Decision, Judgement};
use crate::provider::ModelCall;
use crate::tool::{Readable, ToolContext, ToolOutput};
use crate::workspace::Live;

impl Driver<'_> {
    pub(super) fn called(&mut self, mut call: ModelCall) -> EventKind {
        let taken = self.calls.contains_key(&call.id) || self.session.transcript.knows_call(&call.id);
        let reserved = budget::is_question(&report::call_id(&call.id));
        if taken || reserved || call.id.is_empty() {
            call.id = self.session.parts.clock.id();
        }
        let tool = self.tools.find(&call.name);
        let kind = tool.map_or(ToolKind::Other, |tool| tool.kind());
        let parallel = tool.is_none_or(|tool| tool.parallel());
        self.called += 1;
        self.inputs.push_back(Input::Called { id: call.id.clone(), parallel });
        let proposed = report::proposed(&call, kind);
        let id = call.id.clone();
        let call = Call {
            asked: call,
            kind,
            prepared: None,
            output: None,
            judgement: None,
            grants: Vec::new(),
            cancel: self.give_up.child_token(),
            running: false,
            late: false,
        };
        self.calls.insert(id, call);
        proposed
    }

    pub(super) fn prepare(&mut self, id: &str) {
        let Some(call) = self.calls.get(id) else { return };
        let (asked, cancel) = (&call.asked, call.cancel.clone());
        let tools = &self.tools;
        let tool = match tools.find(&asked.name) {
            _ if self.called > CALLS => Err(format!(
                "More than {CALLS} calls in one answer: none of them is run. Make fewer at a time."
            )),
            Some(tool) => Ok(tool.clone()),
            None => {
                let known: Vec<_> = tools.iter().map(|tool| tool.name()).collect();
                Err(format!("There is no tool named {:?}. The tools are: {}.", asked.name, known.join(", ")))
            }
        };
        let (id, input) = (id.to_owned(), asked.input.clone());
        let (progress, output) = mpsc::channel(progress::QUEUE);
        let context = self.context(&id, progress, cancel);
        if let Some(call) = self.calls.get_mut(&id) {
            call.output = Some(output);
        }
        self.work.push(Box::pin(async move {
            let prepared = match tool {
                Ok(tool) => tool.prepare(input, context).await,
                Err(text) => Err(ToolOutput::failed(text)),
            };
            Outcome::Prepared(id, prepared)
        }));
    }

    pub(super) fn context(
        &self,
        id: &str,
        progress: mpsc::Sender<Live>,
        cancel: CancellationToken,
    ) -> ToolContext {
        let call = Some(report::call_id(id));
        ToolContext {
            workspace: self.session.aside.workspace().clone(),
            files: self.prompt.hands.files.clone(),
            commands: self.prompt.hands.commands.clone(),
            readable: self.readable(),
            seen: self.session.seen.clone(),
            progress,
            cancel,
            people: Arc::new(TurnPeople::new(self.session, self.turn.clone(), call, &self.prompt.hands)),
            spill: self.session.aside.outputs.clone(),
        }
    }

    /// By the rules of this moment.
    pub(super) fn readable(&self) -> Readable {
        let policy = &self.session.policy;
        if !policy.restricts_reading() {
            return Readable::everything();
        }
        let policy = policy.clone();
        Readable::new(move |path| {
            policy.judge(&Action::Read { path: path.to_owned() }).decision == Decision::Allow
        })
    }

    /// By the rules and the remembered answers, also those given or forgotten elsewhere meanwhile, in the mode
    /// of this moment.
    pub(super) async fn judge(&mut self, action: Action) -> Judgement {
        let mode = self.session.mode(&self.turn.settings());
        let policy = &mut self.session.policy;
        policy.set_mode(mode);
        if !matches!(action, Action::Read { .. } | Action::Search { .. } | Action::Note)
            && let Some(grants) = self.session.parts.grants.of(policy.workspace().to_owned()).await
        {
            policy.set_grants(grants);
        }
        policy.judge(&action)
    }

    pub(super) fn ask(&mut self, id: &str) {
        let Some(call) = self.calls.get_mut(id) else { return };
        let (Some(prepared), Some(judgement)) = (&call.prepared, &call.judgement) else { return };
        let (options, grants) = report::options(judgement);
        let question = report::question(id, call.kind, prepared, &judgement.reason);
        call.grants = grants;
        let (turn, id) = (self.turn.clone(), id.to_owned());
        let tally = Arc::clone(self.session.meter.tally());
        self.work.push(Box::pin(async move {
            let _pause = tally.pause();
            Outcome::Answered(id, turn.ask(question, options).await)
        }));
    }

    pub(super) async fn answered(&mut self, id: String, outcome: &AskOutcome) {
        if let AskOutcome::Selected { option } = outcome
            && let Some(call) = self.calls.get(&id)
            && let Some((_, grant)) = call.grants.iter().find(|(known, _)| known == option)
        {
            self.session.policy.add_grant(grant.clone());
            self.session.parts.grants.remember(grant.clone()).await;
        }
        self.inputs.push_back(Input::Answered { id, answer: report::answer(outcome) });
    }

    /// Runs what was prepared, once its start is durable.
    pub(super) async fn start(&mut self, id: &str) -> Result<(), TurnFault> {
        let terminal = self.shows_terminal(id);
        let Some(call) = self.calls.get_mut(id) else { return Ok(()) };
        let Some(prepared) = call.prepared.take() else { return Ok(()) };
        let Some(live) = call.output.take() else { return Ok(()) };
        call.running = true;
        if OpenCalls::take(call.kind) {
            self.turn.calls().begin(report::call_id(id), call.cancel.clone());
        }
        let started = report::started(id, &prepared, terminal);
        let changed: Vec<_> = match call.kind {
            ToolKind::Edit => prepared.locations.iter().map(|location| location.path.clone()).collect(),
            _ => Vec::new(),
        };
        let (diagnostics, cancel) = (Arc::clone(&self.session.diagnostics), self.give_up.clone());
        let (work, given_up) = (prepared.work, call.cancel.clone());
        self.turn.commit(vec![started]).await?;
        let reporter = progress::report(self.turn.clone(), report::call_id(id), terminal, live);
        let id = id.to_owned();
        self.work.push(Box::pin(async move {
            // The reporter ends when the work has let go of its output.
            let work = async move {
                // The cancel may have come while its start was written.
                if given_up.is_cancelled() {
                    return ToolOutput::failed("Cancelled before it began.");
                }
                work().await
            };
            let (mut output, ()) = join(work, reporter).await;
            if !changed.is_empty()
                && !output.failed
                && let Some(said) = diagnostics.after(&changed, &cancel).await
            {
                output.text = format!("{}\n\nThe language server says:\n{said}", output.text);
            }
            Outcome::Ran(id, output)
        }));
        Ok(())
    }

    /// The call has ended by itself, or because it was given up.
    pub(super) async fn ran(&mut self, id: String, mut output: ToolOutput) -> Result<(), TurnFault> {
        self.turn.calls().end(&report::call_id(&id));
        let usage = self.account_for(&id, &output);
        let terminal = self.shows_terminal(&id);
        let mut cancelled = false;
        if let Some(call) = self.calls.get_mut(&id) {
            call.running = false;
            cancelled = output.failed && call.cancel.is_cancelled();
            if cancelled && !self.give_up.is_cancelled() {
                output = report::given_up(output, call.late);
            }
        }
        let mut events = report::ended(&id, output, terminal);
        if cancelled {
            events = report::cancelled(events);
        }
        events.extend(usage);
        self.emit(events).await?;
        self.inputs.push_back(Input::Ran { id });
        Ok(())
    }

    /// What a sub-agent has used is used by this session.
    pub(super) fn account_for(&mut self, id: &str, output: &ToolOutput) -> Option<EventKind> {
        let of_task = self.calls.get(id).is_some_and(|call| call.asked.name == task::NAME);
        let (tokens, money) = task::used(output).filter(|_| of_task)?;
        let session = &mut *self.session;
        session.account.add(tokens, money);
        session.meter.used_beneath(&session.account, tokens, money);
        let model = self.model.as_ref().filter(|_| tokens > 0)?;
        Some(EventKind::UsageChanged { usage: session.account.usage(model) })
    }

    pub(super) fn shows_terminal(&self, id: &str) -> bool {
        self.prompt.hands.display_terminal
            && self.calls.get(id).is_some_and(|call| call.kind == ToolKind::Execute)
    }

    pub(super) async fn refuse(&mut self, id: &str, why: Refusal) -> Result<(), TurnFault> {
        let Some(call) = self.calls.get(id) else { return Ok(()) };
        let terminal = call.running && self.shows_terminal(id);
        let reason = call.judgement.as_ref().map_or("", |judgement| judgement.reason.as_str());
        let events = report::ended(id, report::refused(why, reason), terminal);
        self.turn.calls().end(&report::call_id(id));
        self.emit(if why == Refusal::Cancelled { report::cancelled(events) } else { events }).await
    }
}
