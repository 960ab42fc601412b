use crate::agent::builtin::usage::Account;
use crate::provider::{ModelInfo, Price, Tokens};

fn model() -> ModelInfo {
    let price = Price { input: 3.0, output: 15.0, cache_read: 0.3, cache_write: 3.75 };
    ModelInfo { price: Some(price), context: 1000, ..ModelInfo::unknown("p", "m") }
}

fn read(input: u64, output: u64) -> Tokens {
    Tokens { input, output, ..Tokens::default() }
}

#[test]
fn a_later_report_of_an_answer_replaces_the_earlier() {
    let (mut account, model) = (Account::default(), model());
    assert_eq!(account.report(read(100, 1), &model, 400).unwrap().used, 101);
    assert_eq!(account.report(read(100, 20), &model, 400), None, "told at the end");
    let first = account.close(&model).unwrap();
    assert_eq!((first.used, first.size, first.spent), (120, 1000, 120));
    let second = account.report(read(150, 10), &model, 480).unwrap();
    assert_eq!(account.close(&model), None, "told already");
    assert_eq!((second.used, second.spent), (160, 280));
    let cost = second.cost.unwrap().amount;
    assert!((cost - (250.0 * 3.0 + 30.0 * 15.0) / 1e6).abs() < 1e-12, "{cost}");
}

#[test]
fn cached_tokens_cost_what_the_cache_costs() {
    let tokens = Tokens { input: 1000, cache_read: 600, cache_write: 300, output: 10, thought: 5 };
    let expected = (100.0 * 3.0 + 600.0 * 0.3 + 300.0 * 3.75 + 10.0 * 15.0) / 1e6;
    assert!((tokens.cost(model().price.unwrap()) - expected).abs() < 1e-12);
}

#[test]
fn what_nobody_reports_is_estimated_and_says_so() {
    let mut account = Account::default();
    assert_eq!(account.close(&model()), None);
    assert_eq!(account.expected(480), 120);
    let told = account.estimate(&model(), 480).unwrap();
    assert_eq!((told.used, told.size, told.spent, told.estimated), (120, 1000, 0, true));
    assert_eq!(account.expected(880), 220);
    account.report(read(300, 0), &model(), 880);
    account.close(&model());
    assert_eq!(account.estimate(&model(), 880), None, "it was reported");
    account.close(&model());
    let told = account.estimate(&model(), 1280).unwrap();
    assert_eq!((told.used, told.estimated), (400, true), "what was reported, and what was said since");
}

#[test]
fn an_estimate_that_no_gauge_shows_is_not_told() {
    for (context, told) in [(0, false), (1_000_000, false), (100_000, true)] {
        let mut account = Account::default();
        let model = ModelInfo { context, ..model() };
        account.close(&model);
        assert_eq!(account.estimate(&model, 480).is_some(), told, "{context}");
    }
}

#[test]
fn an_account_goes_on_where_the_journal_ends() {
    let (mut account, model) = (Account::default(), model());
    let usage = account.report(read(100, 20), &model, 0).unwrap();
    let mut later = Account::default();
    later.recall(&usage);
    assert_eq!(later.so_far(), account.so_far());
}
