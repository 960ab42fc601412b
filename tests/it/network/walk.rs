//! A client that asks for anything in any order: each answer is the one that a model of a few lines expects, and nothing
//! else changes.

use serde_json::{Value, json};

use crate::support::bench::Bench;
use crate::support::client::Client;
use crate::support::link::Link;
use crate::support::proxy::Dice;
use crate::support::server::Server;

const STEPS: usize = 200;
const SESSIONS: usize = 4;

/// What the client may expect of a session.
struct Known {
    id: String,
    stored: bool,
    attached: bool,
    /// The prompt whose turn runs.
    prompt: Option<u64>,
}

/// The client, and what it expects.
struct Walk {
    bench: Bench,
    client: Client,
    dice: Dice,
    introduced: bool,
    sessions: Vec<Known>,
    /// What was done, for whoever looks for what went wrong.
    trail: Vec<String>,
}

type Expected = Result<(), i64>;

impl Walk {
    async fn is_answered(&mut self, method: &str, params: Value, expected: Expected) -> Value {
        self.trail.push(format!("{method} {params} -> {expected:?}"));
        let expected = if self.introduced || method == "initialize" { expected } else { Err(-32600) };
        let answered = self.client.request(method, params).await;
        let code = answered.as_ref().map(drop).map_err(|error| error["code"].as_i64().unwrap());
        assert_eq!(code, expected, "{answered:?} after\n  {}", self.trail.join("\n  "));
        answered.unwrap_or_default()
    }

    fn any(&mut self) -> usize {
        self.dice.below(self.sessions.len() as u64) as usize
    }

    fn place(&self, at: usize) -> Value {
        json!({ "sessionId": self.sessions[at].id, "cwd": self.bench.cwd(), "mcpServers": [] })
    }

    /// The turn that runs is over: its prompt was answered, or is now.
    async fn has_ended(&mut self, at: usize) {
        let Some(id) = self.sessions[at].prompt.take() else { return };
        let is_reply = |line: &Value| line["id"] == id && line.get("method").is_none();
        let known = self.client.heard.iter().find(|line| is_reply(line)).cloned();
        let reply = match known {
            Some(reply) => reply,
            None => self.client.until(is_reply).await,
        };
        assert_eq!(reply["result"]["stopReason"], "cancelled", "{}", self.trail.join("\n  "));
    }

    async fn step(&mut self) {
        match self.dice.below(24) {
            0 => {
                let params = json!({ "protocolVersion": self.dice.below(4) });
                self.is_answered("initialize", params, Ok(())).await;
                self.introduced = true;
            }
            1 | 2 if self.sessions.len() < SESSIONS => {
                let params = json!({ "cwd": self.bench.cwd(), "mcpServers": [] });
                let made = self.is_answered("session/new", params, Ok(())).await;
                if let Some(id) = made["sessionId"].as_str() {
                    let id = id.to_owned();
                    self.sessions.push(Known { id, stored: true, attached: true, prompt: None });
                }
            }
            3 => drop(self.is_answered("no/such", json!({}), Err(-32601)).await),
            4 => drop(self.is_answered("session/prompt", json!({ "prompt": 7 }), Err(-32602)).await),
            5 => drop(self.is_answered("session/load", self.nobody(), Err(-32002)).await),
            6 => drop(self.is_answered("session/prompt", self.nobody(), Err(-32002)).await),
            7 => drop(self.is_answered("session/list", json!({}), Ok(())).await),
            8 => self.is_garbage().await,
            _ if self.sessions.is_empty() => {}
            at => self.step_in_session(at).await,
        }
    }

    async fn step_in_session(&mut self, what: u64) {
        let at = self.any();
        let Known { ref id, stored, attached, prompt } = self.sessions[at];
        let session = json!({ "sessionId": id });
        let or_unknown = |known: bool, code: Expected| if known { code } else { Err(-32002) };
        match what {
            9..=13 => {
                let expected = or_unknown(attached, prompt.map_or(Ok(()), |_| Err(-32600)));
                let params = json!({ "sessionId": id, "prompt": [{ "type": "text", "text": "Go" }] });
                if expected.is_ok() {
                    self.trail.push(format!("session/prompt {id}"));
                    let id = self.client.ask("session/prompt", params).await;
                    self.sessions[at].prompt = Some(id);
                } else {
                    self.is_answered("session/prompt", params, expected).await;
                }
            }
            14..=16 => {
                self.trail.push(format!("session/cancel {id}"));
                self.client.notify("session/cancel", session).await;
                self.has_ended(at).await;
            }
            17 | 18 => {
                let method = if what == 17 { "session/load" } else { "session/resume" };
                self.is_answered(method, self.place(at), or_unknown(stored, Ok(()))).await;
                self.sessions[at].attached = stored;
            }
            19 | 20 => {
                let (mode, expected) = if what == 19 { ("plan", Ok(())) } else { ("none", Err(-32602)) };
                let params = json!({ "sessionId": id, "modeId": mode });
                self.is_answered("session/set_mode", params, or_unknown(attached, expected)).await;
            }
            21 => drop(self.is_answered("session/prompt", session, Err(-32602)).await),
            22 => {
                self.is_answered("session/close", session, Ok(())).await;
                self.sessions[at].attached = false;
                self.has_ended(at).await;
            }
            _ => {
                self.is_answered("session/delete", session, Ok(())).await;
                self.sessions[at].attached = false;
                self.has_ended(at).await;
                self.sessions[at].stored = false;
                // Another one may take its place.
                if self.sessions.len() == SESSIONS {
                    self.sessions.remove(at);
                }
            }
        }
    }

    /// A session that there is not.
    fn nobody(&self) -> Value {
        let prompt = json!([{ "type": "text", "text": "Go" }]);
        json!({ "sessionId": "nobody", "cwd": self.bench.cwd(), "mcpServers": [], "prompt": prompt })
    }

    /// Lines that are no request, of which some are owed an answer.
    async fn is_garbage(&mut self) {
        self.trail.push("garbage".to_owned());
        let lines = [
            ("[]", Some(-32600)),
            ("{", Some(-32700)),
            (r#"{"jsonrpc":"2.0","id":{},"method":"session/list"}"#, Some(-32600)),
            (r#"{"jsonrpc":"2.0","id":99999,"result":{}}"#, None),
            (r#"{"jsonrpc":"2.0","method":"no/such"}"#, None),
            (r#"{"jsonrpc":"2.0","method":"session/cancel","params":{"sessionId":"nobody"}}"#, None),
        ];
        let (line, code) = lines[self.dice.below(lines.len() as u64) as usize];
        self.client.link.wire.send_line(line).await;
        if let Some(code) = code {
            let refusal = self.client.until(|line| line.get("error").is_some()).await;
            assert_eq!((&refusal["id"], &refusal["error"]["code"]), (&Value::Null, &json!(code)));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_the_order_every_answer_is_the_one_for_the_state_of_things() {
    for (door, seed) in [("memory", 1), ("stdio", 2), ("tcp", 3), ("ws", 4)] {
        let bench = Bench::scripted("{\"when\":\"\",\"answer\":[{\"text\":\"ok\"},\"wait\"]}\n");
        let mut server = None;
        let link = match door {
            "memory" => Link::memory(&bench.door()),
            "stdio" => Link::process(&bench),
            scheme => {
                let server = server.insert(Server::start(&bench, &[]).await);
                server.by(scheme, server.connect().await).await
            }
        };
        let client = Client::unknown(link);
        let (dice, sessions) = (Dice::new(seed), Vec::new());
        let mut walk =
            Walk { bench, client, dice, introduced: false, sessions, trail: vec![door.to_owned()] };
        for _ in 0..STEPS {
            walk.step().await;
        }
        for at in 0..walk.sessions.len() {
            walk.trail.push("the end".to_owned());
            let session = json!({ "sessionId": walk.sessions[at].id });
            walk.client.notify("session/cancel", session).await;
            walk.has_ended(at).await;
        }
        walk.client.leave().await;
    }
}
