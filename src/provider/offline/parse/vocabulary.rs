//! The words of requests. A list of words has blanks between them, a list of phrases bars.

use super::token::Word;

/// Words in front of a request that say nothing about it.
pub(super) const POLITE: &str = "\
    please|pls|kindly|can you|could you|would you|will you|can i|could i|may i|i want you to|\
    i would like you to|i'd like you to|i need you to|i want to|i'd like to|i need to|i would like to|\
    let's|lets|now|then|next|also|first|firstly|second|secondly|third|finally|lastly|and|ok|okay|hey|hi|\
    hello|just|go ahead and|help me to|help me|try to|after that|afterwards|so|quickly|your task is to";

/// Words behind a request that say nothing about it.
pub(super) const THANKS: &str = "\
    please|pls|thanks|thank you|for me|now|cheers|again|if you can|if possible|right now|first|too|\
    as well|thanks a lot|and list them|and show them|and print them|and report them|and list them all|\
    and tell me|and show me the results|will you|ok";

/// Names for the whole project.
pub(super) const EVERYWHERE: &str = "\
    |here|everything|everywhere|codebase|code base|code|source code|repo|repository|git repository|\
    project|workspace|tree|root|working|current|all code|all|source tree|project root|cwd|folder|files|\
    all files|source files|project files|all source files|project's source files|source";

/// Languages and kinds of files, with the glob for them.
const KINDS: &str = "\
    rust=*.rs python=*.py typescript=*.{ts,tsx} javascript=*.{js,jsx,mjs,cjs} go=*.go golang=*.go \
    java=*.java kotlin=*.kt swift=*.swift c=*.{c,h} c++=*.{cpp,cc,cxx,hpp,hh} c#=*.cs ruby=*.rb \
    php=*.php shell=*.sh bash=*.sh sql=*.sql html=*.{html,htm} css=*.css markdown=*.md json=*.json \
    yaml=*.{yml,yaml} toml=*.toml xml=*.xml text=*.txt lua=*.lua zig=*.zig svelte=*.svelte vue=*.vue";

/// Articles and the like.
pub(super) const ARTICLES: &str = "the a an my our your me us this that these its";

/// Names of files that have no extension.
pub(super) const BARE_FILES: &str = "\
    makefile dockerfile license licence readme changelog justfile procfile gemfile rakefile \
    contributing authors notice todo jenkinsfile vagrantfile codeowners";

/// Whether the key is one of the words.
pub(super) fn among(key: &str, words: &str) -> bool {
    !key.is_empty() && words.split(' ').any(|word| word == key)
}

/// Whether the text is one of the phrases.
pub(super) fn one_of(text: &str, phrases: &str) -> bool {
    phrases.split('|').any(|phrase| phrase == text)
}

/// The glob a word means: `rust`, `.rs`, `*.rs`.
pub(super) fn glob_of(word: &Word) -> Option<String> {
    let text = word.text.as_str();
    if text.contains('*') {
        return Some(text.to_owned());
    }
    let extension =
        text.strip_prefix('.').filter(|rest| !rest.is_empty() && rest.chars().all(char::is_alphanumeric));
    if let Some(extension) = extension {
        return Some(format!("*.{extension}"));
    }
    let kinds = || KINDS.split(' ').filter_map(|kind| kind.split_once('='));
    let lower = text.to_lowercase();
    let named = kinds().find(|(kind, _)| *kind == lower).map(|(_, glob)| glob.to_owned());
    let short =
        || kinds().any(|(_, glob)| glob.strip_prefix("*.") == Some(text)).then(|| format!("*.{text}"));
    named.or_else(short)
}

/// Whether a text has the form of a file's path: a folder or an extension.
pub(super) fn is_file_like(path: &str) -> bool {
    let leaf = path.rsplit('/').next().unwrap_or_default();
    let extension = leaf.rsplit_once('.').is_some_and(|(_, extension)| {
        !extension.is_empty()
            && extension.len() <= 12
            && extension.chars().all(|c| c.is_ascii_alphanumeric() || "_-~:#".contains(c))
    });
    let number = path.chars().all(|c| c.is_ascii_digit() || c == '.');
    !path.contains("://") && !number && (extension || (path.contains('/') && !path.ends_with('/')))
}
