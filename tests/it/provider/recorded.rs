//! What recorded answers mean, however they are cut into pieces.

use adjutant::provider::{Delta, ReadError};
use serde_json::Value;

use super::{DIALECTS, Dialect, failure, told};
use crate::support::model::Reply;

/// What stands beside a recorded answer.
pub(super) fn kept(dialect: &Dialect, case: &str) -> Value {
    let path = dialect.folder().join(case).with_extension("json");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap()
}

/// What an answer means that comes in these pieces.
fn decoded<'a>(dialect: &Dialect, pieces: impl IntoIterator<Item = &'a [u8]>) -> Value {
    let mut decoder = dialect.decoder();
    let mut deltas: Vec<Delta> = Vec::new();
    let all = || -> Result<(), ReadError> {
        for piece in pieces {
            decoder.push(piece, &mut deltas)?;
        }
        decoder.finish(&mut deltas)
    };
    let error = all().err();
    deltas.iter().map(told).chain(error.iter().map(failure)).collect()
}

#[test]
fn a_recorded_answer_means_what_stands_beside_it() {
    for dialect in &DIALECTS {
        for case in dialect.cases() {
            let found = decoded(dialect, [&dialect.stream(&case)[..]]);
            if std::env::var_os("UPDATE").is_some() {
                let path = dialect.folder().join(&case).with_extension("json");
                std::fs::write(path, serde_json::to_string_pretty(&found).unwrap() + "\n").unwrap();
            }
            let kept = kept(dialect, &case);
            assert!(kept == found, "{}/{case}: kept\n{kept:#}\nfound\n{found:#}", dialect.name);
        }
    }
}

#[test]
fn a_recorded_answer_means_the_same_however_it_is_cut_into_pieces() {
    for dialect in &DIALECTS {
        for case in dialect.cases() {
            let stream = dialect.stream(&case);
            let kept = kept(dialect, &case);
            for size in [1, 2, 3, 7, 64] {
                assert_eq!(decoded(dialect, stream.chunks(size)), kept, "{}/{case} by {size}", dialect.name);
            }
        }
    }
}

#[tokio::test]
async fn a_recorded_answer_means_the_same_over_a_socket() {
    for dialect in &DIALECTS {
        for case in ["text", dialect.calls] {
            dialect.ask([Reply::stream(dialect.stream(case))]).await.is(dialect, case);
        }
    }
}
