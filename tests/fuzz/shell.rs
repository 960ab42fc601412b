#![no_main]

#[expect(dead_code, reason = "the other target has a body of its own there")]
mod body;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| body::shell(bytes));
