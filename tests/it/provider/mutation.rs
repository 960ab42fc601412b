//! Recorded answers with something wrong in them (F17): thousands, the same ones every time.

use adjutant::provider::Delta;

use super::{DIALECTS, Dialect};

/// Mutated answers of each recorded one.
const ROUNDS: u64 = 300;

/// What is put into a stream: marks of its form, and of what it carries.
const PIECES: [&[u8]; 18] = [
    b"\n",
    b"\n\n",
    b"\r",
    b"data: ",
    b"event: error\n",
    b"{",
    b"}",
    b"[",
    b"]",
    b"\"",
    b"\\u0000",
    b"null",
    b",",
    b":",
    b"-1",
    b"1e999",
    b"\xFF\xFE",
    b"[DONE]",
];

/// A random number generator that anybody can repeat (`SplitMix64`).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut it = self.0;
        it = (it ^ (it >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        it = (it ^ (it >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((it ^ (it >> 31)) % sides.max(1) as u64) as usize
    }
}

/// One to four changes: a byte, a piece put in, a part taken out, doubled or moved.
fn mutate(stream: &mut Vec<u8>, dice: &mut Dice) {
    for _ in 0..=dice.roll(4) {
        let at = dice.roll(stream.len());
        let end = (at + dice.roll(200)).min(stream.len());
        match dice.roll(5) {
            0 if at < stream.len() => stream[at] = dice.roll(256) as u8,
            1 => {
                let piece = PIECES[dice.roll(PIECES.len())];
                stream.splice(at..at, piece.iter().copied());
            }
            2 => drop(stream.drain(at..end)),
            3 => {
                let part = stream[at..end].to_vec();
                stream.splice(at..at, part);
            }
            _ => {
                let part: Vec<u8> = stream.drain(at..end).collect();
                let to = dice.roll(stream.len());
                stream.splice(to..to, part);
            }
        }
    }
}

/// Reads it as far as it goes, and checks what always holds.
fn survives(dialect: &Dialect, stream: &[u8], dice: &mut Dice, case: &str) {
    let mut decoder = dialect.decoder();
    let mut deltas = Vec::new();
    let size = 1 + dice.roll(300);
    let read = stream.chunks(size).try_for_each(|piece| decoder.push(piece, &mut deltas));
    // Whoever reads an answer asks for the rest after an error too.
    let rest = decoder.finish(&mut deltas);
    let ends = deltas.iter().filter(|delta| matches!(delta, Delta::Done(_))).count();
    assert_eq!(ends, usize::from(decoder.is_over()), "{case}");
    assert!(ends == 0 || matches!(deltas.last(), Some(Delta::Done(_))), "{case}: {deltas:?}");
    for delta in &deltas {
        if let Delta::Call(call) = delta {
            assert!(!call.id.is_empty(), "{case}: {call:?}");
            assert!(call.input.is_object() || call.input.is_string(), "{case}: {call:?}");
        }
        assert!(!matches!(delta, Delta::Retry { .. }), "{case}");
    }
    drop((read, rest));
}

#[test]
fn no_mutated_answer_breaks_its_reader() {
    for dialect in &DIALECTS {
        for case in dialect.cases() {
            let recorded = dialect.stream(&case);
            for seed in 0..ROUNDS {
                let mut dice = Dice(seed);
                let mut stream = recorded.clone();
                mutate(&mut stream, &mut dice);
                survives(dialect, &stream, &mut dice, &format!("{}/{case}, seed {seed}", dialect.name));
            }
        }
    }
}
