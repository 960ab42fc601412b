use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use axum::body::Body;
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::IntoResponse;
use bytes::Bytes;
use futures_util::{FutureExt, StreamExt};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

use super::exchange::{Exchange, INBOX, Untaken};
use super::outlet::Unread;
use super::outlets::{Outlets, Portion, Unopened};
use super::refused::Refused;
use super::route::{Inbound, Misled, Outbound, Place, inbound, outbound};
use super::{Register, body, events};
use crate::jsonrpc::{RawId, parse};

fn place(session: &str) -> Place {
    Place::Session(session.into())
}

fn id(text: &str) -> RawId {
    RawId::new(serde_json::from_str(text).unwrap()).unwrap()
}

/// Numbers and lines that a reader is given.
fn given(outlets: &mut Outlets, place: &Place, lease: u64) -> Vec<(u64, String)> {
    let mut all = Vec::new();
    while let Portion::Events(events) = outlets.take(place, lease, Waker::noop()) {
        for event in std::str::from_utf8(&events).unwrap().split_terminator("\n\n") {
            let (number, line) = event.strip_prefix("id: ").unwrap().split_once("\ndata: ").unwrap();
            all.push((number.parse().unwrap(), line.to_owned()));
        }
    }
    all
}

fn numbers(outlets: &mut Outlets, place: &Place, lease: u64) -> Vec<u64> {
    given(outlets, place, lease).into_iter().map(|(number, _)| number).collect()
}

#[test]
fn what_waits_is_given_once_and_what_was_given_lately_is_given_again_to_whoever_asks() {
    let (mut outlets, place) = (Outlets::default(), place("a"));
    for line in ["1", "2", "3"] {
        outlets.put(place.clone(), line.into());
    }
    let first = outlets.subscribe(&place, None).unwrap();
    let all = given(&mut outlets, &place, first);
    assert_eq!(all, [(1, "1".to_owned()), (2, "2".to_owned()), (3, "3".to_owned())]);
    assert_eq!(outlets.subscribe(&place, None), Err(Unopened::Unread(Unread::Taken)));
    assert_eq!(outlets.subscribe(&place, Some(4)), Err(Unopened::Unread(Unread::Unheard)));
    let second = outlets.subscribe(&place, Some(1)).unwrap();
    assert_eq!(outlets.take(&place, first, Waker::noop()), Portion::Displaced);
    outlets.leave(&place, first);
    outlets.put(place.clone(), "4".into());
    assert_eq!(numbers(&mut outlets, &place, second), [2, 3, 4]);
    outlets.leave(&place, second);
    assert!(!outlets.has_readers());
    let third = outlets.subscribe(&place, None).unwrap();
    assert!(numbers(&mut outlets, &place, third).is_empty());
}

#[test]
fn what_is_kept_has_a_cap_and_who_asks_for_more_is_told() {
    let (mut outlets, place) = (Outlets::default(), place("a"));
    let lease = outlets.subscribe(&place, None).unwrap();
    for _ in 0..5000 {
        outlets.put(place.clone(), "x".into());
    }
    assert_eq!(numbers(&mut outlets, &place, lease).len(), 5000);
    assert_eq!(outlets.subscribe(&place, Some(5000 - 4097)), Err(Unopened::Unread(Unread::Forgotten)));
    let lease = outlets.subscribe(&place, Some(5000 - 4096)).unwrap();
    // While somebody is behind nothing is forgotten.
    outlets.put(place.clone(), Bytes::from(vec![b'y'; 1024 * 1024]));
    assert_eq!(numbers(&mut outlets, &place, lease).len(), 4097);
    assert_eq!(outlets.subscribe(&place, Some(4999)), Err(Unopened::Unread(Unread::Forgotten)));
    outlets.put(place.clone(), Bytes::from(vec![b'z'; 1024 * 1024 + 1]));
    let lease = outlets.subscribe(&place, Some(5001)).unwrap();
    assert_eq!(numbers(&mut outlets, &place, lease), [5002]);
    assert_eq!(outlets.subscribe(&place, Some(5001)), Err(Unopened::Unread(Unread::Forgotten)));
}

#[test]
fn all_streams_together_keep_no_more_than_their_cap() {
    let mut outlets = Outlets::default();
    let line = Bytes::from(vec![b'x'; 1000 * 1000]);
    let places = ["a", "b", "c"].map(place);
    for place in &places {
        outlets.put(place.clone(), line.clone());
        let lease = outlets.subscribe(place, None).unwrap();
        assert_eq!(numbers(&mut outlets, place, lease), [1]);
    }
    let kept = places.iter().filter(|place| outlets.subscribe(place, Some(0)).is_ok()).count();
    assert_eq!(kept, 2);
}

#[test]
fn a_stream_that_made_room_never_gives_out_a_number_again() {
    let (mut outlets, first) = (Outlets::default(), place("first"));
    outlets.put(first.clone(), "1".into());
    let lease = outlets.subscribe(&first, None).unwrap();
    assert_eq!(numbers(&mut outlets, &first, lease), [1]);
    outlets.leave(&first, lease);
    for other in 0..1024 {
        outlets.put(place(&other.to_string()), "x".into());
    }
    assert!(!outlets.knows(&first));
    // Streams on which something waits make no room: the line goes the way of the connection.
    outlets.put(first.clone(), "2".into());
    assert!(!outlets.knows(&first) && outlets.knows(&Place::Connection));
    let lease = outlets.subscribe(&place("0"), None).unwrap();
    assert_eq!(numbers(&mut outlets, &place("0"), lease).len(), 1);
    outlets.leave(&place("0"), lease);
    outlets.put(first.clone(), "3".into());
    assert_eq!(outlets.subscribe(&first, Some(0)), Err(Unopened::Unread(Unread::Forgotten)));
    let lease = outlets.subscribe(&first, Some(1)).unwrap();
    assert_eq!(given(&mut outlets, &first, lease), [(2, "3".to_owned())]);
}

#[test]
fn what_a_stream_kept_that_made_room_is_not_counted_any_more() {
    let mut outlets = Outlets::default();
    let line = Bytes::from(vec![b'x'; 1000 * 1000]);
    let keep = |outlets: &mut Outlets, place: &Place| {
        outlets.put(place.clone(), line.clone());
        let lease = outlets.subscribe(place, None).unwrap();
        assert_eq!(numbers(outlets, place, lease).len(), 1);
        lease
    };
    let (earlier, later) = (["a", "b"].map(place), ["c", "d"].map(place));
    for place in &earlier {
        let lease = keep(&mut outlets, place);
        outlets.leave(place, lease);
    }
    for other in 0..1022 {
        let place = place(&other.to_string());
        outlets.put(place.clone(), "x".into());
    }
    // There is no room for these but in the place of those.
    for place in &later {
        keep(&mut outlets, place);
    }
    assert!(!earlier.iter().any(|place| outlets.knows(place)));
    // Their numbers begin behind the one that was given out there.
    assert!(later.iter().all(|place| outlets.subscribe(place, Some(1)).is_ok()));
}

#[test]
fn few_streams_are_opened_before_anything_is_said_there() {
    let mut outlets = Outlets::default();
    let open = |outlets: &mut Outlets, name: usize| outlets.subscribe(&place(&name.to_string()), None);
    let leases: Vec<_> = (0..16).map(|name| open(&mut outlets, name).unwrap()).collect();
    assert_eq!(open(&mut outlets, 16), Err(Unopened::Unknown));
    assert!(outlets.subscribe(&Place::Connection, None).is_ok());
    outlets.put(place("0"), "x".into());
    assert!(open(&mut outlets, 16).is_ok());
    outlets.leave(&place("1"), leases[1]);
    assert!(open(&mut outlets, 17).is_ok());
}

#[test]
fn a_message_is_about_the_session_that_its_header_or_its_parameters_name() {
    let request = |method: &str, params: &str| {
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#)
    };
    let a = || place("a");
    let rows = [
        (request("initialize", "{}"), None, Ok(Inbound::Initialize(id("1")))),
        (request("session/new", "{}"), None, Ok(Inbound::Request(id("1"), Place::Connection))),
        (request("session/prompt", r#"{"sessionId":"a"}"#), None, Ok(Inbound::Request(id("1"), a()))),
        (
            request("session/prompt", r#"{"sessionId":"\u0061"}"#),
            Some("a"),
            Ok(Inbound::Request(id("1"), a())),
        ),
        (request("session/prompt", "{}"), Some("a"), Ok(Inbound::Request(id("1"), a()))),
        (request("session/prompt", "{}"), None, Err(Misled::Nowhere)),
        (request("session/prompt", r#"{"sessionId":1}"#), None, Err(Misled::Nowhere)),
        (request("session/prompt", r#"{"sessionId":"a"}"#), Some("b"), Err(Misled::Torn)),
        (request("session/load", r#"{"sessionId":"a"}"#), None, Ok(Inbound::Attach(id("1"), a()))),
        (request("_anything", r#"{"sessionId":"a"}"#), None, Ok(Inbound::Request(id("1"), a()))),
        (r#"{"jsonrpc":"2.0","method":"session/cancel"}"#.to_owned(), None, Err(Misled::Nowhere)),
        (r#"{"jsonrpc":"2.0","method":"$/cancel_request"}"#.to_owned(), Some("a"), Ok(Inbound::Notification)),
        (r#"{"jsonrpc":"2.0","id":1,"result":{}}"#.to_owned(), Some("a"), Ok(Inbound::Answer(id("1")))),
    ];
    for (line, named, expected) in rows {
        assert_eq!(inbound(&parse(line.as_bytes()).unwrap(), named), expected, "{line}");
    }
}

#[test]
fn a_line_of_ours_is_about_the_session_it_names() {
    let rows = [
        (r#"{"jsonrpc":"2.0","id":"x","result":{"sessionId":"a"}}"#, Outbound::Reply(id(r#""x""#))),
        (r#"{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":""}}"#, Outbound::Reply(id("1"))),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"m","params":{"sessionId":"a"}}"#,
            Outbound::Ask(id("1"), place("a")),
        ),
        (
            r#"{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"a"}}"#,
            Outbound::Notification(place("a")),
        ),
        (r#"{"jsonrpc":"2.0","method":"m"}"#, Outbound::Notification(Place::Connection)),
        (
            r#"{"jsonrpc":"2.0","method":"$/cancel_request","params":{"requestId":7}}"#,
            Outbound::Withdrawal(Some(id("7"))),
        ),
    ];
    for (line, expected) in rows {
        assert_eq!(outbound(line.as_bytes()), expected, "{line}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_of_which_nothing_is_read_and_to_which_nothing_is_posted_is_forsaken() {
    let (sender, _inbox) = mpsc::channel(INBOX);
    let exchange = Arc::new(Exchange::new(sender));
    let began = Instant::now();
    exchange.forsaken().await;
    assert_eq!(began.elapsed().as_secs(), 120);
    let lease = exchange.subscribe(&Place::Connection, None).unwrap();
    let reader = events::Body::new(Arc::clone(&exchange), Place::Connection, lease);
    let hour = Duration::from_hours(1);
    assert!(timeout(hour, exchange.forsaken()).await.is_err());
    drop(reader);
    let began = Instant::now();
    exchange.take(&Inbound::Notification, None, "x".into()).await.unwrap();
    exchange.forsaken().await;
    assert_eq!(began.elapsed().as_secs(), 120);
}

#[tokio::test]
async fn who_waits_for_the_first_answer_is_told_when_there_will_be_none() {
    let (sender, _inbox) = mpsc::channel(INBOX);
    let exchange = Exchange::new(sender);
    let reply = exchange.begin(id("1"), "x".into()).await.unwrap();
    exchange.close("the server ends");
    assert!(reply.now_or_never().unwrap().is_err());
}

#[tokio::test(start_paused = true)]
async fn who_posts_more_than_is_taken_waits_and_is_told() {
    let (sender, mut inbox) = mpsc::channel(1);
    let exchange = Exchange::new(sender);
    let request = Inbound::Request(id("1"), Place::Connection);
    exchange.take(&Inbound::Notification, None, "x".into()).await.unwrap();
    assert_eq!(exchange.take(&request, None, "y".into()).await, Err(Untaken::Stalled));
    inbox.recv().await.unwrap();
    exchange.take(&request, None, "y".into()).await.unwrap();
    assert_eq!(exchange.take(&request, None, "z".into()).await, Err(Untaken::Taken(id("1"))));
    exchange.close("over");
    assert_eq!(exchange.take(&request, None, "z".into()).await, Err(Untaken::Over));
}

#[test]
fn connections_and_messages_at_once_have_caps() {
    let register = Register::default();
    let mut open: Vec<_> = (0..1024).map(|_| register.open().unwrap()).collect();
    let full = register.open().unwrap_err();
    let (id, pipe) = open.pop().unwrap();
    let mut posts: Vec<_> = (0..64).map(|_| pipe.exchange.room().unwrap()).collect();
    let crowded = pipe.exchange.room().unwrap_err();
    assert_eq!(crowded, Untaken::Crowded);
    // Both are told when to come again.
    for refused in [full, Refused::from(crowded)] {
        let response = refused.into_response();
        let again = response.headers().get(RETRY_AFTER).map(|after| after.to_str().unwrap());
        assert_eq!((response.status(), again), (StatusCode::SERVICE_UNAVAILABLE, Some("5")));
    }
    posts.pop();
    assert!(pipe.exchange.room().is_ok());
    assert!(register.get(&id).is_ok() && register.remove(&id).is_some() && register.get(&id).is_err());
    assert!(register.open().is_ok());
}

#[tokio::test]
async fn what_waits_has_a_cap_and_writing_goes_on_when_it_is_read() {
    let (sender, _inbox) = mpsc::channel(INBOX);
    let exchange = Arc::new(Exchange::new(sender));
    let line = Bytes::from(vec![b'x'; 1024]);
    let writing = {
        let exchange = Arc::clone(&exchange);
        async move {
            let mut written = 0;
            while written < 2048 {
                poll_fn(|cx| exchange.poll_room(cx)).await.unwrap();
                exchange.put(line.clone());
                written += 1;
            }
        }
    };
    let mut writing = Box::pin(writing);
    assert!(writing.as_mut().now_or_never().is_none(), "all was taken, and nothing read");
    let lease = exchange.subscribe(&Place::Connection, None).unwrap();
    let reader = events::Body::new(Arc::clone(&exchange), Place::Connection, lease);
    let reading = reader.map(|events| events.unwrap().windows(4).filter(|it| it == b"id: ").count());
    let mut reading = pin!(reading.take_while(|count| std::future::ready(*count > 0)));
    let mut waited = 0;
    while let Some(Some(count)) = reading.next().now_or_never() {
        waited += count;
    }
    assert_eq!(waited, 1024);
    writing.as_mut().now_or_never().unwrap();
    exchange.close("over");
    assert!(poll_fn(|cx| exchange.poll_room(cx)).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_stream_on_which_nothing_is_said_says_so_every_now_and_then() {
    let (sender, _inbox) = mpsc::channel(INBOX);
    let exchange = Arc::new(Exchange::new(sender));
    let lease = exchange.subscribe(&Place::Connection, None).unwrap();
    let mut reader = events::Body::new(Arc::clone(&exchange), Place::Connection, lease);
    let began = Instant::now();
    for nth in 1..=3 {
        assert_eq!(reader.next().await.unwrap().unwrap(), ":\n\n");
        assert_eq!(began.elapsed().as_secs(), nth * 15);
    }
    exchange.put("{}".into());
    assert_eq!(reader.next().await.unwrap().unwrap(), "id: 1\ndata: {}\n\n");
    exchange.close("goodbye");
    assert_eq!(reader.next().await.unwrap().unwrap(), ": goodbye\n\n");
    assert!(reader.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_body_that_trickles_is_given_up() {
    let slow = futures_util::stream::unfold((), async |()| {
        tokio::time::sleep(Duration::from_secs(1)).await;
        Some((Ok::<_, std::io::Error>(Bytes::from_static(b"x")), ()))
    });
    let began = Instant::now();
    assert!(body::read(Body::from_stream(slow), 1000).await.is_err());
    assert_eq!(began.elapsed().as_secs(), 10);
}
