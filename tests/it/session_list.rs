//! Lists that are longer than a page.

use std::collections::BTreeSet;

use serde_json::json;

use crate::support::bench::Bench;
use crate::support::client::Client;
use crate::support::link::Link;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_list_comes_in_pages_that_miss_nothing_and_repeat_nothing() {
    let bench = Bench::scripted("");
    let mut client = Client::hello(Link::memory(&bench.door()), json!({})).await;
    let mut made = BTreeSet::new();
    for _ in 0..120 {
        made.insert(client.session(&bench).await);
    }
    let (mut listed, mut cursor, mut pages, mut times) = (Vec::new(), json!(null), 0, Vec::new());
    loop {
        let page =
            client.request("session/list", json!({ "cwd": bench.cwd(), "cursor": cursor })).await.unwrap();
        pages += 1;
        for session in page["sessions"].as_array().unwrap() {
            listed.push(session["sessionId"].as_str().unwrap().to_owned());
            times.push(session["updatedAt"].as_str().unwrap().to_owned());
        }
        match page.get("nextCursor") {
            Some(next) => cursor = next.clone(),
            None => break,
        }
    }
    assert_eq!(pages, 5);
    assert_eq!(listed.len(), made.len(), "none twice");
    assert_eq!(listed.into_iter().collect::<BTreeSet<_>>(), made);
    assert!(times.is_sorted_by(|newer, older| newer >= older), "newest first");

    let other = client.request("session/list", json!({ "cwd": bench.home(), "cursor": cursor })).await;
    assert_eq!(other.unwrap()["sessions"], json!([]), "a cursor of one list is none of another's sessions");
    client.link.finish().await.unwrap();
}
