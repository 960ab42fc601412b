use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

#[test]
fn a_server_of_this_machine_is_known_by_its_name_and_by_its_address() {
    for local in
        ["http://localhost:11434/v1", "http://127.0.0.1:1", "http://[::1]:8080/v1", "http://a.localhost"]
    {
        assert!(is_local(&url(local)), "{local}");
    }
    for other in
        ["https://api.openai.com/v1", "http://10.0.0.1", "http://localhost.example.org", "http://127.example"]
    {
        assert!(!is_local(&url(other)), "{other}");
    }
}

#[test]
fn two_clients_can_be_built() {
    for _ in 0..2 {
        build(builder_for(&url("http://127.0.0.1:1"))).unwrap();
    }
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_no_connection() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = url(&format!("http://127.0.0.1:{free}/secret"));
    let error = build(builder_for(&url)).unwrap().get(url).send().await.unwrap_err();
    let error = HttpError::from(&error);
    assert!(matches!(&error, HttpError::Connect(why) if why.contains("refused")), "{error:?}");
    assert!(!error.to_string().contains("secret"), "{error}");
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_is_not_trusted() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = url(&format!("https://{}/", listener.local_addr().unwrap()));
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        stream.read_to_end(&mut Vec::new()).await.ok();
    };
    // No certificate is needed to see that no TLS is spoken.
    let client = build(builder().no_proxy().tls_certs_only([])).unwrap();
    let (answer, ()) = tokio::join!(client.get(url).send(), server);
    let error = HttpError::from(&answer.unwrap_err());
    assert!(matches!(error, HttpError::Untrusted(_)), "{error:?}");
}

#[tokio::test]
async fn a_name_that_nobody_has_is_not_resolved() {
    struct Nobody;
    impl reqwest::dns::Resolve for Nobody {
        fn resolve(&self, _: reqwest::dns::Name) -> reqwest::dns::Resolving {
            Box::pin(async { Err("nobody has it".into()) })
        }
    }
    let client = build(builder().no_proxy().tls_certs_only([]).dns_resolver(Nobody)).unwrap();
    let error = client.get("http://model.invalid/").send().await.unwrap_err();
    let error = HttpError::from(&error);
    assert_eq!(error, HttpError::Resolve("nobody has it".into()));
}
