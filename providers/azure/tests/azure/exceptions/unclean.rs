//! Answers of the vendor's examples and of recordings that do not give a clean plan for what was sent: each path, in each
//! exchange, with its reason. They stand in `unclean.txt`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// An answer that does not give a clean plan for what was sent.
pub struct Unclean {
    /// The type, without `azure.`.
    pub type_name: &'static str,
    /// The attribute's path, as a difference says it.
    pub path: &'static str,
    /// Why.
    pub reason: &'static str,
    /// In which exchanges: the file of the vendor's example, or that of a recording with the exchange's number.
    pub exchanges: Vec<&'static str>,
}

/// Answers that do not give a clean plan for what was sent.
pub static UNCLEAN: LazyLock<Vec<Unclean>> = LazyLock::new(|| read(include_str!("unclean.txt")));

fn read(text: &'static str) -> Vec<Unclean> {
    let mut groups: BTreeMap<&str, Vec<&'static str>> = BTreeMap::new();
    let mut all = Vec::new();
    for one in text.split("\n\n").filter(|one| !one.starts_with('#')) {
        let mut lines = one.lines();
        let (type_name, path) = lines.next().and_then(|head| head.split_once(' ')).expect("a type and a path");
        let reason = lines.next().map(str::trim).expect("a reason");
        let named = lines.flat_map(|line| {
            let exchange = line.strip_prefix("  - ").unwrap_or_else(|| panic!("`{line}` names no exchange"));
            match exchange.strip_prefix('@') {
                Some(group) => groups.get(group).unwrap_or_else(|| panic!("there is no group {group}")).clone(),
                None => vec![exchange],
            }
        });
        let exchanges: Vec<&'static str> = named.collect();
        assert!(!exchanges.is_empty(), "{type_name} {path} names no exchange");
        if type_name == "group" {
            groups.insert(path, exchanges);
        } else {
            all.push(Unclean { type_name, path, reason, exchanges });
        }
    }
    all
}
