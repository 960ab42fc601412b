//! Doors on the network: the same sessions over TCP and WebSocket, and who may come in.

mod admission;
mod closing;
mod cors;
mod discovery;
mod encryption;
mod listening;
mod remote;
mod session;
mod stream;
