//! Failure rules: what goes wrong in a sandbox because someone asked for it.
//!
//! A rule is text, `type=Microsoft.Network/virtualNetworks,method=PUT,nth=2,error=throttled`: which requests it is for
//! (type, method, path), which of them it strikes (`nth`, `rate`, `times`), and what happens to those (`error` or `cut`).
//! Rules and how often each has seen a request lie in the store, so they outlive the process.

use crate::kind::Kind;
use crate::problem::Problem;
use crate::store::{Store, StoreError};
use rand::Rng as _;
use serde::{Deserialize, Serialize};
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

const TABLE: &str = "sandbox.failures";

/// One rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// Only requests about this type, in any case, with `*` for any part: `Microsoft.Network/*`, `kubernetes/pods`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub type_name: Option<String>,
    /// Only this method.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Only paths that match, in any case, with `*` for any part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Only the nth of these requests, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nth: Option<u64>,
    /// Only this share of them, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<f64>,
    /// At most so many times.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// What happens.
    pub effect: Effect,
}

/// What happens to a request that a rule strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// 429, with Retry-After.
    Throttled,
    /// 500.
    Internal,
    /// 503, with Retry-After.
    Unavailable,
    /// 409, another operation is in progress.
    Conflict,
    /// 409, the quota is used up.
    Quota,
    /// 403.
    Forbidden,
    /// The connection ends before anything was done.
    CutBefore,
    /// The connection ends after the work was done, instead of the answer.
    CutAfter,
}

/// Words for effects, as they are written.
const EFFECTS: &[(&str, Effect)] = &[
    ("throttled", Effect::Throttled),
    ("internal", Effect::Internal),
    ("unavailable", Effect::Unavailable),
    ("conflict", Effect::Conflict),
    ("quota", Effect::Quota),
    ("forbidden", Effect::Forbidden),
];

impl FromStr for Rule {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self, Problem> {
        let wrong = |reason: String| Problem::BadRule { rule: text.to_owned(), reason };
        let mut rule = Self {
            type_name: None,
            method: None,
            path: None,
            nth: None,
            rate: None,
            times: None,
            effect: Effect::Internal,
        };
        let mut effect = None;
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (name, value) = part
                .split_once('=')
                .ok_or_else(|| wrong(format!("`{part}` has no `=`: NAME=VALUE, with commas between")))?;
            match name.trim() {
                "type" => rule.type_name = Some(value.to_owned()),
                "method" => rule.method = Some(value.to_ascii_uppercase()),
                "path" => rule.path = Some(value.to_owned()),
                "nth" => rule.nth = Some(number(value, 1).map_err(wrong)?),
                "times" => rule.times = Some(number(value, 1).map_err(wrong)?),
                "rate" => rule.rate = Some(share(value).map_err(wrong)?),
                "error" | "cut" if effect.is_some() => return Err(wrong("only one thing can happen".to_owned())),
                "error" => effect = Some(error(value).map_err(wrong)?),
                "cut" => effect = Some(cut(value).map_err(wrong)?),
                other => {
                    let known = "type, method, path, nth, rate, times, error and cut";
                    return Err(wrong(format!("there is no `{other}`; there are {known}")));
                }
            }
        }
        rule.effect = effect.ok_or_else(|| wrong("it does not say what happens: `error=…` or `cut=…`".to_owned()))?;
        Ok(rule)
    }
}

fn number(text: &str, least: u64) -> Result<u64, String> {
    let number = text.parse().ok().filter(|number| *number >= least);
    number.ok_or_else(|| format!("`{text}` is no number from {least} on"))
}

fn share(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| format!("`{text}` is no share between 0 and 1"))
}

fn error(text: &str) -> Result<Effect, String> {
    let found = EFFECTS.iter().find(|(word, _)| *word == text).map(|(_, effect)| *effect);
    let words: Vec<&str> = EFFECTS.iter().map(|(word, _)| *word).collect();
    found.ok_or_else(|| format!("there is no error `{text}`; there are {}", words.join(", ")))
}

fn cut(text: &str) -> Result<Effect, String> {
    match text {
        "before" => Ok(Effect::CutBefore),
        "after" => Ok(Effect::CutAfter),
        _ => Err(format!("a connection is cut `before` or `after` the work, not `{text}`")),
    }
}

impl std::fmt::Display for Rule {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let texts = [("type", &self.type_name), ("method", &self.method), ("path", &self.path)];
        for (name, value) in texts.iter().filter_map(|(name, value)| Some((name, value.as_ref()?))) {
            write!(formatter, "{name}={value},")?;
        }
        for (name, value) in [("nth", self.nth), ("times", self.times)] {
            value.map_or(Ok(()), |value| write!(formatter, "{name}={value},"))?;
        }
        self.rate.map_or(Ok(()), |rate| write!(formatter, "rate={rate},"))?;
        match self.effect {
            Effect::CutBefore => formatter.write_str("cut=before"),
            Effect::CutAfter => formatter.write_str("cut=after"),
            effect => {
                let word = EFFECTS.iter().find(|(_, one)| *one == effect).map_or("internal", |(word, _)| word);
                write!(formatter, "error={word}")
            }
        }
    }
}

/// A rule that stands, and what it has seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// Its number, for removing it.
    pub id: u64,
    /// The rule.
    pub rule: Rule,
    /// Requests that were its.
    pub seen: u64,
    /// Those that it struck.
    pub struck: u64,
}

impl std::fmt::Display for Standing {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} (struck {} of {})", self.rule, self.struck, self.seen)
    }
}

/// The rules of a sandbox.
#[derive(Debug)]
pub struct Failures {
    store: Arc<Store>,
    standing: Mutex<Vec<Standing>>,
}

impl Failures {
    /// Those that are in the store.
    #[must_use]
    pub fn new(store: Arc<Store>) -> Self {
        let kept = store.scan(TABLE, "").into_iter().filter_map(|(_, rule)| serde_json::from_value(rule).ok());
        let standing = Mutex::new(kept.collect());
        Self { store, standing }
    }

    /// All, in the order of their numbers.
    #[must_use]
    pub fn list(&self) -> Vec<Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Adds a rule; its number.
    ///
    /// # Errors
    /// When it cannot be kept.
    pub fn add(&self, rule: Rule) -> Result<u64, StoreError> {
        let mut standing = self.standing.lock().unwrap_or_else(PoisonError::into_inner);
        let id = standing.iter().map(|one| one.id).max().unwrap_or(0) + 1;
        let one = Standing { id, rule, seen: 0, struck: 0 };
        self.keep(&one)?;
        standing.push(one);
        Ok(id)
    }

    /// Removes a rule, or all; how many those were.
    ///
    /// # Errors
    /// When that cannot be kept.
    pub fn remove(&self, id: Option<u64>) -> Result<usize, StoreError> {
        let mut standing = self.standing.lock().unwrap_or_else(PoisonError::into_inner);
        let (gone, kept): (Vec<_>, Vec<_>) = standing.drain(..).partition(|one| id.is_none_or(|id| id == one.id));
        *standing = kept;
        for one in &gone {
            self.store.delete(TABLE, &key(one.id))?;
        }
        Ok(gone.len())
    }

    /// What happens to this request, by the first rule that strikes it; with the rule's number.
    pub fn strike(&self, method: &str, path: &str, kind: &Kind) -> Option<(u64, Effect)> {
        let mut standing = self.standing.lock().unwrap_or_else(PoisonError::into_inner);
        standing.iter_mut().filter(|one| one.rule.is_for(method, path, kind)).find_map(|one| {
            one.seen += 1;
            let strikes = one.rule.strikes(one.seen, one.struck);
            one.struck += u64::from(strikes);
            // A number that is not kept makes a rule strike again after a restart; a rehearsal goes on without it.
            drop(self.keep(one));
            strikes.then_some((one.id, one.rule.effect))
        })
    }

    fn keep(&self, one: &Standing) -> Result<(), StoreError> {
        let document = serde_json::to_value(one).map_err(|error| StoreError(error.to_string()))?;
        self.store.put(TABLE, &key(one.id), document)
    }
}

fn key(id: u64) -> String {
    format!("{id:020}")
}

impl Rule {
    fn is_for(&self, method: &str, path: &str, kind: &Kind) -> bool {
        let matches = |pattern: &Option<String>, text: &str| pattern.as_ref().is_none_or(|pattern| glob(pattern, text));
        self.method.as_ref().is_none_or(|wanted| wanted == method)
            && matches(&self.type_name, kind.name())
            && matches(&self.path, path)
    }

    fn strikes(&self, seen: u64, struck: u64) -> bool {
        self.nth.is_none_or(|nth| nth == seen)
            && self.times.is_none_or(|times| struck < times)
            && self.rate.is_none_or(|rate| rand::rng().random_bool(rate.clamp(0.0, 1.0)))
    }
}

/// Whether the text matches a pattern of texts with `*` between, in any case.
fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.to_ascii_lowercase(), text.to_ascii_lowercase());
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let Some((_, behind)) = rest.split_once(part) else { return false };
        rest = behind;
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn rule(text: &str) -> Rule {
        text.parse().unwrap()
    }

    #[test]
    fn a_rule_reads_as_it_is_written() {
        for text in [
            "type=Microsoft.Network/virtualNetworks,method=PUT,nth=2,error=throttled",
            "path=/vaults/*,times=3,rate=0.5,cut=after",
            "error=forbidden",
        ] {
            assert_eq!(rule(text).to_string(), text);
        }
        for text in [
            "",
            "nth=0,error=quota",
            "error=odd",
            "cut=now",
            "cut=after,error=quota",
            "rate=2,cut=before",
            "size=1",
            "x",
        ] {
            assert!(matches!(text.parse::<Rule>(), Err(Problem::BadRule { .. })), "{text}");
        }
    }

    #[test]
    fn patterns() {
        for (pattern, text, matches) in [
            ("a/b", "A/B", true),
            ("a/b", "a/b/c", false),
            ("a/*", "a/b/c", true),
            ("*/c", "a/b/c", true),
            ("a*b*c", "axxbyyc", true),
            ("a*bb*b", "abb", false),
            ("*", "", true),
        ] {
            assert_eq!(glob(pattern, text), matches, "{pattern} {text}");
        }
    }

    #[test]
    fn the_nth_request_of_a_type_is_struck_once_also_over_a_restart() {
        let store = Arc::new(Store::in_memory());
        let failures = Failures::new(Arc::clone(&store));
        let id = failures.add(rule("type=Microsoft.Network/virtualNetworks,method=PUT,nth=2,cut=after")).unwrap();
        let kind = |name: &str| Kind::named(name);
        let strike = |failures: &Failures, method: &str, name: &str| failures.strike(method, "/x", &kind(name));
        assert_eq!(strike(&failures, "PUT", "Microsoft.Network/virtualNetworks"), None);
        assert_eq!(strike(&failures, "GET", "Microsoft.Network/virtualNetworks"), None);
        assert_eq!(strike(&failures, "PUT", "Microsoft.Network/virtualNetworks/subnets"), None);
        let again = Failures::new(Arc::clone(&store));
        assert_eq!(strike(&again, "PUT", "microsoft.network/VIRTUALNETWORKS"), Some((id, Effect::CutAfter)));
        assert_eq!(strike(&again, "PUT", "Microsoft.Network/virtualNetworks"), None);
        assert_eq!(Failures::new(store).list().first().map(|one| (one.seen, one.struck)), Some((3, 1)));
        assert_eq!(again.remove(None).unwrap(), 1);
        assert!(again.list().is_empty());
    }
}
