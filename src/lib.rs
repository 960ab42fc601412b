//! adjutant: a coding-agent server that speaks the Agent Client Protocol.
//!
//! This page is the map of the house: its floors, the way one prompt takes through them, and the laws that hold
//! everywhere. Every room opens with its own four paragraphs: what lives there, what may not, what always holds, and
//! how to add one.
//!
//! # In ten lines
//!
//! 1. **One owner per state, messages between owners.** A session is one task; nobody else changes it.
//! 2. **The decision is a pure function, the doing is a driver.** State machines take an input and return effects.
//! 3. **One method, one file.** [`serve::acp`] reads like the protocol's table of contents.
//! 4. **A folder is a room with one door.** Its files are private; its `mod.rs` shows the trait, the types and one
//!    constructor.
//! 5. **One journal, many views.** What a session did is an append-only sequence of [`event::Event`]s. Updates, replay,
//!    resume, lists and the terminal are projections of it and of nothing else.
//! 6. **The reply to a prompt is its turn's last event**, so every update comes before it by construction.
//! 7. **Every queue is bounded** and says what happens when it is full.
//! 8. **Our verbs, the protocol's nouns.** Events are ours; what they carry is said with the types of [`acp`].
//! 9. **Tests are conversations in files**, run by one checker: a new test is a new file in `fixtures/acp`.
//! 10. **What matters is held by a test**, not by a sentence: imports, sizes, headers and words in `tests/it/tidy`, the
//!     laws in `tests/it`.
//!
//! # The floors
//!
//! An import points to a lower floor; the table of who may import whom is a test (`tests/it/tidy/import.rs`).
//!
//! | floor | rooms | |
//! |---|---|---|
//! | roof | [`cli`] · [`app`] | commands for people · the composition root, which names every concrete thing once |
//! | 7 | [`serve`] · [`telemetry`] | the doors: each translates one dialect, and none holds state of a session · logs, never on stdout |
//! | 6 | [`engine`] | what every door opens to, built when it is first needed |
//! | 5 | [`session`] | the register, one actor a session, its journal, the cursors that read it |
//! | 4 | [`agent`] | who does the work of a turn, and the only handle it works through |
//! | 3 | [`provider`] · [`mcp`] · [`lsp`] · [`store`] · [`remote`] | where a model's words come from · tools of other programs · what language servers say of a change · where events are kept · other servers, reached as a client |
//! | 2 | [`config`] · [`rpc`] · [`tool`] | what was set · one connection · what an agent can do |
//! | 1 | [`discovery`] · [`event`] · [`http`] · [`permission`] · [`tls`] · [`transport`] · [`workspace`] | who is on the network · what happened · the one HTTP client · may it be done · nobody listens in · how frames travel · files and processes in their jail |
//! | 0 | [`error`] · [`chance`] · [`clock`] · [`memory`] · [`ongoing`] · [`uri`] · [`jsonrpc`] · [`acp`] | data and pure rules: no async, no I/O, nothing of ours imported |
//!
//! # The corridor of one prompt
//!
//! ```text
//!  in    1 transport        bytes become lines, with a limit; the reader never waits for a turn
//!        2 jsonrpc          a line becomes a message, or the error reply it is owed; nobody else judges a line
//!        3 rpc              the method is looked up; handlers start in the order of arrival, so no cancel overtakes
//!                           its prompt
//!        4 serve::acp       parameters are checked, the reply is parked, the session is told
//!        5 session          the actor says yes, or that a turn is running
//!        6 agent            inputs in, effects out: the provider streams, permission judges, tools run
//!  turn  7 agent::Turn      emits events: bounded, so that a slow disk slows the model and fills no memory
//!  out   8 session          numbers the event; control events are durable before anyone sees them
//!        9 serve::acp       reads by its own cursor, projects, sends; at the end of the turn answers the parked reply
//!       10 rpc              one bounded queue for each connection
//!       11 jsonrpc          a message becomes a line
//!       12 transport        writes are joined, and flushed when the queue is empty
//! ```
//!
//! **Cancel**: the actor takes it first, settles what was asked, waits for the agent to wind up, and the turn ends as
//! cancelled: never as an error. **Permission**: the question is an event that every client of the session sees; the
//! first answer wins. **Load, resume, reconnect, a second client**: the same cursor from the start, the head, or the
//! last number seen. There is no second code path.
//!
//! # The laws
//!
//! - **L1** A session is mutated by its actor only ([`session`]); no lock is held across an await.
//! - **L2** Exactly one reply for each request, whatever happens to its handler ([`rpc::Responder`]).
//! - **L3** A prompt's reply is rendered from [`TurnEnded`](event::EventKind::TurnEnded), after every update of the turn
//!   was written.
//! - **L4** Readers pull from the journal by cursor ([`session::Subscription`]): a stalled client stalls nobody and
//!   loses nothing.
//! - **L5** Every channel is bounded. Inbound full: a clear "overloaded" error. Outbound full: that client waits, and
//!   its cursor keeps its place.
//! - **L6** Commit, then show; commit, then execute. What [`is_control`](event::EventKind::is_control) is durable before
//!   anyone sees it or anything runs; streamed text goes out at once and is committed in small batches. After a kill, a
//!   started tool without a result is shown as interrupted and never re-run by itself.
//! - **L7** A question that comes while its turn is being cancelled is answered `cancelled` at once.
//! - **L8** Tasks form a tree: process, connection or session, turn, tool, each under its parent's cancellation. Stop is
//!   a drain with a deadline; every child process dies with its owner, grandchildren too ([`workspace::supervisor`]).
//! - **L9** State machines match exhaustively; an impossible input is logged and answered, never swallowed.
//! - **L10** Everything that grows has a hard cap: lines, depth, tool output, context, questions, sessions, logs.
//! - **L11** On stdio the process opens no socket but those that the configured model or tool needs, and stdout carries
//!   protocol lines only.
//! - **L12** A writer that no longer owns its session is refused: every append carries its [`store::Epoch`].
//!
//! # Adding things
//!
//! | to add | touch | and |
//! |---|---|---|
//! | a tool | `tool/<name>.rs` and its line in [`tool::Registry::standard`] | a conversation in `fixtures/acp/tool` |
//! | a provider | a file or folder in [`provider`] and its arm in [`app`] | its own recorded answers |
//! | a method of the protocol | `serve/acp/<method>.rs` and its line in the table of [`serve::acp`], for the draft of version 2 in `serve/acp/v2` | a conversation |
//! | a store | a file in [`store`] and its arm in [`store::open`] | the contract suite runs over it |
//! | a transport | a file in [`transport`] | |
//! | another dialect | a folder beside `serve/acp` and its line in [`serve`] | its own conversations |

pub mod acp;
pub mod agent;
pub mod app;
pub mod chance;
pub mod cli;
pub mod clock;
pub mod config;
pub mod discovery;
pub mod engine;
pub mod error;
pub mod event;
pub mod http;
pub mod jsonrpc;
pub mod lsp;
pub mod mcp;
pub mod memory;
pub mod ongoing;
pub mod permission;
pub mod provider;
pub mod remote;
pub mod rpc;
pub mod serve;
pub mod session;
pub mod store;
pub mod telemetry;
pub mod tls;
pub mod tool;
pub mod transport;
pub mod uri;
pub mod workspace;
