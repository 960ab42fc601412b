//! Doors on the network: the same sessions over TCP and WebSocket, and who may come in.

mod admission;
mod closing;
mod code;
mod cors;
mod discovery;
mod encryption;
mod fleet;
mod listening;
mod remote;
mod resumption;
mod run;
mod session;
mod stream;
