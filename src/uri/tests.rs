use std::path::{Path, PathBuf};

use super::{of, path, written};

#[test]
fn a_path_becomes_a_uri_and_comes_back() {
    for row in ["/a/b.rs", "/with space/ä%20+#?.rs", "/"] {
        assert_eq!(path(&of(Path::new(row))).as_deref(), Some(Path::new(row)), "{row}");
        assert_eq!(written(&of(Path::new(row))).as_deref(), Some(row));
    }
    assert_eq!(path("file:///a%2fb/%5bc].rs"), Some(PathBuf::from("/a/b/[c].rs")));
    assert_eq!(path("file://localhost/a"), Some(PathBuf::from("/a")));
    assert_eq!(path("file:///%zz%2"), Some(PathBuf::from("/%zz%2")));
    for none in ["/a", "http://a/b", "file://host/a"] {
        assert_eq!(path(none), None, "{none}");
    }
}

#[test]
fn what_an_editor_adds_behind_a_path_is_no_part_of_it() {
    assert_eq!(written("file:///a/b.rs#L10").as_deref(), Some("/a/b.rs"));
    assert_eq!(written("file:///a/b.rs?x=1#L10").as_deref(), Some("/a/b.rs"));
    assert_eq!(written("https://a/b.rs"), None);
}
