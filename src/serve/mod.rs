//! The doors: each translates one dialect to and from the session engine.
//!
//! No state of a session lives here, and two doors never import each other.
//!
//! What always holds: a door decides nothing about a turn; it reads the same journal as every other.
//!
//! To add a dialect: a folder beside `acp` and its line here.

pub mod acp;
