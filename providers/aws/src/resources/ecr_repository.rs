//! `aws.ecr_repository`: a place for container images.

mod read;
mod schema;

use crate::client::Session;
use crate::document::same_optional;
use crate::error::{IntoProviderError, found, missing};
use crate::iam::{done, read_each, search_by_stamp};
use crate::resource::{AwsResource, Hit, Operation, Query, Search, generated_name};
use crate::schema::FULL;
use crate::tags::{self, TagChange, Tags};
use crate::validate::{Findings, is_unknown, known};
use async_trait::async_trait;
use aws_sdk_ecr::error::BuildError;
use aws_sdk_ecr::types::{
    EncryptionConfiguration, EncryptionType, ImageScanningConfiguration, ImageTagMutability,
    ImageTagMutabilityExclusionFilter as SdkFilter, ImageTagMutabilityExclusionFilterType as FilterType, Tag,
};
use formwork_model::schema::{Recognition, ResourceSchema};
use formwork_model::{AttributePath, ValueRef};
use formwork_provider_api::{ErrorClass, ProviderError};
use read::{all, complete, describe, described};
use schema::{ATTRIBUTES, Values};

/// The type.
pub(crate) struct Repository;

#[async_trait]
impl AwsResource for Repository {
    const SCHEMA: ResourceSchema =
        ResourceSchema::new("ecr_repository", "A place for container images (`AWS::ECR::Repository`).")
            .attributes(ATTRIBUTES)
            .identity(&["repository_name"])
            .recognised_by(Recognition::Name)
            .settles_in_ms(2_000)
            .timeouts(300, 300, 1200)
            .usually_takes_s(2)
            .import_help("the repository's name")
            .capabilities(FULL);

    type Values = Values;

    fn id(values: &Values) -> &str {
        &values.repository_name
    }

    async fn query(&self, session: &Session, query: Query<'_>) -> Result<Vec<Hit<Values>>, ProviderError> {
        let repositories = match query {
            Query::Ids(names) => described(session, names).await?,
            Query::Operation(_) | Query::All => all(session).await?,
        };
        let repositories = read_each(repositories, |repository| complete(session, repository)).await?;
        Ok(repositories.into_iter().map(|values| Hit { values, deleting: false }).collect())
    }

    async fn find(&self, session: &Session, operation: &str, wanted: &Values) -> Result<Search<Values>, ProviderError> {
        let name = name_of(wanted, operation);
        let present = match describe(session, std::slice::from_ref(&name)).await?.and_then(|mut found| found.pop()) {
            Some(repository) => complete(session, repository).await?,
            None => None,
        };
        Ok(search_by_stamp(present, |values| &values.tags_all, &format!("the repository `{name}`"), operation))
    }

    async fn send_create(
        &self,
        session: &Session,
        operation: &Operation<'_>,
        wanted: &Values,
    ) -> Result<String, ProviderError> {
        let encryption = wanted.encryption_configuration.as_ref().map(|encryption| {
            EncryptionConfiguration::builder()
                .encryption_type(EncryptionType::from(encryption.encryption_type.as_str()))
                .set_kms_key(encryption.kms_key.clone())
                .build()
        });
        let stamped = tags::stamped(session.all_tags(&wanted.tags), operation.id);
        let call = session
            .ecr()
            .create_repository()
            .repository_name(name_of(wanted, operation.id))
            .image_tag_mutability(ImageTagMutability::from(wanted.image_tag_mutability.as_str()))
            .set_image_tag_mutability_exclusion_filters(filters(wanted)?)
            .image_scanning_configuration(scanning(wanted))
            .set_encryption_configuration(encryption.transpose().map_err(unsent)?)
            .set_tags(Some(to_sdk(&stamped)?));
        let answer = call.send().await.map_err(IntoProviderError::classify)?;
        let name = answer.repository.and_then(|repository| repository.repository_name);
        name.ok_or_else(|| missing("the repository's name"))
    }

    async fn adjust(
        &self,
        session: &Session,
        _: &Operation<'_>,
        present: &Values,
        _: Option<&Values>,
        wanted: &Values,
    ) -> Result<bool, ProviderError> {
        let mut changed = update_tags(session, present, wanted).await?;
        changed |= set_mutability(session, present, wanted).await?;
        changed |= set_scanning(session, present, wanted).await?;
        changed |= set_lifecycle(session, present, wanted).await?;
        changed |= set_policy(session, present, wanted).await?;
        Ok(changed)
    }

    async fn delete(&self, session: &Session, _: &Operation<'_>, object: Values) -> Result<(), ProviderError> {
        let call = session.ecr().delete_repository().repository_name(&object.repository_name);
        let result = found(done(call.force(object.empty_on_delete).send().await)).map(drop);
        result.map_err(|error| match error.code.as_str() {
            "RepositoryNotEmptyException" => ProviderError { class: ErrorClass::Conflict, ..error }
                .help("delete its images, or apply `empty_on_delete = true` first"),
            _ => error,
        })
    }

    fn validate(config: ValueRef<'_>, findings: &mut Findings) {
        const FILTERS: &str = "image_tag_mutability_exclusion_filters";
        if is_unknown(config, "image_tag_mutability") || is_unknown(config, FILTERS) {
            return;
        }
        let kind = known(config, "image_tag_mutability").and_then(ValueRef::as_str).unwrap_or_default();
        let filters = known(config, FILTERS).map_or(0, |filters| filters.items().len());
        match (kind.ends_with("_WITH_EXCLUSION"), filters) {
            (true, 0) => findings.error(
                AttributePath::member("image_tag_mutability"),
                format!("`{kind}` needs tags to exclude"),
                format!("set `{FILTERS}`"),
            ),
            (false, 1..) => findings.error(
                AttributePath::member(FILTERS),
                "tags are excluded, but the kind has no exclusion",
                "write `image_tag_mutability = \"IMMUTABLE_WITH_EXCLUSION\"` or `\"MUTABLE_WITH_EXCLUSION\"`",
            ),
            _ => {}
        }
    }

    fn keep(known: &Values, read: &mut Values) {
        read.empty_on_delete = known.empty_on_delete;
        // ECR tells the key's ARN where its id was given.
        let key = known.encryption_configuration.as_ref().and_then(|known| known.kms_key.as_ref());
        if let (Some(known), Some(read)) = (key, read.encryption_configuration.as_mut())
            && read.kms_key.as_ref().is_some_and(|arn| arn.ends_with(&format!("/{known}")))
        {
            read.kms_key = Some(known.clone());
        }
    }
}

fn name_of(wanted: &Values, operation: &str) -> String {
    generated_name(&wanted.repository_name, &operation.to_ascii_lowercase(), 256)
}

async fn update_tags(session: &Session, present: &Values, wanted: &Values) -> Result<bool, ProviderError> {
    let change = TagChange::between(&present.tags_all, &session.all_tags(&wanted.tags));
    let changed = !change.remove.is_empty() || !change.set.is_empty();
    if !change.remove.is_empty() {
        let call = session.ecr().untag_resource().resource_arn(&present.arn).set_tag_keys(Some(change.remove));
        done(call.send().await)?;
    }
    if !change.set.is_empty() {
        let call = session.ecr().tag_resource().resource_arn(&present.arn).set_tags(Some(to_sdk(&change.set)?));
        done(call.send().await)?;
    }
    Ok(changed)
}

fn to_sdk(tags: &Tags) -> Result<Vec<Tag>, ProviderError> {
    tags.iter()
        .map(|(key, value)| Tag::builder().key(key).value(value).build())
        .collect::<Result<_, _>>()
        .map_err(unsent)
}

fn unsent(error: BuildError) -> ProviderError {
    ProviderError::new(ErrorClass::Other, format!("the request could not be made: {error}"))
}

fn filters(wanted: &Values) -> Result<Option<Vec<SdkFilter>>, ProviderError> {
    let filters = wanted.image_tag_mutability_exclusion_filters.iter().map(|filter| {
        SdkFilter::builder()
            .filter_type(FilterType::from(filter.image_tag_mutability_exclusion_filter_type.as_str()))
            .filter(&filter.image_tag_mutability_exclusion_filter_value)
            .build()
    });
    let filters: Vec<SdkFilter> = filters.collect::<Result<_, _>>().map_err(unsent)?;
    Ok(Some(filters).filter(|filters| !filters.is_empty()))
}

async fn set_mutability(session: &Session, present: &Values, wanted: &Values) -> Result<bool, ProviderError> {
    let sorted = |values: &Values| {
        let filters = values.image_tag_mutability_exclusion_filters.iter();
        let mut names: Vec<_> =
            filters.map(|filter| filter.image_tag_mutability_exclusion_filter_value.clone()).collect();
        names.sort();
        names
    };
    if present.image_tag_mutability == wanted.image_tag_mutability && sorted(present) == sorted(wanted) {
        return Ok(false);
    }
    let call = session
        .ecr()
        .put_image_tag_mutability()
        .repository_name(&present.repository_name)
        .image_tag_mutability(ImageTagMutability::from(wanted.image_tag_mutability.as_str()))
        .set_image_tag_mutability_exclusion_filters(filters(wanted)?);
    done(call.send().await)?;
    Ok(true)
}

async fn set_scanning(session: &Session, present: &Values, wanted: &Values) -> Result<bool, ProviderError> {
    if present.image_scanning_configuration == wanted.image_scanning_configuration {
        return Ok(false);
    }
    let call = session.ecr().put_image_scanning_configuration().repository_name(&present.repository_name);
    done(call.image_scanning_configuration(scanning(wanted)).send().await)?;
    Ok(true)
}

fn scanning(wanted: &Values) -> ImageScanningConfiguration {
    ImageScanningConfiguration::builder().scan_on_push(wanted.image_scanning_configuration.scan_on_push).build()
}

async fn set_lifecycle(session: &Session, present: &Values, wanted: &Values) -> Result<bool, ProviderError> {
    let text = |values: &Values| values.lifecycle_policy.as_ref().map(|policy| policy.lifecycle_policy_text.clone());
    let (before, after) = (text(present), text(wanted));
    if same_optional(before.as_deref(), after.as_deref()) {
        return Ok(false);
    }
    let name = &present.repository_name;
    match after {
        Some(text) => {
            let registry = wanted.lifecycle_policy.as_ref().and_then(|policy| policy.registry_id.clone());
            let call = session.ecr().put_lifecycle_policy().repository_name(name).set_registry_id(registry);
            done(call.lifecycle_policy_text(text).send().await)?;
        }
        None => found(done(session.ecr().delete_lifecycle_policy().repository_name(name).send().await)).map(drop)?,
    }
    Ok(true)
}

async fn set_policy(session: &Session, present: &Values, wanted: &Values) -> Result<bool, ProviderError> {
    if same_optional(present.repository_policy_text.as_deref(), wanted.repository_policy_text.as_deref()) {
        return Ok(false);
    }
    let name = &present.repository_name;
    match &wanted.repository_policy_text {
        Some(text) => {
            let call = session.ecr().set_repository_policy().repository_name(name).policy_text(text);
            done(call.send().await)?;
        }
        None => found(done(session.ecr().delete_repository_policy().repository_name(name).send().await)).map(drop)?,
    }
    Ok(true)
}
