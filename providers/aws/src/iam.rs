//! What all IAM types share: tags and their changes. IAM has no search by tag; its objects are recognised by name, and the
//! stamp tells ours from others'.

use crate::client::Session;
use crate::error::{IntoProviderError, missing};
use crate::resource::{Operation, Search};
use crate::tags::{self, STAMP, TagChange, Tags};
use async_trait::async_trait;
use aws_sdk_iam::types::Tag;
use formwork_provider_api::{ErrorClass, ProviderError};

/// How many single-object calls run at a time.
pub(crate) const PARALLEL: usize = 8;

/// How long IAM may not show a fresh object, in milliseconds.
pub(crate) const SETTLE_MS: u64 = 10_000;

/// The tags that a create sends.
pub(crate) fn create_tags(session: &Session, operation: &Operation<'_>, own: &Tags) -> Result<Vec<Tag>, ProviderError> {
    to_sdk(&tags::stamped(session.all_tags(own), operation.id))
}

fn to_sdk(tags: &Tags) -> Result<Vec<Tag>, ProviderError> {
    let build = |(key, value): (&String, &String)| {
        let tag = Tag::builder().key(key).value(value).build();
        tag.map_err(|error| ProviderError::new(ErrorClass::Other, format!("the tag `{key}` cannot be sent: {error}")))
    };
    tags.iter().map(build).collect()
}

/// Tags of an answer.
pub(crate) fn from_sdk(tags: &[Tag]) -> Tags {
    tags.iter().map(|tag| (tag.key.clone(), tag.value.clone())).collect()
}

/// A type whose tags IAM changes by calls of its own.
#[async_trait]
pub(crate) trait Tagged {
    /// Sets tags.
    async fn tag(&self, session: &Session, id: &str, tags: Vec<Tag>) -> Result<(), ProviderError>;
    /// Removes tags.
    async fn untag(&self, session: &Session, id: &str, keys: Vec<String>) -> Result<(), ProviderError>;

    /// Brings an object's tags to what is wanted; whether anything was changed.
    async fn update_tags(
        &self,
        session: &Session,
        id: &str,
        present: &Tags,
        own: &Tags,
    ) -> Result<bool, ProviderError> {
        let change = TagChange::between(present, &session.all_tags(own));
        let changed = !change.remove.is_empty() || !change.set.is_empty();
        if !change.remove.is_empty() {
            self.untag(session, id, change.remove).await?;
        }
        if !change.set.is_empty() {
            self.tag(session, id, to_sdk(&change.set)?).await?;
        }
        Ok(changed)
    }
}

/// Whether an object that has the wanted name was made by this operation.
pub(crate) fn search_by_stamp<V>(
    object: Option<V>,
    tags: impl Fn(&V) -> &Tags,
    what: &str,
    operation: &str,
) -> Search<V> {
    match object {
        None => Search::Absent,
        Some(object) if tags(&object).get(STAMP).is_some_and(|stamp| stamp == operation) => Search::Ours(object),
        Some(_) => Search::Foreign(format!("{what} exists, and this operation did not make it")),
    }
}

/// A policy document of an answer: IAM sends it percent-encoded.
pub(crate) fn document(text: Option<&str>) -> Result<String, ProviderError> {
    let text = text.ok_or_else(|| missing("a policy document"))?;
    Ok(percent_decoded(text).unwrap_or_else(|| text.to_owned()))
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: u8| char::from(byte).to_digit(16);
        let code = digit(rest.next()?)? * 16 + digit(rest.next()?)?;
        bytes.push(u8::try_from(code).ok()?);
    }
    String::from_utf8(bytes).ok()
}

/// Reads objects one by one, several at a time; gone ones are left out.
pub(crate) async fn read_each<I, V, F, Fut>(items: Vec<I>, read: F) -> Result<Vec<V>, ProviderError>
where
    F: Fn(I) -> Fut,
    Fut: Future<Output = Result<Option<V>, ProviderError>>,
{
    use futures::stream::{self, StreamExt, TryStreamExt};
    let found: Vec<Option<V>> = stream::iter(items.into_iter().map(read)).buffered(PARALLEL).try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}

/// Calls of the IAM client give this.
pub(crate) fn done<T, E>(result: Result<T, E>) -> Result<(), ProviderError>
where
    E: IntoProviderError,
{
    result.map(drop).map_err(IntoProviderError::classify)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn documents_come_percent_encoded_or_plain() {
        assert_eq!(document(Some("%7B%22a%22%3A%22%C3%A9%22%7D")).unwrap(), "{\"a\":\"é\"}");
        assert_eq!(document(Some("{\"a\": \"100% sure\"}")).unwrap(), "{\"a\": \"100% sure\"}");
        assert!(document(None).is_err());
    }
}
