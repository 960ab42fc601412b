use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Mutex;
use std::time::Duration;

use mdns_sd::{ServiceEvent, ServiceInfo};
use tokio_util::sync::CancellationToken;

use super::search::Answers;
use super::{Advertisement, Kind};

/// An answer that came over the network, from no interface of this machine's own.
fn answer(kind: Kind, name: &str, addresses: &str, port: u16) -> ServiceEvent {
    let texts = [("protocol", "1"), ("id", "x")];
    let info = ServiceInfo::new(kind.service(), name, "a.local.", addresses, port, &texts[..]).unwrap();
    ServiceEvent::ServiceResolved(Box::new(info.as_resolved_service()))
}

fn taken(kind: Kind, name: &str, addresses: &str, port: u16) -> Option<Vec<SocketAddr>> {
    let mut answers = Answers::default();
    answers.take(kind, answer(kind, name, addresses, port)).map(|it| it.addresses.clone())
}

#[test]
fn addresses_that_mean_somebody_else_are_not_taken() {
    let usable = |addresses: &str| taken(Kind::Adjutant, "a", addresses, 80);
    assert_eq!(usable("192.0.2.7"), Some(vec!["192.0.2.7:80".parse().unwrap()]));
    assert_eq!(usable("192.0.2.7,127.0.0.1"), Some(vec!["192.0.2.7:80".parse().unwrap()]));
    for wrong in ["127.0.0.1", "::1", "::ffff:127.0.0.1", "0.0.0.0", "::", "224.0.0.251"] {
        assert_eq!(usable(wrong), None, "{wrong}");
    }
    assert_eq!(taken(Kind::Adjutant, "a", "192.0.2.7", 0), None);
}

#[test]
fn one_server_of_two_types_is_listed_once() {
    let mut answers = Answers::default();
    for (kind, address) in [(Kind::Opencode, "192.0.2.7"), (Kind::Adjutant, "192.0.2.8")] {
        answers.take(kind, answer(kind, "a", address, 80));
    }
    assert_eq!(answers.0.len(), 1);
    assert_eq!((answers.0[0].kind, answers.0[0].addresses.len()), (Kind::Adjutant, 2));
    let gone = ServiceEvent::ServiceRemoved(
        Kind::Adjutant.service().to_owned(),
        format!("a.{}", Kind::Adjutant.service()),
    );
    answers.take(Kind::Adjutant, gone);
    assert!(answers.0.is_empty());
}

#[test]
fn a_crowd_fills_no_memory() {
    let mut answers = Answers::default();
    for number in 0..1000 {
        let kind = Kind::Opencode;
        answers.take(kind, answer(kind, &format!("a{number}"), "192.0.2.7", 80));
    }
    assert_eq!(answers.0.len(), 256);
    let many: Vec<_> = (1..200).map(|it| format!("192.0.2.{it}")).collect();
    assert_eq!(taken(Kind::Opencode, "a", &many.join(","), 80).unwrap().len(), 16);
}

#[test]
fn a_name_is_what_was_said_dots_and_all() {
    let mut answers = Answers::default();
    answers.take(Kind::Opencode, answer(Kind::Opencode, "a.b\\c", "192.0.2.7", 80));
    assert_eq!(answers.0[0].name, "a.b\\c");
}

#[tokio::test(start_paused = true)]
async fn an_entry_that_goes_out_nowhere_is_said_once_and_kept_to_the_end() {
    let said = tempfile::NamedTempFile::new().unwrap();
    let log = tracing_subscriber::fmt().with_writer(Mutex::new(said.reopen().unwrap())).with_ansi(false);
    let log = log.finish();
    let _logging = tracing::subscriber::set_default(log);
    // As where no interface has multicast.
    let entry = Advertisement::begin_on(Vec::new(), (Ipv4Addr::LOCALHOST, 9).into()).unwrap();
    let stop = CancellationToken::new();
    let kept = tokio::spawn(entry.until(stop.clone()));
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert!(!kept.is_finished());
    stop.cancel();
    kept.await.unwrap();
    let said = std::fs::read_to_string(said.path()).unwrap();
    assert_eq!(said.matches("nobody can find this server").count(), 1, "{said}");
    assert!(said.contains("WARN"), "{said}");
}
