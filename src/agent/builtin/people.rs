use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::BuiltinSession;
use super::spending::Tally;

use crate::acp::ToolCallId;
use crate::agent::{Hands, Turn};
use crate::event::{Question, QuestionAnswer, QuestionForm};
use crate::tool::People;

/// The people behind a turn, asked on behalf of a call.
#[derive(Debug)]
pub(super) struct TurnPeople {
    turn: Turn,
    call: Option<ToolCallId>,
    forms: bool,
    pages: bool,
    tally: Arc<Tally>,
}

impl TurnPeople {
    pub(super) fn new(session: &BuiltinSession, turn: Turn, call: Option<ToolCallId>, hands: &Hands) -> Self {
        let tally = Arc::clone(session.meter.tally());
        Self { turn, call, forms: hands.takes_forms, pages: hands.takes_pages, tally }
    }
}

impl People for TurnPeople {
    fn take_forms(&self) -> bool {
        self.forms
    }

    fn take_pages(&self) -> bool {
        self.pages
    }

    fn ask(&self, question: Question) -> BoxFuture<'_, QuestionAnswer> {
        let taken = match question.form {
            QuestionForm::Fields { .. } => self.forms,
            QuestionForm::Page { .. } => self.pages,
        };
        Box::pin(async move {
            if !taken {
                return QuestionAnswer::Cancelled;
            }
            let _pause = self.tally.pause();
            self.turn.question(self.call.clone(), question).await
        })
    }
}
