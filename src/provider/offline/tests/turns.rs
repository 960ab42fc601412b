//! Whole turns, with results as the tools give them.

use serde_json::{Value, json};

use super::support::{asked, play, request, result, specs, text};
use crate::acp::{
    ContentBlock, EmbeddedResource, EmbeddedResourceResource, ImageContent, ResourceLink,
    TextResourceContents,
};
use crate::provider::offline::answer;
use crate::provider::{Delta, Message, ModelCall, ModelRequest};

#[test]
fn todo_comments_are_listed_from_their_marker() {
    let played = play(&mut asked("Find all TODO comments in the codebase"), result);
    assert_eq!(
        played.said(),
        "Found 2 TODO comments:\n- src/main.rs:45: TODO: implement retry logic\n- src/lib.rs:12: TODO: add input validation"
    );
    assert_eq!(played.names(), ["grep"]);
}

#[test]
fn no_match_and_more_matches_than_shown_are_told() {
    let none = play(&mut asked("find all TODOs in src"), |_, _| ("0 matches in 0 files".to_owned(), false));
    assert_eq!(none.said(), "Found no TODO comments in `src`.");
    let many =
        play(&mut asked("find all TODOs"), |_, _| ("12 matches in 3 files\na:1: TODO".to_owned(), false));
    assert_eq!(many.said(), "Found 12 TODO comments:\n- a:1: TODO\n… and 11 more");
}

#[test]
fn several_steps_draw_a_plan_and_keep_it_up_to_date() {
    let played = play(&mut asked("find all TODO comments, then show README.md and run `ls`"), result);
    assert_eq!(played.names(), ["todo", "grep", "todo", "read", "todo", "bash", "todo"]);
    assert_eq!(played.plans(), ["rpp", "crp", "ccr", "ccc"]);
    let said = played.said();
    let found = said.find("Found 2 TODO comments").expect("the first step is told");
    let shown =
        said.find("`README.md`:\n```\n# Demo\n").expect("the second step is told without line numbers");
    assert!(found < shown);
    assert_eq!(said.matches("Found 2 TODO").count(), 1, "what was said is not said again");
    assert!(said.contains("Ran `ls`:\n```\nout\n```"));
    assert!(said.ends_with("All 3 steps are done."), "{said}");
}

#[test]
fn a_rejected_change_stops_the_steps_behind_it() {
    let refuse = |name: &str, input: &Value| match name {
        "write" => ("the user rejected this call".to_owned(), true),
        _ => result(name, input),
    };
    let played = play(&mut asked("write \"x\" to a.txt, then run `cat a.txt`"), refuse);
    assert_eq!(played.names(), ["todo", "write", "todo"]);
    assert_eq!(played.plans(), ["rp", "cp"]);
    let said = played.said();
    assert!(said.contains("I could not write `a.txt`: the user rejected this call"), "{said}");
    assert!(
        said.contains(
            "0 of 2 steps are done. Not done: Write `a.txt`. I stopped there; left: Run `cat a.txt`."
        ),
        "{said}"
    );
}

#[test]
fn a_failed_look_does_not_stop_what_follows() {
    let refuse = |name: &str, input: &Value| match name {
        "grep" => ("path not in the workspace".to_owned(), true),
        _ => result(name, input),
    };
    let played = play(&mut asked("search for \"x\" in /etc; show README.md"), refuse);
    assert!(played.said().contains("I could not search for `x` in `/etc`: path not in the workspace"));
    assert!(played.said().contains("# Demo"));
    assert!(
        played.said().ends_with("1 of 2 steps are done. Not done: Search for `x` in `/etc`."),
        "{}",
        played.said()
    );
}

#[test]
fn a_replacement_reads_the_file_first() {
    let mut request = asked("replace \"a\" with \"b\" in x.txt everywhere");
    let played = play(&mut request, result);
    assert_eq!(played.names(), ["read", "edit"]);
    assert_eq!(
        played.calls[1].input,
        json!({"path": "x.txt", "old_text": "a", "new_text": "b", "replace_all": true})
    );
    let missing =
        play(&mut asked("replace \"a\" with \"b\" in x.txt"), |_, _| ("no such file".to_owned(), true));
    assert_eq!(missing.names(), ["read"]);
    assert_eq!(missing.said(), "I could not replace text in `x.txt`: no such file");
}

#[test]
fn an_unseen_file_is_read_before_it_is_overwritten() {
    let mut request = asked("write \"x\" to a.txt");
    let reads = std::cell::Cell::new(0);
    let played = play(&mut request, |name, _| match name {
        "write" if reads.get() == 0 => {
            ("a.txt exists and has not been read in this session".to_owned(), true)
        }
        "read" => {
            reads.set(1);
            ("old".to_owned(), false)
        }
        _ => (String::new(), false),
    });
    assert_eq!(played.names(), ["write", "read", "write"]);
    assert_eq!(played.said(), "Wrote `a.txt`.");
}

#[test]
fn a_name_without_extension_is_looked_for() {
    let tools = |name: &str, input: &Value| match name {
        "read" if input["path"] == "readme" => ("readme: no such file".to_owned(), true),
        "glob" => ("README.md\ndocs/readme.txt\nreadmes/a.md".to_owned(), false),
        _ => result(name, input),
    };
    let played = play(&mut asked("show the readme"), tools);
    assert_eq!(played.names(), ["read", "glob", "read"]);
    assert!(played.said().starts_with("`README.md`:\n```\n# Demo"), "{}", played.said());
}

#[test]
fn showing_a_directory_lists_it() {
    let tools = |name: &str, input: &Value| match name {
        "read" => ("src is a directory".to_owned(), true),
        _ => result(name, input),
    };
    let played = play(&mut asked("show src"), tools);
    assert_eq!(played.names(), ["read", "list"]);
    assert!(played.said().starts_with("Files in `src`:"), "{}", played.said());
}

#[test]
fn the_summary_says_only_what_the_files_say() {
    let played = play(&mut asked("summarise the project"), result);
    assert_eq!(played.names(), ["list", "glob", "read", "read"]);
    let said = played.said();
    assert!(said.contains("- README.md: Demo — A small demo. Of things.\n"), "{said}");
    assert!(said.contains("- Cargo.toml: `demo` 0.1.0; 1 dependency\n"), "{said}");
    assert!(said.contains("- Files by language: Rust 2, Python 1\n"), "{said}");
    assert!(said.contains("- Top level: 3 entries:"), "{said}");
}

#[test]
fn tests_are_run_by_what_the_manifest_says() {
    let played = play(&mut asked("run the tests"), result);
    assert_eq!(played.names(), ["list", "bash"]);
    assert_eq!(played.calls[1].input, json!({"command": "cargo test"}));
    let unknown = play(&mut asked("run the tests"), |_, _| ("a.txt".to_owned(), false));
    assert!(unknown.said().contains("no manifest"), "{}", unknown.said());
}

#[test]
fn show_without_a_name_means_the_attached_file() {
    let link = ContentBlock::ResourceLink(ResourceLink::new("a b.rs", "file:///w/src/a%20b.rs#L3"));
    let mut request = request(vec![text("show"), link]);
    let played = play(&mut request, result);
    assert_eq!(played.calls[0].input, json!({"path": "src/a b.rs"}));
}

#[test]
fn attached_text_without_a_file_is_shown_as_it_came() {
    let contents = TextResourceContents::new("let x = 1;", "untitled:1");
    let resource = EmbeddedResourceResource::TextResourceContents(contents);
    let mut request =
        request(vec![text("show this"), ContentBlock::Resource(EmbeddedResource::new(resource))]);
    let played = play(&mut request, result);
    assert!(played.names().is_empty());
    assert_eq!(played.said(), "`untitled:1`, as attached:\n```\nlet x = 1;\n```");
}

#[test]
fn an_image_is_acknowledged_and_not_described() {
    let image = ContentBlock::Image(ImageContent::new("aGk=", "image/png"));
    let played = play(&mut request(vec![text("list files"), image.clone()]), result);
    assert_eq!(played.names(), ["list"]);
    assert!(
        played
            .said()
            .contains("You attached an image: kept in the conversation, but not understood without a model.")
    );
    let alone = play(&mut request(vec![image]), result);
    assert!(alone.said().contains("You attached an image"));
}

#[test]
fn what_is_not_understood_is_refused_and_nothing_is_done() {
    let played = play(&mut asked("Delete a.txt. Then refactor the parser"), result);
    assert!(played.names().is_empty());
    let said = played.said();
    assert!(said.contains("I am not a language model"), "{said}");
    assert!(said.contains("I did not understand: refactor the parser"), "{said}");
    assert!(said.contains("have not done it: Run `rm a.txt`."), "{said}");
    assert!(said.contains("\"Models\""), "{said}");
}

#[test]
fn a_tool_that_is_not_offered_is_not_called() {
    let mut request = asked("list files; run `ls`");
    request.tools = specs(&["list"]);
    let played = play(&mut request, result);
    assert_eq!(played.names(), ["list"]);
    assert!(played.said().contains("I cannot run `ls`: the tool `bash` is not offered in this session."));
}

#[test]
fn call_ids_are_unique_in_the_session() {
    let mut request = asked("summarise the project");
    let mut ids: Vec<String> = play(&mut request, result).calls.into_iter().map(|call| call.id).collect();
    for words in ["list files, then show a.txt", "run the tests", "/todo"] {
        request.messages.push(Message::User(vec![text(words)]).into());
        ids.extend(play(&mut request, result).calls.into_iter().map(|call| call.id));
    }
    let all = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), all);
    assert_eq!(
        answer(&asked("ls"))[0],
        Delta::Call(ModelCall { id: "off-1".to_owned(), name: "list".to_owned(), input: json!({}) })
    );
}

#[test]
fn a_call_without_a_result_is_told_as_interrupted() {
    let mut request = asked("run `sleep 9`");
    let call = ModelCall { id: "off-1".to_owned(), name: "bash".to_owned(), input: json!({}) };
    let message = Message::Assistant { text: String::new(), calls: vec![call], echoes: Vec::new() };
    request.messages.push(message.into());
    let played = play(&mut request, result);
    assert_eq!(played.said(), "I could not run `sleep 9`: it was interrupted, and there is no result");
}

#[test]
fn a_command_that_exits_with_an_error_is_not_told_as_done() {
    let played = play(&mut asked("delete a.txt, then list files"), |name, input| match name {
        "bash" => ("rm: cannot remove 'a.txt'\nexit code 1".to_owned(), false),
        _ => result(name, input),
    });
    assert_eq!(played.names(), ["todo", "bash", "todo"]);
    assert!(!played.said().contains("Deleted"), "{}", played.said());
    let done = play(&mut asked("delete a.txt"), |_, _| (String::new(), false));
    assert_eq!(done.said(), "Deleted `a.txt`.");
}

#[test]
fn text_streams_in_lines() {
    let pieces = answer(&asked("help")).into_iter().filter(|delta| matches!(delta, Delta::Text(_))).count();
    assert!(pieces > 5, "{pieces}");
}

#[test]
fn an_empty_conversation_gets_an_answer() {
    let played = play(&mut ModelRequest::default(), result);
    assert!(!played.said().is_empty());
}
