//! JSON documents that AWS keeps as texts: policies of roles, repositories, life-cycles.

/// Whether two texts are the same document in another spelling.
pub(crate) fn same(one: &str, other: &str) -> bool {
    let parse = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
    one == other || parse(one).is_some_and(|one| parse(other) == Some(one))
}

/// [`same`], where either may be absent.
pub(crate) fn same_optional(one: Option<&str>, other: Option<&str>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => same(one, other),
        (one, other) => one == other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spelling_does_not_count() {
        assert!(same(r#"{"a": 1, "b": [2]}"#, r#"{"b":[2],"a":1}"#));
        assert!(!same(r#"{"a": 1}"#, r#"{"a": 2}"#));
        assert!(same("no JSON", "no JSON") && !same("no JSON", "none either"));
        assert!(same_optional(None, None) && !same_optional(Some("{}"), None));
    }
}
