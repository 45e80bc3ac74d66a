//! One Application: from its sources to what is in the cluster, and its status.

use super::compare::{self, Item};
use super::health::Health;
use super::render::{Recipe, render};
use super::source::{Sources, Trouble, login};
use super::sync::{self, Progress};
use super::{APPLICATIONS, CONTROLLER, known, project, status, word};
use crate::kubernetes::Cluster;
use crate::kubernetes::controllers::observe_as;
use crate::kubernetes::json::{at, flag, get, integer, place, remove, set};
use crate::kubernetes::meta;
use crate::kubernetes::objects::Objects;
use crate::kubernetes::status::Answer;
use crate::kubernetes::write;
use serde_json::{Value as Json, json};
use std::time::Duration;

/// What a client writes on an Application that shall be compared anew.
pub(super) const REFRESH: &str = "argocd.argoproj.io/refresh";
/// What deletes an Application's objects before it.
const FINALIZER: &str = "resources-finalizer.argocd.argoproj.io";

/// What an Application's sources say at the present commit.
pub(super) struct Target {
    /// The spec that this was made from.
    pub(super) spec: Json,
    revisions: Vec<String>,
    objects: Vec<Json>,
    kind: &'static str,
    trouble: Option<Trouble>,
}

impl Target {
    /// Fetches and renders the sources.
    pub(super) async fn load(cluster: &Cluster, sources: &mut Sources, application: &Json) -> Self {
        let spec = get(application, &["spec"]).clone();
        let mut target = Self { spec, revisions: Vec::new(), objects: Vec::new(), kind: "Directory", trouble: None };
        for source in project::sources(application) {
            if let Err(trouble) = target.add(cluster, sources, application, &source).await {
                target.trouble = Some(trouble);
                break;
            }
        }
        target
    }

    /// Whether its sources stand where they stood: then it would be the same again.
    pub(super) async fn is_current(&self, cluster: &Cluster, sources: &mut Sources, application: &Json) -> bool {
        if self.trouble.is_some() {
            return false;
        }
        let mut revisions = Vec::new();
        for source in project::sources(application) {
            let url = word(&source, &["repoURL"]);
            let login = login(&cluster.objects(), meta::namespace(application), url);
            match sources.check_out(url, word(&source, &["targetRevision"]), login).await {
                Ok((_, commit)) => revisions.push(commit),
                Err(_) => return false,
            }
        }
        revisions == self.revisions
    }

    async fn add(
        &mut self,
        cluster: &Cluster,
        sources: &mut Sources,
        application: &Json,
        source: &Json,
    ) -> Result<(), Trouble> {
        let (url, revision) = (word(source, &["repoURL"]), word(source, &["targetRevision"]));
        if !word(source, &["chart"]).is_empty() {
            self.revisions.push(revision.to_owned());
            let chart = word(source, &["chart"]);
            let message = format!("chart {chart} of {url} is not fetched: the sandbox reaches loopback only");
            return Err(Trouble::Simulated(message));
        }
        let login = login(&cluster.objects(), meta::namespace(application), url);
        let checked_out = sources.check_out(url, revision, login).await;
        if matches!(checked_out, Err(Trouble::Simulated(_))) {
            self.revisions.push(revision.to_owned());
        }
        let (folder, commit) = checked_out?;
        self.revisions.push(commit);
        // A source that others only take values from has no path.
        if !word(source, &["ref"]).is_empty() && word(source, &["path"]).is_empty() {
            return Ok(());
        }
        let namespace = word(application, &["spec", "destination", "namespace"]);
        let recipe = Recipe { source, name: meta::name(application), namespace };
        let (objects, kind) = render(&folder, recipe).await?;
        self.objects.extend(objects);
        self.kind = kind;
        Ok(())
    }
}

/// Brings an Application one step on.
pub(super) fn advance(objects: &mut Objects, application: &Json, target: Option<&Target>) -> Answer<()> {
    let Some(current) = objects.get(APPLICATIONS, meta::namespace(application), meta::name(application)) else {
        return Ok(());
    };
    if meta::is_deleting(&current) {
        return finish(objects, &current);
    }
    let Some(target) = target.filter(|target| target.spec == *get(&current, &["spec"])) else { return Ok(()) };
    let mut after = (*current).clone();
    remove(&mut after, &["metadata", "annotations", REFRESH]);
    let now = objects.now();
    if let Some(message) = project::refuse(objects, &current) {
        unknown(&mut after, "InvalidSpecError", &message, &now);
    } else {
        match &target.trouble {
            Some(Trouble::Failed(error)) => {
                let message =
                    format!("Failed to load target state: failed to generate manifest for source 1 of 1: {error}");
                unknown(&mut after, "ComparisonError", &message, &now);
            }
            Some(Trouble::Simulated(reason)) => {
                // Others may deploy into it.
                sync::make_namespace(objects, &current)?;
                let kinds = known::make_kinds(objects, &current)?;
                simulate(&mut after, target, reason, kinds, &now);
            }
            None => bring(objects, &current, &mut after, target)?,
        }
    }
    if after != *current {
        set(&mut after, &["status", "reconciledAt"], now);
    }
    observe_as(objects, CONTROLLER, APPLICATIONS, &current, after)
}

/// The target is not known, so nothing is compared.
fn unknown(after: &mut Json, kind: &str, message: &str, now: &str) {
    set(after, &["status", "sync", "status"], "Unknown");
    let compared = status::compared_to(after);
    set(after, &["status", "sync", "comparedTo"], compared);
    let health = if at(after, &["status", "health"]).is_some() && kind == "ComparisonError" {
        None
    } else {
        Some(Health::new("Unknown", ""))
    };
    if let Some(health) = health {
        status::set_health(after, &health, now);
    }
    status::set_conditions(after, &[(kind, message.to_owned())], now);
}

/// Where a source cannot be reached, the Application is shown as if it were deployed, and says that it is not.
fn simulate(after: &mut Json, target: &Target, reason: &str, kinds: Option<&str>, now: &str) {
    let kinds = kinds.map(|text| format!("; {text}")).unwrap_or_default();
    let message = format!("simulated: {reason}; its objects are not in the cluster{kinds}");
    set(after, &["status", "sync", "status"], "Synced");
    let compared = status::compared_to(after);
    set(after, &["status", "sync", "comparedTo"], compared);
    let application = after.clone();
    status::set_revisions(place(after, &["status", "sync"]), &application, &target.revisions);
    status::set_health(after, &Health::new("Healthy", message.clone()), now);
    status::set_conditions(after, &[(compare::CONDITION, message)], now);
    set(after, &["status", "resources"], json!([]));
    set(after, &["status", "summary"], json!({}));
}

/// Compares, syncs if that is due, and writes the status.
fn bring(objects: &mut Objects, current: &Json, after: &mut Json, target: &Target) -> Answer<()> {
    let mut items = compare::compare(objects, current, &target.objects);
    let mut conditions = repeated(&target.objects);
    if conditions.is_empty() && is_due(objects, current, target, &items) {
        operate(objects, current, after, target, &items)?;
        items = compare::compare(objects, current, &target.objects);
    }
    let now = objects.now();
    let synced = is_synced(&items);
    set(after, &["status", "sync", "status"], if synced { "Synced" } else { "OutOfSync" });
    set(after, &["status", "sync", "comparedTo"], status::compared_to(current));
    status::set_revisions(place(after, &["status", "sync"]), current, &target.revisions);
    set(after, &["status", "sourceType"], target.kind);
    status::set_resources(after, &items);
    status::set_health(after, &status::overall(&items), &now);
    let absent: Vec<_> = items.iter().filter(|item| item.is_simulated).map(named).collect();
    if !absent.is_empty() {
        let message = format!("simulated: {} not in the cluster: {}", absent.join(", "), compare::SIMULATED_KIND);
        conditions.push((compare::CONDITION, message));
    }
    if matches!(word(after, &["status", "operationState", "phase"]), "Failed" | "Error") {
        let message = word(after, &["status", "operationState", "message"]).to_owned();
        conditions.push(("SyncError", format!("Failed last sync attempt: {message}")));
    }
    status::set_conditions(after, &conditions, &now);
    Ok(())
}

fn named(item: &Item) -> String {
    format!("{}/{}", item.group_kind().1, meta::name(item.object()))
}

fn is_synced(items: &[Item]) -> bool {
    items.iter().filter(|item| item.hook().is_none()).all(|item| item.is_synced)
}

/// Objects that are rendered twice.
fn repeated(objects: &[Json]) -> Vec<(&'static str, String)> {
    let id = |one: &Json| (meta::kind(one).to_owned(), meta::namespace(one).to_owned(), meta::name(one).to_owned());
    let mut seen = std::collections::BTreeSet::new();
    let twice = objects.iter().find(|one| !seen.insert(id(one)));
    let message = |one: &Json| {
        format!(
            "Resource {}/{}/{} appeared 2 times among application resources.",
            meta::kind(one),
            meta::namespace(one),
            meta::name(one)
        )
    };
    twice.map(|one| ("RepeatedResourceWarning", message(one))).into_iter().collect()
}

/// Whether to sync now: because someone asks, because an operation is not done, or because the policy says so.
fn is_due(objects: &Objects, application: &Json, target: &Target, items: &[Item]) -> bool {
    if at(application, &["operation", "sync"]).is_some() {
        return true;
    }
    let state = get(application, &["status", "operationState"]);
    let result = get(state, &["syncResult"]);
    let same = last_synced(state) == target.revisions
        && (result.get("source"), result.get("sources").filter(|_| target.spec.get("source").is_none()))
            == (target.spec.get("source"), target.spec.get("sources").filter(|_| target.spec.get("source").is_none()));
    match word(state, &["phase"]) {
        "Running" => return true,
        // It failed for want of a kind of which it is known by now that it cannot come.
        "Failed" | "Error" if same && lacked_a_kind(state) && items.iter().any(|item| item.is_simulated) => {
            return true;
        }
        "Failed" | "Error" if same => return retries(objects, application, state),
        _ => {}
    }
    let Some(policy) = at(application, &["spec", "syncPolicy", "automated"]) else { return false };
    let enabled = at(policy, &["enabled"]).is_none_or(|one| one == true);
    let heals = flag(policy, &["selfHeal"]);
    let missing = items.iter().any(|item| item.wanted.is_some() && !item.is_synced);
    let surplus = items.iter().any(|item| item.wanted.is_none() && !item.has_option("Prune=false"));
    let differs = missing || surplus && flag(policy, &["prune"]);
    let empties = target.objects.is_empty() && !items.is_empty() && !flag(policy, &["allowEmpty"]);
    enabled && differs && (heals || !same) && !empties
}

fn lacked_a_kind(state: &Json) -> bool {
    word(state, &["message"]).contains(sync::NO_KIND)
}

fn last_synced(state: &Json) -> Vec<String> {
    let result = get(state, &["syncResult"]);
    let several = crate::kubernetes::json::list(result, &["revisions"]);
    match at(result, &["revision"]).and_then(Json::as_str) {
        Some(one) => vec![one.to_owned()],
        None => several.iter().filter_map(Json::as_str).map(str::to_owned).collect(),
    }
}

/// `5s`, `3m`, `1h`.
fn duration(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at(text.find(|letter: char| !letter.is_ascii_digit())?);
    let factor = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return None,
    };
    Some(Duration::from_secs(number.parse::<u64>().ok()?.saturating_mul(factor)))
}

fn retries(objects: &Objects, application: &Json, state: &Json) -> bool {
    let retry = get(application, &["spec", "syncPolicy", "retry"]);
    let done = integer(state, &["retryCount"]).unwrap_or_default();
    let limit = integer(retry, &["limit"]).unwrap_or_default();
    if limit >= 0 && done >= limit {
        return false;
    }
    let part = |name: &str, default: u64| {
        duration(word(retry, &["backoff", name])).unwrap_or_else(|| Duration::from_secs(default))
    };
    let factor = integer(retry, &["backoff", "factor"]).unwrap_or(2).clamp(1, 10);
    let grown = factor.saturating_pow(u32::try_from(done).unwrap_or(0));
    let wait =
        part("duration", 5).saturating_mul(u32::try_from(grown).unwrap_or(u32::MAX)).min(part("maxDuration", 180));
    let wait = i64::try_from(objects.clock.scaled(wait).as_millis()).unwrap_or(i64::MAX);
    let ended = meta::milliseconds(word(state, &["finishedAt"])).unwrap_or_default();
    objects.clock.now_ms() >= ended.saturating_add(wait)
}

/// Does one step of a sync, and writes how far it has come.
fn operate(objects: &mut Objects, current: &Json, after: &mut Json, target: &Target, items: &[Item]) -> Answer<()> {
    let now = objects.now();
    let state = get(current, &["status", "operationState"]).clone();
    let goes_on = word(&state, &["phase"]) == "Running";
    let started = if goes_on { word(&state, &["startedAt"]).to_owned() } else { now.clone() };
    let asked = at(current, &["operation"]).cloned();
    let prune = match &asked {
        Some(operation) => flag(operation, &["sync", "prune"]),
        None => flag(current, &["spec", "syncPolicy", "automated", "prune"]),
    };
    let since = meta::milliseconds(&started).unwrap_or_default();
    let progress = sync::sync(objects, current, items, prune, since)?;
    let operation = asked.unwrap_or_else(|| json!({"initiatedBy": {"automated": true}, "sync": {"prune": prune}}));
    let mut new = json!({"operation": operation, "startedAt": started});
    let failed_before = matches!(word(&state, &["phase"]), "Failed" | "Error");
    let count = integer(&state, &["retryCount"]).unwrap_or_default();
    let count = if failed_before && last_synced(&state) == target.revisions {
        count + 1
    } else if goes_on {
        count
    } else {
        0
    };
    if count > 0 {
        set(&mut new, &["retryCount"], count);
    }
    set(&mut new, &["syncResult", "resources"], progress.results.clone());
    match at(current, &["spec", "source"]) {
        Some(source) => set(&mut new, &["syncResult", "source"], source.clone()),
        None => set(&mut new, &["syncResult", "sources"], project::sources(current)),
    }
    status::set_revisions(place(&mut new, &["syncResult"]), current, &target.revisions);
    let phase = conclude(&mut new, &progress, &now);
    set(after, &["status", "operationState"], new);
    if phase != "Running" {
        remove(after, &["operation"]);
    }
    if phase == "Succeeded" {
        status::add_history(after, &target.revisions, &started, &now);
    }
    Ok(())
}

fn conclude(state: &mut Json, progress: &Progress, now: &str) -> &'static str {
    let (phase, message) = match (&progress.errors[..], &progress.waiting) {
        ([], None) => ("Succeeded", "successfully synced (all tasks run)".to_owned()),
        ([], Some(waiting)) => ("Running", waiting.clone()),
        (errors, _) => {
            ("Failed", format!("one or more synchronization tasks completed unsuccessfully: {}", errors.join("; ")))
        }
    };
    set(state, &["phase"], phase);
    set(state, &["message"], message);
    if phase != "Running" {
        set(state, &["finishedAt"], now);
    }
    phase
}

/// An Application that goes takes its objects with it, if its finalizer says so.
fn finish(objects: &mut Objects, application: &Json) -> Answer<()> {
    let finalizers = [FINALIZER.to_owned(), format!("{FINALIZER}/foreground"), format!("{FINALIZER}/background")];
    let Some(own) = finalizers.iter().find(|one| meta::has_finalizer(application, one)) else { return Ok(()) };
    let left = compare::tracked(objects, meta::name(application));
    for (table, object) in &left {
        if let Some(resource) = objects.catalog.by_table(table).filter(|_| !meta::is_deleting(object)) {
            write::delete_object(objects, &resource, object)?;
        }
    }
    if !compare::tracked(objects, meta::name(application)).is_empty() {
        return Ok(());
    }
    let Some(current) = objects.get(APPLICATIONS, meta::namespace(application), meta::name(application)) else {
        return Ok(());
    };
    let mut freed = (*current).clone();
    meta::drop_finalizer(&mut freed, own);
    observe_as(objects, CONTROLLER, APPLICATIONS, &current, freed)?;
    write::finish_deletion(objects, APPLICATIONS, meta::namespace(application), meta::name(application))
}
