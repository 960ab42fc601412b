//! Language servers as processes: a script that speaks the protocol, under the real supervisor.
#![cfg(target_os = "linux")]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use adjutant::config::{LanguageServer, Origin};
use adjutant::lsp::Diagnostics;
use adjutant::workspace::{LocalCommands, Workspace};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::support::proc;

/// Reads messages and finds a fault in every file it is told of. It ignores requests to end, and talks a lot aside.
const SERVER: &str = r#"
export LC_ALL=C
trap '' TERM
say() { printf 'Content-Length: %d\r\n\r\n%s' "${#1}" "$1"; }
head -c 1000000 /dev/zero >&2
while true; do
    length=0
    while IFS= read -r line || exit 0; do
        line=${line%$'\r'}
        [ -z "$line" ] && break
        case $line in Content-Length:*) length=${line#*: } ;; esac
    done
    IFS= read -r -N "$length" body
    case $body in
    *'"initialize"'*) say '{"jsonrpc":"2.0","id":0,"result":{"capabilities":{}}}' ;;
    *'"textDocument/didOpen"'*)
        uri=${body#*'"uri":"'}
        uri=${uri%%'"'*}
        range='{"start":{"line":2,"character":7},"end":{"line":2,"character":8}}'
        found='[{"range":'$range',"severity":1,"message":"no such thing"}]'
        say '{"jsonrpc":"2.0","method":"textDocument/publishDiagnostics","params":{"uri":"'"$uri"'","diagnostics":'"$found"'}}'
        ;;
    esac
done
"#;

struct Site {
    dir: TempDir,
    diagnostics: Diagnostics,
}

impl Site {
    fn new(script: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("server"), script).unwrap();
        std::fs::write(dir.path().join("a.rs"), "fn a() {}\n").unwrap();
        let server = LanguageServer {
            name: "fake".to_owned(),
            command: "/bin/bash".to_owned(),
            args: vec![dir.path().join("server").to_str().unwrap().to_owned()],
            env: Vec::new(),
            extensions: vec!["rs".to_owned()],
            wait: Duration::from_secs(20),
            origin: Origin::User(PathBuf::new()),
        };
        let commands = LocalCommands::new(PathBuf::from(env!("CARGO_BIN_EXE_adjutant")));
        let workspace = Workspace::open(dir.path(), &[]).unwrap();
        let diagnostics = Diagnostics::new(vec![server], workspace, Arc::new(commands));
        Self { dir, diagnostics }
    }

    async fn after(&self) -> Option<String> {
        self.diagnostics.after(&[self.dir.path().join("a.rs")], &CancellationToken::new()).await
    }
}

#[tokio::test]
async fn a_server_is_a_process_that_ends_with_its_owner() {
    let site = Site::new(SERVER);
    assert_eq!(site.after().await.as_deref(), Some("a.rs:3:8: error: no such thing"));
    let mark = site.dir.path().join("server").to_str().unwrap().to_owned();
    assert!(!proc::marked(&mark).is_empty());
    drop(site.diagnostics);
    proc::until("the server and its supervisor have ended", || proc::marked(&mark).is_empty()).await;
}

#[tokio::test]
async fn a_server_that_cannot_run_is_told_of_once() {
    let site = Site::new("echo no such module >&2; exit 3");
    let told = site.after().await.unwrap();
    assert!(told.starts_with("(the language server fake is left out from now on: it "), "{told}");
    assert_eq!(site.after().await, None);
}
