//! Quantities: amounts of CPU, memory and the like. Written wrongly they fail a plan with the server's regular expression alone,
//! so they are looked at before.

use formwork_model::schema::{Attribute, AttributeType, Limit};
use formwork_model::{AttributePath, Step, ValueRef};
use formwork_provider_api::Finding;

/// What a quantity looks like (`staging/src/k8s.io/apimachinery/pkg/api/resource/quantity.go` of Kubernetes).
const PATTERN: &str = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?$";

/// The limit of a text, or of the texts in a map, that are quantities.
pub(crate) const QUANTITY: &[Limit] = &[Limit::Pattern(PATTERN, "a quantity such as `500m`, `2`, `128Mi` or `1.5Gi`")];

/// What values say that is no quantity where one belongs, as far as it is known.
pub(crate) fn findings(attributes: &[Attribute], config: ValueRef<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    of_attributes(attributes, config, None, &mut found);
    found
}

fn of_attributes(attributes: &[Attribute], values: ValueRef<'_>, at: Option<&AttributePath>, found: &mut Vec<Finding>) {
    for attribute in attributes {
        let Some(value) = values.get(attribute.name).map(ValueRef::exposed) else { continue };
        let path = match at {
            Some(at) => at.then(Step::Member(attribute.name.into())),
            None => AttributePath::member(attribute.name),
        };
        if matches!(attribute.limits, [Limit::Pattern(pattern, _)] if *pattern == PATTERN) {
            of_texts(value, &path, found);
        }
        of_type(&attribute.ty, value, &path, found);
    }
}

fn of_type(ty: &AttributeType, value: ValueRef<'_>, path: &AttributePath, found: &mut Vec<Finding>) {
    match ty {
        AttributeType::Object(attributes) => of_attributes(attributes, value, Some(path), found),
        AttributeType::List(item) | AttributeType::Set(item) => {
            for (position, one) in (0_u32..).zip(value.items()) {
                of_type(item, one.exposed(), &path.then(Step::Index(position)), found);
            }
        }
        AttributeType::Map(entry) => {
            for (key, one) in value.entries() {
                of_type(entry, one.exposed(), &path.then(Step::Key(key.into())), found);
            }
        }
        _ => {}
    }
}

fn of_texts(value: ValueRef<'_>, path: &AttributePath, found: &mut Vec<Finding>) {
    if let Some(text) = value.as_str() {
        if !is_quantity(text) {
            found.push(Finding {
                warning: false,
                path: path.clone(),
                message: format!("{text:?} is no quantity"),
                help: Some("write a number with or without a unit: `500m`, `2`, `128Mi`, `1.5Gi`".to_owned()),
            });
        }
        return;
    }
    for (key, one) in value.entries() {
        of_texts(one.exposed(), &path.then(Step::Key(key.into())), found);
    }
}

fn is_quantity(text: &str) -> bool {
    let text = text.strip_prefix(['+', '-']).unwrap_or(text);
    let digits = |text: &str| text.len() - text.trim_start_matches(|letter: char| letter.is_ascii_digit()).len();
    let whole = digits(text);
    let rest = text.get(whole..).unwrap_or_default();
    let (part, unit) = match rest.strip_prefix('.') {
        Some(rest) => (digits(rest), rest.get(digits(rest)..).unwrap_or_default()),
        None => (0, rest),
    };
    let exponent = || {
        let power = unit.strip_prefix(['e', 'E']).unwrap_or_default();
        let power = power.strip_prefix(['+', '-']).unwrap_or(power);
        !power.is_empty() && digits(power) == power.len()
    };
    let units = ["", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    whole + part > 0 && (units.contains(&unit) || exponent())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use formwork_model::ValueBuf;
    use formwork_model::value::from_json;
    use serde_json::json;

    #[test]
    fn quantities_are_told_from_other_texts() {
        let good = ["0", "500m", "2", "1.5Gi", ".5", "5.", "128Mi", "1e3", "1E-3", "+1", "-1", "3E", "2Ki"];
        let bad = ["", "lots", "1 Gi", "1gb", "1GiB", "Mi", ".", "1e", "1.2.3", "128mi", "1K"];
        assert!(good.iter().all(|text| is_quantity(text)), "{:?}", good.map(is_quantity));
        assert!(!bad.iter().any(|text| is_quantity(text)), "{:?}", bad.map(is_quantity));
    }

    #[test]
    fn what_is_none_is_named_with_its_place() {
        let config = json!({
            "name": "web",
            "template": { "spec": { "containers": [
                { "name": "a", "resources": { "limits": { "cpu": "1" } } },
                { "name": "b", "resources": { "requests": { "cpu": "lots", "memory": "1Gi" } } },
            ] } },
        });
        let schema = crate::registry::KUBERNETES.schema.resource("deployment").unwrap();
        let config = ValueBuf::from(from_json(&config));
        let found = findings(schema.attributes, config.view());
        assert_eq!(found.len(), 1, "{found:?}");
        let path = r#"template.spec.containers[1].resources.requests["cpu"]"#;
        assert_eq!((found[0].path.to_string().as_str(), found[0].message.as_str()), (path, r#""lots" is no quantity"#));
    }
}
