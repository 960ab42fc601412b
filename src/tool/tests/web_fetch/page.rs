use std::time::{Duration, Instant};

use crate::http::Url;
use crate::tool::web_fetch::markdown;

fn converted(html: &str) -> String {
    markdown(html, &Url::parse("https://site.test/dir/page").unwrap()).unwrap()
}

#[test]
fn a_page_becomes_markdown() {
    let cases = [
        (
            "<h1>A</h1><p>b <em>c</em> <a href=\"x?a=1&amp;b=2\">d</a></p>",
            "# A\n\nb *c* [d](https://site.test/dir/x?a=1&b=2)",
        ),
        ("<ul><li>a<li>b<ul><li>c</ul></ul>", "*   a\n*   b\n    *   c"),
        ("<p>a<p>b<br>c", "a\n\nb  \nc"),
        (
            "<pre><code class=\"hl language-rust x\">fn a() {\n  b &lt; c\n}</code></pre>",
            "```rust\nfn a() {\n  b < c\n}\n```",
        ),
        ("<table><tr><th>a<th>b<tr><td>1<td>2</table>", "| a | b |\n| - | - |\n| 1 | 2 |"),
        ("<div>a</div><div>b</div>", "a\n\nb"),
        ("<title>T &amp; U</title><p>x", "# T & U\n\nx"),
        ("<a href=\"javascript:x()\">a</a> <a href=\"#b\">b</a>", "a b"),
        ("<img src=\"/i.png\" alt=\"an image\"><img src=\"data:x\">", "![an image](https://site.test/i.png)"),
        ("a &amp;lt; b < c &copy; <!-- d --> e <? f ?>", "a &lt; b < c © e"),
        ("<P CLASS='a>b' ID=c>x</P >", "x"),
    ];
    for (html, markdown) in cases {
        assert_eq!(converted(html), markdown, "{html}");
    }
}

#[test]
fn what_belongs_to_the_page_and_not_to_its_text_is_left_out() {
    let text = "word ".repeat(60);
    let page = format!(
        "<head><title>T</title><style>p {{ a: b }}</style></head><body><nav><a href=/>menu</a></nav>\
         <script>if (a < b) {{ document.write('<p>no</p>') }}</script><svg><title>icon</title></svg>\
         <p>{text}</p><noscript>turn it on</noscript><footer>imprint</footer></body>"
    );
    assert_eq!(converted(&page), format!("# T\n\n{}", text.trim()));
    let main = format!("<div>advert</div><main><h1>M</h1><p>{text}</p></main><div>related</div>");
    assert_eq!(converted(&main), format!("# M\n\n{}", text.trim()));
    assert_eq!(converted("<p>a</p><main>b</main><p>c"), "a\n\nb\n\nc", "a main part of a few words is none");
    assert_eq!(
        converted("<nav>all <b>there</b> is"),
        "all **there** is",
        "navigation stays where nothing else is"
    );
}

#[test]
fn hostile_documents_end_in_time_and_with_little_stack() {
    let times = |text: &str, count: usize| text.repeat(count / 8);
    let deepest = "<div>".repeat(100_000) + "x";
    let documents = [
        deepest,
        times("<b>", 100_000) + "x",
        times("<table><tr><td>", 30_000) + "x",
        times("<ul><li>", 50_000) + "x" + &times("</ul>", 50_000),
        times("<blockquote>", 100_000),
        times("<b><div></b>", 50_000),
        times("<div><table><tr><td></div></table>", 20_000),
        times("<a href=x><table><a href=y>", 20_000),
        times("<p><b a=1><i><em>", 20_000),
        times("</p></div></a>", 100_000),
        times("<svg>", 100_000),
        times("<", 1_000_000),
        times("<a ", 300_000),
        times("<!--", 300_000),
        times("</", 300_000),
        times("<script>", 100_000),
        times("&amp;&#x41;&nosuch;&", 50_000),
        format!("<p title=\"{}\">x", times("a", 3_000_000)),
        format!("<p {}>x", times("a=b ", 500_000)),
        format!("<a href=\"{}\">x</a>", times("a", 1_000_000)),
        format!("<p title='{}", times("<p>", 500_000)),
        times("<li>x", 50_000),
        times("<p>x", 100_000),
        times("<td>x", 50_000),
        times("<h1>x</h1>", 30_000),
        times("<main>", 50_000) + &times("</main>", 50_000),
        times("<pre>\n\n", 50_000),
        times("*_`[](#)\\", 50_000),
        times("\u{0}\u{feff}\u{202e}", 100_000),
        times(" \n", 1_000_000),
    ];
    for document in documents {
        let start = document.get(..20).unwrap_or_default().to_owned();
        let started = Instant::now();
        // Less stack than any thread of ours has.
        let thread = std::thread::Builder::new().stack_size(1 << 20);
        let text = thread.spawn(move || converted(&document)).unwrap().join().expect("no stack overflows");
        let took = started.elapsed();
        assert!(took < Duration::from_secs(10), "{start}: {took:?}");
        assert!(text.len() < 8 << 20, "{start}: {}", text.len());
    }
}

#[test]
fn broken_encodings_are_read_as_well_as_can_be() {
    use crate::tool::web_fetch::decode;
    let cases: [(&[u8], Option<&str>, &str); 8] = [
        ("é".as_bytes(), None, "é"),
        (b"\xe9", None, "é"),
        (b"\xe9", Some("latin1"), "é"),
        (b"\x82\xa0", Some("shift_jis"), "あ"),
        (b"<meta charset=\"iso-8859-2\">\xb1", None, "<meta charset=\"iso-8859-2\">ą"),
        (b"\xff\xfeh\0i\0", None, "hi"),
        (b"\xef\xbb\xbfhi", Some("no such"), "hi"),
        (b"a\xffb", Some("utf-8"), "a\u{fffd}b"),
    ];
    for (bytes, charset, text) in cases {
        assert_eq!(decode(bytes, charset), text, "{bytes:?}");
    }
}
