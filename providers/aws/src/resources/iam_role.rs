//! `aws.iam_role`: what a service, node or pod may do.

use crate::client::Session;
use crate::document;
use crate::error::{IntoProviderError, found, missing};
use crate::iam::{self, Tagged, done};
use crate::resource::{AwsResource, Hit, Operation, Query, Search, generated_name};
use crate::schema::{FULL, TAGS, TAGS_ALL};
use crate::tags::Tags;
use crate::wait;
use async_trait::async_trait;
use aws_sdk_iam::types::{Role as SdkRole, Tag};
use formwork_model::SetOf;
use formwork_model::schema::{Attribute, AttributeType, Equality, Limit, Recognition, ResourceSchema};
use formwork_provider_api::{ErrorClass, ProviderError};
use serde::{Deserialize, Serialize};

/// The type.
pub(crate) struct Role;

/// All attributes.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Values {
    role_name: String,
    assume_role_policy_document: String,
    description: Option<String>,
    managed_policy_arns: Option<SetOf<String>>,
    policies: Option<Vec<Policy>>,
    path: String,
    max_session_duration: i32,
    permissions_boundary: Option<String>,
    tags: Tags,
    arn: String,
    role_id: String,
    tags_all: Tags,
}

/// A policy that is a part of the role.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Policy {
    policy_name: String,
    policy_document: String,
}

const ATTRIBUTES: &[Attribute] = &[
    Attribute::string("role_name", "Name, unique in the account; else made from the operation's id.")
        .optional_computed()
        .create_only()
        .limits(&[Limit::Length(1, 64), Limit::Pattern("^[\\w+=,.@-]+$", "letters, digits and `+=,.@_-`")]),
    Attribute::string("assume_role_policy_document", "Who may take the role on, as JSON text (`json_encode`).")
        .required()
        .equality(Equality::Json)
        .limits(&[Limit::Length(2, 131_072)]),
    Attribute::string("description", "What it is for.")
        .equality(Equality::EmptyIsAbsent)
        .limits(&[Limit::Length(0, 1000)]),
    Attribute::new(
        "managed_policy_arns",
        AttributeType::Set(&AttributeType::Reference(&["aws.iam_policy"])),
        "ARNs of the managed policies that are attached: exactly these. Unset: attachments are not managed here.",
    )
    .limits(&[Limit::Length(0, 20)]),
    Attribute::new(
        "policies",
        AttributeType::List(&AttributeType::Object(&[
            Attribute::string("policy_name", "Name, unique in the role.").required().limits(&[Limit::Length(1, 128)]),
            Attribute::string("policy_document", "The policy, as JSON text (`json_encode`).")
                .required()
                .equality(Equality::Json),
        ])),
        "Policies that are a part of the role: exactly these. Unset: they are not managed here.",
    )
    .keyed_by(&["policy_name"]),
    Attribute::string("path", "Path, such as `/team/`.")
        .default_string("/")
        .create_only()
        .limits(&[Limit::Length(1, 512), Limit::Pattern("^/([!-~]+/)?$", "begins and ends with `/`")]),
    Attribute::int("max_session_duration", "How long a session may last at most, in seconds.")
        .default_int(3600)
        .limits(&[Limit::Range(3600, 43_200)]),
    Attribute::string("permissions_boundary", "ARN of the policy that says what it may do at most."),
    TAGS,
    Attribute::string("arn", "ARN.").computed(),
    Attribute::string("role_id", "Unique id, `AROA…`.").computed(),
    TAGS_ALL,
];

#[async_trait]
impl AwsResource for Role {
    const SCHEMA: ResourceSchema = ResourceSchema::new(
        "iam_role",
        "What a service, node or pod may do (`AWS::IAM::Role`). Its deletion detaches and deletes all of its policies.",
    )
    .attributes(ATTRIBUTES)
    .identity(&["role_name"])
    .recognised_by(Recognition::Name)
    .settles_in_ms(iam::SETTLE_MS)
    .timeouts(300, 300, 300)
    .usually_takes_s(3)
    .import_help("the role's name")
    .capabilities(FULL);

    type Values = Values;

    fn id(values: &Values) -> &str {
        &values.role_name
    }

    async fn query(&self, session: &Session, query: Query<'_>) -> Result<Vec<Hit<Values>>, ProviderError> {
        let names = match query {
            Query::Ids(names) => names.to_vec(),
            Query::Operation(_) | Query::All => list_names(session).await?,
        };
        let roles = iam::read_each(names, |name| read(session, name)).await?;
        Ok(roles.into_iter().map(|values| Hit { values, deleting: false }).collect())
    }

    async fn find(&self, session: &Session, operation: &str, wanted: &Values) -> Result<Search<Values>, ProviderError> {
        let name = generated_name(&wanted.role_name, operation, NAME_LENGTH);
        let present = read(session, name.clone()).await?;
        Ok(iam::search_by_stamp(present, |values| &values.tags_all, &format!("the role `{name}`"), operation))
    }

    async fn send_create(
        &self,
        session: &Session,
        operation: &Operation<'_>,
        wanted: &Values,
    ) -> Result<String, ProviderError> {
        let call = session
            .iam()
            .create_role()
            .role_name(generated_name(&wanted.role_name, operation.id, NAME_LENGTH))
            .path(&wanted.path)
            .assume_role_policy_document(&wanted.assume_role_policy_document)
            .set_description(wanted.description.clone().filter(|text| !text.is_empty()))
            .max_session_duration(wanted.max_session_duration)
            .set_permissions_boundary(wanted.permissions_boundary.clone())
            .set_tags(Some(iam::create_tags(session, operation, &wanted.tags)?));
        let send = || async { call.clone().send().await.map_err(IntoProviderError::classify) };
        let answer = wait::while_refused(operation, is_fresh_principal, send).await?;
        answer.role.map(|role| role.role_name).ok_or_else(|| missing("the role"))
    }

    async fn adjust(
        &self,
        session: &Session,
        operation: &Operation<'_>,
        present: &Values,
        prior: Option<&Values>,
        wanted: &Values,
    ) -> Result<bool, ProviderError> {
        let mut changed = self.update_tags(session, &present.role_name, &present.tags_all, &wanted.tags).await?;
        changed |= set_settings(session, present, wanted).await?;
        changed |= set_trust(session, operation, present, wanted).await?;
        changed |= set_boundary(session, present, wanted).await?;
        changed |= set_attached(session, operation, present, prior, wanted).await?;
        changed |= set_inline(session, present, prior, wanted).await?;
        Ok(changed)
    }

    fn shows(read: &Values, wanted: &Values) -> bool {
        let attached = wanted.managed_policy_arns.as_ref().is_none_or(|_| {
            let (present, wanted) = (arns(&read.managed_policy_arns), arns(&wanted.managed_policy_arns));
            present.len() == wanted.len() && wanted.iter().all(|arn| present.contains(arn))
        });
        let inline = wanted.policies.as_ref().is_none_or(|wanted| {
            let present = inline(&read.policies);
            present.len() == wanted.len() && wanted.iter().all(|policy| holds(present, policy))
        });
        let trust = document::same(&read.assume_role_policy_document, &wanted.assume_role_policy_document);
        attached && inline && trust && read.max_session_duration == wanted.max_session_duration
    }

    async fn delete(&self, session: &Session, operation: &Operation<'_>, object: Values) -> Result<(), ProviderError> {
        let name = &object.role_name;
        operation.sink.progress(&format!("detaching the policies of {name}"));
        for arn in found(attached(session, name).await)?.unwrap_or_default() {
            detach(session, name, &arn).await?;
        }
        for policy in found(inline_names(session, name).await)?.unwrap_or_default() {
            delete_inline(session, name, &policy).await?;
        }
        leave_profiles(session, name).await?;
        found(done(session.iam().delete_role().role_name(name).send().await)).map(drop)
    }

    fn keep(known: &Values, read: &mut Values) {
        if known.managed_policy_arns.is_none() {
            read.managed_policy_arns = None;
        }
        if known.policies.is_none() {
            read.policies = None;
        }
    }
}

#[async_trait]
impl Tagged for Role {
    async fn tag(&self, session: &Session, id: &str, tags: Vec<Tag>) -> Result<(), ProviderError> {
        done(session.iam().tag_role().role_name(id).set_tags(Some(tags)).send().await)
    }

    async fn untag(&self, session: &Session, id: &str, keys: Vec<String>) -> Result<(), ProviderError> {
        done(session.iam().untag_role().role_name(id).set_tag_keys(Some(keys)).send().await)
    }
}

/// The longest name of a role.
const NAME_LENGTH: usize = 64;

fn arns(set: &Option<SetOf<String>>) -> &[String] {
    set.as_ref().map_or(&[], |set| set.0.as_slice())
}

fn inline(policies: &Option<Vec<Policy>>) -> &[Policy] {
    policies.as_deref().unwrap_or_default()
}

fn holds(policies: &[Policy], policy: &Policy) -> bool {
    policies.iter().any(|other| {
        other.policy_name == policy.policy_name && document::same(&other.policy_document, &policy.policy_document)
    })
}

async fn set_settings(session: &Session, present: &Values, wanted: &Values) -> Result<bool, ProviderError> {
    let text = |values: &Values| values.description.clone().unwrap_or_default();
    if text(present) == text(wanted) && present.max_session_duration == wanted.max_session_duration {
        return Ok(false);
    }
    let call = session.iam().update_role().role_name(&present.role_name).description(text(wanted));
    done(call.max_session_duration(wanted.max_session_duration).send().await)?;
    Ok(true)
}

async fn set_trust(
    session: &Session,
    operation: &Operation<'_>,
    present: &Values,
    wanted: &Values,
) -> Result<bool, ProviderError> {
    if document::same(&present.assume_role_policy_document, &wanted.assume_role_policy_document) {
        return Ok(false);
    }
    let call = session.iam().update_assume_role_policy().role_name(&present.role_name);
    let call = call.policy_document(&wanted.assume_role_policy_document);
    wait::while_refused(operation, is_fresh_principal, || async { done(call.clone().send().await) }).await?;
    Ok(true)
}

/// A principal that was made a moment ago is not known everywhere yet.
fn is_fresh_principal(error: &ProviderError) -> bool {
    error.code.starts_with("MalformedPolicyDocument") && error.message.contains("Invalid principal")
}

async fn set_boundary(session: &Session, present: &Values, wanted: &Values) -> Result<bool, ProviderError> {
    let name = &present.role_name;
    match (&present.permissions_boundary, &wanted.permissions_boundary) {
        (before, after) if before == after => return Ok(false),
        (_, Some(arn)) => {
            let call = session.iam().put_role_permissions_boundary().role_name(name).permissions_boundary(arn);
            done(call.send().await)?;
        }
        (_, None) => done(session.iam().delete_role_permissions_boundary().role_name(name).send().await)?,
    }
    Ok(true)
}

async fn set_attached(
    session: &Session,
    operation: &Operation<'_>,
    present: &Values,
    prior: Option<&Values>,
    wanted: &Values,
) -> Result<bool, ProviderError> {
    let there = arns(&present.managed_policy_arns);
    let after = arns(&wanted.managed_policy_arns);
    // No longer managed here: what was attached from here goes.
    let before = prior.map_or(&[][..], |prior| arns(&prior.managed_policy_arns));
    let managed = wanted.managed_policy_arns.is_some();
    let surplus = there.iter().filter(|arn| if managed { !after.contains(arn) } else { before.contains(arn) });
    let mut changed = false;
    for arn in surplus {
        detach(session, &present.role_name, arn).await?;
        changed = true;
    }
    for arn in after.iter().filter(|arn| !there.contains(arn)) {
        let call = session.iam().attach_role_policy().role_name(&present.role_name).policy_arn(arn);
        wait::while_unknown(operation, || async { done(call.clone().send().await) }).await?;
        changed = true;
    }
    Ok(changed)
}

async fn set_inline(
    session: &Session,
    present: &Values,
    prior: Option<&Values>,
    wanted: &Values,
) -> Result<bool, ProviderError> {
    let (there, after) = (inline(&present.policies), inline(&wanted.policies));
    let before = prior.map_or(&[][..], |prior| inline(&prior.policies));
    let named = |list: &[Policy], name: &str| list.iter().any(|policy| policy.policy_name == name);
    let managed = wanted.policies.is_some();
    let mut changed = false;
    for policy in there {
        let name = &policy.policy_name;
        if if managed { !named(after, name) } else { named(before, name) } {
            delete_inline(session, &present.role_name, name).await?;
            changed = true;
        }
    }
    for policy in after.iter().filter(|policy| !holds(there, policy)) {
        let call = session.iam().put_role_policy().role_name(&present.role_name);
        let call = call.policy_name(&policy.policy_name).policy_document(&policy.policy_document);
        done(call.send().await)?;
        changed = true;
    }
    Ok(changed)
}

/// Roles that services made for themselves are left out: nobody else can change them.
async fn list_names(session: &Session) -> Result<Vec<String>, ProviderError> {
    let roles: Vec<SdkRole> = session
        .iam()
        .list_roles()
        .into_paginator()
        .items()
        .send()
        .try_collect()
        .await
        .map_err(IntoProviderError::classify)?;
    let ours = roles.into_iter().filter(|role| !role.path.starts_with("/aws-service-role/"));
    Ok(ours.map(|role| role.role_name).collect())
}

async fn read(session: &Session, name: String) -> Result<Option<Values>, ProviderError> {
    let call = session.iam().get_role().role_name(&name);
    let Some(answer) = found(call.send().await.map_err(IntoProviderError::classify))? else { return Ok(None) };
    let role = answer.role.ok_or_else(|| missing("the role"))?;
    let Some(attached) = found(attached(session, &name).await)? else { return Ok(None) };
    let Some(policies) = found(inline_policies(session, &name).await)? else { return Ok(None) };
    from_sdk(role, attached, policies).map(Some)
}

fn from_sdk(role: SdkRole, attached: Vec<String>, policies: Vec<Policy>) -> Result<Values, ProviderError> {
    Ok(Values {
        assume_role_policy_document: iam::document(role.assume_role_policy_document.as_deref())?,
        description: role.description.filter(|text| !text.is_empty()),
        managed_policy_arns: Some(SetOf(attached)),
        policies: Some(policies),
        path: role.path,
        max_session_duration: role.max_session_duration.unwrap_or(3600),
        permissions_boundary: role.permissions_boundary.and_then(|boundary| boundary.permissions_boundary_arn),
        tags: Tags::new(),
        arn: role.arn,
        role_id: role.role_id,
        tags_all: iam::from_sdk(role.tags.as_deref().unwrap_or_default()),
        role_name: role.role_name,
    })
}

async fn attached(session: &Session, name: &str) -> Result<Vec<String>, ProviderError> {
    let mut pages = session.iam().list_attached_role_policies().role_name(name).into_paginator().send();
    let mut arns = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(IntoProviderError::classify)?;
        arns.extend(page.attached_policies.unwrap_or_default().into_iter().filter_map(|policy| policy.policy_arn));
    }
    Ok(arns)
}

async fn inline_names(session: &Session, name: &str) -> Result<Vec<String>, ProviderError> {
    let mut pages = session.iam().list_role_policies().role_name(name).into_paginator().send();
    let mut names = Vec::new();
    while let Some(page) = pages.next().await {
        names.extend(page.map_err(IntoProviderError::classify)?.policy_names);
    }
    Ok(names)
}

async fn inline_policies(session: &Session, name: &str) -> Result<Vec<Policy>, ProviderError> {
    let names = inline_names(session, name).await?;
    iam::read_each(names, |policy| async move {
        let call = session.iam().get_role_policy().role_name(name).policy_name(&policy);
        let Some(answer) = found(call.send().await.map_err(IntoProviderError::classify))? else { return Ok(None) };
        let policy_document = iam::document(Some(&answer.policy_document))?;
        Ok(Some(Policy { policy_name: policy, policy_document }))
    })
    .await
}

async fn detach(session: &Session, name: &str, arn: &str) -> Result<(), ProviderError> {
    found(done(session.iam().detach_role_policy().role_name(name).policy_arn(arn).send().await)).map(drop)
}

async fn delete_inline(session: &Session, name: &str, policy: &str) -> Result<(), ProviderError> {
    found(done(session.iam().delete_role_policy().role_name(name).policy_name(policy).send().await)).map(drop)
}

/// Takes the role out of its instance profiles: while it is in one it cannot be deleted.
async fn leave_profiles(session: &Session, name: &str) -> Result<(), ProviderError> {
    let call = session.iam().list_instance_profiles_for_role().role_name(name);
    let profiles = call.into_paginator().items().send().try_collect().await.map_err(IntoProviderError::classify);
    for profile in found::<Vec<_>>(profiles)?.unwrap_or_default() {
        let call = session.iam().remove_role_from_instance_profile().role_name(name);
        let call = call.instance_profile_name(profile.instance_profile_name);
        match done(call.send().await) {
            Err(error) if error.class == ErrorClass::NotFound => {}
            result => result?,
        }
    }
    Ok(())
}
