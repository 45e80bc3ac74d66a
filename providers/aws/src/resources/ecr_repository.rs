//! `aws.ecr_repository`: a place for container images.

use crate::client::Session;
use crate::document::same_optional;
use crate::error::{IntoProviderError, found, missing};
use crate::iam::{done, read_each, search_by_stamp};
use crate::resource::{AwsResource, Done, Hit, Operation, Query, Search, generated_name, read_back};
use crate::schema::{FULL, TAGS, TAGS_ALL};
use crate::tags::{self, TagChange, Tags};
use crate::validate::{Findings, is_unknown, known};
use async_trait::async_trait;
use aws_sdk_ecr::error::BuildError;
use aws_sdk_ecr::types::{
    self as sdk, EncryptionType, ImageScanningConfiguration, ImageTagMutability,
    ImageTagMutabilityExclusionFilter as SdkFilter, ImageTagMutabilityExclusionFilterType as FilterType, Tag,
};
use formwork_model::schema::{
    Attribute, AttributeType, Default as Preset, Equality, Limit, Recognition, ResourceSchema,
};
use formwork_model::{AttributePath, ValueRef};
use formwork_provider_api::{ErrorClass, ProviderError};
use serde::{Deserialize, Serialize};

/// The type.
pub(crate) struct Repository;

/// All attributes.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Values {
    repository_name: String,
    image_tag_mutability: String,
    image_tag_mutability_exclusion_filters: Vec<Filter>,
    image_scanning_configuration: Scanning,
    encryption_configuration: Option<Encryption>,
    lifecycle_policy: Option<Lifecycle>,
    repository_policy_text: Option<String>,
    empty_on_delete: bool,
    tags: Tags,
    arn: String,
    repository_uri: String,
    registry_id: String,
    tags_all: Tags,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Filter {
    image_tag_mutability_exclusion_filter_type: String,
    image_tag_mutability_exclusion_filter_value: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Scanning {
    scan_on_push: bool,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Encryption {
    encryption_type: String,
    kms_key: Option<String>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Lifecycle {
    lifecycle_policy_text: String,
    registry_id: Option<String>,
}

const ATTRIBUTES: &[Attribute] = &[
    Attribute::string(
        "repository_name",
        "Name with its slashes, unique in the region; else made of the operation's id.",
    )
    .optional_computed()
    .create_only()
    .limits(&[
        Limit::Length(2, 256),
        Limit::Pattern(
            "^[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*)*$",
            "small letters and digits, parted by `.`, `_`, `-` or `/`",
        ),
    ]),
    Attribute::new(
        "image_tag_mutability",
        AttributeType::Enum(&["MUTABLE", "IMMUTABLE", "MUTABLE_WITH_EXCLUSION", "IMMUTABLE_WITH_EXCLUSION"]),
        "Whether a tag can be pushed again with another image.",
    )
    .default_string("MUTABLE"),
    Attribute::new(
        "image_tag_mutability_exclusion_filters",
        AttributeType::List(&AttributeType::Object(&[
            Attribute::new(
                "image_tag_mutability_exclusion_filter_type",
                AttributeType::Enum(&["WILDCARD"]),
                "How tags are compared.",
            )
            .default_string("WILDCARD"),
            Attribute::string("image_tag_mutability_exclusion_filter_value", "Tags, with `*` for anything.").required(),
        ])),
        "Tags for which the opposite holds; needed for the `…_WITH_EXCLUSION` kinds, at most five.",
    )
    .keyed_by(&["image_tag_mutability_exclusion_filter_value"])
    .default(Preset::Empty)
    .limits(&[Limit::Length(0, 5)]),
    Attribute::object(
        "image_scanning_configuration",
        &[Attribute::boolean("scan_on_push", "Whether images are scanned for known weaknesses when pushed.")
            .default_bool(false)],
        "Scanning of images, where the registry does not scan by rules of its own.",
    )
    .default(Preset::Json("{\"scan_on_push\": false}")),
    Attribute::object(
        "encryption_configuration",
        &[
            Attribute::new(
                "encryption_type",
                AttributeType::Enum(&["AES256", "KMS", "KMS_DSSE"]),
                "Whose key encrypts: that of S3, or one of KMS (once or twice).",
            )
            .required(),
            Attribute::string("kms_key", "ARN or id of the KMS key; else AWS's own for ECR.").optional_computed(),
        ],
        "Encryption of the images at rest.",
    )
    .optional_computed()
    .create_only(),
    Attribute::object(
        "lifecycle_policy",
        &[
            Attribute::string("lifecycle_policy_text", "The rules, as JSON text (`json_encode`).")
                .required()
                .equality(Equality::Json),
            Attribute::string("registry_id", "Account that owns the registry.").optional_computed(),
        ],
        "Which images go by themselves.",
    ),
    Attribute::string("repository_policy_text", "Who else may push and pull, as JSON text (`json_encode`).")
        .equality(Equality::Json),
    Attribute::boolean("empty_on_delete", "Whether deleting the repository deletes the images in it.")
        .default_bool(false),
    TAGS,
    Attribute::string("arn", "ARN.").computed(),
    Attribute::string("repository_uri", "What images are tagged with: `account.dkr.ecr.region.amazonaws.com/name`.")
        .computed(),
    Attribute::string("registry_id", "Account that owns the registry.").computed(),
    TAGS_ALL,
];

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
        let names = match query {
            Query::Ids(names) => names.to_vec(),
            Query::Operation(_) | Query::All => list_names(session).await?,
        };
        let repositories = read_each(names, |name| read(session, name)).await?;
        Ok(repositories.into_iter().map(|values| Hit { values, deleting: false }).collect())
    }

    async fn find(&self, session: &Session, operation: &str, wanted: &Values) -> Result<Search<Values>, ProviderError> {
        let name = name_of(wanted, operation);
        let present = read(session, name.clone()).await?;
        Ok(search_by_stamp(present, |values| &values.tags_all, &format!("the repository `{name}`"), operation))
    }

    async fn create(
        &self,
        session: &Session,
        operation: &Operation<'_>,
        wanted: Values,
    ) -> Result<Done<Values>, ProviderError> {
        let name = match operation.resumed("repository_name") {
            Some(name) => name,
            None => send_create(session, operation, &wanted).await?,
        };
        let present = read_back(self, session, operation, &name).await?;
        self.adjust(session, operation, present, &wanted).await.map(Done::from)
    }

    async fn update(
        &self,
        session: &Session,
        operation: &Operation<'_>,
        prior: Values,
        wanted: Values,
    ) -> Result<Done<Values>, ProviderError> {
        let present = self.import(session, &prior.repository_name).await?;
        self.adjust(session, operation, present, &wanted).await.map(Done::from)
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

impl Repository {
    async fn adjust(
        &self,
        session: &Session,
        operation: &Operation<'_>,
        present: Values,
        wanted: &Values,
    ) -> Result<Values, ProviderError> {
        let mut changed = update_tags(session, &present, wanted).await?;
        changed |= set_mutability(session, &present, wanted).await?;
        changed |= set_scanning(session, &present, wanted).await?;
        changed |= set_lifecycle(session, &present, wanted).await?;
        changed |= set_policy(session, &present, wanted).await?;
        if changed { read_back(self, session, operation, &present.repository_name).await } else { Ok(present) }
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

async fn send_create(session: &Session, operation: &Operation<'_>, wanted: &Values) -> Result<String, ProviderError> {
    let encryption = wanted.encryption_configuration.as_ref().map(|encryption| {
        sdk::EncryptionConfiguration::builder()
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
    let name = name.ok_or_else(|| missing("the repository's name"))?;
    operation.checkpoint(&[("repository_name", &name)]).await?;
    Ok(name)
}

async fn list_names(session: &Session) -> Result<Vec<String>, ProviderError> {
    let call = session.ecr().describe_repositories();
    let repositories: Vec<_> =
        call.into_paginator().items().send().try_collect().await.map_err(IntoProviderError::classify)?;
    Ok(repositories.into_iter().filter_map(|repository| repository.repository_name).collect())
}

/// One by one: of many names a single missing one fails the whole call.
async fn read(session: &Session, name: String) -> Result<Option<Values>, ProviderError> {
    let call = session.ecr().describe_repositories().repository_names(&name);
    let Some(answer) = found(call.send().await.map_err(IntoProviderError::classify))? else { return Ok(None) };
    let Some(repository) = answer.repositories.unwrap_or_default().into_iter().next() else { return Ok(None) };
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
