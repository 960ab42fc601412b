use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;

use super::Paths;

/// Variables that name files.
const FILES: [&str; 2] = ["ADJUTANT_CONFIG", "ADJUTANT_SCRIPT"];

/// The process's environment, read once. Keys are in it: it shows nothing, whoever prints it.
#[derive(Clone, Default)]
pub struct Environment(HashMap<String, String>);

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Environment(…)")
    }
}

impl Environment {
    /// Variables of this process that are Unicode. Files are meant from the working directory of now.
    pub fn read() -> Self {
        let unicode = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        let mut variables: HashMap<_, _> = unicode.collect();
        for name in FILES {
            let absolute = variables.get(name).and_then(|path| std::path::absolute(path).ok());
            if let Some(path) = absolute.and_then(|path| path.into_os_string().into_string().ok()) {
                variables.insert(name.to_owned(), path);
            }
        }
        Self(variables)
    }

    /// A made-up one.
    pub fn of<const N: usize>(variables: [(&str, &str); N]) -> Self {
        Self(variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into())
    }

    /// The same with one more.
    #[cfg(test)]
    pub(super) fn and(mut self, name: &str, value: &str) -> Self {
        self.0.insert(name.to_owned(), value.to_owned());
        self
    }

    /// A variable that is set to something.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Folders after the XDG base directory specification; relative values are ignored, as it asks.
    pub fn paths(&self) -> Paths {
        let absolute = |name: &str| self.value(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let home = absolute("HOME");
        let folder = |variable: &str, beneath: &str| {
            let base = absolute(variable).or_else(|| Some(home.as_ref()?.join(beneath)));
            base.map(|base| base.join("adjutant"))
        };
        Paths {
            config: folder("XDG_CONFIG_HOME", ".config"),
            data: absolute("ADJUTANT_DATA_DIR").or_else(|| folder("XDG_DATA_HOME", ".local/share")),
            state: folder("XDG_STATE_HOME", ".local/state"),
            home,
        }
    }
}
