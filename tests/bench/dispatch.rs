//! One request and its reply through the whole door, over memory.
#![expect(clippy::unwrap_used, reason = "a failure here ends the measurement")]

mod support;

use adjutant::store::Place;
use criterion::{Criterion, criterion_group, criterion_main};
use serde_json::json;
use tokio::runtime::Runtime;

use support::Client;

fn requests(c: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let mut client = runtime.block_on(Client::hello(&Place::Memory));
    runtime.block_on(client.prompt("stream 1"));
    for (name, method) in [("dispatch/unknown", "no/such_method"), ("dispatch/session_list", "session/list")]
    {
        c.bench_function(name, |b| b.iter(|| runtime.block_on(client.request(method, &json!({})))));
    }
}

criterion_group!(benches, requests);
criterion_main!(benches);
