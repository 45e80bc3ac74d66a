//! What EKS types share: tags, tokens, and updates, of which a cluster or node group takes one at a time.

use crate::client::Session;
use crate::error::{IntoProviderError, class_of};
use crate::iam::done;
use crate::resource::Operation;
use crate::tags::{self, TagChange, Tags};
use crate::wait::{self, Progress, Rhythm};
use aws_sdk_eks::types::{ErrorDetail, Update, UpdateStatus};
use formwork_provider_api::{ErrorClass, ProviderError};
use std::collections::HashMap;

/// Names that clusters and node groups take at most.
pub(crate) const NAME_LENGTH: usize = 100;

/// The tags that a create sends.
pub(crate) fn create_tags(session: &Session, operation: &Operation<'_>, own: &Tags) -> HashMap<String, String> {
    tags::stamped(session.all_tags(own), operation.id).into_iter().collect()
}

/// Brings an object's tags to what is wanted; whether anything was changed.
pub(crate) async fn update_tags(
    session: &Session,
    arn: &str,
    present: &Tags,
    own: &Tags,
) -> Result<bool, ProviderError> {
    let change = TagChange::between(present, &session.all_tags(own));
    let changed = !change.remove.is_empty() || !change.set.is_empty();
    if !change.remove.is_empty() {
        let call = session.eks().untag_resource().resource_arn(arn).set_tag_keys(Some(change.remove));
        done(call.send().await)?;
    }
    if !change.set.is_empty() {
        let tags = change.set.into_iter().collect();
        done(session.eks().tag_resource().resource_arn(arn).set_tags(Some(tags)).send().await)?;
    }
    Ok(changed)
}

/// The token of one call of an operation: the operation's own, and which of its calls it is.
pub(crate) fn client_token(operation: &Operation<'_>, call: &str) -> String {
    let id: String = operation.id.chars().filter(char::is_ascii).take(48).collect();
    if call.is_empty() { id } else { format!("{id}-{call}") }
}

/// Waits until an update is through. Emulators answer without one: then there is nothing to wait for.
pub(crate) async fn wait_update(
    session: &Session,
    operation: &Operation<'_>,
    cluster: &str,
    node_group: Option<&str>,
    update: Option<Update>,
) -> Result<(), ProviderError> {
    let Some(id) = update.as_ref().and_then(|update| update.id.clone()) else { return Ok(()) };
    if matches!(progress(update.as_ref(), cluster)?, Progress::Ready(())) {
        return Ok(());
    }
    let identity = match node_group {
        Some(group) => [("id", format!("{cluster}/{group}"))],
        None => [("name", cluster.to_owned())],
    };
    operation.checkpoint_polling(&identity.each_ref().map(|(name, text)| (*name, text.as_str())), &id).await?;
    follow(session, operation, cluster, node_group, &id).await
}

/// Waits for the update that an earlier run of this operation sent, and says when it failed.
pub(crate) async fn wait_resumed(
    session: &Session,
    operation: &Operation<'_>,
    cluster: &str,
    node_group: Option<&str>,
) -> Result<(), ProviderError> {
    match operation.resumed_poll() {
        Some(id) => follow(session, operation, cluster, node_group, &id).await,
        None => Ok(()),
    }
}

async fn follow(
    session: &Session,
    operation: &Operation<'_>,
    cluster: &str,
    node_group: Option<&str>,
    id: &str,
) -> Result<(), ProviderError> {
    wait::until(operation, Rhythm::SLOW, || async {
        let call = session.eks().describe_update().name(cluster).set_nodegroup_name(node_group.map(str::to_owned));
        let answer = call.update_id(id).send().await.map_err(IntoProviderError::classify)?;
        progress(answer.update.as_ref(), node_group.unwrap_or(cluster))
    })
    .await
}

fn progress(update: Option<&Update>, name: &str) -> Result<Progress<()>, ProviderError> {
    let kind = update.and_then(|update| update.r#type.as_ref()).map_or("update", |kind| kind.as_str());
    match update.and_then(|update| update.status.as_ref()) {
        Some(UpdateStatus::Successful) => Ok(Progress::Ready(())),
        Some(UpdateStatus::Failed | UpdateStatus::Cancelled) => {
            Err(failure(name, kind, update.and_then(|update| update.errors.as_deref()).unwrap_or_default()))
        }
        status => {
            let status = status.map_or("InProgress", UpdateStatus::as_str);
            Ok(Progress::Waiting(format!("{kind} of {name} is {status}")))
        }
    }
}

fn failure(name: &str, kind: &str, errors: &[ErrorDetail]) -> ProviderError {
    let reasons = errors.iter().map(|error| {
        let code = error.error_code.as_ref().map_or("", |code| code.as_str());
        (code, error.error_message.as_deref().unwrap_or_default(), error.resource_ids.as_deref().unwrap_or_default())
    });
    unhealthy(&format!("the {kind} of `{name}` failed"), reasons)
}

/// An error made of the reasons that EKS gives: code, message and the objects that it is about.
pub(crate) fn unhealthy<'a>(
    what: &str,
    reasons: impl Iterator<Item = (&'a str, &'a str, &'a [String])>,
) -> ProviderError {
    let reasons: Vec<_> = reasons.collect();
    let texts: Vec<String> = reasons
        .iter()
        .map(|(code, message, objects)| {
            let objects = if objects.is_empty() { String::new() } else { format!(" ({})", objects.join(", ")) };
            format!("{code}: {message}{objects}")
        })
        .collect();
    let code = reasons.first().map_or("", |(code, _, _)| code);
    let class = if code.is_empty() { ErrorClass::Other } else { class_of(code, 400) };
    // The attempt is over: repeating the same call would not go on with it.
    let class = if class == ErrorClass::Retryable { ErrorClass::Other } else { class };
    let text = if texts.is_empty() { "AWS gives no reason".to_owned() } else { texts.join("; ") };
    ProviderError::new(class, format!("{what}: {text}")).vendor(code, "")
}

/// A role that was made a moment ago is not known everywhere yet, nor are its policies.
pub(crate) fn is_fresh_role(error: &ProviderError) -> bool {
    const SIGNS: [&str; 4] = ["could not be assumed", "does not exist", "doesn't have the", "Error in role params"];
    error.code.starts_with("InvalidParameter") && SIGNS.iter().any(|sign| error.message.contains(sign))
}

/// Whether two lists have the same items, in whatever order.
pub(crate) fn same_items(one: &[String], other: &[String]) -> bool {
    let sorted = |list: &[String]| {
        let mut list = list.to_vec();
        list.sort();
        list
    };
    sorted(one) == sorted(other)
}
