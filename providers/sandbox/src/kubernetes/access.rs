//! Who asks, and what they may: tokens and role bindings.

use super::json::{at, list, text};
use super::objects::Objects;
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};

/// Tokens that the cluster gave to service accounts, by their digest.
const TOKENS: &str = "sandbox/tokens";

/// Someone who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) user: String,
    pub(crate) groups: Vec<String>,
}

impl Identity {
    /// Someone to whom everything is allowed.
    pub(crate) fn master(user: &str) -> Self {
        Self { user: user.to_owned(), groups: vec!["system:masters".into(), "system:authenticated".into()] }
    }

    fn service_account(namespace: &str, name: &str) -> Self {
        let groups = vec![
            "system:serviceaccounts".into(),
            format!("system:serviceaccounts:{namespace}"),
            "system:authenticated".into(),
        ];
        Self { user: format!("system:serviceaccount:{namespace}:{name}"), groups }
    }

    /// As reviews show it.
    pub(crate) fn to_json(&self) -> Json {
        json!({"username": self.user, "groups": self.groups})
    }
}

fn digest(token: &str) -> String {
    hex::encode(Sha256::digest(token))
}

/// Gives out a token for a service account.
pub(crate) fn issue_token(
    objects: &mut Objects,
    namespace: &str,
    name: &str,
    seconds: i64,
) -> super::status::Answer<(String, i64)> {
    let token = new_token();
    let expires = objects.clock.now_ms() + seconds * 1000;
    let record = json!({
        "metadata": {"name": digest(&token)}, "namespace": namespace, "account": name, "expires": expires,
    });
    objects.put(TOKENS, record)?;
    Ok((token, expires))
}

/// A secret that nobody can guess.
pub(crate) fn new_token() -> String {
    let mut bytes = [0_u8; 32];
    rand::Rng::fill(&mut rand::rng(), &mut bytes);
    hex::encode(bytes)
}

/// The service account of a token.
pub(crate) fn account_of(objects: &Objects, token: &str) -> Option<Identity> {
    let record = objects.get(TOKENS, "", &digest(token))?;
    let (namespace, name) = (text(&record, &["namespace"]), text(&record, &["account"]));
    let valid = super::json::integer(&record, &["expires"])? > objects.clock.now_ms();
    objects.get("/serviceaccounts", namespace, name).filter(|_| valid)?;
    Some(Identity::service_account(namespace, name))
}

/// What someone wants to do.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Attempt<'a> {
    pub(crate) verb: &'a str,
    pub(crate) group: &'a str,
    /// Plural name, with `/subresource` behind it.
    pub(crate) resource: &'a str,
    pub(crate) namespace: &'a str,
    pub(crate) name: &'a str,
    /// A path that is no resource.
    pub(crate) path: &'a str,
}

/// Whether the bindings allow it.
pub(crate) fn is_allowed(objects: &Objects, who: &Identity, what: Attempt<'_>) -> bool {
    // Everyone who is known may ask what there is, and about themselves.
    if what.verb == "create" && what.group.ends_with("ization.k8s.io") && what.resource.starts_with("selfsubject")
        || what.group == "authentication.k8s.io" && what.resource == "selfsubjectreviews"
    {
        return true;
    }
    if who.groups.iter().any(|group| group == "system:masters") || !what.path.is_empty() && what.verb == "get" {
        return true;
    }
    let everywhere = objects.list("rbac.authorization.k8s.io/clusterrolebindings", "");
    let here = objects.list("rbac.authorization.k8s.io/rolebindings", what.namespace);
    let here = here.filter(|_| !what.namespace.is_empty());
    everywhere.chain(here).filter(|binding| is_bound(binding, who)).any(|binding| {
        let rules = role_rules(objects, binding);
        rules.iter().any(|rule| permits(rule, what))
    })
}

fn is_bound(binding: &Json, who: &Identity) -> bool {
    list(binding, &["subjects"]).iter().any(|subject| {
        let name = text(subject, &["name"]);
        match text(subject, &["kind"]) {
            "User" => name == who.user,
            "Group" => who.groups.iter().any(|group| group == name),
            "ServiceAccount" => who.user == format!("system:serviceaccount:{}:{name}", text(subject, &["namespace"])),
            _ => false,
        }
    })
}

/// The rules of the role that a binding names; those of an aggregate are gathered by labels.
fn role_rules(objects: &Objects, binding: &Json) -> Vec<Json> {
    let name = text(binding, &["roleRef", "name"]);
    let role = if text(binding, &["roleRef", "kind"]) == "Role" {
        objects.get("rbac.authorization.k8s.io/roles", super::meta::namespace(binding), name)
    } else {
        objects.get("rbac.authorization.k8s.io/clusterroles", "", name)
    };
    let Some(role) = role else { return Vec::new() };
    let mut rules = list(&role, &["rules"]).to_vec();
    for selector in list(&role, &["aggregationRule", "clusterRoleSelectors"]) {
        let selector = super::selector::Selector::of_object(selector);
        let parts = objects.list("rbac.authorization.k8s.io/clusterroles", "").filter(|one| selector.matches(one));
        rules.extend(parts.flat_map(|one| list(one, &["rules"]).to_vec()));
    }
    rules
}

fn permits(rule: &Json, what: Attempt<'_>) -> bool {
    let holds = |field: &str, wanted: &str| list(rule, &[field]).iter().any(|one| one == "*" || one == wanted);
    let named = at(rule, &["resourceNames"]).is_none_or(|names| names.as_array().is_none_or(Vec::is_empty))
        || list(rule, &["resourceNames"]).iter().any(|one| one == what.name);
    holds("verbs", what.verb) && holds("apiGroups", what.group) && holds("resources", what.resource) && named
}
