//! Requests as data (`reading`) and whole turns (`turns`).
//!
//! No model, no tool and no file is used: results are given by functions.
//!
//! What always holds: a turn ends, and ends with text; `support::play` checks the one end of each answer.
//!
//! To add a request: a row in `fixtures/offline/requests.tsv`. To add a turn: a test in `turns`.

mod reading;
mod support;
mod turns;
