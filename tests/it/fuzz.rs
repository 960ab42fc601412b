//! A bounded run of what `cargo +nightly fuzz run --fuzz-dir tests/fuzz codec` (or `shell`) runs without end: the
//! same bodies, over mutations of what people write.

#[path = "../fuzz/body.rs"]
mod body;

/// What a mutation is made of, for lines of JSON-RPC.
const LINES: &[&str] = &[
    r#"{"jsonrpc":"2.0","id":1,"method":"a","params":{}}"#,
    r#"{"jsonrpc":"2.0","method":"b"}"#,
    r#"{"jsonrpc":"2.0","id":"x","result":null}"#,
    "\n",
    "\r\n",
    "\n",
    "\u{feff}",
    "  \t ",
    "[[[[[[[[[[[[[[[[",
    "\\ud800",
    "\0",
    "\"id\":",
    "1e999",
    "a long line that goes on and on, past what the codec keeps of any line at all",
];

/// What a mutation is made of, for command lines.
const COMMANDS: &[&str] = &[
    "ls",
    "echo",
    "cat",
    "rm",
    "sudo",
    "env",
    "sh -c",
    "eval",
    "a",
    "-n",
    "-exec",
    "EOF",
    "if",
    "then",
    "fi",
    "do",
    "case x in",
    "esac",
    "function f",
    " ",
    " ",
    " ",
    ";",
    "&&",
    "||",
    "|",
    "&",
    "\n",
    "\r",
    "'",
    "\"",
    "`",
    "$",
    "$(",
    "${",
    ")",
    "(",
    "((",
    "{",
    "}",
    "<",
    ">",
    "<<",
    "<<'EOF'",
    "<(",
    "*",
    "?",
    "[",
    "~",
    "!",
    "#",
    "\\",
    "\\\n",
    "=",
    "\u{202e}",
    "\u{a0}",
    "\0",
    "ü",
    "../x",
    "/dev/null",
];

/// Numbers that are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % below as u64) as usize
    }
}

/// Runs a body over so many mutations: pieces strung together, cut and overwritten.
fn run(body: impl Fn(&[u8]), pieces: &[&str], rounds: u32) {
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    for _ in 0..rounds {
        let mut bytes: Vec<u8> = (0..4).map(|_| numbers.next(256) as u8).collect();
        for _ in 0..numbers.next(16) {
            bytes.extend_from_slice(pieces[numbers.next(pieces.len())].as_bytes());
        }
        for _ in 0..numbers.next(4) {
            let at = numbers.next(bytes.len());
            if numbers.next(2) == 0 {
                bytes[at] = numbers.next(256) as u8;
            } else {
                bytes.truncate(at.max(1));
            }
        }
        body(&bytes);
        // Without its seed, as text that means something.
        body(bytes.get(4..).unwrap_or_default());
    }
}

#[test]
fn any_bytes_are_lines_with_an_answer() {
    run(body::codec, LINES, 4_000);
}

#[test]
fn any_text_is_judged_and_hides_no_removal() {
    run(body::shell, COMMANDS, 300);
}

#[test]
#[should_panic(expected = "found")]
fn a_planted_fault_is_found() {
    let rm = |bytes: &[u8]| assert!(!bytes.windows(3).any(|part| part == b"|rm"), "found");
    run(rm, COMMANDS, 1_000);
}
