use crate::config::tree::{Node, Source, Value, front_matter};

fn read(text: &str) -> Result<(Node, &str), String> {
    let source = Source::file(std::path::Path::new("/a.md"));
    front_matter(text, &source).map_err(|e| format!("{}: {}", e.place, e.reason))
}

fn shown(node: &Node) -> String {
    match &node.value {
        Value::Truth(truth) => truth.to_string(),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Text(text) => format!("{text:?}"),
        Value::List(items) => format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(",")),
        Value::Table(parts) => {
            let parts: Vec<_> = parts.iter().map(|(key, part)| format!("{key}:{}", shown(part))).collect();
            format!("{{{}}}", parts.join(","))
        }
    }
}

#[test]
fn what_people_write_is_read() {
    for (text, expected) in [
        ("a: b", r#"{a:"b"}"#),
        ("a: true\nb: 3\nc: 0.5\nd: off", "{a:true,b:3,c:0.5,d:\"off\"}"),
        ("a: Use this: when <x>: \"y\"", r#"{a:"Use this: when <x>: \"y\""}"#),
        ("a: \"x: \\\"y\\\"\\n\"\nb: 'it''s'", r#"{a:"x: \"y\"\n",b:"it's"}"#),
        ("a: b # not this\n# nor this\n\nc: d", r#"{a:"b",c:"d"}"#),
        ("a:\n  - x\n  - \"y, z\"\nb: [1, \"p, q\", r]", r#"{a:["x","y, z"],b:[1,"p, q","r"]}"#),
        ("a:\n- x\n- y\nb: c", r#"{a:["x","y"],b:"c"}"#),
        ("a:\n  b:\n    \"*\": ask\n    git *: x\n  c: {d: false}", "error"),
        (
            "a:\n  b:\n    \"*\": ask\n    \"git *\": allow\n  c: {d: false}",
            r#"{a:{b:{*:"ask",git *:"allow"},c:{d:false}}}"#,
        ),
        ("a: |\n  x\n    y\n\n  z\nb: >-\n  p\n  q", r#"{a:"x\n  y\n\nz",b:"p q"}"#),
        ("a: one\n  two\n  three\nb: c", r#"{a:"one two three",b:"c"}"#),
        ("a:\nb: c", r#"{a:"",b:"c"}"#),
        ("a: /x#y", r#"{a:"/x#y"}"#),
        ("argument-hint: [file]", r#"{argument-hint:["file"]}"#),
        ("", "{}"),
    ] {
        let text = format!("---\n{text}\n---\n\nbody\n");
        let read = read(&text).map_or("error".to_owned(), |(node, body)| {
            assert_eq!(body, "body\n");
            shown(&node)
        });
        assert_eq!(read, expected, "{text}");
    }
    assert_eq!(read("no front\n---\nx").unwrap().1, "no front\n---\nx");
    assert_eq!(shown(&read("---\r\na: b\r\n---\r\nbody").unwrap().0), r#"{a:"b"}"#);
}

#[test]
fn what_is_not_understood_is_an_error_with_its_line() {
    for (text, line) in [
        ("a: &anchor b", "/a.md:2: "),
        ("a: b\nnothing", "/a.md:3: "),
        ("a: b\n    - c\n  d: e", ""),
        ("a:\n    b: c\n  d: e", "/a.md:4: "),
        ("- a\nb: c", "/a.md:3: "),
    ] {
        let result = read(&format!("---\n{text}\n---\n")).map(|(node, _)| shown(&node));
        match (result, line) {
            (Err(e), line) => assert!(e.starts_with(line) && !line.is_empty(), "{e}"),
            (Ok(_), line) => assert!(line.is_empty(), "{text}"),
        }
    }
    assert!(read("---\na: b\n").unwrap_err().contains("not closed"));
    let deep = (0..100).map(|depth| " ".repeat(depth) + "a:\n").collect::<String>();
    assert!(read(&format!("---\n{deep}---\n")).unwrap_err().contains("too deeply"));
}
