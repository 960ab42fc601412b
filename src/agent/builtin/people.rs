use futures_util::future::BoxFuture;

use crate::agent::{Hands, Turn};
use crate::event::{Question, QuestionAnswer};
use crate::tool::People;

/// The people behind a turn.
#[derive(Debug)]
pub(super) struct TurnPeople {
    turn: Turn,
    forms: bool,
    pages: bool,
}

impl TurnPeople {
    pub(super) fn new(turn: Turn, hands: &Hands) -> Self {
        Self { turn, forms: hands.takes_forms, pages: hands.takes_pages }
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
        Box::pin(self.turn.question(question))
    }
}
