//! What the table of functions promises as a whole.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use super::*;

#[test]
fn functions_are_sorted_and_found() {
    assert!(FUNCTIONS.len() > 100);
    assert!(FUNCTIONS.is_sorted_by(|one, two| one.name < two.name));
    for function in FUNCTIONS {
        assert_eq!(find(function.name).unwrap().name, function.name);
    }
    assert!(find("no_such_function").is_none());
    assert!(find("").is_none());
}

#[test]
fn functions_are_described() {
    for function in FUNCTIONS {
        assert!(function.docs.ends_with('.'), "{}", function.name);
        assert!(!function.group.is_empty(), "{}", function.name);
        assert!(function.examples.len() >= 2, "{}", function.name);
        let repeated = function.parameters.iter().rev().skip(1).any(|parameter| parameter.variadic);
        assert!(!repeated, "{}: only the last parameter may be variadic", function.name);
        let optional = function.parameters.iter().skip_while(|parameter| parameter.default.is_none());
        assert!(optional.clone().all(|parameter| parameter.default.is_some()), "{}", function.name);
    }
}

#[test]
fn durations_survive_a_round_trip() {
    for milliseconds in [0, 1, 999, 1000, 5_400_000, 90_061_001, -1500, i64::MAX] {
        assert_eq!(parse_duration(&format_duration(milliseconds)), Some(milliseconds));
    }
    for text in ["", "-", "5", "s", "1.5h", "1s1m", "1s1s", "1y", "99999999999999999d", " 1s", "1 s", "+1s"] {
        assert_eq!(parse_duration(text), None, "{text}");
    }
}

#[test]
fn comparing_is_exact_for_large_numbers() {
    use std::cmp::Ordering::{Equal, Greater, Less};
    let order = |one: i64, two: f64| compare(&Value::Int(one), &Value::Float(two)).unwrap();
    assert_eq!(order(9_007_199_254_740_993, 9_007_199_254_740_992.0), Greater);
    assert_eq!(order(i64::MAX, 9_223_372_036_854_775_808.0), Less);
    assert_eq!(order(i64::MIN, -9_223_372_036_854_775_808.0), Equal);
    assert_eq!((order(1, 1.5), order(-1, -1.5), order(2, 2.0)), (Less, Greater, Equal));
    assert_eq!(compare(&Value::Int(1), &Value::string("1")), None);
    assert_eq!(equal(&Value::Int(1), &Value::Float(1.0)), Some(true));
    assert_eq!(equal(&Value::Null, &Value::Bool(false)), Some(false));
}
