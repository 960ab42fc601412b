//! What the command agent says about itself, and the list of its slash commands.

/// A slash command as clients list it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlashCommand {
    /// Without the slash.
    pub name: &'static str,
    pub description: &'static str,
    /// What may follow the name, if anything.
    pub hint: Option<&'static str>,
}

const COMMANDS: &[SlashCommand] = &[
    command("todo", "Find TODO comments, or the markers you name", Some("[TODO FIXME …] [in PATH]")),
    command("list", "List the files of a directory", Some("[DIR]")),
    command("find", "Find files by name", Some("PATTERN [in DIR]")),
    command("search", "Search the files for text or a /regex/", Some("TEXT [in PATH]")),
    command("show", "Show a file or some of its lines", Some("FILE [lines A-B]")),
    command("write", "Write a file", Some("FILE TEXT")),
    command("replace", "Replace text in a file", Some("\"A\" with \"B\" in FILE [everywhere]")),
    command("run", "Run a shell command", Some("COMMAND")),
    command("diff", "Show the git diff", Some("[PATH]")),
    command("status", "Show the state of the git repository", None),
    command("summary", "Summarise the project from its files", None),
    command("model", "Say how to configure a language model", None),
    command("help", "Say what can be done without a model", None),
];

const fn command(name: &'static str, description: &'static str, hint: Option<&'static str>) -> SlashCommand {
    SlashCommand { name, description, hint }
}

/// The slash commands understood here, for `available_commands_update`.
pub fn commands() -> &'static [SlashCommand] {
    COMMANDS
}

pub(super) const HELLO: &str = "\
Hello. No language model is configured, so I am a command agent: I carry out plain requests with real tools.
Try `find all TODO comments`, `show README.md` or `summarise the project`; `help` lists the rest.";

pub(super) const THANKS: &str = "You are welcome.";

pub(super) const HELP: &str = "\
I am not a language model: none is configured. I understand these requests, in plain words or as slash commands:
- `find all TODO comments [in PATH]`, also FIXME, HACK and XXX
- `list the files [in DIR]` and `find files named \"*.rs\"`
- `search for \"TEXT\" [in PATH]`, or a `/regex/`
- `show FILE`, `show lines 10-40 of FILE`, `show the last 20 lines of FILE`
- `write \"TEXT\" to FILE`, `append \"TEXT\" to FILE`, or a file name and a fenced code block
- `replace \"A\" with \"B\" in FILE [everywhere]`
- `rename A to B`, `copy A to B`, `delete FILE`, `create directory DIR`
- `run COMMAND` or `$ COMMAND`, `run the tests`
- `show the git diff`, `git status`, `git log`
- `summarise the project`

Several steps go into one request: `find all TODO comments, then show README.md`, or one step per line.";

pub(super) const MODEL: &str = "\
No language model is configured; I am the built-in command agent.
To use a model, set a provider and its key as the section \"Models\" of the README describes; `adjutant --help` shows \
the commands for it.";

pub(super) const NOT_UNDERSTOOD: &str = "\
I am not a language model: none is configured, so I can only carry out requests that I know by their form.";

pub(super) const WHAT_WORKS: &str = "\
What works without a model: find TODO comments, list and find files, search text, show, write and change files, \
run commands, show the git diff or status, summarise the project. Say `help` for the forms.
To configure a model, see the section \"Models\" of the README and `adjutant --help`.";
