//! Which type of thing a request is about, by its path: for the log, the status and failure rules.

/// A type's name: `Microsoft.Network/virtualNetworks`, `kubernetes/deployments`, `vaults/secrets`; empty where a path is
/// about none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kind(String);

impl Kind {
    /// This name.
    #[must_use]
    pub fn named(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0
    }

    /// The type that a path is about.
    #[must_use]
    pub fn of(path: &str) -> Self {
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let first = parts.first().copied().unwrap_or_default();
        Self(match first {
            "vaults" => vault(&parts),
            "kubernetes" => kubernetes(&parts),
            "git" | "sandbox" => first.to_owned(),
            _ if path.contains("/oauth2/") => "token".to_owned(),
            _ => arm(&parts),
        })
    }
}

fn vault(parts: &[&str]) -> String {
    parts.get(2).map_or_else(|| "vaults".to_owned(), |table| format!("vaults/{table}"))
}

/// `/kubernetes/UID/apis/apps/v1/namespaces/N/deployments/NAME/status`.
fn kubernetes(parts: &[&str]) -> String {
    let behind = match parts.get(2).copied() {
        Some("api") => parts.get(4..),
        Some("apis") => parts.get(5..),
        _ => None,
    };
    let behind = behind.unwrap_or_default();
    let table = match behind {
        ["namespaces", _, table, ..] if !matches!(*table, "status" | "finalize") => Some(*table),
        [table, ..] => Some(*table),
        [] => None,
    };
    table.map_or_else(|| "kubernetes".to_owned(), |table| format!("kubernetes/{table}"))
}

/// The type behind the last `providers`, without names; groups and subscriptions have no provider in their ids.
fn arm(parts: &[&str]) -> String {
    let is_providers = |part: &&str| part.eq_ignore_ascii_case("providers");
    if let Some(place) = parts.iter().rposition(is_providers)
        && let Some((namespace, rest)) = parts.get(place + 1..).and_then(<[&str]>::split_first)
    {
        let types = rest.iter().step_by(2).copied();
        return std::iter::once(*namespace).chain(types).collect::<Vec<_>>().join("/");
    }
    match parts.get(2).map(|part| part.to_ascii_lowercase()).as_deref() {
        Some("resourcegroups") => "Microsoft.Resources/resourceGroups".to_owned(),
        _ if parts.first().is_some_and(|part| part.eq_ignore_ascii_case("subscriptions")) => {
            "Microsoft.Resources/subscriptions".to_owned()
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::Kind;

    #[test]
    fn kinds_of_paths() {
        for (path, name) in [
            ("/subscriptions/s/resourceGroups/g", "Microsoft.Resources/resourceGroups"),
            ("/subscriptions/s", "Microsoft.Resources/subscriptions"),
            (
                "/subscriptions/s/resourcegroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets/a",
                "Microsoft.Network/virtualNetworks/subnets",
            ),
            (
                "/subscriptions/s/providers/Microsoft.Network/x/y/providers/Microsoft.Authorization/roleAssignments/r",
                "Microsoft.Authorization/roleAssignments",
            ),
            ("/vaults/v/secrets/a", "vaults/secrets"),
            ("/kubernetes/u/apis/apps/v1/namespaces/n/deployments/d/status", "kubernetes/deployments"),
            ("/kubernetes/u/api/v1/namespaces/n", "kubernetes/namespaces"),
            ("/kubernetes/u/version", "kubernetes"),
            ("/t/oauth2/v2.0/token", "token"),
            ("/", ""),
        ] {
            assert_eq!(Kind::of(path).name(), name, "{path}");
        }
    }
}
