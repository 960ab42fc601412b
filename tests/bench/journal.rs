//! What durability costs: appends to each store, and the same stream of words with each of them behind it.
#![expect(clippy::unwrap_used, reason = "a failure here ends the measurement")]

mod support;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use adjutant::acp::{ContentBlock, MessageId, SessionId, TextContent};
use adjutant::event::{Event, EventKind, TurnId};
use adjutant::store::{self, Append, Epoch, Place, RecordChange, SessionRecord, Store};
use criterion::{Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use tokio::runtime::Runtime;

use support::Client;

/// A session that is appended to.
struct Session {
    store: Arc<dyn Store>,
    id: SessionId,
    epoch: Epoch,
    head: u64,
}

impl Session {
    async fn create(store: &Arc<dyn Store>, id: &str) -> Self {
        let id = SessionId::new(id);
        let record = SessionRecord {
            id: id.clone(),
            parent: None,
            depth: 0,
            cwd: Path::new("/project").to_owned(),
            additional: Vec::new(),
            title: None,
            mode: "default".into(),
            options: Vec::new(),
            created_at: 0,
            updated_at: 0,
            head: 0,
            running: false,
        };
        Self { store: Arc::clone(store), epoch: store.create(record).await.unwrap(), id, head: 0 }
    }

    async fn append(&mut self, kinds: &[EventKind]) {
        let numbered = kinds.iter().zip(self.head + 1..);
        let events: Vec<_> =
            numbered.map(|(kind, seq)| Arc::new(Event { seq, at: 0, kind: kind.clone() })).collect();
        self.head += events.len() as u64;
        let change = RecordChange::default();
        let append = Append { session: self.id.clone(), epoch: self.epoch, events, change };
        self.store.append(append).await.unwrap();
    }
}

fn word() -> EventKind {
    EventKind::Text { message: MessageId::new("m"), text: "twenty bytes of text".into() }
}

fn control() -> EventKind {
    let content = vec![ContentBlock::Text(TextContent::new("find all markers"))];
    EventKind::PromptAccepted { turn: TurnId(1), message: MessageId::new("p"), content }
}

fn appends(c: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let places = [("memory", Place::Memory), ("sqlite", Place::File(folder.path().join("sessions.db")))];
    for (name, place) in places {
        let store = store::open(place);
        let mut group = c.benchmark_group(format!("journal/{name}"));
        let mut sessions = 0;
        for (what, kinds) in [("400_words", vec![word(); 400]), ("1_control", vec![control()])] {
            group.throughput(Throughput::Elements(kinds.len() as u64));
            group.bench_function(what, |b| {
                b.iter_custom(|appends| {
                    sessions += 1;
                    runtime.block_on(async {
                        let mut session = Session::create(&store, &format!("s{sessions}")).await;
                        let start = Instant::now();
                        for _ in 0..appends {
                            session.append(&kinds).await;
                        }
                        let taken = start.elapsed();
                        store.delete(&session.id).await.unwrap();
                        taken
                    })
                });
            });
        }
        group.finish();
    }
}

fn streams(c: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut group = c.benchmark_group("journal/5000_words");
    group.sample_size(10).sampling_mode(SamplingMode::Flat).throughput(Throughput::Elements(5000));
    for (name, place) in [("memory", Place::Memory), ("file", Place::File(folder.path().join("sessions.db")))]
    {
        let mut client = runtime.block_on(Client::hello(&place));
        group.bench_function(name, |b| {
            b.iter_custom(|turns| {
                (0..turns).map(|_| runtime.block_on(client.prompt("stream 5000"))).sum::<Duration>()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, appends, streams);
criterion_main!(benches);
