//! ARM ids and the paths of requests, taken apart as ARM does: segment by segment, without regard to case.

use percent_encoding::percent_decode_str;

/// The id of one resource, of a resource group or of a subscription's child.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Id {
    /// What stands before the last `/providers/`: a subscription, a group, or the resource that is extended.
    pub(crate) scope: String,
    /// The namespace, such as `Microsoft.Network`.
    pub(crate) namespace: String,
    /// Types and names, outermost first.
    pub(crate) pairs: Vec<(String, String)>,
}

/// What a path speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    /// `/tenants`.
    Tenants,
    /// `/subscriptions`.
    Subscriptions,
    /// One subscription.
    Subscription(String),
    /// `/subscriptions/S/KIND`, for the kinds that ARM itself answers.
    OfSubscription(String, String),
    /// All groups of a subscription.
    Groups(String),
    /// One group.
    Group(String, String),
    /// `/subscriptions/S/resourceGroups/G/KIND`, for the kinds that ARM itself answers.
    OfGroup(String, String, String),
    /// All registered providers of a subscription.
    Providers(String),
    /// One registered provider.
    Provider(String, String, Option<String>),
    /// One resource.
    Resource(Id),
    /// All resources of a type under a scope or parent, or an action on a resource: the id of the owner and the word.
    Below(Id, String),
    /// None of these.
    Unknown,
}

fn segments(path: &str) -> Vec<String> {
    let decode = |segment: &str| percent_decode_str(segment).decode_utf8_lossy().into_owned();
    path.split('/').filter(|segment| !segment.is_empty()).map(decode).collect()
}

fn is(segment: &str, word: &str) -> bool {
    segment.eq_ignore_ascii_case(word)
}

impl Address {
    /// Takes a path apart.
    pub(crate) fn parse(path: &str) -> Self {
        let segments = segments(path);
        let last = segments.iter().rposition(|segment| is(segment, "providers"));
        match last {
            Some(at) => Self::below_providers(&segments, at),
            None => Self::without_providers(&segments),
        }
    }

    fn without_providers(segments: &[String]) -> Self {
        let words: Vec<&str> = segments.iter().map(String::as_str).collect();
        match words.as_slice() {
            [one] if is(one, "tenants") => Self::Tenants,
            [one] if is(one, "subscriptions") => Self::Subscriptions,
            [one, id] if is(one, "subscriptions") => Self::Subscription((*id).to_owned()),
            [one, id, kind] if is(one, "subscriptions") && is(kind, "resourcegroups") => Self::Groups((*id).to_owned()),
            [one, id, kind] if is(one, "subscriptions") => Self::OfSubscription((*id).to_owned(), (*kind).to_owned()),
            [_, id, kind, group] if is(kind, "resourcegroups") => Self::Group((*id).to_owned(), (*group).to_owned()),
            [_, id, kind, group, word] if is(kind, "resourcegroups") => {
                Self::OfGroup((*id).to_owned(), (*group).to_owned(), (*word).to_owned())
            }
            [_, id, kind, ..] => Self::OfSubscription((*id).to_owned(), (*kind).to_owned()),
            _ => Self::Unknown,
        }
    }

    fn below_providers(segments: &[String], at: usize) -> Self {
        let (scope, rest) = segments.split_at(at);
        let rest = rest.get(1..).unwrap_or_default();
        let subscription = scope.get(1).cloned().unwrap_or_default();
        match rest {
            [] => Self::Providers(subscription),
            [namespace] => Self::Provider(subscription, namespace.clone(), None),
            [namespace, word] if scope.len() == 2 && (is(word, "register") || is(word, "unregister")) => {
                Self::Provider(subscription, namespace.clone(), Some(word.to_ascii_lowercase()))
            }
            [namespace, words @ ..] => {
                let scope = scope.iter().map(|segment| format!("/{segment}")).collect::<String>();
                let pairs = words.chunks_exact(2).filter_map(|pair| match pair {
                    [kind, name] => Some((kind.clone(), name.clone())),
                    _ => None,
                });
                let id = Id { scope, namespace: namespace.clone(), pairs: pairs.collect() };
                match words.chunks_exact(2).remainder() {
                    [word] => Self::Below(id, word.clone()),
                    _ => Self::Resource(id),
                }
            }
        }
    }
}

impl Id {
    /// The id that a text spells, if it is the id of a resource.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match Address::parse(text) {
            Address::Resource(id) if text.starts_with('/') => Some(id),
            _ => None,
        }
    }

    /// The id as a text.
    pub(crate) fn text(&self) -> String {
        let pairs: String = self.pairs.iter().map(|(kind, name)| format!("/{kind}/{name}")).collect();
        format!("{}/providers/{}{pairs}", self.scope, self.namespace)
    }

    /// The form under which ids are equal.
    pub(crate) fn key(&self) -> String {
        self.text().to_lowercase()
    }

    /// The full type, such as `Microsoft.Network/virtualNetworks/subnets`.
    pub(crate) fn type_name(&self) -> String {
        let kinds: String = self.pairs.iter().map(|(kind, _)| format!("/{kind}")).collect();
        format!("{}{kinds}", self.namespace)
    }

    /// The last name.
    pub(crate) fn name(&self) -> &str {
        self.pairs.last().map_or("", |(_, name)| name.as_str())
    }

    /// The parent, for a nested resource.
    pub(crate) fn parent(&self) -> Option<Self> {
        let (_, pairs) = self.pairs.split_last()?;
        (!pairs.is_empty()).then(|| Self { pairs: pairs.to_vec(), ..self.clone() })
    }

    /// The outermost resource: itself, where it is not nested.
    pub(crate) fn root(&self) -> Self {
        Self { pairs: self.pairs.iter().take(1).cloned().collect(), ..self.clone() }
    }

    /// A child of this resource.
    pub(crate) fn child(&self, kind: &str, name: &str) -> Self {
        let mut pairs = self.pairs.clone();
        pairs.push((kind.to_owned(), name.to_owned()));
        Self { pairs, ..self.clone() }
    }

    /// Type and name as ARM's errors print them: `Microsoft.Network/virtualNetworks/v/subnets/s`.
    pub(crate) fn label(&self) -> String {
        let pairs: String = self.pairs.iter().map(|(kind, name)| format!("/{kind}/{name}")).collect();
        format!("{}{pairs}", self.namespace)
    }

    fn scope_word(&self, at: usize) -> &str {
        self.scope.split('/').filter(|segment| !segment.is_empty()).nth(at).unwrap_or_default()
    }

    /// The subscription, empty at the tenant's level.
    pub(crate) fn subscription(&self) -> &str {
        self.scope_word(1)
    }

    /// The group, where there is one.
    pub(crate) fn group(&self) -> Option<&str> {
        is(self.scope_word(2), "resourcegroups").then(|| self.scope_word(3)).filter(|group| !group.is_empty())
    }

    /// The scope is a subscription or a group, not another resource.
    pub(crate) fn is_extension(&self) -> bool {
        self.scope.to_ascii_lowercase().contains("/providers/")
    }
}

/// The key of a resource group.
pub(crate) fn group_key(subscription: &str, group: &str) -> String {
    format!("/subscriptions/{subscription}/resourcegroups/{group}").to_lowercase()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

    use super::*;

    #[test]
    fn a_nested_id_is_taken_apart_and_put_together() {
        let text = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets/n";
        let id = Id::parse(text).expect("an id");
        assert_eq!(id.type_name(), "Microsoft.Network/virtualNetworks/subnets");
        assert_eq!((id.text().as_str(), id.group(), id.name()), (text, Some("g"), "n"));
        assert_eq!(id.parent().map(|parent| parent.name().to_owned()).as_deref(), Some("v"));
    }

    #[test]
    fn an_extension_belongs_to_the_resource_before_its_provider() {
        let scope = "/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/v";
        let id = Id::parse(&format!("{scope}/providers/Microsoft.Authorization/roleAssignments/r")).expect("an id");
        assert_eq!(id.scope, scope);
        assert!(id.is_extension());
    }

    #[test]
    fn an_odd_word_is_a_collection_or_an_action() {
        let path = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/a/listKeys";
        let Address::Below(owner, word) = Address::parse(path) else { panic!("not below a resource") };
        assert_eq!((owner.name(), word.as_str()), ("a", "listKeys"));
    }
}
