//! What AKS does besides its declaration: pools and add-ons that the config does not name are others', the autoscaler's counts
//! stay, and the kubeconfig is asked for by a call of its own.

use crate::arm::error::is_not_found;
use crate::arm::operation::{Handle, Waiting};
use crate::arm::{Request, ResourceId, Verb};
use crate::resource::{Change, Hooks};
use crate::resources::node_pool::{begin_with_least, check, id_of, keep_scaled_count, leave_count_open};
use crate::schema::versions;
use crate::session::Session;
use crate::validate::{Findings, items, known};
use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use formwork_model::{AttributePath, Map, Step, Value, ValueBuf, ValueRef};
use formwork_provider_api::{ErrorClass, PlanRequest, ProviderError, differences};
use serde_json::Value as Json;
use std::time::Duration;

pub(super) struct Cluster;

/// The setting of `omsagent` that is an attribute of its own, too.
const WORKSPACE: &str = "logAnalyticsWorkspaceResourceID";

/// How long the deletion of a pool that left the config may take.
const POOL_DELETE: Duration = Duration::from_secs(3600);

#[async_trait]
impl Hooks for Cluster {
    fn validate(&self, config: ValueRef<'_>, findings: &mut Findings) {
        for (path, pool) in items(config, "agent_pool_profiles") {
            check(pool, &path, findings);
        }
    }

    fn plan(
        &self,
        _: &Session,
        request: &PlanRequest,
        planned: &mut Map,
        _: &mut Vec<AttributePath>,
    ) -> Result<(), ProviderError> {
        let Some(prior) = &request.prior else { return Ok(()) };
        if !differences(&super::SCHEMA, prior.values.view(), request.proposed.view()).is_empty() {
            leave_counts_open(request, planned);
        }
        Ok(())
    }

    fn advise(&self, request: &PlanRequest, planned: &Map, findings: &mut Findings) {
        let Some(prior) = &request.prior else { return };
        let planned = ValueBuf::from(&Value::Map(planned.clone()));
        let pools = AttributePath::member("agent_pool_profiles");
        let mut differences = differences(&super::SCHEMA, prior.values.view(), planned.view()).into_iter();
        if let Some(first) = differences.find(|one| one.forces_replacement && pools.covers(&one.path)) {
            findings.warning(
                first.path,
                "this replaces the whole cluster, with everything that runs in it: nodes cannot be changed so",
                "give the pool another name in `agent_pool_profiles`: AKS then adds a pool with the new settings, removes the old \
                 one, and the cluster stays",
            );
        }
    }

    fn body(&self, change: &Change<'_>, current: Option<&Json>, body: &mut Json) -> Result<(), ProviderError> {
        let Some(wanted) = body.get_mut("properties") else { return Ok(()) };
        match current.and_then(|current| current.get("properties")) {
            Some(there) => {
                keep_pools(there, wanted);
                keep_addons(there, wanted);
            }
            None => {
                name_api(change.id, wanted);
                let pools = wanted.get_mut("agentPoolProfiles").and_then(Json::as_array_mut);
                pools.into_iter().flatten().for_each(begin_with_least);
            }
        }
        Ok(())
    }

    fn decode(&self, _: &Json, known: &Map, values: &mut Map) {
        // The kubeconfig comes by a call of its own; lists do without.
        if let Some(kubeconfig) = known.get("kubeconfig") {
            values.insert("kubeconfig", kubeconfig.clone());
        }
        let named = pool_names(Some(known));
        if !named.is_empty()
            && let Some(Value::List(pools)) = values.get("agent_pool_profiles").cloned()
        {
            let ours = pools.iter().filter(|pool| pool_name(pool).is_some_and(|name| named.contains(&name)));
            values.insert("agent_pool_profiles", Value::list(ours.cloned()));
        }
        if let (Some(Value::Map(known)), Some(Value::Map(addons))) =
            (known.get("addon_profiles"), values.get("addon_profiles").cloned())
        {
            values.insert("addon_profiles", Value::Map(only_known(known, addons)));
        }
    }

    fn enriches(&self) -> bool {
        true
    }

    async fn enrich(&self, session: &Session, id: &ResourceId, values: &mut Map) -> Result<(), ProviderError> {
        let local_accounts_are_off = matches!(values.get("disable_local_accounts"), Some(Value::Bool(true)));
        let whose = if local_accounts_are_off { Whose::User } else { Whose::Admin };
        match credentials(session, id, whose).await {
            Ok((_, text)) => {
                values.insert("kubeconfig", Value::string(text).secret());
                Ok(())
            }
            // A cluster that is still being made, or stopped, has none; one may be allowed to read it and not this.
            Err(error) if is_not_found(&error) || error.class == ErrorClass::Forbidden => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn after_change(&self, change: &Change<'_>) -> Result<(), ProviderError> {
        let wanted = pool_names(Some(change.wanted));
        for name in pool_names(change.prior).into_iter().filter(|name| !wanted.contains(name)) {
            delete_pool(change, &id_of(change.id, &name)?).await?;
        }
        Ok(())
    }
}

/// The plan has the pools in the order of the config.
fn leave_counts_open(request: &PlanRequest, planned: &mut Map) {
    let Some(Value::List(pools)) = planned.get("agent_pool_profiles").cloned() else { return };
    let mut config = known(request.config.view(), "agent_pool_profiles").map(ValueRef::items).into_iter().flatten();
    let pools = pools.iter().zip(0_u32..).map(|(pool, index)| match (pool, config.next()) {
        (Value::Map(pool), Some(said)) => {
            let at = AttributePath::member("agent_pool_profiles").then(Step::Index(index));
            let mut pool = pool.clone();
            leave_count_open(&request.address, said, &at, &mut pool);
            Value::Map(pool)
        }
        (other, _) => other.clone(),
    });
    let pools = Value::list(pools);
    planned.insert("agent_pool_profiles", pools);
}

/// A pool that left the config is deleted by itself: leaving it out of the cluster's body would not do it.
async fn delete_pool(change: &Change<'_>, id: &ResourceId) -> Result<(), ProviderError> {
    let arm = &change.session.arm;
    let answer = match arm.send(Request::on(Verb::Delete, id, versions::CONTAINER_SERVICE)).await {
        Ok(answer) => answer,
        Err(error) if is_not_found(&error) => return Ok(()),
        Err(error) => return Err(error),
    };
    let Some(handle) = Handle::of_delete(&answer, id, versions::CONTAINER_SERVICE) else { return Ok(()) };
    let what = format!("deleting the pool {}", id.name());
    Waiting { sink: change.sink, timeout: POOL_DELETE, what }.until_done(arm, handle).await
}

/// Whose credentials of a cluster are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    /// An administrator's; not where local accounts are off.
    Admin,
    /// A user's.
    User,
    /// Of one who watches.
    Monitoring,
}

/// A cluster's credentials: the name that AKS gives them, and the kubeconfig.
///
/// # Errors
/// When they are not given, or hold no kubeconfig.
pub(crate) async fn credentials(
    session: &Session,
    id: &ResourceId,
    whose: Whose,
) -> Result<(String, String), ProviderError> {
    let action = match whose {
        Whose::Admin => "listClusterAdminCredential",
        Whose::User => "listClusterUserCredential",
        Whose::Monitoring => "listClusterMonitoringUserCredential",
    };
    let request = Request::at(Verb::Post, format!("{}/{action}", id.as_str()), versions::CONTAINER_SERVICE);
    let body = session.arm.send(request).await?.body;
    let told = |field: &str| body.pointer(&format!("/kubeconfigs/0/{field}")).and_then(Json::as_str);
    let bytes = told("value").and_then(|text| STANDARD.decode(text).ok());
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(|| {
        ProviderError::new(ErrorClass::Other, "the answer to the question for credentials holds no kubeconfig")
    })?;
    Ok((told("name").unwrap_or_default().to_owned(), text))
}

fn pool_name(pool: &Value) -> Option<String> {
    pool.as_map()?.get("name")?.as_str().map(str::to_owned)
}

fn pool_names(values: Option<&Map>) -> Vec<String> {
    let pools = values.and_then(|values| values.get("agent_pool_profiles")).and_then(Value::as_items);
    pools.unwrap_or_default().iter().filter_map(pool_name).collect()
}

/// Without a name of its own the API is called as the cluster is.
fn name_api(id: &ResourceId, wanted: &mut Json) {
    let Some(properties) = wanted.as_object_mut() else { return };
    if !properties.contains_key("dnsPrefix") && !properties.contains_key("fqdnSubdomain") {
        let prefix: String =
            id.name().chars().map(|letter| if letter == '_' { '-' } else { letter }).take(54).collect();
        properties.insert("dnsPrefix".to_owned(), Json::from(prefix.trim_end_matches('-')));
    }
}

/// Pools of `azure.node_pool` stay in the body; so do counts that the autoscaler made.
fn keep_pools(there: &Json, wanted: &mut Json) {
    let there = there.get("agentPoolProfiles").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    let Some(pools) = wanted.get_mut("agentPoolProfiles").and_then(Json::as_array_mut) else { return };
    let name = |pool: &Json| pool.get("name").and_then(Json::as_str).unwrap_or_default().to_owned();
    for pool in pools.iter_mut() {
        match there.iter().find(|other| name(other) == name(pool)) {
            Some(same) => keep_scaled_count(same, pool),
            None => begin_with_least(pool),
        }
    }
    let named: Vec<String> = pools.iter().map(name).collect();
    // Those that left the config go by a call of their own, after this one.
    let others = there.iter().filter(|pool| !named.contains(&name(pool)));
    pools.extend(others.cloned());
}

/// Add-ons that the config does not name stay as they are.
fn keep_addons(there: &Json, wanted: &mut Json) {
    let Some(there) = there.get("addonProfiles").and_then(Json::as_object) else { return };
    let Some(properties) = wanted.as_object_mut() else { return };
    let addons = properties.entry("addonProfiles").or_insert_with(|| Json::Object(serde_json::Map::new()));
    let Some(addons) = addons.as_object_mut() else { return };
    for (name, addon) in there {
        if !addons.keys().any(|other| other.eq_ignore_ascii_case(name)) {
            addons.insert(name.clone(), addon.clone());
        }
    }
}

/// The add-ons and settings that are known; others belong to AKS or to a policy.
fn only_known(known: &Map, addons: Map) -> Map {
    let keep = |(name, addon): (ecow::EcoString, Value)| {
        let (Some(Value::Map(before)), Value::Map(mut addon)) = (known.get(&name), addon) else { return None };
        if let Some(Value::Map(config)) = addon.get("config").cloned() {
            let before = before.get("config").and_then(Value::as_map);
            let ours = config.into_iter().filter(|(setting, _)| match before {
                Some(before) => before.contains(setting),
                None => setting != WORKSPACE,
            });
            addon.insert("config", Value::Map(ours.collect()));
        }
        // The workspace stands where the config has it: by itself, or among the settings.
        if !before.contains("log_analytics_workspace") {
            addon.remove("log_analytics_workspace");
        }
        Some((name, Value::Map(addon)))
    };
    addons.into_iter().filter_map(keep).collect()
}
