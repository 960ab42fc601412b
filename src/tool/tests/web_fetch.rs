mod address;
mod page;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::future::BoxFuture;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;

use super::Site;
use crate::permission::Action;
use crate::tool::web_fetch::{Reach, WebFetch};
use crate::tool::{Tool, ToolOutput};

/// A server that answers each request as told by its path; it ends with the test.
struct Server {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
    _task: AbortOnDropHandle<()>,
}

impl Server {
    async fn start(answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        let task = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\n") {
                    let mut byte = [0];
                    if stream.read_exact(&mut byte).await.is_err() {
                        break;
                    }
                    request.push(byte[0]);
                }
                let request = String::from_utf8_lossy(&request).into_owned();
                let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
                log.lock().unwrap().push(request);
                stream.write_all(&answer(&path)).await.ok();
            }
        });
        Self { port, asked, _task: AbortOnDropHandle::new(task) }
    }

    fn url(&self, path: &str) -> String {
        format!("http://site.test:{}{path}", self.port)
    }
}

fn answered(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head =
        format!("HTTP/1.1 {status}\r\n{headers}connection: close\r\ncontent-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn ok(kind: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    answered("200 OK", &format!("content-type: {kind}\r\n"), body.as_ref())
}

fn redirect(to: &str) -> Vec<u8> {
    answered("302 Found", &format!("location: {to}\r\n"), b"")
}

/// Every name is this machine, and that is fine.
fn local() -> Reach {
    named(|_| Ok(()), |_| vec![[127, 0, 0, 1].into()])
}

fn named(
    judge: impl Fn(IpAddr) -> Result<(), &'static str> + Send + Sync + 'static,
    lookup: impl Fn(usize) -> Vec<IpAddr> + Send + Sync + 'static,
) -> Reach {
    let count = AtomicUsize::new(0);
    let lookup = move |_: String, port: u16| -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> {
        let found = lookup(count.fetch_add(1, Ordering::Relaxed));
        Box::pin(async move { Ok(found.into_iter().map(|ip| SocketAddr::new(ip, port)).collect()) })
    };
    Reach::new(Arc::new(judge), Arc::new(lookup))
}

async fn fetch(reach: Reach, url: &str) -> ToolOutput {
    let site = Site::new();
    let tool = WebFetch::reaching(reach);
    match Tool::prepare(&tool, json!({"url": url}), site.context.clone()).await {
        Ok(prepared) => (prepared.work)().await,
        Err(failed) => failed,
    }
}

#[tokio::test]
async fn what_is_shown_is_what_is_fetched() {
    let site = Site::new();
    let cases = [
        ("https://Example.ORG:443/a/../b?q=1#part", "https://example.org/b?q=1"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("http://example.org.:80", "http://example.org/"),
    ];
    for (written, sent) in cases {
        let prepared = site.prepare("web_fetch", json!({"url": written})).await.unwrap();
        assert_eq!(prepared.title, format!("Fetch {sent}"));
        assert_eq!(prepared.action, Action::Fetch { url: sent.to_owned() });
    }
}

#[tokio::test]
async fn a_page_is_fetched_as_markdown() {
    let server =
        Server::start(|_| ok("text/html; charset=utf-8", "<title>T</title><p>Hi <b>you</b></p>")).await;
    let output = fetch(local(), &server.url("/x?y=1")).await;
    assert_eq!(output.text, format!("{}\n\n# T\n\nHi **you**", server.url("/x?y=1")));
    let raw = output.raw.unwrap();
    assert_eq!((&raw["status"], &raw["type"], &raw["bytes"]), (&json!(200), &json!("text/html"), &json!(36)));
    let asked = server.asked.lock().unwrap();
    assert!(asked[0].starts_with("GET /x?y=1 HTTP/1.1\r\n") && asked[0].contains("user-agent: adjutant/"));
    assert!(asked[0].contains(&format!("host: site.test:{}", server.port)), "{}", asked[0]);
}

#[tokio::test]
async fn json_is_indented_and_text_is_left_alone() {
    let server = Server::start(|path| match path {
        "/json" => ok("application/problem+json", r#"{"b":[1],"a":2}"#),
        "/broken" => ok("application/json", "{\"a\":"),
        "/deep" => ok("application/json", "[".repeat(100_000)),
        "/text" => ok("text/plain", "<b>as is</b>"),
        "/latin" => ok("text/plain; charset=ISO-8859-1", b"caf\xe9"),
        "/sniffed" => ok("application/octet-stream", "plain"),
        "/none" => answered("200 OK", "", b"<!doctype html><h1>Hi</h1>"),
        _ => ok("text/x-rust", "fn a() {}"),
    })
    .await;
    let body = async |path: &str| {
        let output = fetch(local(), &server.url(path)).await;
        output.text.split_once("\n\n").map(|it| it.1.to_owned()).unwrap_or(output.text)
    };
    assert_eq!(body("/json").await, "{\n  \"b\": [\n    1\n  ],\n  \"a\": 2\n}");
    assert_eq!(body("/broken").await, "{\"a\":");
    assert!(body("/deep").await.starts_with("[[[["));
    assert_eq!(body("/text").await, "<b>as is</b>");
    assert_eq!(body("/latin").await, "café");
    assert_eq!(body("/sniffed").await, "plain");
    assert_eq!(body("/none").await, "# Hi");
    assert_eq!(body("/rust").await, "fn a() {}");
}

#[tokio::test]
async fn what_is_no_text_and_what_fails_is_told() {
    let server = Server::start(|path| match path {
        "/image" => ok("image/png", [0; 10]),
        "/svg" => ok("image/svg+xml", "<svg/>"),
        "/zip" => ok("application/octet-stream", b"PK\0\0"),
        "/missing" => answered("404 Not Found", "content-type: text/html\r\n", b"<h1>Nothing here</h1>"),
        _ => b"not http at all\r\n\r\n".to_vec(),
    })
    .await;
    let told = [
        ("/image", "is no text but image/png (10 bytes), which is not shown"),
        ("/svg", "is no text but image/svg+xml"),
        ("/zip", "is no text but application/octet-stream"),
        ("/missing", "answered with the status 404\n# Nothing here"),
        ("/garbage", "the connection broke off"),
    ];
    for (path, why) in told {
        let output = fetch(local(), &server.url(path)).await;
        assert!(output.failed && output.text.contains(why), "{path}: {}", output.text);
    }
    drop(server);
}

#[tokio::test]
async fn redirects_stay_at_their_host() {
    let server = Server::start(|path| match path {
        "/a" => redirect("/b"),
        "/b" => redirect("c?d=1"),
        "/c?d=1" => ok("text/plain", "there"),
        "/away" => redirect("https://elsewhere.test/x#y"),
        "/port" => redirect("http://site.test:1/"),
        "/sub" => redirect("http://www.site.test/"),
        "/user" => redirect("http://me@site.test/"),
        "/file" => redirect("file:///etc/passwd"),
        "/local" => redirect("http://127.0.0.1/"),
        "/none" => answered("302 Found", "content-type: text/plain\r\n", b"no location"),
        _ => redirect("/loop"),
    })
    .await;
    let output = fetch(local(), &server.url("/a")).await;
    assert_eq!(output.text, format!("{}\n\nthere", server.url("/c?d=1")));
    let told = [
        ("/away", " redirects to https://elsewhere.test/x: fetch that URL if it is wanted"),
        ("/port", " redirects to http://site.test:1/: fetch"),
        ("/sub", " redirects to http://www.site.test/: fetch"),
        ("/local", " redirects to http://127.0.0.1/: fetch"),
        ("/user", " redirects to what holds a user name"),
        ("/file", " redirects to what is neither http nor https"),
        ("/none", " answered with the status 302\nno location"),
        ("/loop", " redirects more than 10 times"),
    ];
    for (path, why) in told {
        let text = fetch(local(), &server.url(path)).await.text;
        assert!(text.contains(why), "{path}: {text}");
    }
    let asked = server.asked.lock().unwrap();
    assert_eq!(asked.iter().filter(|it| it.starts_with("GET /loop")).count(), 11);
}

#[tokio::test]
async fn a_name_is_resolved_once_and_all_its_addresses_are_judged() {
    let server =
        Server::start(|path| if path == "/a" { redirect("/b") } else { ok("text/plain", "there") }).await;
    // The name means another machine the second time it is asked for.
    let rebinding =
        named(|_| Ok(()), |count| vec![if count == 0 { [127, 0, 0, 1] } else { [127, 0, 0, 9] }.into()]);
    assert!(!fetch(rebinding, &server.url("/a")).await.failed);
    let public = Reach::public();
    let judge = move |address: IpAddr| public.allows(address);
    let mixed = named(judge, |_| vec![[93, 184, 216, 34].into(), [127, 0, 0, 1].into()]);
    let text = fetch(mixed, &server.url("/a")).await.text;
    assert!(
        text.ends_with("leads to 127.0.0.1, which is an address of this machine; it is not fetched"),
        "{text}"
    );
    let nobody = fetch(named(|_| Ok(()), |_| Vec::new()), &server.url("/a")).await;
    assert!(nobody.failed && nobody.text.contains("has a host without an address"), "{}", nobody.text);
    assert_eq!(server.asked.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn a_large_body_and_a_packed_one_are_cut() {
    // 20 MiB of zeros, packed in some 130 KiB.
    let packed = gzip_of_zeros(20 << 20);
    assert!(packed.len() < 256 << 10, "{}", packed.len());
    let server = Server::start(move |path| match path {
        "/large" => ok("text/plain", "x".repeat(6 << 20)),
        _ => answered("200 OK", "content-type: text/plain\r\ncontent-encoding: gzip\r\n", &packed),
    })
    .await;
    for path in ["/large", "/packed"] {
        let output = fetch(local(), &server.url(path)).await;
        assert!(!output.failed && output.text.ends_with("(only its first 5.0 MiB were taken)"), "{path}");
        assert_eq!(output.raw.unwrap()["bytes"], 5 << 20);
        assert!(output.text.len() < 64 << 10);
    }
}

/// A gzip file of zeros in one block with fixed codes: the literal, then copies of it, 258 bytes each.
fn gzip_of_zeros(length: usize) -> Vec<u8> {
    let mut bits: Vec<bool> = Vec::new();
    let push = |bits: &mut Vec<bool>, code: &str| bits.extend(code.bytes().map(|bit| bit == b'1'));
    // Last block, fixed codes; literal 0; length 258 at distance 1; end of block.
    push(&mut bits, "110");
    push(&mut bits, "00110000");
    for _ in 0..length / 258 {
        push(&mut bits, "1100010100000");
    }
    push(&mut bits, "0000000");
    let byte = |bits: &[bool]| bits.iter().enumerate().map(|(at, bit)| u8::from(*bit) << at).sum::<u8>();
    let mut file = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    file.extend(bits.chunks(8).map(byte));
    // The check sum is never reached.
    file.extend([0; 8]);
    file
}

#[tokio::test]
async fn a_cancelled_fetch_ends() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://site.test:{}/", listener.local_addr().unwrap().port());
    let site = Site::new();
    let tool = WebFetch::reaching(local());
    let prepared = Tool::prepare(&tool, json!({"url": url}), site.context.clone()).await.unwrap();
    let work = tokio::spawn((prepared.work)());
    let (_silent, _) = listener.accept().await.unwrap();
    site.context.cancel.cancel();
    assert_eq!(work.await.unwrap().text, "cancelled");
}
