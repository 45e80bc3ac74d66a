//! What single types do beyond their profiles, before and after a write.

use super::failure::{self, Failure};
use super::id::Id;
use super::path;
use super::record::Record;
use super::{Arm, Call, Event, Found, PRINCIPALS, scope, unkept, write};
use crate::exchange::Response;
use serde_json::{Value as Json, json};

impl Arm {
    /// Refuses a PUT for a reason of the type's own, or answers it.
    pub(super) fn before_put(
        &self,
        call: &Call<'_>,
        id: &Id,
        sent: &Json,
        exists: bool,
    ) -> Result<Option<Response>, Failure> {
        let profile = self.profiles.of(&id.type_name());
        if let Some(name) = profile.global.as_deref().filter(|_| !exists) {
            self.check_global(id, name)?;
        }
        match id.type_name().to_lowercase().as_str() {
            "microsoft.keyvault/vaults" if !exists => self.recover_vault(id, sent)?,
            "microsoft.authorization/roleassignments" => self.check_assignment(id, sent)?,
            "microsoft.network/virtualnetworks" => self.check_network(id, sent)?,
            "microsoft.network/virtualnetworks/subnets" => self.check_subnet(id, sent)?,
            "microsoft.network/virtualnetworks/virtualnetworkpeerings" => self.check_peering(id, sent)?,
            "microsoft.network/networksecuritygroups" => self.check_rules(sent)?,
            "microsoft.network/networksecuritygroups/securityrules" => self.check_rule(id, sent)?,
            "microsoft.containerservice/managedclusters" => self.check_cluster(id, sent, exists)?,
            "microsoft.containerservice/managedclusters/agentpools" => self.check_pool(id, sent, exists)?,
            "microsoft.network/azurefirewalls" => self.check_firewall(call, sent)?,
            "microsoft.containerservice/fleets/updateruns" => self.check_update_run(id)?,
            "microsoft.cdn/profiles/securitypolicies" => self.check_security_policy(id, sent)?,
            "microsoft.cdn/profiles/afdendpoints/routes" => self.check_route(sent)?,
            "microsoft.keyvault/vaults/secrets" | "microsoft.keyvault/vaults/keys" if exists => {
                return self.read(call, id).map(Some);
            }
            _ => (),
        }
        Ok(None)
    }

    /// Names that are taken once for everybody.
    fn check_global(&self, id: &Id, kind: &str) -> Result<(), Failure> {
        let wanted = id.type_name().to_lowercase();
        let name = id.name().to_lowercase();
        let elsewhere = self.records("").into_iter().find(|record| {
            Id::parse(&record.id).is_some_and(|other| {
                other.type_name().to_lowercase() == wanted
                    && other.name().to_lowercase() == name
                    && other.key() != id.key()
            })
        });
        if elsewhere.is_none() {
            return Ok(());
        }
        let name = id.name();
        Err(match kind {
            "storage" => Failure::new(
                409,
                "StorageAccountAlreadyTaken",
                format!("The storage account named {name} is already taken."),
            ),
            "vault" => Failure::new(
                409,
                "VaultAlreadyExists",
                format!(
                    "The vault name '{name}' is already in use. Vault names are globally unique so it is possible that the name is already taken. If you are sure that the vault name was not taken then it is possible that a vault with the same name was recently deleted but not purged after being placed in a recoverable state."
                ),
            ),
            _ => Failure::new(
                409,
                "AlreadyInUse",
                format!(
                    "The registry DNS name {name}.azurecr.io is already in use. You can check if the name is already claimed using following API: https://docs.microsoft.com/en-us/rest/api/containerregistry/registries/checknameavailability"
                ),
            ),
        })
    }

    /// A firewall is not written while its policy, or a group of rules in it, is worked on.
    fn check_firewall(&self, call: &Call<'_>, sent: &Json) -> Result<(), Failure> {
        let Some(policy) = path::text(sent, "properties.firewallPolicy.id").and_then(Id::parse) else { return Ok(()) };
        let now = self.clock.now_ms();
        let inside = self.records(&policy.key());
        let busy = inside.iter().find_map(|record| record.running("", now)).map(|work| work.operation.clone());
        match busy.and_then(|token| self.operation(&token)) {
            Some(operation) => Err(failure::in_progress(&operation.url(&call.base, false))),
            None => Ok(()),
        }
    }

    fn check_update_run(&self, id: &Id) -> Result<(), Failure> {
        let fleet = id.parent().map(|fleet| fleet.key()).unwrap_or_default();
        if !self.records(&format!("{fleet}/members/")).is_empty() {
            return Ok(());
        }
        let message = format!("The target fleet of this update run is empty. Resource ID: \"{}\"", id.text());
        Err(Failure::new(409, "UpdateRunTargetingEmptyFleet", message))
    }

    fn check_security_policy(&self, id: &Id, sent: &Json) -> Result<(), Failure> {
        let now = self.clock.now_ms();
        for spot in path::all(sent, "properties.parameters.associations[].domains[].id") {
            let Some(domain) = spot.value.as_str().and_then(Id::parse) else { continue };
            let ready = self.find(&domain).is_some_and(|found| !found.record.creating("", now));
            if !ready && domain.root().key() == id.root().key() {
                let message = format!(
                    "Endpoint '{}' is not associated with the AFDX profile or is in a invalid provisioning state.",
                    domain.name()
                );
                return Err(Failure::new(400, "BadRequest", message));
            }
        }
        Ok(())
    }

    fn check_route(&self, sent: &Json) -> Result<(), Failure> {
        let Some(group) = path::text(sent, "properties.originGroup.id").and_then(Id::parse) else { return Ok(()) };
        let now = self.clock.now_ms();
        let origins = self.records(&format!("{}/origins/", group.key()));
        if origins.iter().any(|origin| !origin.creating("", now)) {
            return Ok(());
        }
        Err(Failure::new(
            400,
            "BadRequest",
            "Please make sure that the originGroup is created successfully and at least one enabled origin is created under the origin group.",
        ))
    }

    /// Fills in what a type decides once, at the time of the write.
    pub(super) fn complete(
        &self,
        call: &Call<'_>,
        id: &Id,
        body: &mut Json,
        old: Option<&Json>,
    ) -> Result<(), Failure> {
        self.complete_identities(body);
        match id.type_name().to_lowercase().as_str() {
            "microsoft.containerservice/managedclusters" => self.complete_cluster(call, id, body, old),
            "microsoft.containerservice/managedclusters/agentpools" => self.complete_pool_of(id, body),
            "microsoft.network/privateendpoints" => self.complete_endpoint(call, id, body, old)?,
            "microsoft.network/privateendpoints/privatednszonegroups" => self.complete_zone_group(id, body),
            "microsoft.network/virtualnetworks/virtualnetworkpeerings" => self.complete_peering(body),
            "microsoft.authorization/roleassignments" => role_assignment(id, body),
            "microsoft.containerservice/fleets/updateruns" => self.complete_update_run(id, body),
            _ => (),
        }
        Ok(())
    }

    /// The identities of the user's that a resource has are told with their own ids.
    fn complete_identities(&self, body: &mut Json) {
        let identities = path::get_mut(body, "identity.userAssignedIdentities").and_then(Json::as_object_mut);
        for (id, shown) in identities.into_iter().flatten() {
            let Some(record) = Id::parse(id).and_then(|id| self.record(&id.key())) else { continue };
            let client = scope::guid(&scope::own_seed(&record.id, record.created, "client"));
            *shown = json!({"principalId": write::principal(&record.id, record.created), "clientId": client});
        }
    }

    fn complete_update_run(&self, id: &Id, body: &mut Json) {
        let fleet = id.parent().map(|fleet| fleet.key()).unwrap_or_default();
        let not_started = json!({"state": "NotStarted"});
        let members: Vec<Json> = self
            .records(&format!("{fleet}/members/"))
            .iter()
            .map(|member| {
                let cluster = path::text(&member.body, "properties.clusterResourceId").unwrap_or_default();
                json!({"name": member.id.rsplit('/').next(), "clusterResourceId": cluster, "status": not_started})
            })
            .collect();
        let group = json!({"name": "default", "members": members, "status": not_started});
        let stage = json!({"name": "default", "groups": [group], "status": not_started});
        let status = json!({"stages": [stage], "status": not_started, "nodeImageSelection": {}});
        path::set(body, "properties.status", status);
    }

    /// What follows from a write.
    pub(super) fn after_write(&self, call: &Call<'_>, id: &Id, found: &Found) -> Result<(), Failure> {
        match id.type_name().to_lowercase().as_str() {
            "microsoft.managedidentity/userassignedidentities" => {
                self.note_principal(&write::principal(&found.record.id, found.record.created), found.record.created)
            }
            "microsoft.containerservice/managedclusters" | "microsoft.containerservice/managedclusters/agentpools" => {
                self.cluster_written(call, found)
            }
            "microsoft.network/virtualnetworks/virtualnetworkpeerings" => self.connect_peering(id),
            "microsoft.network/privateendpoints/privatednszonegroups" => self.write_names(call, id, &found.record),
            _ => Ok(()),
        }
    }

    /// What follows from a deletion that is accepted.
    pub(super) fn before_delete(&self, id: &Id, found: &Found) -> Result<(), Failure> {
        self.keep_deleted_vault(&found.record, id);
        if id.type_name().eq_ignore_ascii_case("Microsoft.ContainerService/managedClusters/agentPools") {
            let mut record = found.record.clone();
            if let Some(part) = &found.part {
                part.put(&mut record.body, None);
            }
            self.tell(&Event::Cluster(self.cluster_of(&record)));
        }
        Ok(())
    }

    /// The directory knows a principal from now on.
    pub(super) fn note_principal(&self, principal: &str, created: i64) -> Result<(), Failure> {
        self.store.put(PRINCIPALS, principal, json!({ "created": created })).map_err(|err| unkept(&err.0))
    }

    pub(super) fn principal_gone(&self, record: &Record) {
        let principal = write::principal(&record.id, record.created);
        if let Err(err) = self.store.delete(PRINCIPALS, &principal) {
            tracing::warn!(error = err.0, "a principal could not be forgotten");
        }
    }
}

/// An assignment's ids as Authorization keeps them: the principal with dashes, the definition with its subscription.
fn role_assignment(id: &Id, body: &mut Json) {
    let principal = path::text(body, "properties.principalId").and_then(|text| uuid::Uuid::parse_str(text).ok());
    if let Some(principal) = principal {
        path::set(body, "properties.principalId", principal.to_string().into());
    }
    let role = path::text(body, "properties.roleDefinitionId").map(str::to_owned);
    if let Some(role) = role.filter(|role| role.to_lowercase().starts_with("/providers/")) {
        path::set(body, "properties.roleDefinitionId", format!("/subscriptions/{}{role}", id.subscription()).into());
    }
}
