//! What a server is sent.

use std::sync::Arc;

use adjutant::config::Secret;
use adjutant::provider::{Message, ModelRequest};

use super::{DIALECTS, KEY, read, remote};
use crate::support::model::{ModelServer, Reply};

#[tokio::test]
async fn a_request_is_json_at_the_dialects_path_with_the_key_and_the_configured_headers() {
    for dialect in &DIALECTS {
        let server = ModelServer::start([Reply::stream(dialect.stream("text"))]).await;
        let mut settings = dialect.settings(&server.url());
        settings.base_url += "/";
        settings.headers = vec![("X-Team".to_owned(), Secret::new("blue-4711"))];
        let remote = remote(&settings);
        let messages = vec![Arc::new(Message::User(vec!["Hello.".into()]))];
        read(&remote, ModelRequest { messages, ..dialect.request() }).await.is(dialect, "text");
        let debug = format!("{remote:?}");
        assert!(!debug.contains(KEY) && !debug.contains("blue-4711"), "{debug}");
        let [asked] = &server.asked()[..] else { panic!("{:?}", server.asked()) };
        assert_eq!((&*asked.method, &*asked.path), ("POST", dialect.path));
        assert_eq!(asked.headers["content-type"], "application/json");
        assert_eq!(asked.headers["accept"], "text/event-stream");
        assert_eq!(asked.headers["x-team"], "blue-4711");
        assert!(asked.headers["user-agent"].starts_with("adjutant/"));
        assert!(!asked.headers.contains_key("accept-encoding"), "a compressed stream comes late");
        assert_eq!(asked.headers.values().filter(|value| value.contains(KEY)).count(), 1);
        assert!(asked.body.to_string().contains("Hello."), "{}", asked.body);
        assert!(!asked.body.to_string().contains(KEY));
    }
}
