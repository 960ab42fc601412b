//! Giving memory back to the system: after large work ([`trim`]), and when nothing happens any more ([`when_idle`]).
//!
//! No memory is managed here: what is given back was free already, or is read again from the program's file.
//!
//! What always holds: foreign code of our own stands in `system` alone; giving back changes nothing but what the next
//! access costs; who is idle is woken once for it and never again.
//!
//! To give back something else: a function of `system`, called by [`when_idle`].

mod idle;
mod system;

#[cfg(test)]
mod tests;

pub use idle::when_idle;
pub use system::trim;
