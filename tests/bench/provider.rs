//! An answer of 50,000 small pieces, from the bytes of its stream to deltas.
#![expect(clippy::unwrap_used, reason = "a failure here ends the measurement")]

use std::fmt::Write;
use std::hint::black_box;

use adjutant::config::{Api, KeySource, ProviderLimits, ProviderSettings};
use adjutant::provider::{Decoder, Delta, ModelRequest};
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

const PIECES: usize = 50_000;

/// Bytes that arrive at once: a lone event of a slow server, and what a fast one's socket holds.
const READS: [usize; 2] = [240, 64 * 1024];

fn settings() -> ProviderSettings {
    ProviderSettings {
        id: "acme".to_owned(),
        name: "Acme".to_owned(),
        api: Api::OpenAiChat,
        base_url: "https://api.example.org/v1".to_owned(),
        key: KeySource::None,
        headers: Vec::new(),
        models: Vec::new(),
        limits: ProviderLimits::default(),
    }
}

/// Chat completions as live services stream them.
fn chat() -> String {
    let mut stream = String::new();
    let mut event = |delta: &str, finish: &str| {
        write!(
            stream,
            "data: {{\"id\":\"chatcmpl-CZ8xJr4Tq0mWb1sVn2Lk\",\"object\":\"chat.completion.chunk\",\
             \"created\":1763700000,\"model\":\"gpt-5.1\",\"system_fingerprint\":null,\"choices\":[{{\"index\":0,\
             \"delta\":{delta},\"logprobs\":null,\"finish_reason\":{finish}}}],\"usage\":null}}\n\n"
        )
        .unwrap();
    };
    for at in 0..PIECES {
        event(&format!("{{\"content\":\"{at:09} \"}}"), "null");
    }
    event("{}", "\"stop\"");
    stream + "data: [DONE]\n\n"
}

fn decode(c: &mut Criterion) {
    let (settings, request, stream) = (settings(), ModelRequest::default(), chat());
    let mut group = c.benchmark_group("provider/openai_chat");
    group.throughput(Throughput::Elements(PIECES as u64));
    for read in READS {
        group.bench_function(BenchmarkId::from_parameter(read), |b| {
            b.iter_batched_ref(
                || (Decoder::new(&settings, &request), Vec::new()),
                |(decoder, deltas)| {
                    let mut pieces = 0;
                    for bytes in stream.as_bytes().chunks(read) {
                        decoder.push(bytes, deltas).unwrap();
                        pieces += deltas.len();
                        black_box(deltas.drain(..)).for_each(drop::<Delta>);
                    }
                    assert!(decoder.is_over() && pieces == PIECES + 1);
                },
                BatchSize::LargeInput,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, decode);
criterion_main!(benches);
