//! What is known of a model: sizes, prices, abilities.

use serde::{Deserialize, Serialize};

/// A model as people choose it and an agent plans for it.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelInfo {
    /// How people and sessions name it: `anthropic/claude-sonnet-4-5`.
    pub id: String,
    /// How its provider names it: `claude-sonnet-4-5`.
    pub wire: String,
    /// For people: `Claude Sonnet 4.5`.
    pub name: String,
    /// For people: one line.
    pub description: String,
    /// Tokens that fit into the context, answer included.
    pub context: u64,
    /// Tokens that fit into one answer.
    pub output: u64,
    /// What it costs; `None`: not known, or nothing.
    pub price: Option<Price>,
    /// Whether it takes images.
    pub images: bool,
    /// Whether it calls tools.
    pub tools: bool,
    /// How hard it can be told to think; empty: it cannot be told.
    pub efforts: Vec<Effort>,
}

impl ModelInfo {
    /// A model of which only the name is known, with safe assumptions.
    pub fn unknown(provider: &str, wire: &str) -> Self {
        Self {
            id: format!("{provider}/{wire}"),
            wire: wire.to_owned(),
            name: wire.to_owned(),
            description: String::new(),
            context: 128_000,
            output: 8_192,
            price: None,
            images: false,
            tools: true,
            efforts: Vec::new(),
        }
    }
}

/// US dollars for a million tokens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Price {
    pub input: f64,
    pub output: f64,
    /// Of input found in the provider's cache.
    pub cache_read: f64,
    /// Of input written to it.
    pub cache_write: f64,
}

/// How hard a model thinks before it speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effort {
    Off,
    Low,
    Medium,
    High,
}

impl Effort {
    pub const ALL: [Self; 4] = [Self::Off, Self::Low, Self::Medium, Self::High];

    pub fn id(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Off => "Off",
            Self::Low => "Low",
            Self::Medium => "Medium",
            Self::High => "High",
        }
    }

    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|effort| effort.id() == id)
    }
}

/// What an answer, a turn or a session has used, in tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tokens {
    /// All that was read, also what came out of the cache or went into it.
    pub input: u64,
    /// Of `input`: found in the provider's cache.
    pub cache_read: u64,
    /// Of `input`: written to it.
    pub cache_write: u64,
    /// All that was written, thoughts included.
    pub output: u64,
    /// Of `output`: thoughts.
    pub thought: u64,
}

impl Tokens {
    /// What they cost, in US dollars.
    pub fn cost(self, price: Price) -> f64 {
        let fresh = self.input.saturating_sub(self.cache_read + self.cache_write);
        let sum = fresh as f64 * price.input
            + self.cache_read as f64 * price.cache_read
            + self.cache_write as f64 * price.cache_write
            + self.output as f64 * price.output;
        sum / 1e6
    }

    /// Tokens in all.
    pub fn total(self) -> u64 {
        self.input + self.output
    }
}

impl std::ops::AddAssign for Tokens {
    fn add_assign(&mut self, more: Self) {
        self.input += more.input;
        self.cache_read += more.cache_read;
        self.cache_write += more.cache_write;
        self.output += more.output;
        self.thought += more.thought;
    }
}
