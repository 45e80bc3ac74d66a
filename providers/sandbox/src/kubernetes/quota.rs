//! Quotas of a namespace: how many objects there may be. Amounts of CPU and memory are shown and never used up, since nothing runs.

use super::json::{at, list, map, text};
use super::meta;
use super::objects::Objects;
use super::resource::Resource;
use super::status::{Answer, Refusal};
use serde_json::Value as Json;

/// Kinds of the core that a quota counts by their plain name.
const PLAIN: [&str; 7] =
    ["configmaps", "persistentvolumeclaims", "pods", "replicationcontrollers", "resourcequotas", "secrets", "services"];

/// What an entry of a quota counts; none if it is an amount.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Counted {
    /// Objects of a table.
    Objects(String),
    /// Services of type LoadBalancer.
    LoadBalancers,
    /// Ports of the nodes that services take (`pkg/quota/v1/evaluator/core/services.go` of Kubernetes).
    NodePorts,
}

impl Counted {
    fn of(entry: &str) -> Option<Self> {
        Some(match (entry, entry.strip_prefix("count/")) {
            ("services.loadbalancers", _) => Self::LoadBalancers,
            ("services.nodeports", _) => Self::NodePorts,
            (_, Some(counted)) => Self::Objects(match counted.split_once('.') {
                Some((plural, group)) => format!("{group}/{plural}"),
                None => format!("/{counted}"),
            }),
            _ if PLAIN.contains(&entry) => Self::Objects(format!("/{entry}")),
            _ => return None,
        })
    }

    fn table(&self) -> &str {
        match self {
            Self::Objects(table) => table,
            Self::LoadBalancers | Self::NodePorts => SERVICES,
        }
    }

    /// How much of it an object of its table takes.
    fn weight(&self, object: &Json) -> usize {
        let is = |name: &str| text(object, &["spec", "type"]) == name;
        let ports = list(object, &["spec", "ports"]);
        match self {
            Self::Objects(_) => 1,
            Self::LoadBalancers => usize::from(is("LoadBalancer")),
            Self::NodePorts if is("NodePort") => ports.len(),
            Self::NodePorts if is("LoadBalancer") => {
                match at(object, &["spec", "allocateLoadBalancerNodePorts"]).and_then(Json::as_bool) {
                    Some(false) => ports.iter().filter(|port| at(port, &["nodePort"]).is_some()).count(),
                    _ => ports.len(),
                }
            }
            Self::NodePorts => 0,
        }
    }
}

const SERVICES: &str = "/services";

/// How much is used of what an entry of a quota counts; none if it is an amount.
pub(crate) fn used(objects: &Objects, entry: &str, namespace: &str) -> Option<usize> {
    let counted = Counted::of(entry)?;
    Some(objects.list(counted.table(), namespace).map(|one| counted.weight(one)).sum())
}

/// Why an object may not be as it is to be, as quota admission says it; `before` is what is there in its place.
pub(crate) fn exceeded(
    objects: &Objects,
    table: &str,
    namespace: &str,
    object: &Json,
    before: Option<&Json>,
) -> Option<String> {
    objects.list("/resourcequotas", namespace).find_map(|quota| {
        // One with scopes counts some pods only, which is not done here.
        if !list(quota, &["spec", "scopes"]).is_empty() || map(quota, &["spec", "scopeSelector"]).is_some() {
            return None;
        }
        map(quota, &["spec", "hard"])?.iter().find_map(|(entry, limit)| {
            let counted = Counted::of(entry).filter(|counted| counted.table() == table)?;
            let more = counted.weight(object).saturating_sub(before.map_or(0, |before| counted.weight(before)));
            let used = used(objects, entry, namespace)?;
            if more == 0 || allows(limit, used + more) {
                return None;
            }
            let limit = limit.as_str().map_or_else(|| limit.to_string(), str::to_owned);
            let name = meta::name(quota);
            Some(format!(
                "exceeded quota: {name}, requested: {entry}={more}, used: {entry}={used}, limited: {entry}={limit}"
            ))
        })
    })
}

/// Whether so many are within a limit. What is no plain number is no limit of objects.
fn allows(limit: &Json, count: usize) -> bool {
    let most = limit.as_u64().or_else(|| limit.as_str()?.parse().ok());
    most.is_none_or(|most| u64::try_from(count).is_ok_and(|count| count <= most))
}

/// Refuses a new or changed object that a quota does not allow.
pub(crate) fn check(
    objects: &Objects,
    resource: &Resource,
    namespace: &str,
    object: &Json,
    before: Option<&Json>,
) -> Answer<()> {
    if namespace.is_empty() {
        return Ok(());
    }
    match exceeded(objects, &resource.table(), namespace, object, before) {
        Some(detail) => Err(Refusal::forbidden(resource.about(), meta::name(object), &detail)),
        None => Ok(()),
    }
}
