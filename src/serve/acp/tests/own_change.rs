use crate::serve::acp::own_change::{Asked, OwnChanges, Setting};

fn setting(session: &'static str, value: &str) -> Setting {
    Setting { session: session.into(), option: "mode".into(), value: value.into() }
}

#[test]
fn a_change_is_the_clients_own_up_to_the_event_it_can_be() {
    let own = OwnChanges::default();
    own.note(setting("s", "plan"), Asked::Mode, 5);
    own.note(setting("t", "plan"), Asked::Option, 9);
    assert_eq!(own.asked(&setting("s", "full"), 5), None, "another value");
    assert_eq!(own.asked(&setting("s", "plan"), 5), Some(Asked::Mode));
    assert_eq!(own.asked(&setting("s", "plan"), 6), None, "somebody else's, later");
    assert_eq!(own.asked(&setting("t", "plan"), 9), Some(Asked::Option), "each session has its own");
    own.forget(&"t".into());
    assert_eq!(own.asked(&setting("t", "plan"), 9), None);
}
