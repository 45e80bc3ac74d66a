//! Why a workload does not become ready: what its pods say, and the last warnings about it. Nothing here can fail a wait;
//! what cannot be read is left out.

use super::joined;
use crate::manifest::Identity;
use crate::session::Session;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value as Json;

/// So many pods and events are told at most.
const MOST: usize = 3;
/// Longest text of one of them.
const LONGEST: usize = 300;
/// Longest text of the one that is told while it is waited.
const LONGEST_LINE: usize = 160;

pub(super) async fn of(session: &Session, identity: &Identity, live: &Json) -> Vec<String> {
    let Some(namespace) = identity.namespace.as_deref() else { return Vec::new() };
    let mut told = of_pods(session, namespace, identity, live).await;
    told.truncate(MOST);
    told.extend(warnings(session, namespace, identity).await);
    told.into_iter().map(|text| text.chars().take(LONGEST).collect()).collect()
}

/// The first of them, on one line, for as long as it is waited: what a pod says, or else the last warning.
pub(super) async fn first(session: &Session, identity: &Identity, live: &Json) -> Option<String> {
    let namespace = identity.namespace.as_deref()?;
    let mut told = of_pods(session, namespace, identity, live).await;
    let mut others = told.len().saturating_sub(1);
    if told.is_empty() {
        told = warnings(session, namespace, identity).await;
        others = 0;
    }
    let first = told.first()?.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut line: String = first.chars().take(LONGEST_LINE).collect();
    if line.len() < first.len() {
        line.push('…');
    }
    if others > 0 {
        line.push_str(&format!(", and {others} more"));
    }
    Some(line)
}

async fn items(session: &Session, path: String) -> Vec<Json> {
    let list = session.get(path, "reading").await.ok().flatten();
    list.and_then(|mut list| list.get_mut("items").map(Json::take))
        .and_then(|items| items.as_array().cloned())
        .unwrap_or_default()
}

async fn of_pods(session: &Session, namespace: &str, identity: &Identity, live: &Json) -> Vec<String> {
    if identity.kind == "Pod" {
        return pod(live);
    }
    let Some(labels) = live.pointer("/spec/selector/matchLabels").and_then(Json::as_object) else { return Vec::new() };
    let selector: Vec<String> =
        labels.iter().filter_map(|(key, value)| Some(format!("{key}={}", value.as_str()?))).collect();
    let selector = utf8_percent_encode(&selector.join(","), NON_ALPHANUMERIC).to_string();
    let pods = items(session, format!("/api/v1/namespaces/{namespace}/pods?limit=50&labelSelector={selector}")).await;
    pods.iter().flat_map(pod).collect()
}

/// What is wrong with a pod, container by container.
fn pod(pod: &Json) -> Vec<String> {
    let name = pod.pointer("/metadata/name").and_then(Json::as_str).unwrap_or_default();
    let list = |pointer: &str| pod.pointer(pointer).and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    let containers = list("/status/initContainerStatuses").iter().chain(list("/status/containerStatuses"));
    let mut told: Vec<String> = containers
        .filter_map(|container| {
            let what = trouble(container)?;
            let container = container.get("name").and_then(Json::as_str).unwrap_or_default();
            Some(format!("pod {name}, container {container}: {what}"))
        })
        .collect();
    let scheduled = list("/status/conditions").iter().find(|condition| text(condition, "type") == "PodScheduled");
    match scheduled {
        Some(condition) if text(condition, "status") == "False" => {
            let why = joined(text(condition, "reason"), text(condition, "message"));
            told.push(format!("pod {name} is not scheduled{why}"));
        }
        None if told.is_empty() && pod.pointer("/spec/nodeName").is_none() => {
            told.push(format!("pod {name} is not scheduled yet"));
        }
        _ => {}
    }
    told
}

fn text<'a>(value: &'a Json, name: &str) -> &'a str {
    value.get(name).and_then(Json::as_str).unwrap_or_default()
}

/// Why a container does not run.
fn trouble(container: &Json) -> Option<String> {
    if let Some(waiting) = container.pointer("/state/waiting") {
        let before = container.pointer("/lastState/terminated").map(ended).unwrap_or_default();
        return Some(format!("{}{}{before}", "waiting", joined(text(waiting, "reason"), text(waiting, "message"))));
    }
    if container.pointer("/state/running").is_some() {
        let is_ready = container.get("ready").and_then(Json::as_bool).unwrap_or(true);
        let restarts = container.get("restartCount").and_then(Json::as_i64).unwrap_or(0);
        let again = if restarts > 0 { format!(", restarted {restarts} times") } else { String::new() };
        return (!is_ready).then(|| format!("runs and is not ready{again}"));
    }
    let terminated = container.pointer("/state/terminated")?;
    let failed = terminated.get("exitCode").and_then(Json::as_i64).unwrap_or(0) != 0;
    failed.then(|| format!("ended{}", ended(terminated)))
}

fn ended(terminated: &Json) -> String {
    let code = terminated.get("exitCode").and_then(Json::as_i64).unwrap_or(0);
    format!(", exit code {code}{}", joined(text(terminated, "reason"), text(terminated, "message").trim()))
}

/// The last warnings about an object and what it made.
async fn warnings(session: &Session, namespace: &str, identity: &Identity) -> Vec<String> {
    let path = format!("/api/v1/namespaces/{namespace}/events?limit=500&fieldSelector=type%3DWarning");
    let mut events = items(session, path).await;
    let about =
        |event: &Json| event.pointer("/involvedObject/name").and_then(Json::as_str).unwrap_or_default().to_owned();
    events.retain(|event| {
        let name = about(event);
        name == identity.name || name.strip_prefix(identity.name.as_str()).is_some_and(|rest| rest.starts_with('-'))
    });
    let when = |event: &Json| {
        let time = ["lastTimestamp", "eventTime"].iter().find_map(|name| event.get(*name)?.as_str());
        time.unwrap_or_default().to_owned()
    };
    events.sort_by_key(|event| std::cmp::Reverse(when(event)));
    let told = events.iter().take(MOST).map(|event| {
        let kind = event.pointer("/involvedObject/kind").and_then(Json::as_str).unwrap_or_default();
        format!("event on {kind} {}: {}: {}", about(event), text(event, "reason"), text(event, "message").trim())
    });
    told.collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use serde_json::json;

    #[test]
    fn pods_say_what_is_wrong_with_them() {
        let sick = json!({ "metadata": { "name": "web-1" }, "status": {
            "containerStatuses": [
                { "name": "ok", "ready": true, "state": { "running": {} } },
                { "name": "slow", "ready": false, "restartCount": 2, "state": { "running": {} } },
                { "name": "web", "state": { "waiting": { "reason": "ImagePullBackOff", "message": "no such image" } } },
                { "name": "job", "state": { "terminated": { "exitCode": 3, "reason": "Error" } } },
            ],
            "conditions": [{ "type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "no node" }],
        } });
        let told = pod(&sick).join("\n");
        assert!(told.contains("container web: waiting (ImagePullBackOff: no such image)"), "{told}");
        assert!(told.contains("container job: ended, exit code 3 (Error)"), "{told}");
        assert!(told.contains("not scheduled (Unschedulable: no node)"), "{told}");
        assert!(told.contains("container slow: runs and is not ready, restarted 2 times"), "{told}");
        assert!(!told.contains("container ok"), "{told}");
    }
}
