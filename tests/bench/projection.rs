//! A model's words on their way to the client: events, projection, lines. One prompt of 256 words.
#![expect(clippy::unwrap_used, reason = "a failure here ends the measurement")]

mod support;

use std::time::Duration;

use adjutant::store::Place;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tokio::runtime::Runtime;

use support::Client;

fn words(c: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let mut client = runtime.block_on(Client::hello(&Place::Memory));
    let mut group = c.benchmark_group("projection");
    group.throughput(Throughput::Elements(256));
    group.bench_function("256_words", |b| {
        b.iter_custom(|turns| {
            (0..turns).map(|_| runtime.block_on(client.prompt("stream 256"))).sum::<Duration>()
        });
    });
    group.finish();
}

criterion_group!(benches, words);
criterion_main!(benches);
