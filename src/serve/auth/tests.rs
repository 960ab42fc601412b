use std::net::SocketAddr;

use super::{Code, Guard, Origins, Refusal, Token};

fn guard(origins: Origins) -> (Guard, Token) {
    let token = Token::generate().expect("random bits");
    (Guard::new(Some(token.clone()), origins, None), token)
}

fn address(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

#[test]
fn tokens_differ_are_read_back_and_are_not_shown() {
    let (one, other) = (Token::generate().expect("bits"), Token::generate().expect("bits"));
    assert_eq!(one.expose().len(), 64);
    assert_ne!(one.expose(), other.expose());
    assert!(Token::read(one.expose()).expect("a token").is(one.expose()));
    assert!(Token::read("abc").is_none() && Token::read(&"g".repeat(64)).is_none());
    assert!(!format!("{one:?}").contains(one.expose()));
}

#[test]
fn only_the_whole_token_lets_in() {
    let (guard, token) = guard(Origins::None);
    let right = token.expose();
    assert_eq!(guard.admit(Some(right)), Ok(()));
    let upper = right.to_uppercase();
    let wrong = ["", &right[..63], &format!("{right}0"), &format!(" {right}"), &"0".repeat(64), &upper];
    for wrong in wrong.into_iter().filter(|wrong| *wrong != right) {
        assert_eq!(guard.admit(Some(wrong)), Err(Refusal::Token), "{wrong}");
    }
    assert_eq!(guard.admit(None), Err(Refusal::Token));
}

#[tokio::test(start_paused = true)]
async fn guesses_are_limited_and_the_right_token_is_not() {
    let (guard, token) = guard(Origins::None);
    let answers: Vec<_> = (0..30).map(|_| guard.admit(Some("wrong"))).collect();
    assert!(answers[..20].iter().all(|answer| *answer == Err(Refusal::Token)));
    assert!(answers[20..].iter().all(|answer| *answer == Err(Refusal::TooMany)));
    assert_eq!(guard.admit(Some(token.expose())), Ok(()));
    tokio::time::advance(std::time::Duration::from_secs(61)).await;
    assert_eq!(guard.admit(Some("wrong")), Err(Refusal::Token));
}

#[test]
fn a_host_is_named_exactly_or_refused() {
    let (guard, _) = guard(Origins::None);
    let own = address("127.0.0.1:8765");
    for good in ["127.0.0.1:8765", "localhost:8765"] {
        assert_eq!(guard.host(good, own), Ok(()), "{good}");
    }
    let bad = [
        "",
        "127.0.0.1",
        "localhost",
        "127.0.0.1:80",
        "localhost:87650",
        "localhost.:8765",
        "0.0.0.0:8765",
        "127.0.0.1.:8765",
        "127.1:8765",
        "2130706433:8765",
        "localhost.evil.test:8765",
        "evil.test:8765",
        "[::1]:8765",
        "[::ffff:127.0.0.1]:8765",
        "127.0.0.2:8765",
        "localhost:8765@evil.test",
        " localhost:8765",
        "localhost:8765 ",
        "user@localhost:8765",
        "localhost:+8765",
        "localhost:08765",
        "127.0.0.1:8765:1",
    ];
    for bad in bad {
        assert_eq!(guard.host(bad, own), Err(Refusal::Host), "{bad}");
    }
    assert_eq!(guard.host("[::1]:8765", address("[::1]:8765")), Ok(()));
    // A listener on every address goes by the one that the connection came in by.
    assert_eq!(guard.host("10.0.0.5:8765", address("10.0.0.5:8765")), Ok(()));
    assert_eq!(guard.host("localhost:8765", address("10.0.0.5:8765")), Err(Refusal::Host));
    let named = Guard::new(None, Origins::None, Some("box.local".to_owned()));
    assert_eq!(named.host("BOX.local:8765", address("10.0.0.5:8765")), Ok(()));
}

#[test]
fn an_origin_is_allowed_exactly_or_refused() {
    let (guard, _) = guard(Origins::Only(vec!["http://localhost:3000".to_owned()]));
    assert_eq!(guard.origin(None), Ok(()));
    assert_eq!(guard.origin(Some("http://localhost:3000")), Ok(()));
    let bad = [
        "",
        "null",
        "file://",
        "http://localhost",
        "http://localhost:3001",
        "https://localhost:3000",
        "http://localhost:3000/",
        "http://localhost:3000.evil.test",
        "http://user@localhost:3000",
        "http://127.0.0.1:3000",
        "HTTP://LOCALHOST:3000",
        "http://evil.test",
        "http://[::1]:3000",
        "*",
        "http://localhost:30000",
        "chrome-extension://abc",
        "vscode-webview://abc",
        "http://localhost:3000, null",
    ];
    for bad in bad {
        assert_eq!(guard.origin(Some(bad)), Err(Refusal::Origin), "{bad}");
    }
}

#[test]
fn without_a_token_no_page_comes_in() {
    let open = Guard::new(None, Origins::Any, None);
    assert_eq!(open.admit(None), Ok(()));
    assert_eq!(open.origin(Some("http://localhost:3000")), Err(Refusal::Origin));
}

#[test]
fn what_a_401_says_is_short() {
    for refusal in [Refusal::Token, Refusal::Code] {
        let said = refusal.to_string();
        assert!(said.len() <= 64, "{} bytes: {said}", said.len());
    }
}

fn codes(guard: &Guard) -> Code {
    guard.code().expect("random bits").expect("pages may come in")
}

fn for_pages() -> Guard {
    guard(Origins::Only(vec!["http://localhost:3000".to_owned()])).0
}

#[tokio::test(start_paused = true)]
async fn a_code_lets_in_once_within_a_minute() {
    let guard = for_pages();
    let code = codes(&guard);
    assert_eq!(code.expose().len(), 32);
    assert!(!format!("{code:?} {guard:?}").contains(code.expose()));
    tokio::time::advance(std::time::Duration::from_secs(59)).await;
    assert_eq!(guard.redeem(code.expose()), Ok(()));
    assert_eq!(guard.redeem(code.expose()), Err(Refusal::Code), "it was used");
    let code = codes(&guard);
    tokio::time::advance(Code::LIFETIME).await;
    assert_eq!(guard.redeem(code.expose()), Err(Refusal::Code), "it is too old");
}

#[test]
fn only_the_whole_code_of_this_listener_lets_in() {
    let (here, there) = (for_pages(), for_pages());
    let code = codes(&here);
    let right = code.expose();
    let upper = right.to_uppercase();
    let wrong = ["", &right[..31], &format!("{right}0"), &format!(" {right}"), &"0".repeat(32), &upper];
    for wrong in wrong.into_iter().filter(|wrong| *wrong != right) {
        assert_eq!(here.redeem(wrong), Err(Refusal::Code), "{wrong}");
    }
    assert_eq!(there.redeem(right), Err(Refusal::Code));
    assert_eq!(here.admit(Some(right)), Err(Refusal::Token), "it is no token");
    assert_eq!(here.redeem(right), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn sixteen_codes_wait_and_one_more_takes_the_place_of_the_oldest() {
    let guard = for_pages();
    let made: Vec<_> = (0..17).map(|_| codes(&guard)).collect();
    assert_eq!(guard.redeem(made[0].expose()), Err(Refusal::Code));
    assert!(made[1..].iter().rev().all(|code| guard.redeem(code.expose()).is_ok()));
}

#[tokio::test(start_paused = true)]
async fn wrong_codes_count_as_wrong_tokens_do() {
    let guard = for_pages();
    let code = codes(&guard);
    for _ in 0..10 {
        assert_eq!(guard.admit(Some("wrong")), Err(Refusal::Token));
        assert_eq!(guard.redeem("wrong"), Err(Refusal::Code));
    }
    assert_eq!(guard.redeem("wrong"), Err(Refusal::TooMany));
    assert_eq!(guard.admit(Some("wrong")), Err(Refusal::TooMany));
    assert_eq!(guard.redeem(code.expose()), Ok(()));
}

#[test]
fn there_are_no_codes_where_no_page_may_come_in() {
    let (without_pages, _) = guard(Origins::None);
    let without_token = Guard::new(None, Origins::Any, None);
    for guard in [without_pages, without_token] {
        assert!(guard.code().expect("random bits").is_none());
    }
}
