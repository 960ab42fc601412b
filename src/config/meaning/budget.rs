use std::time::Duration;

use super::fault;
use crate::config::agent::{Budget, Budgets};
use crate::config::raw;
use crate::config::tree::Node;

/// The limits of a tree. One that means nothing is an error: a limit must not get lost.
pub(in crate::config) fn budgets(raw: &raw::Budgets, tree: &Node) -> Result<Budgets, String> {
    let span = |raw: &raw::Budget, span: &str| {
        let node = tree.part("budget").and_then(|budgets| budgets.part(span)).unwrap_or(tree);
        budget(raw, node, &format!("budget.{span}"))
    };
    Ok(Budgets {
        turn: span(&raw.turn, "turn")?,
        session: span(&raw.session, "session")?,
        day: span(&raw.day, "day")?,
    })
}

fn budget(raw: &raw::Budget, node: &Node, key: &str) -> Result<Budget, String> {
    let wrong = |part: &str, what: &str| {
        let place = &node.part(part).unwrap_or(node).place;
        fault(place, &format!("{key}.{part}"), what)
    };
    if raw.money.is_some_and(|money| !money.is_finite() || money < 0.0) {
        return Err(wrong("money", "it is no amount of dollars"));
    }
    let time = raw.time.as_deref().map(|text| {
        duration(text).ok_or_else(|| wrong("time", &format!("{text:?} is no time: write 90s, 30m or 1h30m")))
    });
    Ok(Budget { money: raw.money, tokens: raw.tokens, steps: raw.steps, time: time.transpose()? })
}

/// `90s`, `30m`, `1h30m`.
fn duration(text: &str) -> Option<Duration> {
    let mut total = 0_u64;
    let mut rest = text.trim();
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number: u64 = rest[..digits].parse().ok()?;
        let unit = match rest.as_bytes().get(digits)? {
            b's' => 1,
            b'm' => 60,
            b'h' => 3_600,
            _ => return None,
        };
        total = total.checked_add(number.checked_mul(unit)?)?;
        rest = rest[digits + 1..].trim_start();
    }
    (!text.trim().is_empty()).then(|| Duration::from_secs(total))
}
