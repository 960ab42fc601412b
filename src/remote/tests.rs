use std::os::unix::fs::PermissionsExt;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

fn address(text: &str) -> Address {
    text.parse().unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn an_address_may_be_short() {
    for (text, long, local) in [
        ("8765", "tcp://localhost:8765", true),
        (":8765", "tcp://localhost:8765", true),
        ("build.example.org:1", "tcp://build.example.org:1", false),
        ("tcp://127.0.0.1:65535/", "tcp://127.0.0.1:65535", true),
        ("tcp://[::1]:80", "tcp://[::1]:80", true),
        ("[::ffff:127.0.0.1]:80", "tcp://[::ffff:127.0.0.1]:80", true),
        ("ws://10.0.0.1:80", "ws://10.0.0.1:80/acp", false),
        ("ws://localhost:8765/", "ws://localhost:8765/acp", true),
        ("http://LOCALHOST:8765/other", "ws://LOCALHOST:8765/other", true),
        ("tls://10.0.0.1:443/", "tls://10.0.0.1:443", false),
        ("https://agent.example.org:443", "wss://agent.example.org:443/acp", false),
    ] {
        assert_eq!(address(text).to_string(), long, "{text}");
        assert_eq!(address(text).is_local(), local, "{text}");
    }
}

#[test]
fn what_is_no_address_is_refused_and_no_secret_in_it_is_shown() {
    for text in [
        "",
        "localhost",
        "localhost:0",
        "localhost:65536",
        "ftp://localhost:1",
        "tcp://localhost:1/acp",
        "tcp://::1:1",
        "[127.0.0.1]:1",
        "ws://a b:1",
        "ws://localhost:1/a b",
        "ws://user:canary@localhost:1",
        "ws://localhost:1/acp?token=canary",
        "canary@localhost:1",
    ] {
        let error = text.parse::<Address>().expect_err(text);
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(!error.to_string().contains("canary"), "{error}");
    }
}

#[test]
fn a_token_is_looked_for_where_it_was_said_to_be_and_then_where_servers_of_this_machine_keep_theirs() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().to_str().unwrap();
    let write = |name: &str, text: &str, mode: u32| {
        let path = home.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        path
    };
    write("servers/8765.json", r#"{"address":"127.0.0.1:8765","pid":1,"token":"noted"}"#, 0o600);
    let named = write("token", "named\n", 0o600);
    let open = write("open", "named", 0o644);
    let blank = write("blank", "two words", 0o600);
    let bare = Environment::of([("ADJUTANT_DATA_DIR", folder)]);
    let set = Environment::of([("ADJUTANT_DATA_DIR", folder), ("ADJUTANT_TOKEN", "set")]);
    let found = |text: &str, file: Option<&Path>, environment: &Environment| {
        let server = Server::at(address(text), file, environment, 1);
        server.map(|server| server.token.map(|token| token.expose().to_owned()))
    };
    let is = |token: &str| Some(token.to_owned());
    assert_eq!(found(":8765", None, &bare).unwrap(), is("noted"));
    assert_eq!(found(":8766", None, &bare).unwrap(), None);
    assert_eq!(found("10.0.0.1:8765", None, &bare).unwrap(), None);
    assert_eq!(found("10.0.0.1:8765", None, &set).unwrap(), is("set"));
    assert_eq!(found(":8765", Some(&named), &set).unwrap(), is("named"));
    for path in [&open, &blank, &home.path().join("none")] {
        let error = found(":8765", Some(path), &set).expect_err("no token there");
        assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    }
}

#[tokio::test]
async fn what_a_server_says_when_it_refuses_is_shown_and_obeyed_by_nobody() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    let body = format!("go\u{1b}[2J \u{202e}away{}\nand more", "!".repeat(5_000));
    let refusing = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let answer = format!("HTTP/1.1 403 Forbidden\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        stream.write_all(answer.as_bytes()).await.unwrap();
        stream
    });
    let server = Server::at(address(&url), None, &Environment::of([]), 1).unwrap();
    let said = connect(&server).await.expect_err("it refuses").to_string();
    assert!(said.contains("403 Forbidden: go<U+001B>[2J <U+202E>away!!!"), "{said}");
    assert!(said.len() < 400 && !said.contains("and more"), "{} bytes: {said}", said.len());
    drop(refusing.await.unwrap());
}
