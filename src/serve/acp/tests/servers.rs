use serde_json::{Value, json};

use crate::config::{McpTransport, Origin};
use crate::serve::acp::servers::read;

fn one(value: &Value) -> Result<McpTransport, String> {
    let (mut servers, mut problems) = read(std::slice::from_ref(value));
    match servers.pop() {
        Some(server) => {
            assert_eq!((server.name.as_str(), server.origin), ("s", Origin::Client));
            Ok(server.transport)
        }
        None => Err(problems.remove(0)),
    }
}

#[test]
fn servers_are_read_as_the_protocol_and_as_files_have_them() {
    let McpTransport::Stdio { command, args, env, cwd } = one(&json!({
        "name": "s", "command": "npx", "args": ["-y", "x"], "env": [{"name": "A", "value": "1"}],
    }))
    .unwrap() else {
        panic!("a command is a child process")
    };
    assert_eq!((command.expose(), args.len(), cwd), ("npx", 2, None));
    assert_eq!((env[0].0.as_str(), env[0].1.expose()), ("A", "1"));
    let as_in_files = one(&json!({"name": "s", "type": "stdio", "command": "x", "env": {"A": "1"}})).unwrap();
    assert!(matches!(as_in_files, McpTransport::Stdio { env, .. } if env[0].0 == "A"));
    let http =
        json!({"type": "http", "name": "s", "url": "https://x", "headers": [{"name": "H", "value": "v"}]});
    assert!(matches!(one(&http).unwrap(), McpTransport::Http { headers, .. } if headers[0].0 == "H"));
    assert!(matches!(one(&json!({"name": "s", "url": "https://x"})).unwrap(), McpTransport::Http { .. }));
    let sse = json!({"type": "sse", "name": "s", "url": "https://x", "headers": null});
    assert!(matches!(one(&sse).unwrap(), McpTransport::Sse { .. }));
}

#[test]
fn what_cannot_be_read_is_told_and_keeps_no_other_from_being_read() {
    let list =
        [json!({"name": "a", "command": "x"}), json!(7), json!({"name": "b", "type": "smoke", "url": "x"})];
    let (servers, problems) = read(&list);
    assert_eq!(servers.len(), 1);
    assert_eq!(
        problems,
        [
            "The MCP server \"without a name\" cannot be used: its `name` is missing",
            "The MCP server \"b\" cannot be used: its `type` is none of stdio, http and sse",
        ]
    );
    for wrong in [
        json!({"name": "s"}),
        json!({"name": "s", "command": ""}),
        json!({"name": "s", "command": "x", "args": [1]}),
        json!({"name": "s", "command": "x", "env": [{"name": "A"}]}),
        json!({"name": "s", "type": "http"}),
    ] {
        assert!(one(&wrong).is_err(), "{wrong}");
    }
}
