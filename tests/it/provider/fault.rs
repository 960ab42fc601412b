//! What servers do wrong (F14, F15, F17), and what comes of it: a table that every dialect goes through.

use std::time::{Duration, Instant};

use adjutant::provider::{Delta, ProviderError};
use futures_util::future::join_all;
use tokio::net::TcpSocket;

use super::{DIALECTS, Dialect, read, remote};
use crate::support::model::{ModelServer, Reply};

/// A status that may pass, with a wait that is over at once.
fn busy(status: u16) -> Reply {
    Reply::json(status, r#"{"error":{"message":"busy"}}"#).header("retry-after-ms", "1")
}

async fn every<F: Future<Output = ()>>(test: impl Fn(&'static Dialect) -> F) {
    join_all(DIALECTS.iter().map(test)).await;
}

#[tokio::test]
async fn what_may_pass_is_tried_again_and_the_answer_comes_whole() {
    every(async |dialect| {
        for status in [408, 409, 429, 500, 502, 503, 529] {
            let answer =
                dialect.ask([busy(status), busy(status), Reply::stream(dialect.stream("text"))]).await;
            answer.is(dialect, "text");
            let waits = answer.retries();
            assert!(matches!(waits[..], [(1, 1..=126), (2, 1..=251)]), "{status}: {waits:?}");
            assert_eq!(answer.asked, 3, "{status}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_wait_that_nobody_asked_for_is_half_a_second_at_most() {
    every(async |dialect| {
        let busy = Reply::json(429, r#"{"error":{"message":"slow down"}}"#);
        let start = Instant::now();
        let answer = dialect.ask([busy, Reply::stream(dialect.stream("text"))]).await;
        answer.is(dialect, "text");
        let [(1, wait)] = answer.retries()[..] else { panic!("{answer:?}") };
        assert!((250..=500).contains(&wait), "{wait}");
        assert!(start.elapsed() >= Duration::from_millis(wait));
        let Delta::Retry { of, why, .. } = &answer.deltas[0] else { panic!("{answer:?}") };
        assert_eq!(*of, 5);
        for part in ["Acme (127.0.0.1:", "too many requests (429)", "slow down"] {
            assert!(why.contains(part), "{why}");
        }
    })
    .await;
}

#[tokio::test]
async fn after_five_more_tries_it_is_given_up() {
    every(async |dialect| {
        let answer = dialect.ask([busy(503)]).await;
        assert_eq!((answer.retries().len(), answer.asked), (5, 6));
        answer.fails(ProviderError::Unavailable, &["Acme", "(503)", "busy", "6 tries"]);
    })
    .await;
}

#[tokio::test]
async fn a_wait_of_an_hour_is_not_waited_for() {
    every(async |dialect| {
        let busy = Reply::json(429, "{}").header("retry-after", "3600");
        let answer = dialect.ask([busy]).await;
        assert_eq!(answer.asked, 1);
        answer.fails(ProviderError::Unavailable, &["(429)", "come back in 60 min"]);
    })
    .await;
}

/// A refusal as Google's services write it, with details of other kinds around what it asks for.
fn come_back_in(delay: &str) -> Reply {
    let details = serde_json::json!([
        {"@type": "type.googleapis.com/google.rpc.Help", "links": []},
        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay},
    ]);
    let error = serde_json::json!({"code": 429, "status": "RESOURCE_EXHAUSTED", "details": details});
    Reply::json(429, &serde_json::json!({ "error": error }).to_string())
}

#[tokio::test]
async fn a_wait_that_the_body_asks_for_counts_as_one_of_the_header() {
    every(async |dialect| {
        let replies = |delay| [come_back_in(delay), Reply::stream(dialect.stream("text"))];
        let waits = dialect.ask(replies("0.200s")).await.retries();
        assert!(matches!(waits[..], [(1, 200..=325)]), "{waits:?}");
        let header = come_back_in("3600s").header("retry-after-ms", "10");
        let waits = dialect.ask([header, Reply::stream(dialect.stream("text"))]).await.retries();
        assert!(matches!(waits[..], [(1, 10..=135)]), "{waits:?}");
        let hour = dialect.ask(replies("3600s")).await;
        hour.fails(ProviderError::Unavailable, &["(429)", "come back in 60 min"]);
        for delay in ["-1s", "soon", "5", "1e30s", "NaNs"] {
            let [(1, wait)] = dialect.ask(replies(delay)).await.retries()[..] else { panic!("{delay}") };
            assert!((250..=500).contains(&wait), "{delay}: {wait}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_date_to_come_back_at_is_understood() {
    every(async |dialect| {
        let past = Reply::json(503, "{}").header("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT");
        let answer = dialect.ask([past, Reply::stream(dialect.stream("text"))]).await;
        answer.is(dialect, "text");
        let waits = answer.retries();
        assert!(matches!(waits[..], [(1, 250..=500)]), "{waits:?}");
    })
    .await;
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_said_to_be_one() {
    every(async |dialect| {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut settings = dialect.settings(&format!("http://127.0.0.1:{port}"));
        settings.limits.connect = Duration::from_secs(1);
        let start = Instant::now();
        let answer = read(&remote(&settings), dialect.request()).await;
        answer.fails(ProviderError::Unavailable, &[&format!("Acme (127.0.0.1:{port})"), "refused"]);
        assert!(!answer.retries().is_empty(), "a server that is being started again deserves a second try");
        assert!(start.elapsed() < Duration::from_secs(3));
    })
    .await;
}

#[tokio::test]
async fn a_host_that_answers_nothing_is_given_up_in_time() {
    // A queue of one that nobody takes from: what comes later is left without an answer.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(0).unwrap();
    let address = listener.local_addr().unwrap();
    let fill = || std::net::TcpStream::connect_timeout(&address, Duration::from_millis(100));
    let _queued: Vec<_> = std::iter::repeat_with(fill).take_while(Result::is_ok).take(16).collect();
    every(async |dialect| {
        let mut settings = dialect.settings(&format!("http://{address}"));
        settings.limits.connect = Duration::from_millis(300);
        let start = Instant::now();
        let answer = read(&remote(&settings), dialect.request()).await;
        answer.fails(ProviderError::Unavailable, &["no connection", "too long"]);
        assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    })
    .await;
}

#[tokio::test]
async fn a_server_without_tls_is_not_trusted() {
    every(async |dialect| {
        let server = ModelServer::start([Reply::nothing()]).await;
        let settings = dialect.settings(&server.url().replace("http:", "https:"));
        let answer = read(&remote(&settings), dialect.request()).await;
        answer.fails(ProviderError::Unavailable, &["Acme", "SSL_CERT_FILE"]);
        assert!(answer.retries().is_empty(), "{answer:?}");
    })
    .await;
}

#[tokio::test]
async fn a_page_for_people_is_no_answer() {
    every(async |dialect| {
        let page = Reply::new(200, "text/html; charset=utf-8", "<!doctype html><h1>Sign in</h1>");
        let answer = dialect.ask([page]).await;
        assert_eq!(answer.asked, 1);
        answer.fails(ProviderError::Unavailable, &["web page", "base_url"]);
        let gateway = Reply::new(502, "text/html", "<h1>Bad gateway</h1>").header("retry-after-ms", "1");
        dialect.ask([gateway, Reply::stream(dialect.stream("text"))]).await.is(dialect, "text");
    })
    .await;
}

#[tokio::test]
async fn an_error_that_calls_itself_a_success_is_none() {
    every(async |dialect| {
        let error = Reply::json(200, r#"{"error":{"message":"the engine is gone"}}"#);
        let answer = dialect.ask_within([error], |limits| limits.retries = 0).await;
        answer.fails(ProviderError::Unavailable, &["the engine is gone"]);
    })
    .await;
}

/// Streams that say nothing a model would say.
const NO_ANSWERS: [&str; 12] = [
    "",
    "\n\n\n\n",
    ": waiting\n\n: waiting\n\n",
    "data: [DONE]\n\n",
    "data: {}\n\n",
    "data: null\n\n",
    "data: {\"choices\":7,\"type\":[],\"candidates\":\"x\"}\n\n",
    "data: [[[[[[\n\n",
    "data: not json\n\n",
    "event: ping\ndata: {\"type\": \"ping\"}\n\n",
    "event: future\ndata: {\"type\":\"future\",\"object\":\"future\"}\n\n",
    "{\"choices\":[]}\n{\"choices\":[]}\n",
];

#[tokio::test]
async fn a_stream_that_says_nothing_is_an_error() {
    every(async |dialect| {
        for stream in NO_ANSWERS {
            let answer = dialect.ask_within([Reply::stream(stream)], |limits| limits.retries = 0).await;
            answer.fails(ProviderError::Unavailable, &["Acme (127.0.0.1:"]);
            assert!(answer.told().is_empty(), "{stream:?}: {answer:?}");
        }
        let bytes = Reply::stream((0..=255).cycle().take(100_000).collect::<Vec<u8>>());
        dialect.ask_within([bytes], |limits| limits.retries = 0).await.why();
    })
    .await;
}

#[tokio::test]
async fn unknown_events_between_the_known_ones_mean_nothing() {
    every(async |dialect| {
        let noise = ": waiting\n\nevent: future\ndata: {\"type\":\"future.event\",\"object\":\"future\"}\n\nid: 7\n\n";
        let recorded = String::from_utf8(dialect.stream("text")).unwrap();
        let disturbed = recorded.replace("\n\n", &format!("\n\n{noise}")).replace("\r\n\r\n", &format!("\r\n\r\n{noise}"));
        dialect.ask([Reply::stream(format!("{noise}{disturbed}"))]).await.is(dialect, "text");
    })
    .await;
}

#[tokio::test]
async fn events_in_the_wrong_order_end_in_some_way() {
    every(async |dialect| {
        for case in ["text", dialect.calls] {
            let recorded = String::from_utf8(dialect.stream(case)).unwrap().replace("\r\n", "\n");
            let mut events: Vec<_> = recorded.split_inclusive("\n\n").collect();
            events.reverse();
            let backwards =
                dialect.ask_within([Reply::stream(events.concat())], |limits| limits.retries = 0).await;
            let twice = recorded.repeat(2);
            let twice = dialect.ask_within([Reply::stream(twice)], |limits| limits.retries = 0).await;
            assert!(backwards.is_over() && twice.is_over());
        }
    })
    .await;
}
