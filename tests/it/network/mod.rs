//! Doors on the network: the same sessions over TCP and WebSocket, and who may come in.

mod admission;
mod chaos;
mod closing;
mod code;
mod connect;
mod cors;
mod crowd;
mod discovery;
mod encryption;
mod fleet;
mod frames;
mod hostile;
mod lasting;
mod listening;
mod remote;
mod reset;
mod resumption;
mod rough;
mod run;
mod session;
mod stop;
mod stream;
mod together;
mod walk;
