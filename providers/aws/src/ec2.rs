//! What all EC2 types share: filters, tag specifications, changes of tags.

use crate::client::Session;
use crate::error::IntoProviderError;
use crate::resource::{Operation, Query};
use crate::tags::{self, STAMP, TagChange, Tags};
use aws_sdk_ec2::types::{Filter, ResourceType, Tag, TagSpecification};
use formwork_provider_api::ProviderError;

/// A filter of a `Describe…` call.
pub(crate) fn filter(name: &str, values: impl IntoIterator<Item = impl Into<String>>) -> Filter {
    Filter::builder().name(name).set_values(Some(values.into_iter().map(Into::into).collect())).build()
}

/// A query as filters. Filters and not id parameters: of those one missing id fails the whole call.
pub(crate) fn filters(query: Query<'_>, id: &str) -> Option<Vec<Filter>> {
    match query {
        Query::Ids(ids) => Some(vec![filter(id, ids.iter().map(String::as_str))]),
        Query::Operation(operation) => Some(vec![filter(&format!("tag:{STAMP}"), [operation])]),
        Query::All => None,
    }
}

/// Whether an object fits a query for an operation's stamp; for calls whose filters are not trusted.
pub(crate) fn fits(query: Query<'_>, tags: &Tags) -> bool {
    match query {
        Query::Operation(operation) => tags.get(STAMP).is_some_and(|stamp| stamp == operation),
        Query::Ids(_) | Query::All => true,
    }
}

/// The tags that a create sends.
pub(crate) fn tag_specification(
    session: &Session,
    operation: &Operation<'_>,
    kind: ResourceType,
    own: &Tags,
) -> TagSpecification {
    let all = tags::stamped(session.all_tags(own), operation.id);
    TagSpecification::builder().resource_type(kind).set_tags(Some(to_sdk(&all))).build()
}

fn to_sdk(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

/// Tags of an answer.
pub(crate) fn from_sdk(tags: &[Tag]) -> Tags {
    tags.iter().filter_map(|tag| Some((tag.key.clone()?, tag.value.clone().unwrap_or_default()))).collect()
}

/// Brings an object's tags to what is wanted; whether anything was changed.
pub(crate) async fn update_tags(
    session: &Session,
    id: &str,
    present: &Tags,
    own: &Tags,
) -> Result<bool, ProviderError> {
    let change = TagChange::between(present, &session.all_tags(own));
    if !change.remove.is_empty() {
        let keys = change.remove.iter().map(|key| Tag::builder().key(key).build()).collect();
        let call = session.ec2().delete_tags().resources(id).set_tags(Some(keys));
        call.send().await.map_err(IntoProviderError::classify)?;
    }
    if !change.set.is_empty() {
        let call = session.ec2().create_tags().resources(id).set_tags(Some(to_sdk(&change.set)));
        call.send().await.map_err(IntoProviderError::classify)?;
    }
    Ok(!change.remove.is_empty() || !change.set.is_empty())
}

/// The client token of an operation: EC2 takes at most 64 ASCII characters.
pub(crate) fn client_token(operation: &Operation<'_>) -> String {
    operation.id.chars().filter(char::is_ascii).take(64).collect()
}

/// ARN of an EC2 object.
pub(crate) fn arn(session: &Session, owner: &str, kind: &str, id: &str) -> String {
    format!("arn:{}:ec2:{}:{owner}:{kind}/{id}", session.partition(), session.region)
}

/// An address range with its host bits cleared, as EC2 keeps it; the text itself where it is none.
pub(crate) fn network(range: &str) -> String {
    masked(range).unwrap_or_else(|| range.to_owned())
}

fn masked(range: &str) -> Option<String> {
    let (address, length) = range.split_once('/')?;
    let length: u32 = length.parse().ok()?;
    Some(match address.parse().ok()? {
        std::net::IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(32_u32.checked_sub(length)?).unwrap_or(0);
            format!("{}/{length}", std::net::Ipv4Addr::from_bits(address.to_bits() & mask))
        }
        std::net::IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128_u32.checked_sub(length)?).unwrap_or(0);
            format!("{}/{length}", std::net::Ipv6Addr::from_bits(address.to_bits() & mask))
        }
    })
}
