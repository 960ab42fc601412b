//! Every wire dialect against every fault, over real sockets, and its recorded answers.
//!
//! What one dialect's own words mean is tested beside it; here is what holds for all of them.
//!
//! What always holds: a dialect is a row of [`DIALECTS`], and every test here runs over every row; what an answer
//! means stands beside it in `fixtures/provider/<dialect>/<case>.json`, which `UPDATE=1` writes anew.
//!
//! To add a dialect: its row, and its recorded answers `text` and the others that its row names.

mod cancel;
mod cut;
mod fault;
mod limit;
mod list;
mod mutation;
mod recorded;
mod refusal;
mod request;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use adjutant::config::{Api, KeySource, ProviderLimits, ProviderSettings, Secret};
use adjutant::provider::{
    Decoder, Delta, ModelInfo, ModelRequest, Provider, ProviderError, ReadError, Remote,
};
use futures_util::StreamExt;
use serde_json::{Value, json};

use super::support::model::{ModelServer, Reply};

/// The key that every test has, and no error may repeat.
const KEY: &str = "sk-test-0123456789abcdef";

/// A wire dialect.
#[derive(Debug)]
struct Dialect {
    api: Api,
    /// Its folder in `fixtures/provider`.
    name: &'static str,
    /// Where a request for an answer goes, below the base URL.
    path: &'static str,
    /// A recorded answer with several calls.
    calls: &'static str,
    /// How it says that the conversation is too long: status and body.
    too_long: (u16, &'static str),
    /// A list of the models `a` and `b`.
    models: &'static str,
}

const LIST: &str = r#"{"object":"list","data":[{"id":"a","object":"model"},{"id":"b","object":"model"}]}"#;

const DIALECTS: [Dialect; 4] = [
    Dialect {
        api: Api::OpenAiChat,
        name: "openai_chat",
        path: "/v1/chat/completions",
        calls: "tools",
        too_long: (
            400,
            r#"{"error":{"message":"This model's maximum context length is 128000 tokens. However, your messages resulted in 130021 tokens.","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}"#,
        ),
        models: LIST,
    },
    Dialect {
        api: Api::OpenAiResponses,
        name: "openai_responses",
        path: "/v1/responses",
        calls: "reasoning_tools",
        too_long: (
            400,
            r#"{"error":{"message":"Your input exceeds the context window of this model. Please adjust your input and try again.","type":"invalid_request_error","param":"input","code":"context_length_exceeded"}}"#,
        ),
        models: LIST,
    },
    Dialect {
        api: Api::Anthropic,
        name: "anthropic",
        path: "/v1/messages",
        calls: "thinking_tools",
        too_long: (
            400,
            r#"{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 203410 tokens > 200000 maximum"},"request_id":"req_1"}"#,
        ),
        models: LIST,
    },
    Dialect {
        api: Api::Gemini,
        name: "gemini",
        path: "/v1/models/m-1:streamGenerateContent?alt=sse",
        calls: "thinking_tools",
        too_long: (
            400,
            r#"{"error":{"code":400,"message":"The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).","status":"INVALID_ARGUMENT"}}"#,
        ),
        models: r#"{"models":[{"name":"models/a","supportedGenerationMethods":["generateContent"]},{"name":"models/b","supportedGenerationMethods":["generateContent"]}]}"#,
    },
];

impl Dialect {
    fn folder(&self) -> PathBuf {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/", "fixtures/provider");
        PathBuf::from(root).join(self.name)
    }

    /// A recorded answer.
    fn stream(&self, case: &str) -> Vec<u8> {
        std::fs::read(self.folder().join(case).with_extension("sse")).unwrap()
    }

    /// The names of all recorded answers.
    fn cases(&self) -> Vec<String> {
        let files = std::fs::read_dir(self.folder()).unwrap().map(|it| it.unwrap().path());
        let streams = files.filter(|it| it.extension().is_some_and(|it| it == "sse"));
        let mut cases: Vec<_> =
            streams.map(|it| it.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
        cases.sort();
        assert!(!cases.is_empty(), "{} has no recorded answer", self.name);
        cases
    }

    fn settings(&self, base_url: &str) -> ProviderSettings {
        ProviderSettings {
            id: "acme".to_owned(),
            name: "Acme".to_owned(),
            api: self.api,
            base_url: format!("{base_url}/v1"),
            key: KeySource::Usual(vec!["ACME_API_KEY".to_owned()]),
            headers: Vec::new(),
            models: Vec::new(),
            limits: ProviderLimits {
                connect: Duration::from_secs(2),
                idle: Duration::from_secs(10),
                total: Duration::from_secs(20),
                retries: 5,
            },
        }
    }

    /// The request that every recorded answer answers.
    fn request(&self) -> ModelRequest {
        ModelRequest { model: Arc::new(ModelInfo::unknown(self.name, "m-1")), ..ModelRequest::default() }
    }

    fn decoder(&self) -> Decoder {
        Decoder::new(&self.settings("http://127.0.0.1:1"), &self.request())
    }

    /// What the server's replies become.
    async fn ask(&self, replies: impl IntoIterator<Item = Reply>) -> Answer {
        self.ask_within(replies, |_| {}).await
    }

    /// Likewise, with other limits.
    async fn ask_within(
        &self,
        replies: impl IntoIterator<Item = Reply>,
        change: impl FnOnce(&mut ProviderLimits),
    ) -> Answer {
        let server = ModelServer::start(replies).await;
        let mut settings = self.settings(&server.url());
        change(&mut settings.limits);
        let mut answer = read(&remote(&settings), self.request()).await;
        answer.asked = server.asked().len();
        answer
    }
}

fn remote(settings: &ProviderSettings) -> Remote {
    Remote::new(settings, Some(Secret::new(KEY)))
}

/// A whole answer, as it came.
#[derive(Debug)]
struct Answer {
    name: String,
    deltas: Vec<Delta>,
    error: Option<ProviderError>,
    /// Requests that the server has seen.
    asked: usize,
}

/// Reads an answer and checks what holds for all: it ends once, and repeats no secret.
async fn read(remote: &Remote, request: ModelRequest) -> Answer {
    let name = request.model.id.clone();
    let mut stream = remote.stream(request);
    let mut answer = Answer { name, deltas: Vec::new(), error: None, asked: 0 };
    while let Some(delta) = stream.next().await {
        assert!(!answer.is_over(), "{answer:?}, and then {delta:?}");
        match delta {
            Ok(delta) => answer.deltas.push(delta),
            Err(e) => answer.error = Some(e),
        }
    }
    assert!(answer.is_over(), "no end: {answer:?}");
    assert!(!format!("{answer:?}").contains(KEY), "{answer:?}");
    answer
}

impl Answer {
    fn is_over(&self) -> bool {
        self.error.is_some() || matches!(self.deltas.last(), Some(Delta::Done(_)))
    }

    fn text(&self) -> String {
        let text = |delta: &Delta| match delta {
            Delta::Text(text) => Some(text.clone()),
            _ => None,
        };
        self.deltas.iter().filter_map(text).collect()
    }

    /// The waits that were announced: attempt and milliseconds.
    fn retries(&self) -> Vec<(u32, u64)> {
        let retry = |delta: &Delta| match delta {
            Delta::Retry { attempt, wait_ms, .. } => Some((*attempt, *wait_ms)),
            _ => None,
        };
        self.deltas.iter().filter_map(retry).collect()
    }

    /// All but the announced waits.
    fn told(&self) -> Vec<Value> {
        self.deltas.iter().filter(|it| !matches!(it, Delta::Retry { .. })).map(told).collect()
    }

    /// The error's text.
    #[track_caller]
    fn why(&self) -> String {
        let error = self.error.as_ref().unwrap_or_else(|| panic!("no error: {self:?}"));
        let text = error.to_string();
        assert!(!text.contains('\n') && text.len() < 800, "{}: {text}", self.name);
        text
    }

    /// It failed in this way, with words that say so.
    #[track_caller]
    fn fails(&self, way: fn(String) -> ProviderError, words: &[&str]) {
        let why = self.why();
        let expected = way(why.clone());
        let error = self.error.as_ref().unwrap();
        let same = std::mem::discriminant(error) == std::mem::discriminant(&expected);
        assert!(same && words.iter().all(|it| why.contains(it)), "{}: not {words:?}: {error:?}", self.name);
    }

    /// It is the whole recorded answer.
    #[track_caller]
    fn is(&self, dialect: &Dialect, case: &str) {
        assert!(self.error.is_none(), "{self:?}");
        assert_eq!(Value::from(self.told()), recorded::kept(dialect, case), "{}/{case}", self.name);
    }
}

/// A delta as the files of recorded answers have it.
fn told(delta: &Delta) -> Value {
    match delta {
        Delta::Text(text) => json!({ "text": text }),
        Delta::Thought(text) => json!({ "thought": text }),
        Delta::Call(call) => json!({ "call": { "id": call.id, "name": call.name, "input": call.input } }),
        Delta::Echo(echo) => json!({ "echo": { "source": &*echo.source, "data": echo.data } }),
        Delta::Usage(tokens) => json!({ "usage": tokens }),
        Delta::Retry { attempt, .. } => json!({ "retry": attempt }),
        Delta::Done(reason) => json!({ "done": reason }),
    }
}

fn failure(error: &ReadError) -> Value {
    match error {
        ReadError::Garbage(text) => json!({ "garbage": text }),
        ReadError::Failed { text, retry } => json!({ "failed": text, "retry": retry }),
        ReadError::TooLong(text) => json!({ "too_long": text }),
    }
}
