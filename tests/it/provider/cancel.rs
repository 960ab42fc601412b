//! An answer that nobody wants any more: its connection is closed at once, at every point.

use std::time::{Duration, Instant};

use adjutant::provider::{Delta, Provider};
use futures_util::StreamExt;
use tokio::time::timeout;

use super::{DIALECTS, remote};
use crate::support::model::{ModelServer, Reply};

/// How long it may take until the server sees it.
const AT_ONCE: Duration = Duration::from_millis(100);

#[tokio::test]
async fn dropping_an_answer_closes_its_connection_at_once() {
    for dialect in &DIALECTS {
        let streaming = Reply::stream(dialect.stream("text")).stall();
        for (reply, words) in
            [(Reply::silence(), false), (Reply::stream("").stall(), false), (streaming, true)]
        {
            let server = ModelServer::start([reply]).await;
            let mut answer = remote(&dialect.settings(&server.url())).stream(dialect.request());
            if words {
                assert!(answer.next().await.unwrap().is_ok());
            } else {
                let started = timeout(Duration::from_millis(50), answer.next()).await;
                assert!(started.is_err(), "{started:?}");
                server.until_asked(1).await;
            }
            let start = Instant::now();
            drop(answer);
            server.until_hung_up().await;
            assert!(start.elapsed() < AT_ONCE, "{:?}", start.elapsed());
        }
    }
}

#[tokio::test]
async fn dropping_an_answer_ends_its_wait() {
    for dialect in &DIALECTS {
        let busy = Reply::json(429, "{}").header("retry-after", "1");
        let server = ModelServer::start([busy]).await;
        let mut answer = remote(&dialect.settings(&server.url())).stream(dialect.request());
        assert!(matches!(answer.next().await, Some(Ok(Delta::Retry { wait_ms: 1_000..=1_125, .. }))));
        assert!(timeout(Duration::from_millis(20), answer.next()).await.is_err());
        let start = Instant::now();
        drop(answer);
        assert!(start.elapsed() < AT_ONCE);
        assert_eq!(server.asked().len(), 1);
    }
}

#[tokio::test]
async fn the_next_request_goes_over_the_same_connection() {
    for dialect in &DIALECTS {
        let server = ModelServer::start([Reply::stream(dialect.stream("text"))]).await;
        let remote = remote(&dialect.settings(&server.url()));
        for _ in 0..3 {
            super::read(&remote, dialect.request()).await.is(dialect, "text");
        }
        let connections: Vec<_> = server.asked().iter().map(|it| it.connection).collect();
        assert_eq!(connections, [0, 0, 0], "{}", dialect.name);
    }
}
