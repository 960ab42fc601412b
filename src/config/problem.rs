use super::tree::Place;

/// Most lines that are told.
const MOST: usize = 50;

/// Longest line, in characters: what it quotes was written by anybody.
const LONGEST: usize = 400;

/// What is wrong with files that are optional, a line each.
#[derive(Debug, Default)]
pub(super) struct Problems {
    lines: Vec<String>,
    more: usize,
}

impl Problems {
    /// Tells what is wrong at a place.
    pub(super) fn at(&mut self, place: &Place, what: &str) {
        self.line(&format!("{place}: {what}"));
    }

    /// Tells a line that says its place itself.
    pub(super) fn line(&mut self, line: &str) {
        if self.lines.len() < MOST {
            let line: String =
                line.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST).collect();
            if !self.lines.contains(&line) {
                self.lines.push(line);
            }
        } else {
            self.more += 1;
        }
    }

    /// All lines, and how many more there were.
    pub(super) fn into_lines(mut self) -> Vec<String> {
        if self.more > 0 {
            self.lines.push(format!("… and {} more", self.more));
        }
        self.lines
    }
}
