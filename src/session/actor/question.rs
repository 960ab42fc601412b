//! Questions to which only people know the answer. What they say is looked at once more before anyone believes it.

use tokio::sync::oneshot;

use super::Actor;
use super::ask::OpenAsk;
use crate::acp::ToolCallId;
use crate::event::{AskId, EventKind, Form, Question, QuestionAnswer, QuestionForm};

impl Actor {
    pub(super) async fn open_question(
        &mut self,
        call: Option<ToolCallId>,
        question: Question,
        answer: oneshot::Sender<QuestionAnswer>,
    ) {
        if let QuestionForm::Fields { schema } = &question.form
            && let Err(reason) = Form::read(schema)
        {
            // A turn that no longer waits has been given up.
            let _told = answer.send(QuestionAnswer::Unfit { reason });
            return;
        }
        let Some((ask, turn)) = self.next_ask() else { return };
        let opened = EventKind::QuestionOpened { ask: ask.clone(), turn, call, question: question.clone() };
        self.open(ask, opened, OpenAsk::Question { question, answer }).await;
    }

    pub(super) async fn answer_question(&mut self, ask: AskId, given: QuestionAnswer) {
        let Some(OpenAsk::Question { question, answer }) = self.take(&ask, is_question) else { return };
        let given = fitting(&question.form, given);
        if self.settled(EventKind::QuestionSettled { ask, answer: given.clone() }).await {
            // A turn that no longer waits has been given up.
            let _told = answer.send(given);
        }
    }
}

fn is_question(open: &OpenAsk) -> bool {
    matches!(open, OpenAsk::Question { .. })
}

/// The answer as far as it answers what was asked.
fn fitting(form: &QuestionForm, given: QuestionAnswer) -> QuestionAnswer {
    let QuestionAnswer::Accepted { content } = given else { return given };
    match form {
        QuestionForm::Page { .. } => QuestionAnswer::Accepted { content: serde_json::json!({}) },
        QuestionForm::Fields { schema } => match Form::read(schema).and_then(|form| form.accept(&content)) {
            Ok(content) => QuestionAnswer::Accepted { content },
            Err(reason) => QuestionAnswer::Unfit { reason },
        },
    }
}
