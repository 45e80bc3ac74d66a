//! `azure.node_pool`: nodes of an AKS cluster that are alike.

use crate::arm::ResourceId;
use crate::resource::{ArmType, Change, Hooks, Listing, Scope};
use crate::resources::kubernetes_node::{self, pool_fields};
use crate::schema::{FULL, ID, name, versions};
use crate::session::Session;
use crate::validate::{Findings, is_set, known};
use formwork_model::schema::{Attribute, AttributeType, Equality, Limit, Recognition, ResourceSchema, Rule};
use formwork_model::{Address, AttributePath, Map, Step, Value, ValueRef};
use formwork_provider_api::{PlanRequest, ProviderError, differences};
use serde_json::Value as Json;

/// Names of pools.
pub(super) const POOL_NAME: &[Limit] = &[Limit::Pattern(
    "^[a-z][a-z0-9]{0,11}$",
    "1 to 12 lower-case letters and digits, a letter first (at most 6 for Windows)",
)];

const ATTRIBUTES: &[Attribute] = pool_fields![
    "properties.";
    name("Unique in the cluster.", POOL_NAME),
    Attribute::reference("cluster", &["azure.kubernetes_cluster"], "The cluster.")
        .required()
        .create_only()
        .equality(Equality::CaseInsensitive),
    ;
    Attribute::string_map("tags", "Tags of the pool's machines.").vendor("properties.tags").equality(Equality::EmptyIsAbsent),
    ID,
    Attribute::string("current_orchestrator_version", "Kubernetes version that the nodes run.").computed(),
    Attribute::string("node_image_version", "Image that the nodes run.").computed(),
];

/// The schema.
pub(crate) const SCHEMA: ResourceSchema = ResourceSchema::new(
    "node_pool",
    "Nodes of an AKS cluster that are alike (`Microsoft.ContainerService/managedClusters/agentPools`).",
)
.attributes(ATTRIBUTES)
.recognised_by(Recognition::NaturalKey)
.timeouts(3600, 5400, 3600)
.usually_takes_s(180)
.usually_changes_in_s(60, 60)
.import_help("the pool's id, `…/managedClusters/NAME/agentPools/NAME`")
.rules(&[Rule::RequiredWith(&["max_count", "min_count"])])
.capabilities(FULL);

/// The type.
pub(crate) static RESOURCE: ArmType = ArmType::new(
    &SCHEMA,
    "Microsoft.ContainerService/managedClusters/agentPools",
    versions::CONTAINER_SERVICE,
    Scope::Child("cluster"),
)
.with_listing(Listing { beside: Some("properties.agentPoolProfiles"), ..Listing::PARENT })
.serialised()
.with_volatile(&[
    ("current_orchestrator_version", &["orchestrator_version"]),
    ("node_image_version", &["orchestrator_version", "os_sku", "enable_fips"]),
])
.with_hooks(&Pool);

struct Pool;

impl Hooks for Pool {
    fn validate(&self, config: ValueRef<'_>, findings: &mut Findings) {
        check(config, &AttributePath::root(), findings);
    }

    fn plan(
        &self,
        _: &Session,
        request: &PlanRequest,
        planned: &mut Map,
        _: &mut Vec<AttributePath>,
    ) -> Result<(), ProviderError> {
        let Some(prior) = &request.prior else { return Ok(()) };
        if !differences(&SCHEMA, prior.values.view(), request.proposed.view()).is_empty() {
            leave_count_open(&request.address, request.config.view(), &AttributePath::root(), planned);
        }
        Ok(())
    }

    fn body(&self, _: &Change<'_>, current: Option<&Json>, body: &mut Json) -> Result<(), ProviderError> {
        let Some(wanted) = body.get_mut("properties") else { return Ok(()) };
        match current.and_then(|body| body.get("properties")) {
            Some(there) => keep_scaled_count(there, wanted),
            None => begin_with_least(wanted),
        }
        Ok(())
    }
}

/// AKS wants a number of nodes to begin with, and with autoscaling one within its bounds.
pub(super) fn begin_with_least(pool: &mut Json) {
    let Some(pool) = pool.as_object_mut() else { return };
    let scales = pool.get("enableAutoScaling").and_then(Json::as_bool).unwrap_or_default();
    if scales
        && !pool.contains_key("count")
        && let Some(least) = pool.get("minCount").cloned()
    {
        pool.insert("count".to_owned(), least);
    }
}

/// The autoscaler may choose another number of nodes before an update is done, and other bounds may ask for one.
pub(super) fn leave_count_open(address: &Address, config: ValueRef<'_>, at: &AttributePath, pool: &mut Map) {
    let scales = matches!(pool.get("enable_auto_scaling"), Some(Value::Bool(true)));
    if scales && !is_set(config, "count") {
        pool.insert("count", Value::attribute(address.clone(), at.then(Step::Member("count".into()))));
    }
}

/// What the autoscaler made of the number of nodes since the plan stays.
pub(super) fn keep_scaled_count(there: &Json, wanted: &mut Json) {
    let scales = wanted.get("enableAutoScaling").and_then(Json::as_bool).unwrap_or_default();
    if let (true, Some(count), Some(pool)) = (scales, there.get("count").and_then(Json::as_i64), wanted.as_object_mut())
    {
        let bound = |name: &str| pool.get(name).and_then(Json::as_i64);
        let count = count.max(bound("minCount").unwrap_or(0)).min(bound("maxCount").unwrap_or(i64::MAX));
        pool.insert("count".to_owned(), Json::from(count));
    }
}

/// Rules between a pool's fields.
pub(super) fn check(pool: ValueRef<'_>, at: &AttributePath, findings: &mut Findings) {
    let number = |name| known(pool, name).and_then(|value| value.decode::<i64>().ok());
    let scales = known(pool, "enable_auto_scaling").and_then(|value| value.decode().ok()).unwrap_or(false);
    let (min, max) = (number("min_count"), number("max_count"));
    if scales && (min.is_none() || max.is_none()) && !is_set(pool, "min_count") {
        findings.error(
            at.then(Step::Member("enable_auto_scaling".into())),
            "autoscaling needs its bounds",
            "write `min_count` and `max_count`",
        );
    }
    if let (Some(min), Some(max)) = (min, max)
        && min > max
    {
        findings.error(
            at.then(Step::Member("min_count".into())),
            format!("`min_count` is {min} and `max_count` is {max}"),
            "write the smaller number as `min_count`",
        );
    }
    if !scales && max.is_some() && known(pool, "enable_auto_scaling").is_some() {
        findings.error(
            at.then(Step::Member("max_count".into())),
            "bounds are for autoscaling, which is off",
            "write `enable_auto_scaling = true`, or take `min_count` and `max_count` away",
        );
    }
}

/// The id of a pool of a cluster.
pub(super) fn id_of(cluster: &ResourceId, name: &str) -> Result<ResourceId, ProviderError> {
    cluster.child("agentPools", name)
}
