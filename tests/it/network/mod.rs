//! Doors on the network: the same sessions over TCP and WebSocket, and who may come in.

mod admission;
mod chaos;
mod connect;
mod listening;
mod remote;
mod resumption;
mod session;
