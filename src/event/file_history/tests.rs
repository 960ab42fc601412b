use std::path::PathBuf;

use super::{FileHistory, FileState};
use crate::acp::{MessageId, StopReason, ToolCall, ToolCallUpdate, ToolCallUpdateFields, ToolKind};
use crate::event::{Event, EventKind, FileImage, TurnId, TurnStop};

/// A session, told turn by turn: each has a prompt and what it does.
#[derive(Default)]
struct Told {
    history: FileHistory,
    seq: u64,
}

fn image(text: &str) -> FileImage {
    FileImage::of((text != "-").then_some(text.as_bytes()))
}

fn digest(text: &str) -> Option<String> {
    image(text).digest()
}

/// `path from to`; a file that is not there is `-`.
fn change(line: &str) -> EventKind {
    let [path, from, to] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
    EventKind::FileChanged { path: path.into(), before: image(from), after: digest(to), permissions: None }
}

fn undone(turn: u64) -> EventKind {
    EventKind::TurnUndone { turn: TurnId(turn) }
}

impl Told {
    fn tell(&mut self, kind: EventKind) -> u64 {
        self.seq += 1;
        self.history.take(&Event { seq: self.seq, at: 0, kind });
        self.seq
    }

    /// A turn; its number.
    fn turn(&mut self, prompt: &str, events: impl IntoIterator<Item = EventKind>) -> u64 {
        let turn = TurnId(self.seq + 1);
        let content = vec![prompt.into()];
        self.tell(EventKind::PromptAccepted { turn, message: MessageId::new("m"), content });
        for event in events {
            self.tell(event);
        }
        let stop = TurnStop::Finished { reason: StopReason::EndTurn };
        self.tell(EventKind::TurnEnded { turn, stop });
        turn.0
    }

    fn last(&self) -> Option<(u64, &str)> {
        self.history.last().map(|turn| (turn.turn.0, turn.name.as_str()))
    }

    fn last_undone(&self) -> Option<(u64, &str)> {
        self.history.last_undone().map(|turn| (turn.turn.0, turn.name.as_str()))
    }

    /// How a file is, as seen from the last turn.
    fn state(&self, path: &str, now: &str) -> FileState {
        self.history.last().unwrap().files[&PathBuf::from(path)].state(digest(now).as_deref())
    }
}

#[test]
fn the_last_turn_that_changed_files_is_the_one_to_take_back() {
    let mut told = Told::default();
    assert_eq!(told.last(), None);
    told.turn("one\nmore", [change("a x y")]);
    let two = told.turn("  \n two", [change("a y z"), change("b - new")]);
    told.turn("a question", []);
    told.turn("there and back", [change("a z q"), change("a q z")]);
    assert_eq!(told.last(), Some((two, "two")));
    assert_eq!(told.last_undone(), None);
}

#[test]
fn several_changes_of_a_file_are_one() {
    let mut told = Told::default();
    let turn = told.turn("go", [change("a x y"), change("b - new"), change("a y z"), change("b new -")]);
    let files = &told.history.last().unwrap().files;
    assert_eq!(files.len(), 1, "{files:?}");
    let a = &files[&PathBuf::from("a")];
    assert_eq!((a.image, &a.before, &a.after), (turn + 1, &digest("x"), &digest("z")));
}

#[test]
fn a_file_is_as_it_was_left_or_as_before_or_somebody_elses() {
    let mut told = Told::default();
    told.turn("go", [change("a x y"), change("a y z"), change("b - new"), change("c old -")]);
    for (path, now, state) in [
        ("a", "z", FileState::AsLeft),
        ("a", "x", FileState::AsBefore),
        ("a", "mine", FileState::Foreign),
        ("a", "-", FileState::Foreign),
        ("b", "new", FileState::AsLeft),
        ("b", "-", FileState::AsBefore),
        ("b", "newer", FileState::Foreign),
        ("c", "-", FileState::AsLeft),
        ("c", "old", FileState::AsBefore),
        ("c", "other", FileState::Foreign),
    ] {
        assert_eq!(told.state(path, now), state, "{path} {now}");
    }
}

#[test]
fn a_change_that_was_announced_and_never_made_is_none() {
    let mut told = Told::default();
    told.turn("killed", [change("a x y"), change("a y z"), change("b old new")]);
    assert_eq!(told.state("a", "y"), FileState::AsLeft);
    assert_eq!(told.state("b", "old"), FileState::AsBefore);
    told.turn("refused, then made", [change("a y q"), change("a y z")]);
    assert_eq!(told.state("a", "z"), FileState::AsLeft);
    assert_eq!(told.state("a", "q"), FileState::Foreign);
}

#[test]
fn what_somebody_else_did_in_between_is_not_lost() {
    let mut told = Told::default();
    told.turn("go", [change("a x y"), change("a mine z")]);
    assert_eq!(told.state("a", "z"), FileState::Foreign);
    assert_eq!(told.state("a", "mine"), FileState::Foreign);
    assert_eq!(told.state("a", "x"), FileState::AsBefore);
}

#[test]
fn what_was_taken_back_can_be_made_again_and_taken_back_again() {
    let mut told = Told::default();
    let one = told.turn("one", [change("a x y")]);
    let two = told.turn("two", [change("a y z")]);
    let undo = told.turn("/undo", [change("a z y"), undone(two)]);
    assert_eq!(told.last(), Some((one, "one")));
    assert_eq!(told.last_undone(), Some((undo, "two")));
    let again = told.turn("/undo", [change("a y x"), undone(one)]);
    assert_eq!(told.last(), None);
    assert_eq!(told.last_undone(), Some((again, "one")));
    let redo = told.turn("/redo", [change("a x y"), undone(again)]);
    assert_eq!(told.last(), Some((redo, "one")));
    assert_eq!(told.last_undone(), Some((undo, "two")));
    let redo = told.turn("/redo", [change("a y z"), undone(undo)]);
    assert_eq!((told.last(), told.last_undone()), (Some((redo, "two")), None));
}

#[test]
fn a_new_change_takes_the_making_again_away_and_a_question_does_not() {
    let mut told = Told::default();
    let one = told.turn("one", [change("a x y")]);
    told.turn("/undo", [change("a y x"), undone(one)]);
    told.turn("why?", []);
    assert!(told.last_undone().is_some());
    told.turn("other", [change("b x y")]);
    assert_eq!(told.last_undone(), None);
}

#[test]
fn all_of_a_session_is_taken_back_at_once() {
    let mut told = Told::default();
    let one = told.turn("one", [change("a x y"), change("b - new")]);
    let two = told.turn("two", [change("a y z"), change("c p q")]);
    let undo = told.turn("/undo", [change("a z y"), change("c q p"), undone(two)]);
    let paths = |told: &Told| told.history.files().into_keys().collect::<Vec<_>>();
    assert_eq!(paths(&told), [PathBuf::from("a"), PathBuf::from("b")]);
    let all = told.turn("/undo all", [change("a y x"), change("b new -"), undone(one)]);
    assert_eq!(paths(&told), Vec::<PathBuf>::new());
    assert_eq!((told.last(), told.last_undone()), (None, Some((all, "one"))));
    assert_eq!(told.history.turns(), []);
    assert!(undo < all);
}

#[test]
fn a_taking_back_that_was_killed_in_the_middle_is_a_turn_like_any_other() {
    let mut told = Told::default();
    told.turn("one", [change("a x y"), change("b x y")]);
    let undo = told.turn("/undo", [change("a y x")]);
    assert_eq!(told.last(), Some((undo, "/undo")));
    told.turn("/undo", [change("a x y"), undone(undo)]);
    assert_eq!(told.last().unwrap().1, "one");
}

#[test]
fn commands_that_ran_are_remembered() {
    let proposed = |id: &str, kind, command: &str| {
        let call = ToolCall::new(id.to_owned(), "t").kind(kind);
        let call = call.raw_input(serde_json::json!({ "command": command }));
        EventKind::ToolProposed { call: Box::new(call) }
    };
    let started = |id: &str| {
        let update = ToolCallUpdate::new(id.to_owned(), ToolCallUpdateFields::new());
        EventKind::ToolStarted { update: Box::new(update) }
    };
    let mut told = Told::default();
    let run = [
        proposed("1", ToolKind::Execute, "make"),
        proposed("2", ToolKind::Execute, "refused"),
        proposed("3", ToolKind::Edit, "no command"),
        started("1"),
        started("3"),
        change("a x y"),
    ];
    told.turn("go", run);
    assert_eq!(told.history.last().unwrap().commands, ["make"]);
}

#[test]
fn an_image_gives_back_what_the_file_held() {
    let bytes: [Option<&[u8]>; 4] = [None, Some(b""), Some("\u{feff}a\r\nb".as_bytes()), Some(b"\0\xff\xfe")];
    for bytes in bytes {
        let image = FileImage::of(bytes);
        assert_eq!(image.bytes().unwrap().as_deref(), bytes);
        let text = serde_json::to_string(&image).unwrap();
        assert_eq!(serde_json::from_str::<FileImage>(&text).unwrap(), image);
    }
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(FileImage::of(Some(b"")).digest().as_deref(), Some(empty));
    assert_eq!(FileImage::of(Some(b"\xff")).digest().unwrap().len(), 64);
    let damaged = FileImage::Bytes { base64: "?".into() };
    assert!(damaged.bytes().is_err() && damaged.digest() == Some(String::new()));
}
