//! Doors on the network: the same sessions over TCP and WebSocket, and who may come in.

mod admission;
mod chaos;
mod closing;
mod code;
mod connect;
mod cors;
mod discovery;
mod encryption;
mod fleet;
mod listening;
mod remote;
mod resumption;
mod rough;
mod run;
mod session;
mod stream;
