//! Resource groups: synchronous to make, slow to delete with all that is in them.

use super::failure::{self, Failure};
use super::id::{Id, group_key};
use super::operation::Begin;
use super::path;
use super::profile::{Profile, Verb};
use super::record::{Record, WorkVerb};
use super::wire::{Operation, Wire};
use super::{Arm, Call, catalog};
use crate::exchange::Response;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

impl Arm {
    /// A request for one group.
    pub(super) fn group(&self, call: &Call<'_>, subscription: &str, name: &str) -> Result<Response, Failure> {
        let key = group_key(subscription, name);
        let record = self.record(&key);
        match (call.request.method.as_str(), record) {
            ("PUT", record) => self.put_group(call, subscription, name, record),
            ("HEAD", Some(_)) => Ok(Response::empty(204)),
            (_, None) => Err(failure::no_group(name)),
            ("GET", Some(record)) => Ok(Response::json(200, self.shown_group(&record))),
            ("PATCH", Some(record)) => self.patch_group(call, record),
            ("DELETE", Some(record)) => self.delete_group(call, record),
            (method, Some(_)) => {
                Err(Failure::gateway(405, "MethodNotAllowed", format!("The method {method} is not allowed here.")))
            }
        }
    }

    /// A group as it is shown.
    pub(super) fn shown_group(&self, record: &Record) -> Json {
        let now = self.clock.now_ms();
        let name = record.id.rsplit('/').next().unwrap_or_default();
        let mut shown = json!({
            "id": record.id,
            "name": name,
            "type": "Microsoft.Resources/resourceGroups",
            "location": record.body.get("location"),
            "properties": {"provisioningState": record.state("", now)},
        });
        for key in ["tags", "managedBy"] {
            if let Some(value) = record.body.get(key) {
                path::set(&mut shown, key, value.clone());
            }
        }
        shown
    }

    fn put_group(
        &self,
        call: &Call<'_>,
        subscription: &str,
        name: &str,
        old: Option<Record>,
    ) -> Result<Response, Failure> {
        let Some(mut body) = call.request.body.clone().filter(Json::is_object) else {
            return Err(failure::invalid_content("The request content was invalid: a JSON object is required."));
        };
        path::drop_nulls(&mut body);
        let Some(sent) = path::text(&body, "location").map(str::to_owned) else {
            return Err(Failure::gateway(
                400,
                "LocationRequired",
                "The location property is required for this definition.",
            ));
        };
        let location = catalog::normal_location(&sent);
        if !catalog::is_location(&location) {
            let regions = catalog::LOCATIONS.map(|one| one.0).join(",");
            let message = format!(
                "The provided location '{sent}' is not available for resource group. List of available regions is '{regions}'."
            );
            return Err(Failure::gateway(400, "LocationNotAvailableForResourceGroup", message));
        }
        check_group_name(name)?;
        path::set(&mut body, "location", location.clone().into());
        let status = if old.is_some() { 200 } else { 201 };
        let record = self.group_record(call, subscription, name, old, body, &location)?;
        self.keep(&record)?;
        Ok(Response::json(status, self.shown_group(&record)))
    }

    fn group_record(
        &self,
        call: &Call<'_>,
        subscription: &str,
        name: &str,
        old: Option<Record>,
        body: Json,
        location: &str,
    ) -> Result<Record, Failure> {
        let now = self.clock.now_ms();
        let Some(old) = old else {
            return Ok(Record {
                id: format!("/subscriptions/{subscription}/resourceGroups/{name}"),
                body,
                born: call.version.clone(),
                created: now,
                modified: now,
                revision: 1,
                work: BTreeMap::new(),
            });
        };
        if old.going("", now) {
            let message =
                format!("The resource group '{name}' is in deprovisioning state and cannot perform this operation.");
            return Err(Failure::gateway(409, "ResourceGroupBeingDeleted", message));
        }
        if path::text(&old.body, "location") != Some(location) {
            let message = format!(
                "Invalid resource group location '{location}'. The Resource group already exists in location '{}'.",
                path::text(&old.body, "location").unwrap_or_default()
            );
            return Err(Failure::gateway(409, "InvalidResourceGroupLocation", message));
        }
        Ok(Record { body, modified: now, revision: old.revision + 1, ..old })
    }

    fn patch_group(&self, call: &Call<'_>, mut record: Record) -> Result<Response, Failure> {
        let tags = call.request.body.as_ref().and_then(|body| body.get("tags")).cloned();
        if let Some(tags) = tags {
            path::set(&mut record.body, "tags", tags);
        }
        record.modified = self.clock.now_ms();
        record.revision += 1;
        self.keep(&record)?;
        Ok(Response::json(200, self.shown_group(&record)))
    }

    fn delete_group(&self, call: &Call<'_>, mut record: Record) -> Result<Response, Failure> {
        let now = self.clock.now_ms();
        let answer = Verb::parse("202 nothing retry=15");
        let running =
            record.running("", now).filter(|work| work.verb == WorkVerb::Delete).map(|work| work.operation.clone());
        let operation = match running.and_then(|token| self.operation(&token)) {
            Some(operation) => operation,
            None => {
                self.check_group_locks(&record.id)?;
                let operation = self.begin_group_deletion(call, &record, &answer)?;
                Self::note(&mut record, "", &operation, "Deleting");
                self.keep(&record)?;
                operation
            }
        };
        Ok(self.answer(call, &answer, Some(&operation), None).header("retry-after", "15"))
    }

    fn begin_group_deletion(&self, call: &Call<'_>, record: &Record, answer: &Verb) -> Result<Operation, Failure> {
        let inside = self.records(&format!("{}/", record.id.to_lowercase()));
        let profile = Profile { wire: Wire::Group, ..self.profiles.of("").clone() };
        let id = Id {
            scope: String::new(),
            namespace: "Microsoft.Resources".into(),
            pairs: vec![("resourceGroups".into(), String::new())],
        };
        let lasts = 15_000 + 5_000 * i64::try_from(inside.len()).unwrap_or(0).min(100);
        let begin =
            Begin { id: &id, profile: &profile, verb: WorkVerb::Delete, answer, lasts, state: "Deleting".into() };
        let mut operation = self.begin(call, &begin)?;
        operation.resource.clone_from(&record.id);
        self.keep_operation(&operation)?;
        Ok(operation)
    }

    /// A group is gone, and everything in it.
    pub(super) fn end_group(&self, operation: &Operation) {
        let key = operation.resource.to_lowercase();
        let inside = self.records(&format!("{key}/"));
        for record in inside {
            let Some(id) = Id::parse(&record.id) else { continue };
            if self.record(&id.key()).is_some() {
                self.keep_deleted_vault(&record, &id);
                self.erase(&id, Record::clone(&record), None);
            }
        }
        self.forget(&key);
    }

    /// All groups of a subscription.
    pub(super) fn groups(&self, call: &Call<'_>, subscription: &str) -> Result<Response, Failure> {
        let prefix = format!("/subscriptions/{}/resourcegroups/", subscription.to_lowercase());
        let records = self.records(&prefix);
        let groups = records.iter().filter(|record| !record.id.to_lowercase().contains("/providers/"));
        let shown =
            groups.map(|record| self.shown_group(record)).filter(|shown| catalog::tag_matches(call.request, shown));
        self.paged(call, shown.collect(), false)
    }
}

fn check_group_name(name: &str) -> Result<(), Failure> {
    let good = name.len() <= 90
        && !name.ends_with('.')
        && name.chars().all(|one| one.is_alphanumeric() || matches!(one, '-' | '_' | '.' | '(' | ')'));
    if good {
        return Ok(());
    }
    let message = format!(
        "The provided resource group name '{name}' has these invalid characters or is too long. The name can only be a letter, digit, '-', '.', '(', ')' or '_'."
    );
    Err(Failure::gateway(400, "InvalidResourceGroupName", message))
}
