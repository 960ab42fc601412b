//! The strict reading: literal words and nothing that a shell would rewrite. It shares no code with
//! the tree-sitter grammar on purpose; a line is plain only when both agree.

use super::SimpleCommand;
use std::{iter::Peekable, str::Chars};

/// Words that are grammar and not commands when they come first.
const RESERVED: &[&str] = &[
    "if", "then", "elif", "else", "fi", "for", "while", "until", "do", "done", "case", "esac", "function",
    "select", "time", "in", "coproc", "!", "{", "}", "[[", "]]",
];

/// The commands of `text`, or why it is not made of literal words alone.
pub(super) fn lex(text: &str) -> Result<Vec<SimpleCommand>, String> {
    if text.contains('\t') {
        return Err("it holds a tab".to_owned());
    }
    let mut lexer = Lexer { rest: text.chars().peekable(), commands: Vec::new(), open: None };
    while let Some(&next) = lexer.rest.peek() {
        lexer.step(next)?;
    }
    lexer.finish()
}

struct Lexer<'a> {
    rest: Peekable<Chars<'a>>,
    commands: Vec<SimpleCommand>,
    /// The command being read, once it has a word.
    open: Option<SimpleCommand>,
}

struct Word {
    text: String,
    quoted: bool,
    glob: bool,
}

impl Lexer<'_> {
    fn step(&mut self, next: char) -> Result<(), String> {
        match next {
            ' ' => {
                self.rest.next();
                Ok(())
            }
            '\n' => {
                self.rest.next();
                self.close();
                Ok(())
            }
            ';' | '|' | '&' => self.operator(next),
            '>' => self.redirect(),
            '<' => Err("it reads a file by a redirect or a here-document".to_owned()),
            '#' => Err("it holds a comment".to_owned()),
            '(' | ')' => Err("it opens a subshell or a function".to_owned()),
            _ => self.word_or_descriptor(),
        }
    }

    fn close(&mut self) -> bool {
        self.open.take().map(|command| self.commands.push(command)).is_some()
    }

    fn operator(&mut self, first: char) -> Result<(), String> {
        self.rest.next();
        let second = self.rest.peek().copied();
        if first == '&' && second == Some('>') {
            return self.redirect();
        }
        if !self.close() {
            return Err(format!("nothing stands before `{first}`"));
        }
        let doubled = second == Some(first);
        if doubled && first == ';' {
            return Err("it uses a case list".to_owned());
        }
        if doubled || (first == '|' && second == Some('&')) {
            self.rest.next();
        }
        if doubled || first == '|' {
            self.must_go_on(first)?;
        }
        Ok(())
    }

    /// After `&&`, `||` and `|` a command must follow, on this line or the next.
    fn must_go_on(&mut self, operator: char) -> Result<(), String> {
        while self.rest.next_if(|c| matches!(c, ' ' | '\n')).is_some() {}
        if self.rest.peek().is_none() { Err(format!("nothing follows `{operator}`")) } else { Ok(()) }
    }

    /// At `>`: only `/dev/null` and other descriptors are harmless targets.
    fn redirect(&mut self) -> Result<(), String> {
        let refused = || "it writes a file by a redirect".to_owned();
        if self.open.is_none() {
            return Err("a redirect stands before the command".to_owned());
        }
        self.rest.next();
        if self.rest.next_if_eq(&'&').is_some() {
            let descriptor = self.rest.next().is_some_and(|c| matches!(c, '1' | '2'));
            return if descriptor && self.at_word_end() { Ok(()) } else { Err(refused()) };
        }
        self.rest.next_if_eq(&'>');
        while self.rest.next_if_eq(&' ').is_some() {}
        let target = self.word()?;
        if target.text == "/dev/null" && !target.quoted { Ok(()) } else { Err(refused()) }
    }

    fn at_word_end(&mut self) -> bool {
        self.rest.peek().is_none_or(|c| matches!(c, ' ' | '\n' | ';' | '|' | '&'))
    }

    fn word_or_descriptor(&mut self) -> Result<(), String> {
        let word = self.word()?;
        let digits = !word.quoted && word.text.chars().all(|c| c.is_ascii_digit());
        if digits && matches!(self.rest.peek(), Some('>' | '<')) {
            return if self.rest.peek() == Some(&'>') && matches!(word.text.as_str(), "1" | "2") {
                self.redirect()
            } else {
                Err("it redirects a descriptor".to_owned())
            };
        }
        let Some(command) = &mut self.open else {
            self.open = Some(first_word(word)?);
            return Ok(());
        };
        command.globs |= word.glob;
        command.argv.push(word.text);
        Ok(())
    }

    fn word(&mut self) -> Result<Word, String> {
        let mut word = Word { text: String::new(), quoted: false, glob: false };
        while let Some(&next) = self.rest.peek() {
            match next {
                ' ' | '\n' | ';' | '|' | '&' | '<' | '>' | '(' | ')' => break,
                '\'' => self.single_quoted(&mut word)?,
                '"' => self.double_quoted(&mut word)?,
                _ => {
                    self.rest.next();
                    self.bare(next, &mut word)?;
                }
            }
        }
        if word.text.is_empty() && !word.quoted {
            return Err("a word is missing".to_owned());
        }
        if word.glob {
            check_glob(&word)?;
        }
        Ok(word)
    }

    fn bare(&mut self, next: char, word: &mut Word) -> Result<(), String> {
        match next {
            '*' | '?' => word.glob = true,
            '$' => return Err(expansion(self.rest.peek().copied()).to_owned()),
            '`' => return Err("it substitutes the output of a command".to_owned()),
            '\\' => return Err("it escapes characters with a backslash".to_owned()),
            '~' if word.text.chars().next_back().is_some_and(|c| c.is_ascii_alphanumeric()) => {}
            '~' => return Err("it uses `~`".to_owned()),
            '{' | '}' => return Err("it uses braces".to_owned()),
            '[' | ']' => return Err("it uses a bracket pattern or test".to_owned()),
            '!' => return Err("it uses `!`".to_owned()),
            '#' if !word.text.is_empty() => {}
            '_' | '.' | '/' | ':' | '=' | ',' | '@' | '%' | '+' | '-' => {}
            other if other.is_alphanumeric() => {}
            other => return Err(format!("it uses the character `{}`", other.escape_default())),
        }
        word.text.push(next);
        Ok(())
    }

    fn single_quoted(&mut self, word: &mut Word) -> Result<(), String> {
        self.rest.next();
        word.quoted = true;
        loop {
            match self.rest.next() {
                None => return Err("a quote is not closed".to_owned()),
                Some('\'') => return Ok(()),
                Some('\n') => return Err("a quoted text spans lines".to_owned()),
                Some(other) => word.text.push(other),
            }
        }
    }

    fn double_quoted(&mut self, word: &mut Word) -> Result<(), String> {
        self.rest.next();
        word.quoted = true;
        loop {
            match self.rest.next() {
                None => return Err("a quote is not closed".to_owned()),
                Some('"') => return Ok(()),
                Some('\n') => return Err("a quoted text spans lines".to_owned()),
                Some('$') => match self.rest.peek() {
                    Some('"' | ' ' | '|' | ')') => word.text.push('$'),
                    next => return Err(expansion(next.copied()).to_owned()),
                },
                Some('`') => return Err("it substitutes the output of a command".to_owned()),
                Some('!') => return Err("it uses `!`".to_owned()),
                Some('\\') => match self.rest.peek() {
                    None | Some('$' | '`' | '"' | '\\' | '\n' | '!') => {
                        return Err("it escapes characters with a backslash".to_owned());
                    }
                    Some(_) => word.text.push('\\'),
                },
                Some(other) => word.text.push(other),
            }
        }
    }

    fn finish(mut self) -> Result<Vec<SimpleCommand>, String> {
        self.close();
        if self.commands.is_empty() { Err("it holds no command".to_owned()) } else { Ok(self.commands) }
    }
}

fn first_word(word: Word) -> Result<SimpleCommand, String> {
    if word.glob {
        return Err("the command's name is a pattern".to_owned());
    }
    if word.text.contains('=') {
        return Err("it assigns a variable".to_owned());
    }
    if word.text.is_empty() || RESERVED.contains(&word.text.as_str()) {
        return Err("it uses control flow".to_owned());
    }
    Ok(SimpleCommand { argv: vec![word.text], globs: false })
}

/// A pattern may be replaced by any file name that fits, so it must not be able to become a flag, a
/// parent folder, or a pattern only half of which was quoted.
fn check_glob(word: &Word) -> Result<(), String> {
    let risky_start = word.text.starts_with(['*', '?', '-']);
    let dots = word.text.split('/').any(|part| part.starts_with('.') && part.contains(['*', '?']));
    if risky_start || dots || word.quoted {
        return Err("a file name pattern could turn into something else".to_owned());
    }
    Ok(())
}

fn expansion(after_dollar: Option<char>) -> &'static str {
    match after_dollar {
        Some('(') => "it substitutes the output of a command",
        Some('\'' | '"') => "it uses a `$` quote",
        _ => "it uses a variable",
    }
}
