use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::acp::{SessionId, ToolCall, ToolCallStatus, ToolCallUpdate, ToolCallUpdateFields};
use crate::agent::builtin::budget::{Limits, Span, is_question, question};
use crate::agent::builtin::spending::{Meter, Tally};
use crate::agent::builtin::transcript::Transcript;
use crate::agent::builtin::usage::Account;
use crate::agent::{Ledger, Spent, Totals};
use crate::config::{Budget, Budgets};
use crate::event::EventKind;
use crate::provider::{ModelInfo, Price, Tokens};

const NOTHING: Spent = Spent { money: 0.0, tokens: 0, steps: 0, time: Duration::ZERO };

fn turn(turn: Budget) -> Limits {
    Limits::new(&Budgets { turn, ..Budgets::default() })
}

/// What is told of a turn that has spent so much.
fn told(limits: &Limits, spent: Spent) -> Option<String> {
    let reached = limits.check(|span| if span == Span::Turn { spent } else { NOTHING });
    reached.map(|reached| format!("{reached}; {}", reached.more()))
}

#[test]
fn a_limit_is_reached_when_all_of_it_is_spent_and_says_so() {
    let time = Some(Duration::from_mins(90));
    let cases = [
        (
            Budget { money: Some(1.0), ..Budget::default() },
            Spent { money: 0.999, ..NOTHING },
            Spent { money: 1.0151, ..NOTHING },
            "the budget of this turn is used up ($1.02 of $1.00); another $1.00",
        ),
        (
            Budget { tokens: Some(1_234_567), ..Budget::default() },
            Spent { tokens: 1_234_566, ..NOTHING },
            Spent { tokens: 2_000_000, ..NOTHING },
            "the budget of this turn is used up (2,000,000 of 1,234,567 tokens); another 1,234,567 tokens",
        ),
        (
            Budget { steps: Some(1), ..Budget::default() },
            NOTHING,
            Spent { steps: 1, ..NOTHING },
            "the budget of this turn is used up (1 of 1 model call); another model call",
        ),
        (
            Budget { time, ..Budget::default() },
            Spent { time: Duration::from_secs(5_399), ..NOTHING },
            Spent { time: Duration::from_secs(5_403), ..NOTHING },
            "the budget of this turn is used up (1 h 30 min 3 s of 1 h 30 min); another 1 h 30 min",
        ),
    ];
    for (budget, before, after, text) in cases {
        let limits = turn(budget);
        assert_eq!(told(&limits, before), None, "{budget:?}");
        assert_eq!(told(&limits, after).as_deref(), Some(text));
    }
    let plenty = Spent { money: 1e6, tokens: u64::MAX, steps: u64::MAX, time: Duration::from_hours(9_999) };
    assert_eq!(told(&turn(Budget::default()), plenty), None);
}

#[test]
fn each_span_is_measured_by_itself() {
    let of = |steps| Budget { steps: Some(steps), ..Budget::default() };
    let limits = Limits::new(&Budgets { turn: of(3), session: of(2), day: of(1) });
    let spent = |turn, session, day| {
        let steps = move |span| match span {
            Span::Turn => turn,
            Span::Session => session,
            Span::Day => day,
        };
        limits.check(|span| Spent { steps: steps(span), ..NOTHING }).map(|reached| reached.to_string())
    };
    assert_eq!(spent(2, 1, 0), None);
    assert!(spent(3, 0, 0).unwrap().contains("this turn"));
    assert!(spent(2, 2, 0).unwrap().contains("this session"));
    assert!(spent(2, 1, 1).unwrap().contains("this day"));
}

#[test]
fn a_raised_limit_is_reached_again_and_is_as_set_in_the_next_turn() {
    let mut limits = turn(Budget { tokens: Some(10), ..Budget::default() });
    let spent = |tokens| Spent { tokens, ..NOTHING };
    let check = |limits: &Limits, tokens| limits.check(|_| spent(tokens));
    let reached = check(&limits, 37).unwrap();
    assert!(reached.can_be_raised());
    limits.raise(&reached);
    assert_eq!(check(&limits, 39), None, "as often as it takes");
    assert!(told(&limits, spent(40)).unwrap().contains("40 of 40"));
    limits.raise(&check(&limits, 40).unwrap());
    assert_eq!(check(&limits, 49), None);
    limits.reset(Span::Session);
    assert_eq!(check(&limits, 49), None);
    limits.reset(Span::Turn);
    assert!(check(&limits, 10).is_some());
}

#[test]
fn a_limit_of_nothing_cannot_be_raised() {
    let mut limits = turn(Budget { money: Some(0.0), ..Budget::default() });
    let reached = limits.check(|_| NOTHING).unwrap();
    assert!(!reached.can_be_raised());
    assert_eq!(reached.to_string(), "the budget of this turn is used up ($0.00 of $0.00)");
    limits.raise(&reached);
    assert!(limits.check(|_| NOTHING).is_some());
}

#[test]
fn the_model_hears_nothing_of_what_is_asked_about_budgets() {
    let id = question("1");
    let call = ToolCall::new(id.clone(), "The budget is used up. Go on?");
    assert!(is_question(&call.tool_call_id) && !is_question(&"call-1".to_owned().into()));
    let fields = ToolCallUpdateFields::new().status(ToolCallStatus::Completed);
    let mut transcript = Transcript::default();
    transcript.take(&EventKind::ToolProposed { call: Box::new(call) });
    let update = Box::new(ToolCallUpdate::new(id, fields));
    transcript.take(&EventKind::ToolEnded { update, result: "Going on.".into(), cancelled: false });
    assert!(transcript.messages().is_empty());
}

/// Adds up what it is told, on top of what others used that day.
#[derive(Debug, Default)]
struct Book {
    closed: AtomicBool,
    told: Mutex<Vec<Spent>>,
    others: Mutex<Spent>,
}

impl Ledger for Book {
    fn spend(&self, _: &SessionId, more: Spent) -> BoxFuture<'static, Option<Totals>> {
        let mut told = self.told.lock().unwrap();
        told.push(more);
        let session = told.iter().fold(NOTHING, |sum, more| sum + *more);
        let day = session + *self.others.lock().unwrap();
        let open = !self.closed.load(Ordering::Relaxed);
        Box::pin(std::future::ready(open.then_some(Totals { session, day })))
    }
}

impl Book {
    fn sum(&self) -> Spent {
        self.told.lock().unwrap().iter().fold(NOTHING, |sum, more| sum + *more)
    }
}

fn meter(book: &Arc<Book>, budgets: Budgets) -> Meter {
    meter_of("s", &tally(budgets), book)
}

/// What session `s` may use up with those beneath it.
fn tally(budgets: Budgets) -> Arc<Tally> {
    Arc::new(Tally::new(&SessionId::new("s"), &budgets))
}

fn meter_of(session: &str, tally: &Arc<Tally>, book: &Arc<Book>) -> Meter {
    Meter::new(&SessionId::new(session), Arc::clone(tally), Arc::clone(book) as _)
}

/// The provider reports an answer of that many tokens, a cent each.
fn answer(account: &mut Account, tokens: u64) {
    let price = Price { input: 1e4, output: 1e4, cache_read: 0.0, cache_write: 0.0 };
    let model = ModelInfo { price: Some(price), ..ModelInfo::unknown("p", "m") };
    account.report(Tokens { input: tokens, ..Tokens::default() }, &model, 0);
    account.close(&model);
}

#[tokio::test(start_paused = true)]
async fn a_turn_is_measured_from_its_beginning() {
    let (book, mut account) = (Arc::new(Book::default()), Account::default());
    let limit = Budget { tokens: Some(10), time: Some(Duration::from_mins(1)), ..Budget::default() };
    let mut meter = meter(&book, Budgets { turn: limit, ..Budgets::default() });
    answer(&mut account, 100);
    meter.begin(&account);
    assert_eq!(meter.step(&account).await, None, "what was before does not count");
    answer(&mut account, 9);
    assert_eq!(meter.step(&account).await, None);
    account.add(1, 0.01);
    meter.used_beneath(&account, 1, 0.01);
    let reached = meter.step(&account).await.unwrap();
    assert!(reached.to_string().contains("10 of 10 tokens"), "sub-agents count: {reached}");
    let pause = meter.tally().pause();
    tokio::time::advance(Duration::from_hours(1)).await;
    drop(pause);
    meter.raise(&reached);
    assert_eq!(meter.step(&account).await, None, "the time of people does not count");
    tokio::time::advance(Duration::from_mins(1)).await;
    let reached = meter.step(&account).await.unwrap();
    assert!(reached.to_string().contains("1 min of 1 min"), "{reached}");
    meter.end(&account);
    meter.begin(&account);
    assert_eq!(meter.step(&account).await, None);
}

#[tokio::test(start_paused = true)]
async fn what_runs_may_go_on_until_the_nearest_limit_of_time() {
    let (book, account) = (Arc::new(Book::default()), Account::default());
    let minutes = |minutes| Budget { time: Some(Duration::from_mins(minutes)), ..Budget::default() };
    let mut free = meter(&book, Budgets::default());
    free.begin(&account);
    assert_eq!(free.time_left(&account), None);
    let limits = Budgets { turn: minutes(5), session: minutes(6), ..Budgets::default() };
    let mut meter = meter(&book, limits);
    meter.begin(&account);
    tokio::time::advance(Duration::from_mins(2)).await;
    assert_eq!(meter.time_left(&account), Some(Duration::from_mins(3)));
    let pause = meter.tally().pause();
    tokio::time::advance(Duration::from_hours(1)).await;
    assert_eq!(meter.time_left(&account), Some(Duration::from_mins(3)), "people have time");
    drop(pause);
    assert_eq!(meter.step(&account).await, None, "written down");
    meter.end(&account);
    meter.begin(&account);
    assert_eq!(meter.time_left(&account), Some(Duration::from_mins(4)), "the session's comes first now");
    tokio::time::advance(Duration::from_mins(5)).await;
    assert_eq!(meter.time_left(&account), Some(Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn no_time_is_used_up_while_anybody_of_the_session_waits_for_a_person() {
    let (book, account, minute) = (Arc::new(Book::default()), Account::default(), Duration::from_mins(1));
    let turn = Budget { time: Some(minute), ..Budget::default() };
    let tally = tally(Budgets { turn, ..Budgets::default() });
    let mut meters = ["s", "child"].map(|session| meter_of(session, &tally, &book));
    for meter in &mut meters {
        meter.begin(&account);
    }
    let [first, second] = [&meters[1], &meters[0]].map(|meter| meter.tally().pause());
    tokio::time::advance(minute).await;
    drop(first);
    tokio::time::advance(minute).await;
    assert_eq!(meters[0].step(&account).await, None, "a question is open still");
    drop(second);
    tokio::time::advance(minute / 2).await;
    assert_eq!(meters[0].step(&account).await, None);
    meters[0].end(&account);
    assert_eq!(book.sum().time, minute / 2);
    meters[0].begin(&account);
    tokio::time::advance(minute).await;
    assert!(meters[0].step(&account).await.is_some(), "a wait of the turn before is none of this one");
}

#[tokio::test(start_paused = true)]
async fn the_ledger_hears_everything_once_and_nothing_of_others() {
    let (book, mut account) = (Arc::new(Book::default()), Account::default());
    let mut meter = meter(&book, Budgets::default());
    meter.begin(&account);
    meter.step(&account).await;
    assert!(book.told.lock().unwrap().is_empty(), "nothing was used");
    answer(&mut account, 5);
    tokio::time::advance(Duration::from_secs(3)).await;
    meter.step(&account).await;
    account.add(100, 1.0);
    meter.used_beneath(&account, 100, 1.0);
    answer(&mut account, 2);
    meter.end(&account);
    let sum = book.sum();
    assert_eq!((sum.tokens, sum.steps, sum.time), (7, 2, Duration::from_secs(3)));
    assert!((sum.money - 0.07).abs() < 1e-9, "{sum:?}");
}

#[tokio::test(start_paused = true)]
async fn the_time_of_a_sub_agent_is_the_time_of_whoever_waits_for_it() {
    let (book, mut account) = (Arc::new(Book::default()), Account::default());
    let mut meter = meter_of("child", &tally(Budgets::default()), &book);
    meter.begin(&account);
    tokio::time::advance(Duration::from_secs(3)).await;
    answer(&mut account, 5);
    meter.end(&account);
    assert_eq!((book.sum().tokens, book.sum().time), (5, Duration::ZERO));
}

#[tokio::test]
async fn a_day_is_the_same_for_all_sessions_and_begins_anew() {
    let (book, account) = (Arc::new(Book::default()), Account::default());
    let day = Budget { steps: Some(5), ..Budget::default() };
    let mut meter = meter(&book, Budgets { day, ..Budgets::default() });
    *book.others.lock().unwrap() = Spent { steps: 5, ..NOTHING };
    meter.begin(&account);
    let reached = meter.step(&account).await.unwrap();
    assert!(reached.to_string().contains("this day is used up (5 of 5 model calls)"), "{reached}");
    meter.raise(&reached);
    assert_eq!(meter.step(&account).await, None);
    *book.others.lock().unwrap() = NOTHING;
    assert_eq!(meter.step(&account).await, None);
    *book.others.lock().unwrap() = Spent { steps: 5, ..NOTHING };
    assert!(meter.step(&account).await.is_some(), "a new day has the limit that is set");
}

#[tokio::test]
async fn a_ledger_that_cannot_be_read_lifts_no_limit() {
    let (book, account) = (Arc::new(Book::default()), Account::default());
    let day = Budget { steps: Some(2), ..Budget::default() };
    let mut meter = meter(&book, Budgets { day, ..Budgets::default() });
    book.closed.store(true, Ordering::Relaxed);
    meter.begin(&account);
    assert_eq!((meter.step(&account).await, meter.step(&account).await), (None, None));
    assert!(meter.step(&account).await.is_some());
}

#[tokio::test]
async fn what_sub_agents_use_counts_while_they_use_it_and_once() {
    let book = Arc::new(Book::default());
    let turn = Budget { tokens: Some(20), steps: Some(6), ..Budget::default() };
    let tally = tally(Budgets { turn, ..Budgets::default() });
    let mut accounts = [(); 3].map(|()| Account::default());
    let mut meters = ["s", "one", "two"].map(|session| meter_of(session, &tally, &book));
    for (meter, account) in meters.iter_mut().zip(&accounts) {
        meter.begin(account);
        assert_eq!(meter.step(account).await, None);
    }
    for (account, tokens) in accounts.iter_mut().zip([4, 7, 8]) {
        answer(account, tokens);
    }
    meters[0].note(&accounts[0]);
    for (meter, account) in meters.iter_mut().zip(&accounts).skip(1) {
        assert_eq!(meter.step(account).await, None, "19 of 20 tokens at most");
    }
    answer(&mut accounts[1], 3);
    meters[1].end(&accounts[1]);
    let reached = meters[2].step(&accounts[2]).await.unwrap();
    assert!(reached.to_string().contains("22 of 20 tokens"), "{reached}");
    meters[2].raise(&reached);
    meters[0].raise(&reached);
    accounts[0].add(10, 0.1);
    meters[0].used_beneath(&accounts[0], 10, 0.1);
    assert_eq!(meters[0].step(&accounts[0]).await, None, "22 of 40 tokens, raised once");
    let reached = meters[2].step(&accounts[2]).await.unwrap();
    assert!(reached.to_string().contains("6 of 6 model calls"), "{reached}");
    meters[2].end(&accounts[2]);
    meters[0].end(&accounts[0]);
    assert_eq!((book.sum().tokens, book.sum().steps), (22, 6));
}
