use serde_json::{Value, json};

use crate::serve::acp::terminal_output::{Output, Status};
use crate::workspace::Exit;

fn exit(status: Value) -> Option<Exit> {
    serde_json::from_value::<Status>(status).unwrap().exit()
}

#[test]
fn how_a_command_ended_is_read_from_whatever_clients_say() {
    for (status, expected) in [
        (json!({ "exitCode": 0 }), Some(Exit::Code(0))),
        (json!({ "exitCode": 1, "signal": null }), Some(Exit::Code(1))),
        (json!({ "exitCode": -1 }), Some(Exit::Code(-1))),
        (json!({ "exitCode": 0xC000_0005_u32 }), Some(Exit::Code(-1_073_741_819))),
        (json!({ "exitCode": null, "signal": "SIGTERM" }), Some(Exit::Signal(15))),
        (json!({ "signal": "USR2" }), Some(Exit::Signal(12))),
        (json!({ "signal": 9 }), Some(Exit::Signal(9))),
        (json!({ "signal": "9" }), Some(Exit::Signal(9))),
        (json!({ "signal": "odd" }), Some(Exit::Signal(0))),
        (json!({ "exitCode": null, "signal": null }), None),
        (json!({ "signal": "" }), None),
        (json!({}), None),
    ] {
        assert_eq!(exit(status.clone()), expected, "{status}");
    }
}

#[test]
fn what_is_missing_of_an_output_is_said() {
    let read = |output: Value| serde_json::from_value::<Output>(output).unwrap();
    let text = |output: Value, unknown| read(output).captured(1_000, unknown).to_text();
    assert_eq!(text(json!({ "output": "a\n", "truncated": false, "exitStatus": null }), false), "a\n");
    assert_eq!(
        text(json!({ "output": "end", "truncated": true }), true),
        "(the client left out the beginning of the output)\nend\n(the client does not tell how the command ended)"
    );
    let ended = read(json!({ "output": "", "exitStatus": { "exitCode": 3 } }));
    assert_eq!(ended.exit_status.exit(), Some(Exit::Code(3)));
}
