mod outbox;

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt;
use jsonrpsee::core::server::Methods;
use jsonrpsee::types::ErrorObjectOwned;
use jsonrpsee::{Extensions, RpcModule};
use serde_json::{Value, json};
use tokio::io::{AsyncWriteExt, BufWriter};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::jsonrpc::{Frame, MAX_LINE};
use crate::transport::{Transport, memory};

/// What the handlers of the tests share.
#[derive(Default)]
struct Stage {
    order: Mutex<Vec<String>>,
    go: Notify,
    peer: Mutex<Option<Peer>>,
    queue: Mutex<Option<mpsc::Sender<String>>>,
}

fn note(stage: &Stage, what: impl Into<String>) {
    stage.order.lock().unwrap().push(what.into());
}

fn peer(stage: &Stage) -> Peer {
    stage.peer.lock().unwrap().clone().unwrap()
}

fn module(stage: &Arc<Stage>) -> RpcModule<Arc<Stage>> {
    let mut module = RpcModule::new(Arc::clone(stage));
    module.register_method("echo", |params, _, _| params.as_str().map(str::len)).unwrap();
    module
        .register_async_method("slow", |_, stage, _| async move {
            note(&stage, "slow begins");
            stage.go.notified().await;
            "slow"
        })
        .unwrap();
    module
        .register_async_method("first", |params, stage, _| async move {
            note(&stage, params.as_str().unwrap_or_default());
            stage.go.notified().await;
        })
        .unwrap();
    module
        .register_async_method("push", |params, stage, _| async move {
            let sender = stage.queue.lock().unwrap().clone().unwrap();
            sender.send(params.as_str().unwrap_or_default().to_owned()).await.unwrap();
        })
        .unwrap();
    module.register_method("break", |_, _, _| -> Option<u8> { panic!("broken") }).unwrap();
    module
        .register_async_method("break later", |_, _, _| async {
            tokio::task::yield_now().await;
            assert!(std::hint::black_box(false), "broken later");
        })
        .unwrap();
    module
        .register_async_method("abandon", |_, _, extensions| async move {
            drop(extensions.get::<Caller>().unwrap().defer());
        })
        .unwrap();
    module
        .register_async_method("late", |_, stage, extensions| async move {
            let (responder, deferred) = extensions.get::<Caller>().unwrap().defer().unwrap();
            for at in 0..3 {
                peer(&stage).notify("tick", &at).await.unwrap();
            }
            if peer(&stage).shared.input_closed.is_cancelled() {
                return;
            }
            responder.reply(Ok("late")).await;
            assert!(!deferred.cancelled().await);
        })
        .unwrap();
    module
        .register_async_method("patient", |_, stage, extensions| async move {
            let (responder, deferred) = extensions.get::<Caller>().unwrap().defer().unwrap();
            note(&stage, format!("cancelled: {}", deferred.cancelled().await));
            responder.reply(Ok("given up")).await;
        })
        .unwrap();
    module
        .register_async_method("flood", |_, stage, _| async move {
            for at in 0..5_000 {
                peer(&stage).notify("drop", &at).await.unwrap();
            }
            Ok::<_, ErrorObjectOwned>(())
        })
        .unwrap();
    asking(&mut module);
    module
}

/// What asks the client something.
fn asking(module: &mut RpcModule<Arc<Stage>>) {
    module
        .register_async_method("ask", |_, stage, _| async move {
            let answer: Result<Value, PeerError> = peer(&stage).request("question", &json!({})).await;
            answer.map_err(|e| error(-1, e.to_string(), None))
        })
        .unwrap();
    module
        .register_async_method("think again", |_, stage, _| async move {
            let peer = peer(&stage);
            peer.notify("tick", &0).await.unwrap();
            let question = Box::pin(peer.request::<_, Value>("question", &()));
            assert!(futures_util::poll!(question).is_pending());
            peer.notify("tick", &1).await.unwrap();
        })
        .unwrap();
}

struct Bench {
    stage: Arc<Stage>,
    near: Option<Transport>,
    served: JoinHandle<std::io::Result<()>>,
}

impl Bench {
    fn new(limits: Limits) -> Self {
        Self::over(memory(MAX_LINE), limits)
    }

    fn over((near, far): (Transport, Transport), limits: Limits) -> Self {
        let stage = Arc::new(Stage::default());
        let connection = Connection::new(far, limits, |peer| {
            *stage.peer.lock().unwrap() = Some(peer.clone());
            let methods = Methods::from(module(&stage));
            let table: Table = Arc::new(move |method| match method {
                "shut" => Err(error(-7, "shut", None)),
                _ => Ok(methods.clone()),
            });
            Dispatch { table, extensions: Extensions::new() }
        });
        Self { stage, near: Some(near), served: tokio::spawn(connection.serve(CancellationToken::new())) }
    }

    async fn say(&mut self, line: &str) {
        let near = self.near.as_mut().unwrap();
        near.outgoing.write_all(line.as_bytes()).await.unwrap();
        near.outgoing.write_all(b"\n").await.unwrap();
    }

    async fn call(&mut self, id: u64, method: &str) {
        self.say(&format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}"}}"#)).await;
    }

    async fn hear(&mut self) -> Value {
        let near = self.near.as_mut().unwrap();
        let frame = tokio::time::timeout(Duration::from_secs(10), near.incoming.next()).await;
        match frame.expect("a line in time").expect("a line").unwrap() {
            Frame::Line(line) => serde_json::from_slice(&line).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    /// Ends our side and gives what is still said.
    async fn hang_up(mut self) -> Vec<Value> {
        let near = self.near.as_mut().unwrap();
        near.outgoing.shutdown().await.unwrap();
        let mut rest = Vec::new();
        while let Some(Ok(Frame::Line(line))) = near.incoming.next().await {
            rest.push(serde_json::from_slice(&line).unwrap());
        }
        self.served.await.unwrap().unwrap();
        rest
    }
}

#[tokio::test]
async fn every_request_is_answered_once_and_by_its_own_id() {
    let mut bench = Bench::new(Limits::default());
    bench.call(1, "slow").await;
    bench.call(2, "echo").await;
    bench.call(3, "nothing").await;
    bench.call(4, "shut").await;
    assert_eq!(bench.hear().await, json!({"jsonrpc":"2.0","id":2,"result":null}));
    assert_eq!(bench.hear().await["error"]["code"], -32601);
    assert_eq!(bench.hear().await["error"]["code"], -7);
    bench.stage.go.notify_one();
    assert_eq!(bench.hear().await, json!({"jsonrpc":"2.0","id":1,"result":"slow"}));
    assert_eq!(bench.hang_up().await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_request_whose_handler_lets_go_of_the_duty_is_answered_all_the_same() {
    let mut bench = Bench::new(Limits::default());
    bench.call(1, "abandon").await;
    let reply = bench.hear().await;
    assert_eq!((&reply["id"], &reply["error"]["code"]), (&json!(1), &json!(-32603)));
    bench.call(1, "echo").await;
    assert_eq!(bench.hear().await["id"], 1, "the id is free again");
}

#[tokio::test]
async fn a_put_off_reply_follows_everything_queued_before_it() {
    let mut bench = Bench::new(Limits { outbox: 1, ..Limits::default() });
    bench.call(1, "late").await;
    for at in 0..3 {
        assert_eq!(bench.hear().await, json!({"jsonrpc":"2.0","method":"tick","params":at}));
    }
    assert_eq!(bench.hear().await["result"], "late");
}

#[tokio::test]
async fn a_plain_reply_follows_everything_its_handler_queued() {
    let mut bench = Bench::new(Limits { outbox: 1, ..Limits::default() });
    bench.call(1, "flood").await;
    for at in 0..5_000 {
        assert_eq!(bench.hear().await["params"], at);
    }
    assert_eq!(bench.hear().await, json!({"jsonrpc":"2.0","id":1,"result":null}));
}

#[tokio::test]
async fn handlers_are_begun_in_the_order_of_their_lines() {
    let mut bench = Bench::new(Limits::default());
    let mut lines = String::new();
    for at in 0..200 {
        writeln!(lines, "{{\"jsonrpc\":\"2.0\",\"id\":{at},\"method\":\"first\",\"params\":[{at}]}}")
            .unwrap();
    }
    bench.say(lines.trim_end()).await;
    bench.call(999, "echo").await;
    assert_eq!(bench.hear().await["id"], 999);
    let order: Vec<_> = (0..200).map(|at| format!("[{at}]")).collect();
    assert_eq!(*bench.stage.order.lock().unwrap(), order);
}

#[tokio::test]
async fn a_second_request_with_an_open_id_is_refused_and_the_first_goes_on() {
    let mut bench = Bench::new(Limits::default());
    bench.call(1, "slow").await;
    bench.call(1, "echo").await;
    assert_eq!(bench.hear().await["error"]["code"], -32600);
    bench.stage.go.notify_one();
    assert_eq!(bench.hear().await["result"], "slow");
}

#[tokio::test]
async fn a_cancelled_request_is_answered_with_the_code_for_it() {
    let mut bench = Bench::new(Limits::default());
    bench.call(1, "slow").await;
    bench.say(r#"{"jsonrpc":"2.0","method":"$/cancel_request","params":{"requestId":77}}"#).await;
    bench.say(r#"{"jsonrpc":"2.0","method":"$/cancel_request","params":{"requestId":1}}"#).await;
    assert_eq!(bench.hear().await["error"]["code"], code::CANCELLED);
    bench.call(2, "patient").await;
    bench.say(r#"{"jsonrpc":"2.0","method":"$/cancel_request","params":{"requestId":2}}"#).await;
    assert_eq!(bench.hear().await["result"], "given up");
    assert!(bench.stage.order.lock().unwrap().contains(&"cancelled: true".to_owned()));
}

#[tokio::test]
async fn our_requests_are_answered_by_number_and_strays_are_dropped() {
    let mut bench = Bench::new(Limits::default());
    bench.call(1, "ask").await;
    let question = bench.hear().await;
    assert_eq!((&question["method"], &question["id"]), (&json!("question"), &json!(0)));
    bench.say(r#"{"jsonrpc":"2.0","id":5,"result":"stray"}"#).await;
    bench.say(r#"{"jsonrpc":"2.0","id":"0","result":{"answer":42},"error":null}"#).await;
    bench.say(r#"{"jsonrpc":"2.0","id":0,"result":"too late"}"#).await;
    assert_eq!(bench.hear().await["result"], json!({"answer":42}));
    bench.call(2, "ask").await;
    bench.hear().await;
    bench.say(r#"{"jsonrpc":"2.0","id":1,"error":{"code":-5,"message":"no"}}"#).await;
    assert!(bench.hear().await["error"]["message"].as_str().unwrap().contains("no"));
}

#[tokio::test]
async fn a_dropped_request_of_ours_is_taken_back() {
    let mut bench = Bench::new(Limits::default());
    bench.call(1, "ask").await;
    bench.hear().await;
    bench.say(r#"{"jsonrpc":"2.0","method":"$/cancel_request","params":{"requestId":1}}"#).await;
    let both = [bench.hear().await, bench.hear().await];
    let back = json!({"jsonrpc":"2.0","method":"$/cancel_request","params":{"requestId":0}});
    assert!(both.contains(&back), "{both:?}");
}

#[tokio::test]
async fn what_is_taken_back_is_so_before_anything_that_is_said_later() {
    let mut bench = Bench::new(Limits::default());
    bench.call(1, "think again").await;
    let mut said = Vec::new();
    for _ in 0..5 {
        let line = bench.hear().await;
        said.push(line["method"].as_str().unwrap_or("reply").to_owned());
    }
    assert_eq!(said, ["tick", "question", "$/cancel_request", "tick", "reply"]);
}

#[tokio::test]
async fn one_request_too_many_is_told_that_the_server_is_busy() {
    let mut bench = Bench::new(Limits { calls: 2, ..Limits::default() });
    bench.call(1, "slow").await;
    bench.call(2, "slow").await;
    bench.call(3, "echo").await;
    let busy = bench.hear().await;
    assert_eq!(
        (&busy["id"], busy["error"]["message"].as_str().unwrap().contains("verload")),
        (&json!(3), true)
    );
}

#[tokio::test]
async fn what_was_asked_before_the_end_is_answered_before_the_end() {
    let mut bench = Bench::new(Limits::default());
    bench.call(1, "slow").await;
    bench.call(2, "ask").await;
    assert_eq!(bench.hear().await["method"], "question");
    bench.stage.go.notify_one();
    let rest = bench.hang_up().await;
    let mut ids: Vec<_> = rest.iter().map(|reply| reply["id"].as_u64().unwrap()).collect();
    ids.sort_unstable();
    assert_eq!(ids, [1, 2], "{rest:?}");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_never_answered_does_not_keep_the_process() {
    let mut bench = Bench::new(Limits::default());
    bench.call(1, "slow").await;
    assert_eq!(bench.hang_up().await, Vec::<Value>::new());
}

/// A runtime's budget for one poll is 128 waits: the 129th must not let later lines pass.
#[tokio::test]
async fn no_line_overtakes_another_on_its_way_into_a_queue() {
    let mut bench = Bench::new(Limits::default());
    let (sender, mut queue) = mpsc::channel(1_000);
    *bench.stage.queue.lock().unwrap() = Some(sender);
    let mut lines = String::new();
    for at in 0..600 {
        let id = if at % 7 == 0 { format!("\"id\":{at},") } else { String::new() };
        writeln!(lines, "{{\"jsonrpc\":\"2.0\",{id}\"method\":\"push\",\"params\":[{at}]}}").unwrap();
    }
    bench.say(lines.trim_end()).await;
    for at in 0..600 {
        assert_eq!(queue.recv().await.unwrap(), format!("[{at}]"));
    }
}

/// As a transport that encrypts, or frames, takes what its socket has no room for.
#[tokio::test]
async fn what_the_transport_keeps_back_goes_on_when_there_is_room_again() {
    let ((asks, asked), (answers, answered)) = (tokio::io::duplex(1024), tokio::io::duplex(8));
    let near = Transport::lines(answered, asks, MAX_LINE);
    let far = Transport::lines(asked, BufWriter::new(answers), MAX_LINE);
    let mut bench = Bench::over((near, far), Limits::default());
    bench.call(1, "echo").await;
    assert_eq!(bench.hear().await["id"], 1);
    bench.call(2, "echo").await;
    assert_eq!(bench.hang_up().await.len(), 1);
}

#[tokio::test]
async fn being_told_to_stop_is_like_the_other_sides_end() {
    let stage = Arc::new(Stage::default());
    let (mut near, far) = memory(MAX_LINE);
    let methods = Methods::from(module(&stage));
    let table: Table = Arc::new(move |_| Ok(methods.clone()));
    let connection =
        Connection::new(far, Limits::default(), |_| Dispatch { table, extensions: Extensions::new() });
    let stop = CancellationToken::new();
    let served = tokio::spawn(connection.serve(stop.clone()));
    near.outgoing.write_all(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"slow\"}\n").await.unwrap();
    while stage.order.lock().unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    stop.cancel();
    stage.go.notify_one();
    let Frame::Line(line) = near.incoming.next().await.unwrap().unwrap() else { panic!("no line") };
    assert!(line.ends_with(b"\"result\":\"slow\"}"), "{line:?}");
    assert!(near.incoming.next().await.is_none());
    served.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_handler_that_panics_is_answered_and_takes_nobody_down() {
    let mut bench = Bench::new(Limits::default());
    bench.call(1, "slow").await;
    bench.call(2, "break").await;
    bench.call(3, "break later").await;
    for id in [2, 3] {
        let reply = bench.hear().await;
        assert_eq!((&reply["id"], &reply["error"]["code"]), (&json!(id), &json!(-32603)));
    }
    bench.stage.go.notify_one();
    assert_eq!(bench.hear().await["result"], "slow");
}
