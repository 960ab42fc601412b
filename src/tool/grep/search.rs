//! The search itself: which files, and which of their lines.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use globset::GlobSet;
use grep_regex::RegexMatcher;
use grep_searcher::{BinaryDetection, Searcher, SearcherBuilder, Sink, SinkContext, SinkMatch};
use ignore::WalkState;
use rustix::fs::{Mode, OFlags};
use tokio_util::sync::CancellationToken;

use crate::tool::Readable;
use crate::tool::limit;
use crate::tool::output::Failure;
use crate::tool::walk::Walk;
use crate::workspace::{Kind, Place, Workspace};

/// How many times as many matches are gathered as are shown, so that those shown are the first by path and not
/// the first to be found.
const SPARE: usize = 10;
const THREADS: usize = 4;

/// What is searched for.
#[derive(Debug)]
pub(super) struct Query {
    pub(super) matcher: RegexMatcher,
    /// Only files whose path below the searched folder it matches.
    pub(super) files: Option<GlobSet>,
    pub(super) context: usize,
    pub(super) limit: usize,
}

#[derive(Debug, Default)]
pub(super) struct Found {
    /// Files with a match, by path.
    pub(super) files: Vec<FileMatches>,
    /// How many files could not be searched.
    pub(super) skipped: usize,
    /// How many files may not be read without asking.
    pub(super) withheld: usize,
    /// Whether there is more than was gathered.
    pub(super) incomplete: bool,
}

#[derive(Debug, Default)]
pub(super) struct FileMatches {
    pub(super) path: PathBuf,
    pub(super) matches: usize,
    pub(super) lines: Vec<Line>,
    more: bool,
    binary: bool,
}

/// A line to show; without a number, a gap between two parts of the file.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) number: Option<u64>,
    pub(super) is_match: bool,
    pub(super) text: String,
}

/// Searches one file or all below a folder. Cancelling `stop` ends it with what was found so far.
pub(super) fn run(
    workspace: &Workspace,
    place: &Place,
    query: &Query,
    readable: &Readable,
    stop: &CancellationToken,
) -> Result<Found, Failure> {
    let search = Search {
        query,
        readable,
        stop: stop.child_token(),
        matches: AtomicUsize::new(0),
        unread: AtomicU64::new(limit::SEARCHED),
        found: Mutex::default(),
    };
    if place.kind() == Some(Kind::Directory) {
        search.folder(&Walk::new(place));
    } else if search.may_read(place.path()) {
        let file = workspace.open_file(place)?;
        search.file(&mut query.searcher(), place.path(), file);
    }
    let mut found = search.found.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.incomplete |= search.stop.is_cancelled();
    found.files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

impl Query {
    fn searcher(&self) -> Searcher {
        SearcherBuilder::new()
            .line_number(true)
            .before_context(self.context)
            .after_context(self.context)
            .binary_detection(BinaryDetection::quit(0))
            .heap_limit(Some(limit::SEARCH_LINE))
            .build()
    }
}

struct Search<'a> {
    query: &'a Query,
    readable: &'a Readable,
    /// Ours: also cancelled when enough is found.
    stop: CancellationToken,
    matches: AtomicUsize,
    /// Bytes that may still be read.
    unread: AtomicU64,
    found: Mutex<Found>,
}

impl Search<'_> {
    fn folder(&self, walk: &Walk) {
        let threads = std::thread::available_parallelism().map_or(1, |cores| cores.get().min(THREADS));
        walk.builder().clone().threads(threads).build_parallel().run(|| {
            let mut searcher = self.query.searcher();
            Box::new(move |entry| {
                if self.stop.is_cancelled() {
                    return WalkState::Quit;
                }
                if let Ok(entry) = entry
                    && entry.file_type().is_some_and(|kind| kind.is_file())
                    && self.is_wanted(walk, entry.path())
                    && self.may_read(entry.path())
                {
                    match open(entry.path()) {
                        Ok(file) => self.file(&mut searcher, entry.path(), file),
                        Err(_) => self.note(|found| found.skipped += 1),
                    }
                }
                WalkState::Continue
            })
        });
    }

    fn is_wanted(&self, walk: &Walk, path: &Path) -> bool {
        let below = path.strip_prefix(walk.folder()).unwrap_or(path);
        self.query.files.as_ref().is_none_or(|files| files.is_match(below))
    }

    fn may_read(&self, path: &Path) -> bool {
        let may = self.readable.allows(path);
        if !may {
            self.note(|found| found.withheld += 1);
        }
        may
    }

    fn file(&self, searcher: &mut Searcher, path: &Path, file: File) {
        let most = self.query.limit * SPARE;
        let mut sink = Lines { file: FileMatches { path: path.to_owned(), ..FileMatches::default() }, most };
        let source = Watched { file, search: self };
        let outcome = searcher.search_reader(&self.query.matcher, source, &mut sink);
        let file = sink.file;
        if file.binary {
            return;
        }
        let ended = outcome.is_err();
        let stopped = self.stop.is_cancelled();
        let gathered = self.matches.fetch_add(file.matches, Ordering::Relaxed) + file.matches;
        if gathered > most {
            self.stop.cancel();
        }
        self.note(|found| {
            found.skipped += usize::from(ended && !stopped);
            found.incomplete |= file.more;
            if file.matches > 0 {
                found.files.push(file);
            }
        });
    }

    fn note(&self, change: impl FnOnce(&mut Found)) {
        change(&mut self.found.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// Opens a plain file that the walk has named; what has become a link or a pipe since is not opened.
fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::ErrorKind::InvalidInput.into()) }
}

/// A file that ends with an error when the search must.
struct Watched<'a> {
    file: File,
    search: &'a Search<'a>,
}

impl Read for Watched<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.search.stop.is_cancelled() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        let read = self.file.read(buffer)?;
        let taken = |left: u64| left.checked_sub(read as u64);
        if self.search.unread.fetch_update(Ordering::Relaxed, Ordering::Relaxed, taken).is_err() {
            self.search.stop.cancel();
        }
        Ok(read)
    }
}

/// Collects the lines of one file.
struct Lines {
    file: FileMatches,
    most: usize,
}

impl Lines {
    fn push(&mut self, number: Option<u64>, is_match: bool, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes);
        let text = limit::cut(text.trim_end_matches(['\r', '\n']), limit::MATCH_LINE).into_owned();
        self.file.lines.push(Line { number, is_match, text });
    }
}

impl Sink for Lines {
    type Error = io::Error;

    fn matched(&mut self, _: &Searcher, line: &SinkMatch<'_>) -> Result<bool, io::Error> {
        if self.file.matches == self.most {
            self.file.more = true;
            return Ok(false);
        }
        self.file.matches += 1;
        self.push(line.line_number(), true, line.bytes());
        Ok(true)
    }

    fn context(&mut self, _: &Searcher, line: &SinkContext<'_>) -> Result<bool, io::Error> {
        self.push(line.line_number(), false, line.bytes());
        Ok(true)
    }

    fn context_break(&mut self, _: &Searcher) -> Result<bool, io::Error> {
        self.file.lines.push(Line { number: None, is_match: false, text: String::new() });
        Ok(true)
    }

    fn binary_data(&mut self, _: &Searcher, _: u64) -> Result<bool, io::Error> {
        self.file.binary = true;
        Ok(false)
    }
}
