//! What the tests share: a place to work in (`bench`), a line to the program under test (`wire`, `link`), a
//! client that speaks over it (`client`), and the checker of conversations (`conversation`).
//!
//! No expectation about the program lives here; a helper that judges belongs to the test that needs it.
//!
//! What always holds: everything a test starts ends with it, every wait has a limit, and nothing outside a
//! test's own temporary folder is touched.
//!
//! To add one: a file named for the thing it stands for, and its line below.

pub(crate) mod asker;
pub(crate) mod bench;
pub(crate) mod client;
pub(crate) mod conversation;
pub(crate) mod link;
pub(crate) mod model;
pub(crate) mod proc;
pub(crate) mod proxy;
pub(crate) mod recorder;
pub(crate) mod remote;
pub(crate) mod server;
pub(crate) mod streams;
pub(crate) mod trickle;
pub(crate) mod wire;
