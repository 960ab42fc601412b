//! A model server: streams as many pieces as a prompt asks for, each the moment it was sent at.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use regex::Regex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{interval, sleep};

static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);
/// The last of these in a request counts.
static ORDER: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"stream (\d+) every (\d+) us").unwrap());

/// Microseconds since this program began.
pub(crate) fn now() -> u64 {
    BEGAN.elapsed().as_micros() as u64
}

/// What asks for `count` pieces, one every `gap`.
pub(crate) fn order(count: usize, gap: Duration) -> String {
    format!("stream {count} every {} us", gap.as_micros())
}

/// Listens on a free port, and returns its address.
pub(crate) async fn start() -> String {
    LazyLock::force(&BEGAN);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(serve(stream));
        }
    });
    address
}

/// Answers request after request until the client has gone.
async fn serve(mut stream: TcpStream) {
    stream.set_nodelay(true).unwrap();
    let mut buffer = Vec::new();
    loop {
        let Some(body) = request(&mut stream, &mut buffer).await else { return };
        if answer(&mut stream, &body).await.is_err() {
            return;
        }
    }
}

/// The body of the next request.
async fn request(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<String> {
    loop {
        let head = buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n").map(|at| at + 4);
        if let Some(head) = head {
            let text = String::from_utf8_lossy(&buffer[..head]).to_ascii_lowercase();
            let length =
                text.split_once("content-length: ")?.1.split("\r\n").next()?.parse::<usize>().ok()?;
            if buffer.len() >= head + length {
                let body = String::from_utf8_lossy(&buffer[head..head + length]).into_owned();
                buffer.drain(..head + length);
                return Some(body);
            }
        }
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
}

async fn answer(stream: &mut TcpStream, body: &str) -> std::io::Result<()> {
    let asked = ORDER.captures_iter(body).last().unwrap();
    let (count, gap): (usize, u64) = (asked[1].parse().unwrap(), asked[2].parse().unwrap());
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).await?;
    let mut ticks = interval(Duration::from_micros(gap.max(1)));
    // Not all at the same moment.
    sleep(Duration::from_micros(now() % gap.max(1))).await;
    let mut out = Vec::new();
    for sent in 0..count {
        if gap > 0 {
            ticks.tick().await;
        }
        let piece = format!(r#"{{"index":0,"delta":{{"content":"@{:015} "}},"finish_reason":null}}"#, now());
        event(&piece, &mut out);
        if gap > 0 || out.len() > 32 * 1024 || sent + 1 == count {
            stream.write_all(&out).await?;
            out.clear();
        }
    }
    event(r#"{"index":0,"delta":{},"finish_reason":"stop"}"#, &mut out);
    chunk("data: [DONE]\n\n", &mut out);
    out.extend_from_slice(b"0\r\n\r\n");
    stream.write_all(&out).await
}

fn event(choice: &str, out: &mut Vec<u8>) {
    let text = format!(
        "data: {{\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{choice}]}}\n\n"
    );
    chunk(&text, out);
}

fn chunk(text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(format!("{:x}\r\n{text}\r\n", text.len()).as_bytes());
}
