//! Files being changed in memory.

use super::deed::{Deed, What};
use crate::tool::output::Failure;
use crate::tool::{ToolContext, diff, label, limit};
use crate::workspace::{Expected, FileData, Fingerprint, Kind, Place, Text, WorkspaceError};

/// The files of one change, each once, in the order they were opened.
#[derive(Debug, Default)]
pub(in crate::tool) struct Draft {
    sheets: Vec<Sheet>,
    bytes: u64,
}

/// One file as it was found and as it is to be. Lines end with a line feed.
#[derive(Debug)]
pub(in crate::tool) struct Sheet {
    place: Place,
    name: String,
    before: Option<FileData>,
    /// Byte order mark and line endings, once the text was looked at; those of another file if it moved here.
    form: Option<Text>,
    now: Now,
    /// Where it was changed, as lines of the file before, counted from 1.
    lines: Vec<usize>,
    /// The file that moved here, and the name of the place this one moved to.
    from: Option<(String, Place)>,
    to: Option<String>,
}

#[derive(Debug, PartialEq, Eq)]
enum Now {
    AsBefore,
    Text(String),
    Gone,
}

impl Draft {
    /// Looks at a file, or at the place where one is to be, unless it is open already; returns its number.
    pub(in crate::tool) async fn open(
        &mut self,
        context: &ToolContext,
        path: &str,
    ) -> Result<usize, Failure> {
        let place = context.workspace.place(path)?;
        if let Some(known) = self.sheets.iter().position(|sheet| sheet.place.path() == place.path()) {
            return Ok(known);
        }
        let name = label::path(&context.workspace, place.path());
        if self.sheets.len() == limit::CHANGED {
            return Err(Failure(format!("more than {} files; change fewer at a time", limit::CHANGED)));
        }
        if place.kind() == Some(Kind::Directory) || path.ends_with('/') {
            return Err(Failure(format!("{name} is a folder; name the file to change")));
        }
        if context.workspace.is_read_only(&place) {
            return Err(Failure(format!("{name} can be read and not changed")));
        }
        let before = match context.files.read(place.clone(), limit::FILE).await {
            Ok(data) => Some(data),
            Err(WorkspaceError::NotFound { .. }) => None,
            Err(error) => return Err(error.into()),
        };
        if let (Some(seen), Some(data)) = (context.seen.last(place.path()), &before)
            && seen != data.fingerprint
        {
            return Err(Failure(format!("{name} changed since it was read; read it again, then edit")));
        }
        self.bytes += before.as_ref().map_or(0, |data| data.bytes.len() as u64);
        if self.bytes > limit::DRAFT {
            let limit = label::size(limit::DRAFT);
            return Err(Failure(format!(
                "the files are larger than {limit} together; change fewer at a time"
            )));
        }
        self.sheets.push(Sheet {
            place,
            name,
            before,
            form: None,
            now: Now::AsBefore,
            lines: Vec::new(),
            from: None,
            to: None,
        });
        Ok(self.sheets.len() - 1)
    }

    pub(in crate::tool) fn sheets(&self) -> &[Sheet] {
        &self.sheets
    }

    pub(in crate::tool) fn sheet(&mut self, number: usize) -> Result<&mut Sheet, Failure> {
        self.sheets.get_mut(number).ok_or_else(|| Failure("there is no such file in the draft".to_owned()))
    }

    /// Gives a file another name; nothing may be there.
    pub(in crate::tool) fn rename(&mut self, from: usize, to: usize) -> Result<(), Failure> {
        let source = self.sheet(from)?;
        let text = source.text()?.to_owned();
        let (form, lines) = (source.form.clone(), source.lines.clone());
        let origin = (source.name.clone(), source.place.clone());
        let target = self.sheet(to)?;
        target.create(text)?;
        (target.form, target.from, target.lines) = (form, Some(origin), lines);
        let moved_to = target.name.clone();
        let source = self.sheet(from)?;
        (source.now, source.to) = (Now::Gone, Some(moved_to));
        Ok(())
    }

    /// What is to be done on the disk: files that are written first, then those that go.
    pub(super) fn finish(self) -> Result<Vec<Deed>, Failure> {
        let changed = self.sheets.into_iter().filter(Sheet::is_changed).collect::<Vec<_>>();
        let shown = limit::DIFF / changed.len().max(1);
        let mut deeds =
            changed.into_iter().map(|sheet| sheet.finish(shown)).collect::<Result<Vec<_>, _>>()?;
        if deeds.is_empty() {
            return Err(Failure("nothing would change".to_owned()));
        }
        deeds.sort_by_key(|deed| deed.after.is_none());
        Ok(deeds)
    }
}

impl Sheet {
    pub(in crate::tool) fn place(&self) -> &Place {
        &self.place
    }

    pub(in crate::tool) fn name(&self) -> &str {
        &self.name
    }

    pub(in crate::tool) fn lines(&self) -> &[usize] {
        &self.lines
    }

    /// Whether there is a file, as the draft stands.
    pub(in crate::tool) fn exists(&self) -> bool {
        match self.now {
            Now::AsBefore => self.before.is_some(),
            Now::Text(_) => true,
            Now::Gone => false,
        }
    }

    /// The text as the draft stands.
    pub(in crate::tool) fn text(&mut self) -> Result<&str, Failure> {
        if self.now == Now::AsBefore
            && let Some(data) = &self.before
        {
            let text = Text::decode(&data.bytes).map_err(|why| Failure(format!("{}: {why}", self.name)))?;
            self.now = Now::Text(text.as_str().to_owned());
            self.form = Some(text);
        }
        match &self.now {
            Now::Text(text) => Ok(text),
            Now::AsBefore | Now::Gone => Err(Failure(format!("{} does not exist", self.name))),
        }
    }

    /// Puts another text in its place. `lines` is where it differs, in the text before.
    pub(in crate::tool) fn change(&mut self, text: String, lines: &[usize]) {
        self.lines.extend_from_slice(lines);
        self.now = Now::Text(text);
    }

    /// Makes a new file.
    pub(in crate::tool) fn create(&mut self, text: String) -> Result<(), Failure> {
        if self.exists() {
            return Err(Failure(format!("{} exists already; update it instead", self.name)));
        }
        self.now = Now::Text(text);
        Ok(())
    }

    /// Takes the file away.
    pub(in crate::tool) fn delete(&mut self) -> Result<(), Failure> {
        if !self.exists() {
            return Err(Failure(format!("{} does not exist", self.name)));
        }
        self.now = Now::Gone;
        Ok(())
    }

    fn is_changed(&self) -> bool {
        match (&self.now, &self.before) {
            (Now::AsBefore, _) | (Now::Gone, None) => false,
            (Now::Text(_), None) | (Now::Gone, Some(_)) => true,
            (Now::Text(text), Some(_)) => {
                self.from.is_some() || self.form.as_ref().map(Text::as_str) != Some(text)
            }
        }
    }

    fn finish(self, shown: usize) -> Result<Deed, Failure> {
        let Self { place, name, before, mut form, now, lines, from, to } = self;
        let old = before.as_ref().map(|data| Text::decode(&data.bytes));
        let old = old.as_ref().map(|text| text.as_ref().map_or("(not a text)", Text::as_str));
        let after = match now {
            Now::Text(text) => {
                let preview = diff::within(place.path(), old, &text, shown);
                let bytes = match &mut form {
                    Some(form) => {
                        form.edit(&text);
                        form.encode()
                    }
                    None => text.into_bytes(),
                };
                Some((bytes, preview))
            }
            Now::AsBefore | Now::Gone => None,
        };
        let (after, preview) = match after {
            Some((bytes, preview)) => (Some(bytes), preview),
            None => (None, diff::gone(place.path(), old, shown)),
        };
        if after.as_ref().is_some_and(|bytes| bytes.len() as u64 > limit::FILE) {
            let limit = label::size(limit::FILE);
            return Err(Failure(format!("{name} would grow past {limit}, the most a file may have")));
        }
        let what = match (&before, &after, from, to) {
            (_, Some(_), Some((from, place)), _) => What::Moved { from, place },
            (None, ..) => What::Created,
            (Some(_), Some(_), ..) => What::Edited,
            (Some(_), None, _, Some(to)) => What::MovedAway { to },
            (Some(_), None, ..) => What::Deleted,
        };
        let expected = before.as_ref().map_or(Expected::Absent, |data| Expected::Content(data.fingerprint));
        let written = after.as_deref().map(Fingerprint::of);
        let before = before.map(|data| data.bytes);
        Ok(Deed { place, name, what, before, expected, after, written, lines, preview })
    }
}
