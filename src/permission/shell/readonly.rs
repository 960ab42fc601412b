//! The commands that only read: a small table of programs, flags and operands. What is not in it asks.

use super::SimpleCommand;

/// What the operands of a program are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operands {
    None,
    /// Text that names no file.
    Text,
    /// Files or folders.
    Paths,
    /// At most one file: a second would be written.
    OnePath,
    /// A pattern unless one was given by a flag, then files.
    PatternPaths,
    /// Formats that start with `+`.
    Formats,
}

/// One program. Short flags are letters, long ones are written without dashes.
struct Row {
    name: &'static str,
    /// Letters without a value.
    short: &'static str,
    /// Letters with a value (attached or the next word).
    valued: &'static str,
    /// Long flags, space separated; a final `=` means a value (attached or the next word).
    long: &'static str,
    operands: Operands,
}

const fn row(
    name: &'static str,
    short: &'static str,
    valued: &'static str,
    long: &'static str,
    operands: Operands,
) -> Row {
    Row { name, short, valued, long, operands }
}

const TABLE: &[Row] = &[
    row(
        "ls",
        "aAlhrtSRdF1CpisgonmxXUuckBNbQqGv",
        "",
        "all almost-all human-readable recursive directory reverse color= sort= time= full-time \
         group-directories-first size inode classify",
        Operands::Paths,
    ),
    row("pwd", "LP", "", "", Operands::None),
    row("true", "", "", "", Operands::None),
    row("false", "", "", "", Operands::None),
    row("whoami", "", "", "", Operands::None),
    row("uname", "asnrvmpio", "", "all", Operands::None),
    row("echo", "neE", "", "", Operands::Text),
    row("cat", "nbAsETvet", "", "number number-nonblank show-all", Operands::Paths),
    row("head", "qv", "nc", "lines= bytes= quiet", Operands::Paths),
    row("tail", "qv", "nc", "lines= bytes= quiet", Operands::Paths),
    row("wc", "lwcmL", "", "lines words bytes chars max-line-length", Operands::Paths),
    row("date", "uRI", "d", "utc date= iso-8601", Operands::Formats),
    row("basename", "az", "s", "suffix= multiple", Operands::Text),
    row("dirname", "z", "", "", Operands::Text),
    row("stat", "Lt", "c", "format= printf= terse", Operands::Paths),
    row(
        "du",
        "shackmbx",
        "d",
        "summarize human-readable all total max-depth= apparent-size",
        Operands::Paths,
    ),
    row(
        "sort",
        "nrufbdghiMVsc",
        "kt",
        "numeric-sort reverse unique key= field-separator= version-sort human-numeric-sort ignore-case \
         stable check",
        Operands::Paths,
    ),
    row("uniq", "cdui", "fsw", "count repeated unique ignore-case", Operands::OnePath),
    row(
        "cut",
        "sn",
        "dfcb",
        "delimiter= fields= characters= bytes= output-delimiter= complement only-delimited",
        Operands::Paths,
    ),
    row("tr", "dscCt", "", "delete squeeze-repeats complement", Operands::Text),
    row("nl", "p", "bnwsvi", "body-numbering= number-format= number-width=", Operands::Paths),
    row(
        "grep",
        "rniIlLcowxvEFPGHhsqa",
        "eABCm",
        "recursive line-number ignore-case files-with-matches files-without-match count only-matching \
         word-regexp line-regexp invert-match extended-regexp fixed-strings perl-regexp with-filename \
         no-filename no-messages quiet include= exclude= exclude-dir= regexp= after-context= \
         before-context= context= max-count= color=",
        Operands::PatternPaths,
    ),
    row(
        "rg",
        "niIlcowxvFPHNsSuUap0",
        "egtTABCmMjr",
        "line-number no-line-number ignore-case smart-case case-sensitive files-with-matches \
         files-without-match count count-matches only-matching word-regexp line-regexp invert-match \
         fixed-strings pcre2 hidden no-ignore no-heading heading with-filename no-filename multiline json \
         files type-list stats trim vimgrep glob= iglob= type= type-not= regexp= after-context= \
         before-context= context= max-count= max-depth= max-columns= color= colors= sort= sortr= replace= \
         column",
        Operands::PatternPaths,
    ),
];

/// Expressions of `find` that only test or print: without and with a value.
#[rustfmt::skip]
const FIND: &[&str] = &[
    "-print", "-print0", "-empty", "-not", "-o", "-or", "-a", "-and", "-prune", "-xdev", "-mount",
    "-depth", "-readable", "-writable", "-executable", "-ls", "-quit", "-true", "-false", "(", ")", "!",
];
#[rustfmt::skip]
const FIND_VALUED: &[&str] = &[
    "-name", "-iname", "-path", "-ipath", "-wholename", "-regex", "-iregex", "-regextype", "-type",
    "-maxdepth", "-mindepth", "-size", "-mtime", "-mmin", "-atime", "-amin", "-ctime", "-cmin", "-perm",
    "-user", "-group", "-links", "-printf",
];

/// What a read-only command would read.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::permission) struct Reads<'a> {
    /// Words that name files or folders.
    pub(in crate::permission) paths: Vec<&'a str>,
    /// It reads the contents of whatever lies below those folders, or of files named by a pattern.
    pub(in crate::permission) broadly: bool,
}

/// What the command reads, if reading is plainly all it does. The name must be bare.
pub(in crate::permission) fn reads(command: &SimpleCommand) -> Option<Reads<'_>> {
    let name = command.argv.first()?.as_str();
    let words = command.arguments();
    let paths = match name {
        "find" => find(words)?,
        "sed" => sed(words)?,
        _ => TABLE.iter().find(|row| row.name == name)?.operands(words)?,
    };
    if name == "uniq" && command.globs {
        return None;
    }
    let recursive =
        |w: &String| w == "--recursive" || (w.starts_with('-') && !w.starts_with("--") && w.contains('r'));
    let broadly = command.globs || name == "rg" || (name == "grep" && words.iter().any(recursive));
    Some(Reads { paths, broadly })
}

/// Whether all the command does is read, by whatever path it is named: used to tell naming a file from
/// writing it, never to allow.
pub(in crate::permission) fn is_reader(command: &SimpleCommand) -> bool {
    reads(&command.bare()).is_some()
}

impl Row {
    /// The operands that are paths, or nothing if a flag or operand is not in the table.
    fn operands<'a>(&self, words: &'a [String]) -> Option<Vec<&'a str>> {
        let mut operands = Vec::new();
        let mut pattern_given = false;
        let mut rest = words.iter().map(String::as_str);
        while let Some(word) = rest.next() {
            if word == "--" {
                operands.extend(rest.by_ref());
            } else if let Some(long) = word.strip_prefix("--") {
                pattern_given |= long.starts_with("regexp") || long == "files" || long == "type-list";
                self.long_flag(long, &mut rest)?;
            } else if word.len() > 1 && word.starts_with('-') {
                if self.operands == Operands::Text && self.name == "echo" && !self.short_only(&word[1..]) {
                    operands.push(word);
                    continue;
                }
                pattern_given |= self.valued.contains('e') && word.contains('e');
                self.short_flags(&word[1..], &mut rest)?;
            } else {
                operands.push(word);
            }
        }
        self.paths(operands, pattern_given)
    }

    fn long_flag<'a>(&self, flag: &str, rest: &mut impl Iterator<Item = &'a str>) -> Option<()> {
        let (name, attached) = flag.split_once('=').map_or((flag, false), |(name, _)| (name, true));
        let known =
            self.long.split(' ').find(|known| known.trim_end_matches('=') == name && !name.is_empty())?;
        let optional = matches!(name, "color" | "colour");
        match (known.ends_with('='), attached) {
            (true, true) => Some(()),
            (true, false) if optional && self.name != "rg" => Some(()),
            (true, false) => rest.next().map(drop),
            (false, attached) => (!attached).then_some(()),
        }
    }

    fn short_flags<'a>(&self, letters: &str, rest: &mut impl Iterator<Item = &'a str>) -> Option<()> {
        let counts = matches!(self.name, "head" | "tail" | "grep");
        if counts && letters.bytes().all(|b| b.is_ascii_digit()) {
            return Some(());
        }
        for (at, letter) in letters.char_indices() {
            if self.valued.contains(letter) {
                return if at + 1 == letters.len() { rest.next().map(drop) } else { Some(()) };
            }
            if !self.short.contains(letter) {
                return None;
            }
        }
        Some(())
    }

    fn short_only(&self, letters: &str) -> bool {
        letters.chars().all(|letter| self.short.contains(letter))
    }

    fn paths<'a>(&self, operands: Vec<&'a str>, pattern_given: bool) -> Option<Vec<&'a str>> {
        match self.operands {
            Operands::None => operands.is_empty().then(Vec::new),
            Operands::Text => Some(Vec::new()),
            Operands::Paths => Some(operands),
            Operands::OnePath => (operands.len() <= 1).then_some(operands),
            Operands::PatternPaths if pattern_given => Some(operands),
            Operands::PatternPaths => (!operands.is_empty()).then(|| operands[1..].to_vec()),
            Operands::Formats => operands.iter().all(|word| word.starts_with('+')).then(Vec::new),
        }
    }
}

/// `find [path…] [expression…]`.
fn find(words: &[String]) -> Option<Vec<&str>> {
    let start = words.iter().position(|word| word.starts_with(['-', '(', '!'])).unwrap_or(words.len());
    let (paths, expression) = words.split_at(start);
    let mut rest = expression.iter().map(String::as_str);
    while let Some(word) = rest.next() {
        if FIND_VALUED.contains(&word) {
            rest.next()?;
        } else if !FIND.contains(&word) {
            return None;
        }
    }
    Some(paths.iter().map(String::as_str).collect())
}

/// `sed -n N,Mp [file…]` and nothing else.
fn sed(words: &[String]) -> Option<Vec<&str>> {
    let [quiet, script, files @ ..] = words else { return None };
    let number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let step = |part: &str| {
        let Some(range) = part.trim().strip_suffix('p') else { return false };
        let (from, to) = range.split_once(',').unwrap_or((range, "1"));
        number(from) && (number(to) || to == "$")
    };
    let files_only = files.iter().all(|file| !file.starts_with('-'));
    let fine = quiet == "-n" && files_only && script.split(';').all(step);
    fine.then(|| files.iter().map(String::as_str).collect())
}
