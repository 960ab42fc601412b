//! The laws of the house, L1 to L12, each with a test that names it.
//!
//! What a single conversation shows belongs to `fixtures/acp`; here stands what needs races, a slow disk, a
//! stalled reader or a look at the kernel.
//!
//! What always holds: a law's test fails when the law is broken on purpose; a race is run often enough to
//! meet every order of its events, and from fixed seeds.
//!
//! To add one: a test whose name begins with the law's number, in the file of what it is about.

mod ask;
mod cancel;
mod child;
mod clerk;
mod durable;
mod hold;
mod process;
mod reader;
mod turn;
