use std::ffi::OsString;

use clap::Parser;
use serde_json::json;

use super::args::{Acp, Args, Command, SignIn, spelt};
use super::form::meant;
use super::plain::{clean, one_line, visible};
use super::{hidden, table};
use crate::event::Form;

fn parsed(line: &str) -> Option<Args> {
    let words = line.split_whitespace().map(OsString::from);
    Args::try_parse_from(spelt(words)).ok()
}

#[test]
fn the_spelling_of_other_agents_is_understood_among_options() {
    for line in [
        "adjutant acp",
        "adjutant --acp",
        "adjutant --experimental-acp",
        "adjutant --log debug --acp",
        "adjutant --log=debug --cwd /x --experimental-acp --mode plan",
        "adjutant --acp --max-line 5",
        "adjutant --acp acp",
        "adjutant acp --acp",
    ] {
        let args = parsed(line).unwrap_or_else(|| panic!("{line}"));
        assert!(matches!(args.command, Some(Command::Acp(_))), "{line}");
    }
    assert!(parsed("adjutant --acp sessions list").is_none());
    let Some(Command::Run(run)) = parsed("adjutant run say --acp").unwrap().command else { panic!() };
    assert_eq!(run.request, ["say", "--acp"]);
}

#[test]
fn text_for_people_has_nothing_that_a_terminal_obeys() {
    assert_eq!(clean("a\u{1b}[31mb\r\u{7}\u{9b}c\n\td"), "a[31mbc\n\td");
    assert_eq!(clean("\u{202e}cod.\u{2066}exe\u{2069}\u{200f}\u{61c}"), "cod.exe");
    assert_eq!(clean("👩\u{200d}🔬 naïve"), "👩\u{200d}🔬 naïve");
    assert_eq!(one_line("a\nb\u{1b}"), "a<U+000A>b<U+001B>");
}

#[test]
fn what_is_judged_is_shown_whole() {
    assert_eq!(visible("\tif\u{202e} x\r\n\t\ty"), "\tif<U+202E> x<U+000D>\n\t\ty");
    let long = "0123456789".repeat(1_000);
    assert_eq!(visible(&long), long);
    assert_eq!(visible(&"\t".repeat(5_000)).len(), 5_000);
}

#[test]
fn a_client_may_put_the_sign_in_behind_the_command_it_was_told() {
    for line in
        ["adjutant acp login", "adjutant --acp login", "adjutant acp --max-line 5 login openai --no-check"]
    {
        let args = parsed(line).unwrap_or_else(|| panic!("{line}"));
        let Some(Command::Acp(Acp { command: Some(SignIn::Login(_)), .. })) = args.command else {
            panic!("{line}")
        };
    }
    assert!(matches!(parsed("adjutant login openai").unwrap().command, Some(Command::Login(_))));
}

#[test]
fn what_is_typed_unseen_can_be_mended() {
    let typed = |keys: &[u8]| hidden::read(keys.iter().map(|key| Ok(*key))).unwrap();
    assert_eq!(typed(b"key\r").as_deref(), Some("key"));
    assert_eq!(typed(b"kex\x7fy\nrest").as_deref(), Some("key"));
    assert_eq!(typed(b"\x7fwrong\x15key\n").as_deref(), Some("key"));
    assert_eq!(typed(b"key\x03\n"), None);
    assert_eq!(typed(b"key\x04"), None);
    assert_eq!(typed(b"key"), None);
    let long = [b"k".repeat(100_000), b"\n".to_vec()].concat();
    assert_eq!(typed(&long).unwrap().len(), 8 * 1024);
}

#[test]
fn columns_are_as_wide_as_their_widest_cell() {
    let rows = [["A", "LONG", ""], ["ünïcode", "b", ""], ["c", "", "d"]].map(|row| row.map(str::to_owned));
    assert_eq!(table::lines(&rows), ["A        LONG", "ünïcode  b", "c              d"]);
}

#[test]
fn what_is_typed_into_a_form_is_a_value_of_its_field() {
    let form = Form::read(&json!({"properties": {
        "one": {"type": "string", "oneOf": [{"const": "a", "title": "First"}, {"const": "b", "title": "Second"}]},
        "some": {"type": "array", "items": {"type": "string", "enum": ["x", "y", "z"]}},
        "sure": {"type": "boolean"},
        "count": {"type": "integer"},
        "text": {"type": "string"},
    }}))
    .unwrap();
    let typed = |name: &str, typed: &str| {
        let field = form.fields.iter().find(|field| field.name == name).unwrap();
        field.accept(&meant(field, field.choices().as_deref(), typed))
    };
    assert_eq!(typed("one", "2"), Ok(json!("b")));
    assert_eq!(typed("one", "a"), Ok(json!("a")));
    assert!(typed("one", "3").is_err() && typed("one", "0").is_err());
    assert_eq!(typed("some", "1, 3"), Ok(json!(["x", "z"])));
    assert_eq!([typed("sure", "Y"), typed("sure", "no")], [Ok(json!(true)), Ok(json!(false))]);
    assert!(typed("sure", "perhaps").is_err());
    assert_eq!([typed("count", "12"), typed("text", "2")], [Ok(json!(12)), Ok(json!("2"))]);
}
