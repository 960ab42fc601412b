use super::super::listener::greet;
use super::super::*;

/// Bytes of what waits for a connection, beside what it has on the heap.
const WAITING: usize = 1280;

/// How large the future is that a function makes.
fn made_by<A, F>(_: impl FnOnce(A) -> F) -> usize {
    size_of::<F>()
}

#[test]
fn a_connection_that_says_nothing_has_no_room_for_what_any_dialect_needs() {
    type Socket = (&'static Doors, Transport, &'static Seat, CancellationToken);
    let size = made_by(|(doors, transport, seat, stop): Socket| doors.receive(transport, seat, stop));
    assert!(size <= WAITING, "a socket that was let in: {size} bytes");
    let size = made_by(|(stream, seat, site, router, tls)| greet(stream, seat, site, router, tls));
    assert!(size <= WAITING, "a connection that was accepted: {size} bytes");
}
