//! Vaults after their deletion: kept, recovered, purged.

use super::failure::Failure;
use super::id::Id;
use super::operation::Begin;
use super::path;
use super::profile::{Profile, Verb};
use super::record::{Record, WorkVerb};
use super::wire::Wire;
use super::{Arm, Call, DELETED_VAULTS, scope, unkept};
use crate::exchange::Response;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

const VAULTS: &str = "Microsoft.KeyVault/vaults";
const DAY: i64 = 86_400_000;

impl Arm {
    /// A vault that is deleted is kept for the days of its retention, with what lies in it.
    pub(super) fn keep_deleted_vault(&self, record: &Record, id: &Id) {
        if !id.type_name().eq_ignore_ascii_case(VAULTS) {
            return;
        }
        let now = self.clock.now_ms();
        let days = path::get(&record.body, "properties.softDeleteRetentionInDays").and_then(Json::as_i64).unwrap_or(90);
        let inside: Vec<Json> =
            self.records(&format!("{}/", id.key())).iter().filter_map(|one| serde_json::to_value(one).ok()).collect();
        let kept = json!({"record": record, "inside": inside, "deleted": now, "purged": now + days * DAY});
        if let Err(err) = self.store.put(DELETED_VAULTS, &id.name().to_lowercase(), kept) {
            tracing::warn!(error = err.0, "a deleted vault could not be kept");
        }
    }

    fn deleted(&self, name: &str) -> Option<(Record, Json)> {
        let kept = self.store.get(DELETED_VAULTS, &name.to_lowercase())?;
        let record = serde_json::from_value(kept.get("record")?.clone()).ok()?;
        Some((record, kept))
    }

    fn forget_deleted(&self, name: &str) -> Result<(), Failure> {
        self.store.delete(DELETED_VAULTS, &name.to_lowercase()).map_err(|err| unkept(&err.0))
    }

    /// A new vault with the name of a deleted one: only to recover it.
    pub(super) fn recover_vault(&self, id: &Id, sent: &Json) -> Result<(), Failure> {
        let recovers =
            path::text(sent, "properties.createMode").is_some_and(|mode| mode.eq_ignore_ascii_case("recover"));
        match (self.deleted(id.name()), recovers) {
            (None, false) => Ok(()),
            (None, true) => {
                let message = format!("A deleted vault with the name '{}' could not be found.", id.name());
                Err(Failure::new(404, "DeletedVaultNotFound", message))
            }
            (Some(_), false) => {
                let message = format!(
                    "A vault with the same name already exists in deleted state. You need to either recover or purge existing key vault. Follow this link https://go.microsoft.com/fwlink/?linkid=2149745 for more information on soft delete. Vault: {}",
                    id.name()
                );
                Err(Failure::new(409, "ConflictError", message))
            }
            (Some((record, kept)), true) => {
                self.keep(&Record { id: id.text(), work: BTreeMap::new(), ..record })?;
                for inside in kept.get("inside").and_then(Json::as_array).into_iter().flatten() {
                    if let Ok(record) = serde_json::from_value::<Record>(inside.clone()) {
                        self.keep(&record)?;
                    }
                }
                self.forget_deleted(id.name())
            }
        }
    }

    /// A request for a deleted vault, or its purge.
    pub(super) fn deleted_vault(&self, call: &Call<'_>, id: &Id, action: Option<&str>) -> Result<Response, Failure> {
        let name = id.name();
        let Some((record, kept)) = self.deleted(name) else {
            let message = format!(
                "The specified deleted vault '{name}' does not exist. Ensure that the vault was indeed deleted and that it is in recoverable state. If soft delete was not enabled then the vault is permanently deleted. Follow this link for more information: https://go.microsoft.com/fwlink/?linkid=2149745"
            );
            return Err(Failure::new(404, "DeletedVaultNotFound", message));
        };
        match (call.request.method.as_str(), action) {
            ("GET", None) => Ok(Response::json(200, shown(id, &record, &kept))),
            ("POST", Some("purge")) => self.purge(call, id, &record),
            (method, _) => {
                Err(Failure::gateway(405, "MethodNotAllowed", format!("The method {method} is not allowed here.")))
            }
        }
    }

    fn purge(&self, call: &Call<'_>, id: &Id, record: &Record) -> Result<Response, Failure> {
        let protected = path::get(&record.body, "properties.enablePurgeProtection").and_then(Json::as_bool);
        if protected == Some(true) {
            let message = "Operation \"purge\" is not allowed because purge protection is enabled for this vault. Key Vault service will automatically purge it after the retention period has passed.";
            return Err(Failure::new(400, "MethodNotAllowed", message));
        }
        let answer = Verb::parse("202 nothing 20s retry=5 +location");
        let profile = Profile { wire: Wire::Vault, ..self.profiles.of(VAULTS).clone() };
        let begin = Begin {
            id,
            profile: &profile,
            verb: WorkVerb::Act,
            answer: &answer,
            lasts: answer.lasts,
            state: String::new(),
        };
        let mut operation = self.begin(call, &begin)?;
        if let Some((_, location)) = id.pairs.first() {
            operation.location.clone_from(location);
            self.keep_operation(&operation)?;
        }
        self.forget_deleted(id.name())?;
        Ok(self.answer(call, &answer, Some(&operation), None).header("retry-after", "5"))
    }

    /// All deleted vaults of a subscription.
    pub(super) fn deleted_vaults(&self, call: &Call<'_>, subscription: &str) -> Result<Response, Failure> {
        let all = self.store.scan(DELETED_VAULTS, "");
        let all = all.into_iter().filter_map(|(name, kept)| {
            let record: Record = serde_json::from_value(kept.get("record")?.clone()).ok()?;
            let location = path::text(&record.body, "location")?.to_owned();
            let own = Id::parse(&record.id).filter(|id| id.subscription().eq_ignore_ascii_case(subscription))?;
            let pairs = vec![("locations".to_owned(), location), ("deletedVaults".to_owned(), name)];
            let id = Id { scope: format!("/subscriptions/{}", own.subscription()), namespace: own.namespace, pairs };
            Some(shown(&id, &record, &kept))
        });
        self.paged(call, all.collect(), false)
    }

    /// `PUT vaults/N/accessPolicies/add|replace|remove`.
    pub(super) fn access_policies(&self, call: &Call<'_>, id: &Id) -> Result<Response, Failure> {
        let Some(vault) = id.parent() else { return Err(super::failure::invalid_content("There is no vault.")) };
        let profile = self.profiles.of(VAULTS);
        let Some(found) = self.find(&vault) else { return Err(super::failure::missing(&vault, profile)) };
        self.check_locks(&vault, false)?;
        let sent = call.request.body.as_ref().and_then(|body| path::get(body, "properties.accessPolicies")).cloned();
        let sent = sent.and_then(|sent| sent.as_array().cloned()).unwrap_or_default();
        let mut record = found.record;
        let old =
            path::get(&record.body, "properties.accessPolicies").and_then(Json::as_array).cloned().unwrap_or_default();
        let who = |policy: &Json| path::text(policy, "objectId").map(str::to_owned);
        let others = old.into_iter().filter(|policy| !sent.iter().any(|one| who(one) == who(policy)));
        let policies: Vec<Json> = match id.name().to_ascii_lowercase().as_str() {
            "replace" => sent,
            "remove" => others.collect(),
            _ => others.chain(sent.iter().cloned()).collect(),
        };
        path::set(&mut record.body, "properties.accessPolicies", Json::Array(policies.clone()));
        record.modified = self.clock.now_ms();
        self.keep(&record)?;
        Ok(Response::json(
            200,
            json!({"id": format!("{}/accessPolicies/", vault.text()), "type": "Microsoft.KeyVault/vaults/accessPolicies", "location": record.body.get("location"), "properties": {"accessPolicies": policies}}),
        ))
    }
}

fn shown(id: &Id, record: &Record, kept: &Json) -> Json {
    let time = |key: &str| scope::instant(kept.get(key).and_then(Json::as_i64).unwrap_or(0));
    json!({
        "id": id.text(),
        "name": id.name(),
        "type": "Microsoft.KeyVault/deletedVaults",
        "properties": {
            "vaultId": record.id,
            "location": record.body.get("location"),
            "tags": record.body.get("tags").cloned().unwrap_or_else(|| json!({})),
            "deletionDate": time("deleted"),
            "scheduledPurgeDate": time("purged"),
        },
    })
}
