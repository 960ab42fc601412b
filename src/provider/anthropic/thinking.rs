//! How a model is told to think: <https://platform.claude.com/docs/en/build-with-claude/thinking>, and the table of
//! what each model refuses in `thinking-troubleshooting` beside it.

use serde::Serialize;

use crate::provider::{Effort, ModelInfo};

/// The fields of a request that say how to think.
#[derive(Debug, Default, PartialEq, Serialize)]
pub(super) struct Thinking {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) thinking: Option<Mode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) output_config: Option<OutputConfig>,
}

#[derive(Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Mode {
    /// Up to 4.5: so many tokens. An open tool loop has to begin with a thought then.
    Enabled {
        budget_tokens: u64,
    },
    /// From 4.6: as the model sees fit, by effort. Newer models tell no thoughts unless `display` asks.
    Adaptive {
        display: &'static str,
    },
    Disabled,
    BetweenTools,
}

#[derive(Debug, PartialEq, Serialize)]
pub(super) struct OutputConfig {
    effort: &'static str,
}

/// What a model understands.
#[derive(Debug, PartialEq)]
enum Kind {
    /// Budgets; does not think unless told.
    Budget,
    /// Efforts; does not think unless told.
    OnRequest,
    /// Efforts; thinks unless told `off`.
    Usual { off: Mode },
    /// Efforts; always thinks.
    Always,
}

pub(super) fn thinking(model: &ModelInfo, effort: Option<Effort>) -> Thinking {
    let level = match effort {
        None | Some(Effort::Off) => None,
        Some(Effort::Low) => Some(("low", 2_048)),
        Some(Effort::Medium) => Some(("medium", 8_192)),
        Some(Effort::High) => Some(("high", 24_576)),
    };
    let off = effort == Some(Effort::Off);
    match (kind(&model.wire), level) {
        (Kind::Budget, Some((_, budget))) => {
            // The answer shares `max_tokens` with the thoughts; less than 1024 is refused.
            let budget_tokens = budget.min(model.output / 2);
            let mode = (budget_tokens >= 1_024).then_some(Mode::Enabled { budget_tokens });
            Thinking { thinking: mode, output_config: None }
        }
        (Kind::Budget | Kind::OnRequest, None) => Thinking::default(),
        (Kind::Usual { off: mode }, None) if off => Thinking { thinking: Some(mode), output_config: None },
        (Kind::Always, None) if off => adaptive(Some("low")),
        (Kind::OnRequest | Kind::Usual { .. } | Kind::Always, level) => adaptive(level.map(|it| it.0)),
    }
}

fn adaptive(effort: Option<&'static str>) -> Thinking {
    Thinking {
        thinking: Some(Mode::Adaptive { display: "summarized" }),
        output_config: effort.map(|effort| OutputConfig { effort }),
    }
}

fn kind(wire: &str) -> Kind {
    // Others that speak this dialect took over the budgets.
    let Some(at) = wire.find("claude") else { return Kind::Budget };
    let (family, version) = version(&wire[at..]);
    match (family, version) {
        ("opus" | "sonnet" | "haiku", None | Some((..=3, _) | (4, ..=5))) => Kind::Budget,
        ("opus" | "sonnet" | "haiku", Some((4, _))) => Kind::OnRequest,
        ("sonnet", Some((5, 5))) => Kind::Usual { off: Mode::BetweenTools },
        ("opus" | "sonnet", Some((5, 0))) => Kind::Usual { off: Mode::Disabled },
        ("haiku", Some((5, _))) => Kind::Usual { off: Mode::Disabled },
        _ => Kind::Always,
    }
}

/// Family and version of `claude-opus-4-6`, `claude-sonnet-4-20250514`, `claude-3-7-sonnet-latest`.
fn version(wire: &str) -> (&str, Option<(u32, u32)>) {
    let mut family = "";
    let mut numbers = Vec::new();
    for word in wire.split(['-', '.', '@', ':']).skip(1) {
        match word.parse::<u32>() {
            // Longer ones are dates.
            Ok(number) if word.len() <= 2 && numbers.len() < 2 => numbers.push(number),
            Ok(_) => break,
            Err(_) if family.is_empty() => family = word,
            Err(_) => break,
        }
    }
    (family, numbers.first().map(|major| (*major, numbers.get(1).copied().unwrap_or(0))))
}
