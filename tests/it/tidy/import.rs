//! Who may import whom. The table here is the truth about the rooms of `src` and their floors.

use super::source::{self, Source};
use super::{caught, none};

/// A room, its floor, and what it may import: a room, or one name of a room. An import points to a lower floor.
/// `error` is open to all.
type Row = (&'static str, u8, &'static [&'static str]);

#[rustfmt::skip]
const ROOMS: &[Row] = &[
    ("error",      0, &[]),
    ("chance",     0, &[]),
    ("clock",      0, &[]),
    ("memory",     0, &[]),
    ("ongoing",    0, &[]),
    ("uri",        0, &[]),
    ("jsonrpc",    0, &[]),
    ("acp",        0, &[]),
    ("event",      1, &["acp"]),
    ("discovery",  1, &["chance"]),
    ("http",       1, &[]),
    ("permission", 1, &[]),
    ("tls",        1, &[]),
    ("transport",  1, &["jsonrpc"]),
    ("workspace",  1, &["chance"]),
    ("config",     2, &["permission"]),
    ("rpc",        2, &["jsonrpc", "ongoing", "transport"]),
    // A tool names its action; what may be done about it is not its business.
    ("tool",       2, &["acp", "http", "workspace", "permission::Action", "event::Form", "event::Question", "event::QuestionAnswer", "event::QuestionForm"]),
    // A conversation and its end are said with the protocol's nouns.
    ("provider",   3, &["acp", "chance", "config", "clock", "http", "uri"]),
    ("lsp",        3, &["workspace", "config", "uri"]),
    // A remote tool is a tool; what its server asks is a question to people; what happens to it, a notice.
    ("mcp",        3, &["acp", "config", "event", "http", "tool", "workspace", "permission::Action", "permission::MAX_SHOWN",
                        "permission::escape_for_display", "permission::shell_word"]),
    // Records name their session with the protocol's identifier.
    ("store",      3, &["acp", "chance", "event", "config"]),
    ("remote",     3, &["chance", "config", "discovery", "jsonrpc", "permission::escape_for_display", "tls", "transport"]),
    ("agent",      4, &["ongoing", "uri", "mcp", "lsp", "acp", "event", "permission", "provider", "tool", "workspace", "transport", "rpc", "config", "clock"]),
    ("session",    5, &["memory", "ongoing", "acp", "event", "agent", "store", "permission", "workspace", "config", "clock"]),
    ("engine",     6, &["session", "permission", "workspace", "config::Keys"]),
    // A door gives a turn its hands (the client's files and terminals), shows a session's settings, pages through the
    // store's records, and writes times and identifiers as the wire wants them.
    ("serve",      7, &["chance", "ongoing", "engine", "tls", "session", "event", "acp", "rpc", "transport", "jsonrpc", "config", "permission", "workspace",
                        "agent::Hands", "agent::OpenCalls", "agent::Roots", "agent::Settings", "agent::OptionKind", "agent::OptionValue", "agent::SessionOption", "store", "clock"]),
    ("telemetry",  7, &[]),
    ("app",        8, &["acp", "agent", "clock", "config", "engine", "event", "permission", "provider", "rpc", "serve", "session",
                        "store", "tool", "transport", "workspace"]),
    // The command line is a door for people, with the same sessions and events as every other door.
    ("cli",        9, &["app", "config", "discovery", "tls", "engine", "memory", "telemetry", "acp", "agent::Hands", "agent::Roots", "clock", "event",
                        "jsonrpc", "mcp", "permission", "provider::Catalogue", "provider::Effort", "provider::ModelInfo", "provider::Models",
                        "provider::ProviderError", "remote", "rpc", "serve", "session", "store", "tool::Registry", "tool::Tool", "transport", "workspace"]),
    ("main",      10, &["cli", "workspace::supervisor"]),
];

/// Rooms within a room that lead out of the house side by side and never know of each other.
const DOORS: [&str; 2] = ["serve", "agent"];

/// What lies in a house of doors and serves them all.
const SHARED: [&str; 2] = ["auth", "crowd"];

/// The only modules that are seen from outside their room.
const WINDOWS: &[(&str, &str)] = &[
    ("acp::lenient", "inputs that only the door reads, beside the protocol's own types"),
    ("acp::method", "names that the schema crate lacks"),
    ("agent::builtin", "one kind of agent, named by the composition root"),
    ("provider::offline", "one kind of provider, named by the composition root"),
    ("provider::scripted", "one kind of provider, named by the composition root"),
    ("rpc::code", "codes that jsonrpsee lacks"),
    ("serve::acp", "one door, named by the composition root"),
    ("workspace::supervisor", "a program of its own, started by `main`"),
];

/// One path of ours in the code.
struct Import {
    line: usize,
    /// Names from the crate's root.
    path: Vec<String>,
}

/// Every path that begins at `crate`, `self` or `super`, groups spread out.
fn imports(source: &Source) -> Vec<Import> {
    let tokens = tokens(source.code());
    let mut found = Vec::new();
    for (at, (line, token)) in tokens.iter().enumerate() {
        let library = source.path == "src/main.rs" && *token == "adjutant";
        let begins = library || matches!(*token, "crate" | "self" | "super");
        let continued = at > 0 && tokens[at - 1].1 == "::";
        if begins && !continued && tokens.get(at + 1).is_some_and(|next| next.1 == "::") {
            let mut paths = Vec::new();
            spread(&tokens, at, &[], &mut paths);
            found.extend(
                paths.into_iter().map(|path| Import { line: *line, path: absolute(&source.module(), &path) }),
            );
        }
    }
    found
}

/// Reads one tree of names that begins at `at`; returns where it ends.
fn spread<'a>(
    tokens: &[(usize, &'a str)],
    mut at: usize,
    before: &[&'a str],
    paths: &mut Vec<Vec<&'a str>>,
) -> usize {
    let token = |at: usize| tokens.get(at).map_or("", |it| it.1);
    if token(at) == "{" {
        at += 1;
        while !matches!(token(at), "}" | "") {
            at = if token(at) == "," { at + 1 } else { spread(tokens, at, before, paths) };
        }
        return at + 1;
    }
    let mut path = before.to_vec();
    path.push(token(at));
    let goes_on = token(at + 1) == "::" && (is_name(token(at + 2)) || matches!(token(at + 2), "{" | "*"));
    if goes_on {
        return spread(tokens, at + 2, &path, paths);
    }
    paths.push(path);
    if token(at + 1) == "as" { at + 3 } else { at + 1 }
}

fn is_name(token: &str) -> bool {
    token.starts_with(|it: char| it.is_alphabetic() || it == '_')
}

/// A path as seen from a module, from the crate's root.
fn absolute(module: &[&str], path: &[&str]) -> Vec<String> {
    let mut names: Vec<&str> = Vec::new();
    for (at, name) in path.iter().enumerate() {
        match *name {
            "crate" | "adjutant" if at == 0 => names.clear(),
            "self" if at == 0 => names = module.to_vec(),
            "self" => {}
            "super" => {
                if at == 0 {
                    names = module.to_vec();
                }
                names.pop();
            }
            name => names.push(name),
        }
    }
    names.into_iter().map(str::to_owned).collect()
}

/// Names, `::` and single characters, each with its line.
fn tokens(code: &str) -> Vec<(usize, &str)> {
    let mut tokens = Vec::new();
    for (line, text) in code.lines().enumerate() {
        let mut rest = text.trim_start();
        while let Some(first) = rest.chars().next() {
            let word = rest.find(|it: char| !it.is_alphanumeric() && it != '_').unwrap_or(rest.len());
            let length = match first {
                _ if word > 0 => word,
                ':' if rest.starts_with("::") => 2,
                other => other.len_utf8(),
            };
            let (token, tail) = rest.split_at(length);
            tokens.push((line + 1, token));
            rest = tail.trim_start();
        }
    }
    tokens
}

/// Imports that the table does not know.
fn strangers(sources: &[Source]) -> Vec<String> {
    let mut findings = Vec::new();
    for source in sources.iter().filter(|it| it.path != "src/lib.rs") {
        let module = source.module();
        let room = module[0];
        let Some((_, _, known)) = ROOMS.iter().find(|row| row.0 == room) else {
            findings.push(format!("{}: the room {room} has no row in the table", source.path));
            continue;
        };
        for Import { line, path } in imports(source) {
            let Some(target) = path.first() else { continue };
            if target == room || target == "error" || !ROOMS.iter().any(|row| row.0 == target) {
                continue;
            }
            let path = path.join("::");
            let covers = |row: &&str| path == **row || path.starts_with(&format!("{row}::"));
            if !known.iter().any(covers) {
                findings.push(format!("{}:{line}: {room} may not import {path}", source.path));
            }
        }
    }
    findings
}

/// Imports from one door into another.
fn between_doors(sources: &[Source]) -> Vec<String> {
    let mut findings = Vec::new();
    let door = |names: &[&str]| match names {
        [house, door, _, ..] if DOORS.contains(house) && !SHARED.contains(door) => Some((*door).to_owned()),
        _ => None,
    };
    for source in sources {
        // A door's own `mod.rs` is a part of the door.
        let mut module = source.module();
        if source.path.ends_with("/mod.rs") {
            module.push("mod");
        }
        // The tests of the whole house are no door.
        let Some(own) = door(&module).filter(|own| own != "tests") else { continue };
        for Import { line, path } in imports(source) {
            let names: Vec<_> = path.iter().map(String::as_str).collect();
            if names.first() == module.first() && door(&names).is_some_and(|other| other != own) {
                findings.push(format!("{}:{line}: {own} may not know {}", source.path, path.join("::")));
            }
        }
    }
    findings
}

/// Modules that are seen from outside their room, and rows for those that no longer are.
fn windows(sources: &[Source]) -> Vec<String> {
    let mut open = Vec::new();
    for source in sources.iter().filter(|it| it.path != "src/lib.rs" && !it.is_test()) {
        let code = source.code();
        for line in code.lines().map(str::trim) {
            let seen = ["pub mod ", "pub(crate) mod "].iter().find_map(|start| line.strip_prefix(start));
            if let Some(name) = seen {
                let name = name.trim_end_matches(['{', ';', ' ']);
                open.push(format!("{}::{name}", source.module().join("::")));
            }
        }
    }
    let unknown = open.iter().filter(|it| !WINDOWS.iter().any(|row| row.0 == **it));
    let stale = WINDOWS.iter().filter(|row| !open.iter().any(|it| it == row.0));
    let unknown = unknown.map(|it| format!("{it} is seen from outside: export its names in mod.rs instead"));
    unknown.chain(stale.map(|row| format!("{} is a window no more: take its row away", row.0))).collect()
}

/// Modules brought in around the tree of files.
fn detours(sources: &[Source]) -> Vec<String> {
    let mut findings = Vec::new();
    for source in sources.iter().filter(|it| !it.is_test()) {
        for (at, line) in source.code().lines().enumerate() {
            if line.contains("#[path") || line.contains("include!(") {
                findings.push(format!("{}:{}: a file is brought in around the tree", source.path, at + 1));
            }
        }
    }
    findings
}

#[test]
fn every_room_imports_only_what_the_table_says() {
    none(&strangers(source::library()));
}

#[test]
fn every_import_points_to_a_lower_floor() {
    let floor = |name: &str| ROOMS.iter().find(|row| row.0 == name).map(|row| row.1);
    for (room, own, known) in ROOMS {
        for path in *known {
            let target = path.split("::").next().unwrap();
            assert!(floor(target).is_some_and(|it| it < *own), "{room} on floor {own} imports {path}");
        }
    }
}

#[test]
fn the_table_knows_no_room_that_is_gone() {
    for (room, ..) in ROOMS {
        let path = source::root().join("src").join(room);
        assert!(path.is_dir() || path.with_extension("rs").is_file(), "there is no {}", path.display());
    }
}

#[test]
fn two_doors_never_know_each_other() {
    none(&between_doors(source::library()));
}

#[test]
fn a_room_shows_only_what_its_door_exports() {
    none(&windows(source::library()));
    none(&detours(source::library()));
}

#[test]
fn a_planted_import_is_found() {
    let planted = |path: &str, text: &str| strangers(&[Source::new(path, text)]);
    caught(&planted("src/event/kind.rs", "use crate::store::Store;"), &["event may not import store::Store"]);
    caught(&planted("src/event/kind.rs", "use super::super::session;"), &["event may not import session"]);
    caught(&planted("src/event/kind.rs", "// use crate::store::Store;"), &[]);
    caught(
        &planted("src/tool/bash.rs", "use crate::permission::{Action, Policy as P};"),
        &["permission::Policy"],
    );
    caught(
        &planted("src/tool/bash.rs", "use crate::{\n acp::X, permission::{Action, Rule}, rpc::*};"),
        &["permission::Rule", "rpc::*"],
    );
    caught(
        &planted("src/store/mod.rs", "fn f() -> super::session::Sessions {}"),
        &[":1: store may not import session"],
    );
    caught(
        &planted("src/store/mod.rs", "\nfn f() { crate::serve::acp::x::<u8>() }"),
        &[":2: store may not import"],
    );
    caught(&planted("src/main.rs", "use adjutant::store::Store;"), &["main may not import store"]);
    caught(&planted("src/cellar/mod.rs", ""), &["no row"]);
}

#[test]
fn a_planted_way_between_doors_is_found() {
    let planted = |path: &str, text: &str| between_doors(&[Source::new(path, text)]);
    caught(
        &planted("src/serve/task/run.rs", "use crate::serve::acp::Door;"),
        &["task may not know serve::acp"],
    );
    caught(&planted("src/serve/task/mod.rs", "use super::acp::Door;"), &["task may not know serve::acp"]);
    caught(&planted("src/agent/builtin/mod.rs", "use super::external::Child;"), &["builtin may not know"]);
    caught(&planted("src/serve/task/mod.rs", "use super::auth::Token;"), &[]);
}

#[test]
fn a_planted_window_or_detour_is_found() {
    let mut sources = source::library().to_vec();
    sources.push(Source::new("src/store/more.rs", "pub(crate) mod rows;\n#[path = \"x.rs\"] mod x;"));
    caught(&windows(&sources), &["store::more::rows is seen"]);
    caught(&detours(&sources), &["src/store/more.rs:2"]);
    let fewer: Vec<_> = source::library().iter().filter(|it| it.path != "src/rpc/mod.rs").cloned().collect();
    caught(&windows(&fewer), &["rpc::code is a window no more"]);
}
