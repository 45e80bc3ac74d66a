//! Rules of network security groups: what each may say, and that those of one direction have different priorities. Codes and
//! words are those that people show of the service.

use super::Arm;
use super::failure::Failure;
use super::id::Id;
use super::path;
use super::range::name_of;
use ipnet::IpNet;
use serde_json::Value as Json;
use std::net::IpAddr;
use std::ops::RangeInclusive;

/// Priorities that are the user's; those above are of the rules that each group has.
const PRIORITIES: RangeInclusive<i64> = 100..=4096;

const PORTS: [&str; 4] = [
    "properties.sourcePortRange",
    "properties.sourcePortRanges[]",
    "properties.destinationPortRange",
    "properties.destinationPortRanges[]",
];

const PREFIXES: [&str; 4] = [
    "properties.sourceAddressPrefix",
    "properties.sourceAddressPrefixes[]",
    "properties.destinationAddressPrefix",
    "properties.destinationAddressPrefixes[]",
];

const CHOICES: [(&str, &[&str]); 3] = [
    ("properties.direction", &["Inbound", "Outbound"]),
    ("properties.access", &["Allow", "Deny"]),
    ("properties.protocol", &["*", "Tcp", "Udp", "Icmp", "Esp", "Ah"]),
];

impl Arm {
    /// A security group that is sent with its rules.
    pub(super) fn check_rules(&self, sent: &Json) -> Result<(), Failure> {
        let rules = path::all(sent, "properties.securityRules[]");
        rules.iter().try_for_each(|rule| check_values(rule.value))?;
        if self.relaxed {
            return Ok(());
        }
        rules.iter().enumerate().try_for_each(|(at, rule)| {
            check_rule(name_of(rule.value), rule.value, rules.iter().take(at).map(|other| other.value))
        })
    }

    /// A rule that is sent by itself.
    pub(super) fn check_rule(&self, id: &Id, sent: &Json) -> Result<(), Failure> {
        check_values(sent)?;
        let group = id.parent().and_then(|group| self.record(&group.key()));
        let Some(group) = group.filter(|_| !self.relaxed) else { return Ok(()) };
        let siblings = path::all(&group.body, "properties.securityRules[]").into_iter().map(|spot| spot.value);
        check_rule(id.name(), sent, siblings.filter(|other| !name_of(other).eq_ignore_ascii_case(id.name())))
    }
}

/// What a rule says by itself.
fn check_values(rule: &Json) -> Result<(), Failure> {
    let refused = |code: &str, message: String| Err(Failure::new(400, code, message));
    let priority = path::get(rule, "properties.priority").and_then(Json::as_i64);
    if let Some(priority) = priority.filter(|priority| !PRIORITIES.contains(priority)) {
        let message = format!(
            "Security rule has invalid Priority. Value provided: {priority} Allowed range {}-{}.",
            PRIORITIES.start(),
            PRIORITIES.end()
        );
        return refused("SecurityRuleInvalidPriority", message);
    }
    if let Some(port) = wrong(rule, &PORTS, is_port) {
        let message = format!(
            "Security rule has invalid Port range. Value provided: {port}. Value should be an integer OR integer range with '-' delimiter. Valid range 0-65535."
        );
        return refused("SecurityRuleInvalidPortRange", message);
    }
    if let Some(prefix) = wrong(rule, &PREFIXES, is_prefix) {
        let message = format!("Security rule has invalid Address prefix. Value provided: {prefix}");
        return refused("SecurityRuleInvalidAddressPrefix", message);
    }
    for (place, choices) in CHOICES {
        let known = |text: &str| choices.iter().any(|choice| choice.eq_ignore_ascii_case(text));
        if let Some(text) = wrong(rule, &[place], known) {
            let message = format!("Cannot parse the request. Error converting value \"{text}\". Path '{place}'.");
            return refused("InvalidRequestFormat", message);
        }
    }
    Ok(())
}

/// The first text at the places that is not as it should be; empty ones say nothing.
fn wrong<'a>(rule: &'a Json, places: &[&str], is_right: impl Fn(&str) -> bool) -> Option<&'a str> {
    let spots = places.iter().flat_map(|place| path::all(rule, place));
    spots.filter_map(|spot| spot.value.as_str()).find(|text| !text.is_empty() && !is_right(text))
}

/// `*`, a port, or a range of ports.
fn is_port(text: &str) -> bool {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let port = |text: &str| text.trim().parse::<u16>().ok();
    text == "*" || port(first).zip(port(last)).is_some_and(|(first, last)| first <= last)
}

/// `*`, an address, a range, or the name of a service tag, which no list here holds.
fn is_prefix(text: &str) -> bool {
    let is_tag = text.starts_with(|one: char| one.is_ascii_alphabetic())
        && text.chars().all(|one| one.is_ascii_alphanumeric() || one == '.');
    let is_range = text.parse::<IpNet>().is_ok_and(|range| range.addr() == range.network());
    text == "*" || is_tag || is_range || text.parse::<IpAddr>().is_ok()
}

fn check_rule<'a>(name: &str, rule: &Json, mut others: impl Iterator<Item = &'a Json>) -> Result<(), Failure> {
    let place = |rule: &Json| {
        let direction = path::text(rule, "properties.direction")?.to_lowercase();
        Some((direction, path::get(rule, "properties.priority")?.as_i64()?))
    };
    let Some(own) = place(rule) else { return Ok(()) };
    match others.find(|other| place(other).as_ref() == Some(&own)) {
        Some(other) => Err(Failure::new(
            400,
            "SecurityRuleConflict",
            format!(
                "Security rule {name} conflicts with rule {}. Rules cannot have the same Priority and Direction. To learn more, see aka.ms/nsgrules.",
                name_of(other)
            ),
        )),
        None => Ok(()),
    }
}
