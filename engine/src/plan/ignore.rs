//! `@ignore`: where a path is covered, the config is taken to say what there is.

use formwork_model::{AttributePath, Map, Step, Value};

/// The config with the prior value at every ignored path. Without a prior object nothing is ignored.
pub(crate) fn with_ignored(config: &Value, prior: &Value, ignore: &[AttributePath]) -> Value {
    ignore.iter().fold(config.clone(), |config, path| merged(&config, Some(prior), path.steps()).unwrap_or(Value::Null))
}

/// The value with the prior one at the path; none where neither has one.
fn merged(config: &Value, prior: Option<&Value>, steps: &[Step]) -> Option<Value> {
    let Some((step, rest)) = steps.split_first() else { return prior.cloned() };
    match (config, step) {
        (Value::Secret(inner), _) => merged(inner, prior, steps).map(Value::secret),
        (Value::Map(map), Step::Member(name) | Step::Key(name)) => {
            let mut map = map.clone();
            let before = prior.and_then(Value::as_map).and_then(|prior| prior.get(name));
            entry(&mut map, name, before, rest);
            Some(Value::Map(map))
        }
        (Value::Map(map), Step::Each) => {
            let mut map = map.clone();
            let prior = prior.and_then(Value::as_map);
            let names: Vec<_> = map.keys().chain(prior.into_iter().flat_map(Map::keys)).cloned().collect();
            for name in names {
                entry(&mut map, &name, prior.and_then(|prior| prior.get(&name)), rest);
            }
            Some(Value::Map(map))
        }
        // All items of a list: the list as it is there, where nothing further down is meant.
        (Value::List(_) | Value::Set(_), Step::Each) if rest.is_empty() => prior.cloned(),
        (Value::List(items), Step::Each | Step::Index(_)) => {
            let prior = prior.and_then(Value::as_items).unwrap_or(&[]);
            let item = |(index, item): (usize, &Value)| match step {
                Step::Index(only) if *only as usize != index => item.clone(),
                _ => merged(item, prior.get(index), rest).unwrap_or_else(|| item.clone()),
            };
            Some(Value::list(items.iter().enumerate().map(item)))
        }
        (other, _) => Some(other.clone()),
    }
}

fn entry(map: &mut Map, name: &str, before: Option<&Value>, rest: &[Step]) {
    if rest.is_empty() {
        match before {
            Some(before) => drop(map.insert(name, before.clone())),
            None => drop(map.remove(name)),
        }
    } else if let Some(now) = map.get(name)
        && let Some(value) = merged(now, before, rest)
    {
        map.insert(name, value);
    } else if let Some(before) = before
        && !map.contains(name)
    {
        // The block is not in the config at all: what lies there is kept only as far as it is ignored.
        if let Some(value) = merged(&empty_like(before), Some(before), rest) {
            map.insert(name, value);
        }
    }
}

fn empty_like(value: &Value) -> Value {
    match value {
        Value::Map(_) => Value::Map(Map::new()),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn path(steps: &[Step]) -> AttributePath {
        steps.iter().cloned().collect()
    }

    #[test]
    fn ignored_paths_keep_what_there_is() {
        let member = |name: &str| Step::Member(name.into());
        let config = Value::map([
            ("tags", Value::map([("owner", Value::string("a")), ("env", Value::string("dev"))])),
            ("rules", Value::list([Value::Int(1)])),
            ("items", Value::list([Value::map([("n", Value::Int(1)), ("m", Value::Int(1))])])),
            ("size", Value::Int(1)),
        ]);
        let prior = Value::map([
            ("tags", Value::map([("owner", Value::string("b")), ("env", Value::string("prod"))])),
            ("rules", Value::list([Value::Int(1), Value::Int(2)])),
            ("items", Value::list([Value::map([("n", Value::Int(9)), ("m", Value::Int(9))])])),
            ("note", Value::string("x")),
        ]);
        let ignore = [
            path(&[member("tags"), Step::Key("owner".into())]),
            path(&[member("rules"), Step::Each]),
            path(&[member("items"), Step::Each, member("n")]),
            path(&[member("note")]),
            path(&[member("size")]),
        ];
        let expected = Value::map([
            ("tags", Value::map([("owner", Value::string("b")), ("env", Value::string("dev"))])),
            ("rules", Value::list([Value::Int(1), Value::Int(2)])),
            ("items", Value::list([Value::map([("n", Value::Int(9)), ("m", Value::Int(1))])])),
            ("note", Value::string("x")),
        ]);
        assert_eq!(with_ignored(&config, &prior, &ignore), expected);
    }
}
