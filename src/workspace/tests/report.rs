use bytes::BytesMut;

use crate::workspace::supervisor::Report;

#[test]
fn reports_are_read_back_however_they_arrive() {
    let reports = [Report::Started(77), Report::Exited(255), Report::Signaled(9), Report::Failed(2)];
    let sent: Vec<u8> = reports.iter().flat_map(|report| report.encode()).collect();
    let mut received = BytesMut::new();
    let mut read = Vec::new();
    for byte in sent {
        received.extend_from_slice(&[byte]);
        read.extend(Report::take(&mut received));
    }
    assert_eq!(read, reports);
}
