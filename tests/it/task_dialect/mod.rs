//! The task dialect: its conversations, its messages against their schema, and what takes more than one client.

mod client;
mod process;
mod schema;

use std::path::Path;

use crate::support::conversation;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_conversation_is_the_same_over_every_transport() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/task_dialect");
    conversation::check_all(&folder).await;
}
