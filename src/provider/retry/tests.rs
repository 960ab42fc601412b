use super::*;

fn asked_by(headers: &[(&str, &'static str)]) -> Option<Duration> {
    // Sun, 06 Nov 1994 08:49:37 GMT, the date of RFC 9110's example.
    let now = 784_111_777_000;
    asked(|name| headers.iter().find(|it| it.0 == name).map(|it| it.1), now)
}

#[test]
fn waits_double_up_to_thirty_seconds_and_vary_by_half() {
    let range = |attempt| (backoff(attempt, 0).as_millis(), backoff(attempt, 999).as_millis());
    assert_eq!(range(1), (250, 499));
    assert_eq!(range(2), (500, 999));
    assert_eq!(range(5), (4_000, 7_996));
    assert_eq!(range(7), (15_000, 29_985));
    assert_eq!(range(u32::MAX), (15_000, 29_985));
}

#[test]
fn what_is_asked_for_comes_in_seconds_in_milliseconds_or_as_a_date() {
    let ms = |ms| Some(Duration::from_millis(ms));
    assert_eq!(asked_by(&[("retry-after", "7")]), ms(7_000));
    assert_eq!(asked_by(&[("retry-after", " 1.5 ")]), ms(1_500));
    assert_eq!(asked_by(&[("retry-after-ms", "20"), ("retry-after", "7")]), ms(20));
    assert_eq!(asked_by(&[("retry-after-ms", "soon"), ("retry-after", "7")]), ms(7_000));
    assert_eq!(asked_by(&[("retry-after", "Sun, 06 Nov 1994 08:49:47 GMT")]), ms(10_000));
    assert_eq!(asked_by(&[("retry-after", "Sun, 06 Nov 1994 08:00:00 GMT")]), ms(0));
}

#[test]
fn what_is_asked_for_is_waited_for_and_a_little_longer() {
    let own = Duration::from_millis(400);
    for (asked, wait) in [(0, 400), (1, 101), (7_000, 7_100)] {
        assert_eq!(after(Duration::from_millis(asked), own), Duration::from_millis(wait));
    }
}

#[test]
fn what_cannot_be_meant_is_not_asked_for() {
    for value in ["", "soon", "-1", "NaN", "inf", "1e300", "Sun, 99 Nov 1994 08:49:37 GMT"] {
        assert_eq!(asked_by(&[("retry-after", value)]), None, "{value}");
    }
    assert_eq!(asked_by(&[]), None);
}

#[test]
fn only_what_may_pass_is_tried_again() {
    let wait = Some(Duration::from_secs(3));
    for status in [408, 409, 429, 500, 502, 503, 504, 520, 529] {
        assert_eq!(on_status(status, None), Again::Backoff, "{status}");
        assert_eq!(on_status(status, wait), Again::After(Duration::from_secs(3)), "{status}");
    }
    for status in [301, 400, 401, 402, 403, 404, 413, 422, 600] {
        assert_eq!(on_status(status, wait), Again::Never, "{status}");
    }
}
