//! Checks of a config that AWS's types have in common, besides those of all providers.

use formwork_model::{AttributePath, Step, ValueRef};
pub(crate) use formwork_provider_api::validate::{Findings, is_unknown, items, known, number, text};

/// Of these entries exactly one must be set.
pub(crate) fn exactly_one(
    findings: &mut Findings,
    path: &AttributePath,
    value: ValueRef<'_>,
    what: &str,
    names: &[&str],
) {
    let set: Vec<&str> = names.iter().copied().filter(|name| known(value, name).is_some()).collect();
    let open = names.iter().any(|name| is_unknown(value, name));
    match set.as_slice() {
        [] if !open => {
            findings.error(path.clone(), format!("it has no {what}"), format!("set one of {}", quoted(names)));
        }
        [_, second, ..] => {
            let help = format!("keep one of {}", quoted(&set));
            findings.error(path.then(Step::Member((*second).into())), format!("it has more than one {what}"), help);
        }
        _ => {}
    }
}

/// An IPv4 range must have a length within these bounds.
pub(crate) fn prefix(findings: &mut Findings, value: ValueRef<'_>, name: &str, shortest: u8, longest: u8) {
    let Some(text) = text(value, name) else { return };
    let Some(length) = text.split_once('/').and_then(|(_, length)| length.parse::<u8>().ok()) else { return };
    if !(shortest..=longest).contains(&length) {
        findings.error(
            AttributePath::member(name),
            format!("AWS takes ranges from /{shortest} to /{longest} here, not /{length}"),
            format!("write a range such as `10.0.0.0/{}`", length.clamp(shortest, longest)),
        );
    }
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
