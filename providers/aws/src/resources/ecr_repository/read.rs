//! Reading repositories: many in one call, but their tags and policies one by one.

use super::schema::{Encryption, Filter, Lifecycle, Scanning, Values};
use crate::client::Session;
use crate::error::{IntoProviderError, found};
use crate::iam::read_each;
use crate::tags::Tags;
use aws_sdk_ecr::types as sdk;
use formwork_provider_api::ProviderError;

pub(super) async fn all(session: &Session) -> Result<Vec<sdk::Repository>, ProviderError> {
    let call = session.ecr().describe_repositories();
    call.into_paginator().items().send().try_collect().await.map_err(IntoProviderError::classify)
}

/// How many names one call takes.
const NAMES: usize = 100;

/// Those of the names that there are.
pub(super) async fn described(session: &Session, names: &[String]) -> Result<Vec<sdk::Repository>, ProviderError> {
    let mut found = Vec::with_capacity(names.len());
    for names in names.chunks(NAMES) {
        match describe(session, names).await? {
            Some(repositories) => found.extend(repositories),
            // A single missing one fails the whole call.
            None if names.len() > 1 => {
                let alone = |name: String| async move { describe(session, &[name]).await };
                found.extend(read_each(names.to_vec(), alone).await?.into_iter().flatten());
            }
            None => {}
        }
    }
    Ok(found)
}

/// None where one of them is missing.
pub(super) async fn describe(
    session: &Session,
    names: &[String],
) -> Result<Option<Vec<sdk::Repository>>, ProviderError> {
    let call = session.ecr().describe_repositories().set_repository_names(Some(names.to_vec()));
    let answer = found(call.send().await.map_err(IntoProviderError::classify))?;
    Ok(answer.map(|answer| answer.repositories.unwrap_or_default()))
}

/// A repository with what only further calls tell; none when it went away meanwhile.
pub(super) async fn complete(session: &Session, repository: sdk::Repository) -> Result<Option<Values>, ProviderError> {
    let name = repository.repository_name.clone().unwrap_or_default();
    let arn = repository.repository_arn.clone().unwrap_or_default();
    let call = session.ecr().list_tags_for_resource().resource_arn(&arn);
    let Some(tags) = found(call.send().await.map_err(IntoProviderError::classify))? else { return Ok(None) };
    let tags = tags.tags.unwrap_or_default();
    let call = session.ecr().get_lifecycle_policy().repository_name(&name);
    let lifecycle = found(call.send().await.map_err(IntoProviderError::classify))?.map(|answer| Lifecycle {
        lifecycle_policy_text: answer.lifecycle_policy_text.unwrap_or_default(),
        registry_id: answer.registry_id,
    });
    let call = session.ecr().get_repository_policy().repository_name(&name);
    let policy = found(call.send().await.map_err(IntoProviderError::classify))?.and_then(|answer| answer.policy_text);
    let values = from_sdk(repository, tags.into_iter().map(|tag| (tag.key, tag.value)).collect());
    Ok(Some(Values { lifecycle_policy: lifecycle, repository_policy_text: policy, ..values }))
}

fn from_sdk(repository: sdk::Repository, tags_all: Tags) -> Values {
    let filters = repository.image_tag_mutability_exclusion_filters.unwrap_or_default();
    Values {
        repository_name: repository.repository_name.unwrap_or_default(),
        image_tag_mutability: repository.image_tag_mutability.map_or_else(String::new, |kind| kind.as_str().to_owned()),
        image_tag_mutability_exclusion_filters: filters
            .into_iter()
            .map(|filter| Filter {
                image_tag_mutability_exclusion_filter_type: filter.filter_type.as_str().to_owned(),
                image_tag_mutability_exclusion_filter_value: filter.filter,
            })
            .collect(),
        image_scanning_configuration: Scanning {
            scan_on_push: repository.image_scanning_configuration.is_some_and(|scanning| scanning.scan_on_push),
        },
        encryption_configuration: repository.encryption_configuration.map(|encryption| Encryption {
            encryption_type: encryption.encryption_type.as_str().to_owned(),
            kms_key: encryption.kms_key,
        }),
        lifecycle_policy: None,
        repository_policy_text: None,
        empty_on_delete: false,
        tags: Tags::new(),
        arn: repository.repository_arn.unwrap_or_default(),
        repository_uri: repository.repository_uri.unwrap_or_default(),
        registry_id: repository.registry_id.unwrap_or_default(),
        tags_all,
    }
}
