//! Bytes to lines, lines to messages, messages to lines.
#![expect(clippy::unwrap_used, reason = "a failure here ends the measurement")]

use std::hint::black_box;

use adjutant::jsonrpc::{LineCodec, MAX_LINE, notification_line, parse};
use bytes::BytesMut;
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use serde_json::json;
use tokio_util::codec::Decoder;

/// Bytes of a line: a cancel, a prompt, a prompt with a file in it.
const SIZES: [usize; 3] = [100, 4 * 1024, 1024 * 1024];

/// A prompt of that many bytes, with something to unescape in every line of text.
fn line(size: usize) -> String {
    let empty = r#"{"jsonrpc":"2.0","id":7,"method":"session/prompt","params":{"text":""}}"#;
    let text = r"fn main() {}\n".repeat(size / 13 + 1);
    let text = &text[..(size.saturating_sub(empty.len()) / 13) * 13];
    empty.replace("\"text\":\"\"", &format!("\"text\":\"{text}\""))
}

fn split(c: &mut Criterion) {
    let mut group = c.benchmark_group("codec/split");
    for size in SIZES {
        let stream = format!("{}\n", line(size)).repeat((1024 * 1024 / size).max(1));
        group.throughput(Throughput::Bytes(stream.len() as u64));
        group.bench_function(BenchmarkId::from_parameter(size), |b| {
            b.iter_batched_ref(
                || (LineCodec::new(MAX_LINE), BytesMut::from(stream.as_bytes())),
                |(codec, bytes)| {
                    while let Some(frame) = codec.decode(bytes).unwrap() {
                        black_box(frame);
                    }
                },
                BatchSize::LargeInput,
            );
        });
    }
    group.finish();
}

fn envelope(c: &mut Criterion) {
    let mut group = c.benchmark_group("codec/parse");
    for size in SIZES {
        let line = line(size);
        group.throughput(Throughput::Bytes(line.len() as u64));
        group.bench_function(BenchmarkId::from_parameter(size), |b| {
            b.iter(|| black_box(parse(black_box(line.as_bytes())).is_ok()));
        });
    }
    group.finish();
}

fn write(c: &mut Criterion) {
    let chunk =
        json!({ "sessionUpdate": "agent_message_chunk", "content": { "type": "text", "text": "a word" } });
    let mut out = Vec::new();
    let params = json!({ "sessionId": "0193-7f", "update": chunk });
    c.bench_function("codec/write", |b| {
        b.iter(|| {
            out.clear();
            notification_line("session/update", black_box(&params), &mut out);
        });
    });
}

criterion_group!(benches, split, envelope, write);
criterion_main!(benches);
