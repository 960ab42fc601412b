use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;

fn acceptor() -> Acceptor {
    Acceptor::from_pem(&self_signed().unwrap()).unwrap()
}

/// What a client hears who sends `ping`, and how the server's handshake went.
async fn ping(acceptor: &Acceptor, host: &str, trust: &Trust) -> (io::Result<String>, io::Result<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = async {
        let mut stream = acceptor.accept(listener.accept().await?.0).await?;
        let mut heard = [0; 4];
        stream.read_exact(&mut heard).await?;
        stream.write_all(&heard).await?;
        stream.shutdown().await
    };
    let client = async {
        let mut stream = client(TcpStream::connect(address).await?, host, trust).await?;
        stream.write_all(b"ping").await?;
        let mut heard = String::new();
        stream.read_to_string(&mut heard).await?;
        Ok(heard)
    };
    tokio::join!(client, server)
}

#[tokio::test]
async fn the_certificate_that_is_pinned_is_trusted_under_any_name() {
    let acceptor = acceptor();
    let other = self::acceptor().fingerprint();
    for host in ["localhost", "127.0.0.1", "::1", "elsewhere.example.org"] {
        let trust = Trust::Pinned(vec![other, acceptor.fingerprint()]);
        let (heard, served) = ping(&acceptor, host, &trust).await;
        assert_eq!(heard.unwrap(), "ping", "{host}");
        served.unwrap();
    }
}

#[tokio::test]
async fn another_certificate_is_not_and_nothing_is_said_to_it() {
    let (acceptor, other) = (acceptor(), self::acceptor());
    let (heard, served) = ping(&acceptor, "localhost", &Trust::Pinned(vec![other.fingerprint()])).await;
    let error = heard.unwrap_err().to_string();
    assert!(error.contains(&acceptor.fingerprint().to_string()), "{error}");
    assert!(served.is_err());
    let (heard, served) = ping(&acceptor, "localhost", &Trust::System).await;
    let error = heard.unwrap_err().to_string();
    assert!(error.contains("--fingerprint"), "{error}");
    assert!(served.is_err());
}

#[tokio::test]
async fn what_does_not_speak_tls_is_said_not_to() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let plain = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        stream.shutdown().await.unwrap();
        stream
    };
    let asking = async {
        let stream = TcpStream::connect(address).await.unwrap();
        client(stream, "localhost", &Trust::System).await.unwrap_err()
    };
    let (_open, error) = tokio::join!(plain, asking);
    assert_eq!(error.to_string(), "it does not speak TLS");
}

#[test]
fn a_fingerprint_is_written_and_read() {
    let fingerprint = acceptor().fingerprint();
    let text = fingerprint.to_string();
    assert_eq!(text.len(), 95, "{text}");
    for spelling in [text.clone(), text.to_lowercase(), text.replace(':', ""), format!("SHA256:{text}")] {
        assert_eq!(spelling.parse::<Fingerprint>().unwrap(), fingerprint);
    }
    for wrong in ["", "AB", &text[1..], &text.replace(':', "g"), &format!("{text}:00"), &"é".repeat(64)] {
        wrong.parse::<Fingerprint>().expect_err(wrong);
    }
}

#[test]
fn a_certificate_is_for_the_names_in_it() {
    let acceptor = acceptor();
    assert!(acceptor.is_for("localhost"));
    for name in ["", "localhost.example.org", "127.0.0.1", "no name"] {
        assert!(!acceptor.is_for(name), "{name}");
    }
    assert!(!format!("{acceptor:?}").contains("PRIVATE"));
}

#[test]
fn files_that_do_not_fit_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let (one, other) =
        (write("one.pem", &self_signed().unwrap()), write("other.pem", &self_signed().unwrap()));
    let empty = write("empty.pem", "");
    Acceptor::from_files(&one, &one).unwrap();
    let rows = [(&one, &other, "one.pem"), (&empty, &one, "empty.pem"), (&one, &empty, "empty.pem")];
    for (certificate, key, named) in rows {
        let error = Acceptor::from_files(certificate, key).unwrap_err();
        assert!(error.to_string().contains(named), "{error}");
        assert_eq!(error.kind(), ErrorKind::Invalid);
    }
    let error = Acceptor::from_files(&folder.path().join("none.pem"), &one).unwrap_err();
    assert!(error.to_string().contains("none.pem"), "{error}");
}
