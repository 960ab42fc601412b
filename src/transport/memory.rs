use super::Transport;

/// Two transports that are each other's far end, lines of up to `limit` bytes.
pub fn memory(limit: usize) -> (Transport, Transport) {
    let (left, right) = tokio::io::duplex(64 * 1024);
    let transport = |end| {
        let (reader, writer) = tokio::io::split(end);
        Transport::lines(reader, writer, limit)
    };
    (transport(left), transport(right))
}
