//! Conflicts over fields: whose they are, and which of them are edits by hand that an apply takes back.

use super::{ObjectType, Private};
use crate::error::Status;
use crate::manifest;
use crate::ownership;
use crate::session::Session;
use formwork_model::value::{Masking, to_json};
use formwork_model::{Value, ValueBuf};
use formwork_provider_api::{ErrorClass, ProviderError, StoredObject};
use serde_json::Value as Json;

/// People write under these names: kubectl says `kubectl-edit`, `kubectl-patch`, `kubectl-client-side-apply` and so on
/// (`staging/src/k8s.io/kubectl/pkg/cmd` of Kubernetes, field managers of its commands).
const BY_HAND: &str = "kubectl";

/// Values that are longer are cut where they are told.
const LONGEST: usize = 80;

/// The fields that others own and that an apply would change.
pub(super) struct Contest {
    conflicts: Vec<Conflict>,
}

/// One of them.
pub(super) struct Conflict {
    /// As the server writes it: `data.color`.
    pub(super) field: String,
    /// Who owns it.
    pub(super) manager: String,
    /// How the server tells of the owner.
    owner: String,
    /// Whether a person wrote it by kubectl.
    by_hand: bool,
    /// Whether we set the field before, and what it is now is what the plan goes out from.
    planned: bool,
    /// From theirs to ours.
    difference: String,
}

impl ObjectType {
    /// Judges a conflict over an object that is ours. `prior` is the object as the plan goes out from it.
    pub(super) fn contest(
        &self,
        session: &Session,
        prior: &StoredObject,
        wanted: &Value,
        live: &Json,
        status: &Status,
    ) -> Result<Contest, ProviderError> {
        let said = self.manifest(prior.values.view(), None);
        let answers = Private::read(&prior.private).answers;
        // Where another took a whole list over, its items are told apart by guess, which has only what is wanted to go by.
        let look = |manifest: &Value| {
            let live = manifest::unfolded(manifest, live.clone());
            manifest::sent(&ownership::projected(manifest, &live, session.manager(), &answers))
        };
        let seen = [look(&said)?, look(wanted)?];
        let known = manifest::sent(&said)?;
        let ours = manifest::sent(wanted)?;
        let masked = to_json(ValueBuf::from(wanted).view(), Masking::Masked);
        let conflicts = status.conflicts().map(|(field, owner)| {
            let (manager, updates) = manager(owner);
            let before = field_at(&known, field);
            // What masking changes, or moves elsewhere, is secret.
            let is_secret = field_at(&masked, field) != field_at(&ours, field);
            let told = |value: Option<&Json>| if is_secret { "(secret)".to_owned() } else { shown(value) };
            Conflict {
                field: field.trim_start_matches('.').to_owned(),
                by_hand: updates && manager.starts_with(BY_HAND),
                planned: before.is_some() && seen.iter().any(|seen| before == field_at(seen, field)),
                difference: format!("{} -> {}", told(field_at(live, field)), told(field_at(&ours, field))),
                owner: owner.to_owned(),
                manager,
            }
        });
        Ok(Contest { conflicts: conflicts.collect() })
    }
}

impl Contest {
    /// What is taken back, where all of it was written by hand over fields of ours, and the plan knows of it.
    pub(super) fn edits(&self) -> Option<&[Conflict]> {
        let all = self.conflicts.iter().all(|conflict| conflict.by_hand && conflict.planned);
        (all && !self.conflicts.is_empty()).then_some(&self.conflicts)
    }

    /// The error, where it is not taken back. `doing` says what was tried, on what.
    pub(super) fn error(&self, doing: &str) -> ProviderError {
        let owned: Vec<String> = self
            .conflicts
            .iter()
            .map(|conflict| format!("{} ({}): {}", conflict.field, conflict.owner, conflict.difference))
            .collect();
        let help = match self.conflicts.iter().all(|conflict| conflict.by_hand) {
            true => {
                "it was edited by hand, and not (only) where the plan knows of it: plan again, leave the fields out, or set `force = true` to take them over"
            }
            false => "leave the fields out, or set `force = true` to take them over",
        };
        ProviderError::new(ErrorClass::Conflict, format!("{doing}: others own these fields: {}", owned.join(", ")))
            .vendor("FieldManagerConflict", "")
            .help(help)
    }
}

/// The manager's name, and whether it wrote by other means than an apply: `conflict with "kubectl-edit" using v1`.
fn manager(owner: &str) -> (String, bool) {
    let quoted = owner.find('"').and_then(|start| owner.get(start..)).unwrap_or_default();
    let mut values = serde_json::Deserializer::from_str(quoted).into_iter::<String>();
    let name = values.next().and_then(Result::ok).unwrap_or_default();
    let rest = quoted.get(values.byte_offset()..).unwrap_or_default();
    (name, rest.contains(" using "))
}

fn shown(value: Option<&Json>) -> String {
    let Some(value) = value else { return "(none)".to_owned() };
    let text = value.to_string();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// The value at a field as servers write it: `.spec.containers[name="web"].image`. Keys of maps may hold dots.
fn field_at<'a>(value: &'a Json, field: &str) -> Option<&'a Json> {
    if field.is_empty() {
        return Some(value);
    }
    if let Some(rest) = field.strip_prefix('.') {
        let candidates = value.as_object()?.iter().filter_map(|(key, inner)| {
            let rest = rest.strip_prefix(key.as_str())?;
            (rest.is_empty() || rest.starts_with(['.', '['])).then_some((inner, rest))
        });
        return candidates.into_iter().find_map(|(inner, rest)| field_at(inner, rest));
    }
    let items = value.as_array()?;
    let inside = field.strip_prefix('[')?;
    if let Some((index, rest)) = inside.split_once(']')
        && let Ok(index) = index.parse::<usize>()
    {
        return field_at(items.get(index)?, rest);
    }
    let (keys, rest) = keys(inside)?;
    // Key fields that an item does not give have defaults.
    let same = |item: &&Json| {
        let given = keys.iter().filter_map(|(key, value)| match *key {
            "" => Some(*item == value),
            key => item.get(key).map(|given| given == value),
        });
        let given: Vec<bool> = given.collect();
        !given.is_empty() && given.iter().all(|same| *same)
    };
    field_at(items.iter().find(same)?, rest)
}

/// `containerPort=80,protocol="TCP"].name`: the keys, and what follows the bracket.
fn keys(mut text: &str) -> Option<(Vec<(&str, Json)>, &str)> {
    let mut found = Vec::new();
    loop {
        let (key, rest) = text.split_once('=')?;
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Json>();
        found.push((key, values.next()?.ok()?));
        let rest = rest.get(values.byte_offset()..)?;
        match rest.strip_prefix(',') {
            Some(next) => text = next,
            None => return Some((found, rest.strip_prefix(']')?)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fields_are_found_as_servers_write_them() {
        let object = json!({
            "metadata": { "labels": { "app.kubernetes.io/name": "web", "app": "x" }, "finalizers": ["a/b"] },
            "spec": {
                "containers": [{ "name": "a]b", "image": "a:1" }, { "name": "web", "image": "web:1", "args": ["x", "y"],
                    "ports": [{ "containerPort": 80, "name": "http" }] }],
            },
        });
        let found = |field: &str| field_at(&object, field).cloned().unwrap_or(Json::Null);
        assert_eq!(found(".metadata.labels.app.kubernetes.io/name"), json!("web"));
        assert_eq!(found(r#".metadata.finalizers[="a/b"]"#), json!("a/b"));
        assert_eq!(found(r#".spec.containers[name="web"].image"#), json!("web:1"));
        assert_eq!(found(r#".spec.containers[name="a]b"].image"#), json!("a:1"));
        assert_eq!(found(".spec.containers[1].args[0]"), json!("x"));
        let port = r#".spec.containers[name="web"].ports[containerPort=80,protocol="TCP"].name"#;
        assert_eq!(found(port), json!("http"));
        for missing in [".spec.replicas", r#".spec.containers[name="other"].image"#, ".spec.containers[7]", ".spec["] {
            assert_eq!(found(missing), Json::Null, "{missing}");
        }
    }

    #[test]
    fn owners_are_told_apart() {
        let named = |name: &str, updates| (name.to_owned(), updates);
        assert_eq!(manager(r#"conflict with "kubectl-edit" using v1"#), named("kubectl-edit", true));
        assert_eq!(
            manager(r#"conflict with "kubectl-edit" using v1 at 2026-01-01T00:00:00Z"#),
            named("kubectl-edit", true)
        );
        assert_eq!(
            manager(r#"conflict with "kube-controller-manager" with subresource "scale" using apps/v1"#),
            named("kube-controller-manager", true)
        );
        assert_eq!(manager(r#"conflict with "kubectl""#), named("kubectl", false));
        assert_eq!(manager(r#"conflict with "a using b""#), named("a using b", false));
        assert_eq!(manager("something else"), named("", false));
    }
}
