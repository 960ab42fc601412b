use std::collections::BTreeSet;

use super::*;

#[test]
fn every_row_can_be_worked_with() {
    let mut seen = BTreeSet::new();
    for (provider, rows) in PROVIDERS {
        assert!(!rows.is_empty(), "{provider} has no default");
        for info in of(provider) {
            assert!(seen.insert(info.id.clone()), "{} stands there twice", info.id);
            assert_eq!(
                find(provider, &info.wire).as_ref(),
                Some(&info),
                "{} hides behind another row",
                info.id
            );
            assert!(info.output >= 4_096 && info.output * 2 <= info.context, "{}: sizes", info.id);
            assert!(!info.name.is_empty() && info.tools, "{}", info.id);
            assert!(info.efforts.is_sorted(), "{}: thought levels", info.id);
            let Some(price) = info.price else { continue };
            assert!(price.input < price.output && price.output < 100.0, "{}: price", info.id);
            assert!(
                price.cache_read <= price.input && price.input <= price.cache_write,
                "{}: price",
                info.id
            );
        }
    }
    assert!(seen.len() >= 40, "{} rows", seen.len());
}

#[test]
fn a_dated_edition_is_the_model_it_is_an_edition_of() {
    for (provider, wire, row) in [
        ("anthropic", "claude-sonnet-4-5-20250929", "Claude Sonnet 4.5"),
        ("anthropic", "claude-sonnet-5-5-latest", "Claude Sonnet 5.5"),
        ("openai", "gpt-5.4-mini-2026-03-17", "GPT-5.4 mini"),
        ("mistral", "mistral-large-2512", "Mistral Large"),
        ("google", "gemini-3.6-flash-preview-05-06", "Gemini 3.6 Flash"),
        ("openrouter", "anthropic/claude-opus-5.5", "Claude Opus 5.5"),
        ("openrouter", "openai/gpt-6.2-sol", "GPT-6.2 Sol"),
    ] {
        let found = find(provider, wire).unwrap_or_else(|| panic!("{wire}"));
        assert_eq!((found.name.as_str(), found.wire.as_str()), (row, wire));
        assert_eq!(found.id, format!("{provider}/{wire}"));
    }
}

#[test]
fn another_version_is_another_model() {
    for (provider, wire) in [
        ("anthropic", "claude-opus-5-6"),
        ("anthropic", "claude-opus-5-10"),
        ("openai", "gpt-5-turbo"),
        ("openai", "claude-sonnet-5-5"),
        ("groq", "anthropic/claude-opus-5.5"),
        ("nobody", "gpt-5"),
    ] {
        assert_eq!(find(provider, wire), None, "{wire}");
    }
}
