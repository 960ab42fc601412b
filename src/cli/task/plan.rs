use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// One task for one server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Job {
    pub(super) text: String,
    /// Whose it is from the beginning.
    pub(super) server: Option<String>,
}

/// Who does what: one task is everybody's; of several, the first server does the first one, and so on, and who is ready
/// takes the next of those that are left.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) jobs: Vec<Job>,
    /// Those that nobody has taken.
    left: Mutex<VecDeque<usize>>,
}

impl Plan {
    /// `Err` says why it cannot be meant so.
    pub(super) fn new(servers: &[String], tasks: &[String]) -> Result<Self, &'static str> {
        let job =
            |text: &String, server: Option<&String>| Job { text: text.clone(), server: server.cloned() };
        let jobs: Vec<_> = match tasks {
            [] => return Err("nothing is to be done: say --task"),
            [everybodys] => servers.iter().map(|server| job(everybodys, Some(server))).collect(),
            fewer if fewer.len() < servers.len() => {
                return Err(
                    "there are more servers than tasks: give each one its own, or all of them the same",
                );
            }
            several => several.iter().enumerate().map(|(at, text)| job(text, servers.get(at))).collect(),
        };
        let left = Mutex::new((servers.len()..jobs.len()).collect());
        Ok(Self { jobs, left })
    }

    /// The next one that nobody has taken.
    pub(super) fn take(&self) -> Option<usize> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}
