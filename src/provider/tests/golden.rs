use std::path::{Path, PathBuf};

use serde_json::Value;

/// The folder of a dialect's fixtures.
pub(crate) fn folder(dialect: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/provider").join(dialect)
}

/// Compares with what is kept at the path; `UPDATE=1` keeps it.
pub(crate) fn same(path: &Path, found: &Value) {
    if std::env::var_os("UPDATE").is_some() {
        let text = serde_json::to_string_pretty(found).unwrap() + "\n";
        return std::fs::write(path, text).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let kept: Value = serde_json::from_str(&kept).unwrap();
    assert!(kept == *found, "{}: kept\n{kept:#}\nfound\n{found:#}", path.display());
}
