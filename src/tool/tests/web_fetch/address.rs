use serde_json::json;

use super::super::Site;
use crate::tool::web_fetch::Reach;

/// What is refused before anybody is asked, with a word of why.
const REFUSED: &[(&str, &str)] = &[
    // this machine, in its spellings
    ("http://127.0.0.1/", "this machine"),
    ("http://127.1/", "this machine"),
    ("http://127.255.255.254/", "this machine"),
    ("http://2130706433/", "this machine"),
    ("http://0x7f000001/", "this machine"),
    ("http://0x7f.1/", "this machine"),
    ("http://0177.0.0.1/", "this machine"),
    ("http://017700000001/", "this machine"),
    ("http://0/", "this machine"),
    ("http://0.0.0.0:8080/", "this machine"),
    ("http://127。0。0。1/", "this machine"),
    ("http://①②⑦.0.0.1/", "this machine"),
    ("http://127.0.0.1./", "this machine"),
    ("http://[::1]/", "this machine"),
    ("http://[0:0:0:0:0:0:0:1]/", "this machine"),
    ("http://[::]/", "this machine"),
    ("http://[::ffff:127.0.0.1]/", "stands for an IPv4 address"),
    ("http://[::ffff:7f00:1]/", "stands for an IPv4 address"),
    ("http://[::127.0.0.1]/", "stands for an IPv4 address"),
    // other ways to IPv4
    ("http://[64:ff9b::7f00:1]/", "stands for an IPv4 address"),
    ("http://[64:ff9b:1::a00:1]/", "stands for an IPv4 address"),
    ("http://[2002:7f00:1::]/", "stands for an IPv4 address"),
    ("http://[2001:0:1::1]/", "stands for an IPv4 address"),
    // private networks
    ("http://10.0.0.1/", "private network"),
    ("http://172.16.0.1/", "private network"),
    ("http://172.31.255.255/", "private network"),
    ("http://192.168.1.1/", "private network"),
    ("http://3232235777/", "private network"),
    ("http://100.64.0.1/", "private network"),
    ("http://100.100.100.200/", "private network"),
    ("http://[fc00::1]/", "private network"),
    ("http://[fd00:ec2::254]/", "private network"),
    ("http://[fec0::1]/", "private network"),
    // the link, metadata, many at once, reserved
    ("http://169.254.169.254/latest/meta-data/", "metadata"),
    ("http://0xa9fea9fe/", "metadata"),
    ("http://168.63.129.16/", "metadata"),
    ("http://[fe80::1]/", "local link"),
    ("http://224.0.0.1/", "no address of one machine"),
    ("http://255.255.255.255/", "no address of one machine"),
    ("http://240.0.0.1/", "no address of one machine"),
    ("http://[ff02::1]/", "no address of one machine"),
    ("http://192.0.2.1/", "reserved"),
    ("http://198.18.0.1/", "reserved"),
    ("http://203.0.113.9/", "reserved"),
    ("http://[2001:db8::1]/", "reserved"),
    ("http://[4000::1]/", "reserved"),
    // who is meant
    ("https://me@example.org/", "user name"),
    ("https://example.org@evil.test/", "user name"),
    ("https://example.org:443@evil.test/", "user name"),
    ("https://:@evil.test/", "user name"),
    ("https://example.org%40evil.test/", "escapes"),
    ("https://%65xample.org/", "escapes"),
    ("https://example.org\\@evil.test/", "backslashes"),
    ("https://example.org\\.evil.test/", "backslashes"),
    ("https:\\\\example.org/", "backslashes"),
    ("https://example.org/a\\b", "backslashes"),
    ("https://exa mple.org/", "white space"),
    ("https://example.org/\u{0}", "control characters"),
    ("https://exa\u{0}mple.org/", "control characters"),
    ("https://exa\tmple.org/", "control characters"),
    ("https://example.org\n.evil.test/", "control characters"),
    ("https://example.org\u{3000}/", "white space"),
    ("https://exa\u{ad}mple..org/", "no plain name"),
    ("https://a..b/", "no plain name"),
    ("https://ex*mple.org/", "no plain name"),
    ("https://./", "no plain name"),
    ("https:///example.org/", "no host"),
    ("https://", "cannot be read"),
    ("https://[zz]/", "cannot be read"),
    ("https://[::1%25eth0]/", "escapes"),
    ("https://example.org:99999/", "cannot be read"),
    ("https://example.org:8a/", "cannot be read"),
    ("https://example.org:0/", "port"),
    // other ways to get something
    ("ftp://example.org/", "neither http nor https"),
    ("file:///etc/passwd", "no host"),
    ("gopher://example.org/", "neither http nor https"),
    ("javascript:alert(1)", "needs a scheme"),
    ("data:text/html,x", "needs a scheme"),
    ("//example.org/", "needs a scheme"),
    ("example.org", "needs a scheme"),
    ("", "needs a scheme"),
];

#[tokio::test]
async fn what_must_not_be_reached_is_refused_before_anybody_is_asked() {
    let site = Site::new();
    for (url, why) in REFUSED {
        let text = site.failed("web_fetch", json!({"url": url})).await;
        assert!(text.contains(why), "{url:?}: {text}");
    }
    let long = format!("https://example.org/{}", "a".repeat(5000));
    assert!(site.failed("web_fetch", json!({"url": long})).await.contains("longer than 4096"));
    assert!(REFUSED.len() >= 60);
}

#[tokio::test]
async fn public_addresses_and_names_are_asked_about() {
    let site = Site::new();
    let urls = [
        "https://example.org",
        "http://example.org:8080/a?b=c",
        "https://1.1.1.1/",
        "https://172.32.0.1/",
        "https://100.128.0.1/",
        "https://169.253.0.1/",
        "https://[2606:4700:4700::1111]/",
        "https://127.0.0.1.example.org/",
        "https://localhost.example.org/",
        "https://xn--bcher-kva.example/",
        "HTTPS://EXAMPLE.ORG/",
        " https://example.org/ ",
    ];
    for url in urls {
        assert!(site.prepare("web_fetch", json!({"url": url})).await.is_ok(), "{url}");
    }
}

#[test]
fn an_address_of_this_machine_is_known_though_it_looks_public() {
    // Which ones it has is not known here; but none it has may be reached.
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").unwrap();
    if socket.connect("1.1.1.1:9").is_ok() {
        let own = socket.local_addr().unwrap().ip();
        assert!(Reach::public().allows(own).is_err(), "{own}");
    }
}
