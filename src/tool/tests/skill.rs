use std::path::PathBuf;
use std::sync::Arc;

use serde_json::json;

use super::Site;
use crate::permission::Action;
use crate::tool::{Skill, Tool, ToolOutput, skill_tool, skills};

fn found(site: &Site) -> Vec<Skill> {
    skills(&[site.root().join("skills"), site.root().join("more"), PathBuf::from("/nowhere")])
}

async fn used(site: &Site, tool: &Arc<dyn Tool>, name: &str) -> ToolOutput {
    match tool.prepare(json!({"name": name}), site.context.clone()).await {
        Ok(prepared) => (prepared.work)().await,
        Err(failed) => failed,
    }
}

#[test]
fn a_folder_with_its_file_is_a_skill() {
    let site = Site::new();
    let long = "y".repeat(500);
    site.file(
        "skills/pdf/SKILL.md",
        "---\nname: pdf\ndescription: \"Fills \\\"forms\\\"\"\nlicense: MIT\n---\nBody\n",
    )
    .file("skills/block/SKILL.md", "---\ndescription: >-\n  Two\n  lines\nname: 'it''s'\n---\nBody\n")
    .file("skills/plain/SKILL.md", "# Does things\n\nBody")
    .file("skills/crlf/SKILL.md", "---\r\ndescription: x\r\n---\r\nBody\r\n")
    .file("skills/long/SKILL.md", format!("---\ndescription: {long}\n---\n"))
    .file("skills/hidden/SKILL.md", "---\ndisable-model-invocation: true\n---\n")
    .file("skills/none/README.md", "")
    .file("skills/SKILL.md", "not in a folder")
    .file("skills/bin/SKILL.md", b"\0\0")
    .file("more/pdf/SKILL.md", "a second of that name");
    let found = found(&site);
    let names: Vec<&str> = found.iter().map(|skill| skill.name.as_str()).collect();
    assert_eq!(names, ["crlf", "it's", "long", "pdf", "plain"]);
    let described: Vec<&str> = found.iter().map(|skill| skill.description.as_str()).collect();
    assert_eq!((described[0], described[1], described[3]), ("x", "Two lines", "Fills \"forms\""));
    assert_eq!((described[2].chars().count(), described[4]), (200, "Does things"));
    assert_eq!(found[3].path, site.root().join("skills/pdf/SKILL.md"));
    assert_eq!(found[3].folder(), site.root().join("skills/pdf"));
}

#[test]
fn there_are_at_most_64_and_none_outside() {
    let site = Site::new();
    for number in 0..70 {
        site.file(&format!("skills/s{number:02}/SKILL.md"), "x");
    }
    std::fs::write(site.dir.path().join("outside/SKILL.md"), "the secret").unwrap();
    site.link("skills/aa", "../../outside").link("skills/ab", "s69");
    let found = found(&site);
    assert_eq!(found.len(), 64);
    assert!(found.iter().all(|skill| skill.path.starts_with(site.root()) && skill.name != "aa"));
    assert!(skill_tool(Vec::new()).is_none());
}

#[tokio::test]
async fn a_skill_is_told_with_its_files() {
    let site = Site::new();
    site.file("skills/pdf/SKILL.md", "---\nname: pdf\n---\n\n# How\n\nDo it.\n")
        .file("skills/pdf/scripts/fill.py", "")
        .file("skills/pdf/form.md", "")
        .link("skills/pdf/secret", "../../../outside/secret");
    let tool = skill_tool(found(&site)).unwrap();
    assert_eq!(tool.input()["properties"]["name"]["enum"], json!(["pdf"]));
    let prepared = tool.prepare(json!({"name": "pdf"}), site.context.clone()).await.unwrap();
    assert_eq!(prepared.title, "Use the skill pdf");
    assert_eq!(prepared.action, Action::Read { path: site.root().join("skills/pdf/SKILL.md") });
    let folder = site.root().join("skills/pdf");
    let told = format!(
        "# Skill pdf\n\n# How\n\nDo it.\n\nIts folder is {}. Its other files:\n- form.md\n- scripts/fill.py",
        folder.display()
    );
    assert_eq!((prepared.work)().await.text, told);
    let text = used(&site, &tool, "doc").await.text;
    assert_eq!(text, "there is no skill \"doc\"; the skills are: pdf");
    // What it was when it was found does not have to be what it is.
    std::fs::remove_file(folder.join("SKILL.md")).unwrap();
    site.link("skills/pdf/SKILL.md", "../../../outside/secret");
    let output = used(&site, &tool, "pdf").await;
    assert!(output.failed && output.text.contains("outside the workspace"), "{}", output.text);
}
