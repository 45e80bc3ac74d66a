//! POST actions, and views that are not resources.

use super::failure::{self, Failure};
use super::id::Id;
use super::operation::Begin;
use super::path;
use super::profile::{Profile, Verb};
use super::record::WorkVerb;
use super::{Arm, Call, cluster, scope};
use crate::exchange::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha512};

impl Arm {
    /// A POST below a resource, a type's location or a namespace.
    pub(super) fn act(&self, call: &Call<'_>, id: &Id, word: &str) -> Result<Response, Failure> {
        let kind = id.type_name().to_lowercase();
        let action = word.to_ascii_lowercase();
        if action == "checknameavailability" {
            return Ok(self.check_name(call, id));
        }
        if kind == "microsoft.keyvault/locations/deletedvaults" {
            return self.deleted_vault(call, id, Some(&action));
        }
        if kind == "microsoft.containerservice/managedclusters/accessprofiles" {
            return self.access_profile(id);
        }
        let profile = self.profiles.of(&kind);
        self.check_place(id, profile, "POST")?;
        let Some(found) = self.find(id) else { return Err(failure::missing(id, profile)) };
        let record = &found.record;
        match (kind.as_str(), action.as_str()) {
            ("microsoft.containerservice/managedclusters", "listclusteradmincredential") => self.kubeconfig(id, true),
            (
                "microsoft.containerservice/managedclusters",
                "listclusterusercredential" | "listclustermonitoringusercredential",
            ) => self.kubeconfig(id, false),
            ("microsoft.storage/storageaccounts", "listkeys" | "regeneratekey") => {
                if record.creating("", self.clock.now_ms()) {
                    let message =
                        "The storage account provisioning state must be 'Succeeded' before executing the operation.";
                    return Err(Failure::new(409, "StorageAccountIsNotProvisioned", message));
                }
                self.storage_keys(call, record, &action)
            }
            ("microsoft.operationalinsights/workspaces", "sharedkeys") => Ok(Response::json(
                200,
                json!({"primarySharedKey": key(&record.id, record.created, "1"), "secondarySharedKey": key(&record.id, record.created, "2")}),
            )),
            ("microsoft.containerregistry/registries", "listcredentials") => {
                registry_credentials(id, &record.body, record.created)
            }
            ("microsoft.compute/sshpublickeys", "generatekeypair") => self.key_pair(id, record.clone()),
            ("microsoft.managedidentity/userassignedidentities", "listassociatedresources") => {
                Ok(Response::json(200, json!({"value": [], "totalCount": 0})))
            }
            _ => self.slow_action(call, id, profile),
        }
    }

    /// An action that takes its time and changes nothing that is shown.
    fn slow_action(&self, call: &Call<'_>, id: &Id, profile: &Profile) -> Result<Response, Failure> {
        let answer = Verb::parse("202 nothing 10s");
        let begin =
            Begin { id, profile, verb: WorkVerb::Act, answer: &answer, lasts: answer.lasts, state: String::new() };
        let operation = self.begin(call, &begin)?;
        Ok(self.answer(call, &answer, Some(&operation), None))
    }

    fn storage_keys(&self, call: &Call<'_>, record: &super::record::Record, action: &str) -> Result<Response, Failure> {
        let mut record = record.clone();
        let body = call.request.body.as_ref();
        if let Some(name) = body.and_then(|body| path::text(body, "keyName")).filter(|_| action == "regeneratekey") {
            let place = format!("keys.{name}");
            let turn = path::get(&record.body, &place).and_then(Json::as_u64).unwrap_or(0) + 1;
            path::set(&mut record.body, &place, turn.into());
            self.keep(&record)?;
        }
        let one = |name: &str| {
            let turn = path::get(&record.body, &format!("keys.{name}")).and_then(Json::as_u64).unwrap_or(0);
            json!({
                "creationTime": scope::instant(record.created),
                "keyName": name,
                "permissions": "FULL",
                "value": key(&record.id, record.created, &format!("{name}{turn}")),
            })
        };
        Ok(Response::json(200, json!({"keys": [one("key1"), one("key2")]})))
    }

    /// A name is free, unless somebody has it.
    fn check_name(&self, call: &Call<'_>, id: &Id) -> Response {
        let body = call.request.body.clone().unwrap_or_default();
        let name = path::text(&body, "name").unwrap_or_default().to_lowercase();
        let kind = path::text(&body, "type").unwrap_or_default().to_lowercase();
        let taken = self.records("").iter().filter_map(|record| Id::parse(&record.id)).any(|one| {
            one.name().to_lowercase() == name
                && (kind.is_empty() || one.type_name().to_lowercase() == kind)
                && one.namespace.eq_ignore_ascii_case(&id.namespace)
        });
        if taken {
            return Response::json(
                200,
                json!({"nameAvailable": false, "reason": "AlreadyExists", "message": format!("The name {name} is already in use.")}),
            );
        }
        Response::json(200, json!({"nameAvailable": true}))
    }

    fn key_pair(&self, id: &Id, mut record: super::record::Record) -> Result<Response, Failure> {
        let bytes: [u8; 32] = rand::random();
        let public = format!("ssh-rsa {}", STANDARD.encode(Sha512::digest(bytes)));
        path::set(&mut record.body, "properties.publicKey", public.clone().into());
        self.keep(&record)?;
        let shown = super::dress::shown_id(&record.id, self.profiles.of(&id.type_name()));
        let private = format!(
            "-----BEGIN SANDBOX PRIVATE KEY-----\n{}\n-----END SANDBOX PRIVATE KEY-----\n",
            STANDARD.encode(bytes)
        );
        Ok(Response::json(200, json!({"id": shown, "publicKey": public, "privateKey": private})))
    }

    /// GETs that are neither a resource nor a list of resources.
    pub(super) fn view_of(&self, call: &Call<'_>, id: &Id, word: &str) -> Option<Result<Response, Failure>> {
        let kind = id.type_name().to_lowercase();
        match (kind.as_str(), word.to_ascii_lowercase().as_str()) {
            ("microsoft.containerservice/locations", "kubernetesversions") => Some(Ok(cluster::kubernetes_versions())),
            ("microsoft.keyvault", "deletedvaults") => Some(self.deleted_vaults(call, id.subscription())),
            ("microsoft.compute/virtualmachines", "instanceview") => Some(self.instance_view(id)),
            _ => None,
        }
    }

    fn instance_view(&self, id: &Id) -> Result<Response, Failure> {
        let profile = self.profiles.of(&id.type_name());
        self.check_place(id, profile, "GET")?;
        if self.find(id).is_none() {
            return Err(failure::missing(id, profile));
        }
        let status = |code: &str, text: &str| json!({"code": code, "level": "Info", "displayStatus": text});
        Ok(Response::json(
            200,
            json!({"statuses": [status("ProvisioningState/succeeded", "Provisioning succeeded"), status("PowerState/running", "VM running")]}),
        ))
    }
}

/// A key that follows from a resource, so that it stays the same; it opens nothing outside the sandbox.
fn key(id: &str, created: i64, which: &str) -> String {
    STANDARD.encode(Sha512::digest(scope::own_seed(id, created, &format!("key {which}")).as_bytes()))
}

fn registry_credentials(id: &Id, body: &Json, created: i64) -> Result<Response, Failure> {
    if path::get(body, "properties.adminUserEnabled") != Some(&json!(true)) {
        let message =
            format!("Unauthorized. The admin user of the registry {} is disabled. Please enable it first.", id.name());
        return Err(Failure::new(400, "AdminUserNotEnabled", message));
    }
    let one = |name: &str| json!({"name": name, "value": key(&id.text(), created, name)});
    Ok(Response::json(200, json!({"username": id.name(), "passwords": [one("password"), one("password2")]})))
}
