//! Where things lie.

use std::path::Path;

use super::source::{self, Source};
use super::{caught, none};

/// Everything at the top that is seen.
const TOP: &[&str] = &[
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "fixtures",
    "schema",
    "src",
    "tests",
];

/// Names that say nothing about what is inside.
const DRAWERS: [&str; 6] = ["util", "utils", "helper", "helpers", "common", "misc"];

/// Words that make a type's name say less than it could.
const EMPTY: [&str; 5] = ["Manager", "Helper", "Util", "Service", "Impl"];

/// Names that traits of other crates demand.
const DEMANDED: [&str; 1] = ["get_info"];

fn strays(top: &[String]) -> Vec<String> {
    let stray = top.iter().filter(|name| !name.starts_with('.') && !TOP.contains(&name.as_str()));
    let missing = TOP.iter().filter(|name| !top.iter().any(|it| it == *name));
    let stray = stray.map(|name| format!("{name} does not lie at the top"));
    stray.chain(missing.map(|name| format!("{name} is missing at the top"))).collect()
}

fn drawers(sources: &[Source]) -> Vec<String> {
    let drawer = |source: &&Source| {
        let names = Path::new(&source.path).with_extension("");
        names.iter().any(|name| DRAWERS.iter().any(|drawer| name == *drawer))
    };
    sources.iter().filter(drawer).map(|it| format!("{}: a drawer for anything", it.path)).collect()
}

fn empty_names(sources: &[Source]) -> Vec<String> {
    let mut findings = Vec::new();
    for source in sources {
        for (at, line) in source.code().lines().enumerate() {
            let words: Vec<_> = line.split(|it: char| !it.is_alphanumeric() && it != '_').collect();
            for pair in
                words.windows(2).filter(|pair| matches!(pair[0], "struct" | "enum" | "trait" | "type" | "fn"))
            {
                let empty = pair[1] == "Context" || EMPTY.iter().any(|word| pair[1].ends_with(word));
                if empty || pair[0] == "fn" && pair[1].starts_with("get_") && !DEMANDED.contains(&pair[1]) {
                    findings.push(format!("{}:{}: {} says too little", source.path, at + 1, pair[1]));
                }
            }
        }
    }
    findings
}

#[test]
fn the_top_holds_what_the_plan_says() {
    let made = |name: &String| name == "target" || name == "node_modules";
    let entries = std::fs::read_dir(source::root()).unwrap();
    let top: Vec<_> = entries.map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
    none(&strays(&top.into_iter().filter(|name| !made(name)).collect::<Vec<_>>()));
}

#[test]
fn names_say_what_is_inside() {
    none(&drawers(source::rust()));
    none(&empty_names(source::rust()));
}

#[test]
fn planted_clutter_is_found() {
    let mut top: Vec<_> = TOP.iter().map(|name| (*name).to_owned()).collect();
    top.push(".gitignore".to_owned());
    caught(&strays(&top), &[]);
    top.push("notes.txt".to_owned());
    top.retain(|name| name != "README.md");
    caught(&strays(&top), &["notes.txt does not", "README.md is missing"]);
    let planted = |path: &str, text: &str| Source::new(path, text);
    caught(
        &drawers(&[planted("src/util/mod.rs", ""), planted("src/store/helper.rs", "")]),
        &["util", "helper"],
    );
    let text = "struct SessionManager;\npub trait Context {}\nfn get_name() {}\nstruct ToolContext;";
    caught(&empty_names(&[planted("src/a.rs", text)]), &["SessionManager", ":2: Context", "get_name"]);
}
