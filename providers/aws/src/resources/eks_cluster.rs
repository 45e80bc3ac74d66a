//! `aws.eks_cluster`: the control plane of a Kubernetes cluster.

mod auto_mode;
mod config;
mod schema;

use crate::client::Session;
use crate::eks;
use crate::error::{IntoProviderError, found, missing};
use crate::iam::{done, read_each, search_by_stamp};
use crate::resource::{AwsResource, Hit, Operation, Query, Search, generated_name};
use crate::schema::FULL;
use crate::validate::{Findings, items, known};
use crate::wait::{self, Progress, Rhythm};
use async_trait::async_trait;
use aws_sdk_eks::types::{Cluster as SdkCluster, ClusterStatus};
use formwork_model::schema::{Recognition, ResourceSchema};
use formwork_model::{AttributePath, Step, ValueRef};
use formwork_provider_api::{ErrorClass, ProviderError};
use schema::{ATTRIBUTES, Values};

/// The type.
pub(crate) struct Cluster;

#[async_trait]
impl AwsResource for Cluster {
    const SCHEMA: ResourceSchema =
        ResourceSchema::new("eks_cluster", "The control plane of a Kubernetes cluster (`AWS::EKS::Cluster`).")
            .attributes(ATTRIBUTES)
            .identity(&["name"])
            .natural_key("name")
            .recognised_by(Recognition::Name)
            .settles_in_ms(5_000)
            .timeouts(2400, 5400, 1800)
            .usually_takes_s(600)
            .import_help("the cluster's name")
            .capabilities(FULL);
    const VOLATILE: &'static [(&'static str, &'static [&'static str])] = &[("platform_version", &["version"])];
    const SETTLES_BEFORE_UPDATES: bool = true;

    type Values = Values;

    fn id(values: &Values) -> &str {
        &values.name
    }

    async fn query(&self, session: &Session, query: Query<'_>) -> Result<Vec<Hit<Values>>, ProviderError> {
        let names = match query {
            Query::Ids(names) => names.to_vec(),
            Query::Operation(_) | Query::All => list_names(session).await?,
        };
        let clusters = read_each(names, |name| async move { describe(session, &name).await }).await?;
        Ok(clusters
            .into_iter()
            .map(|cluster| Hit {
                deleting: cluster.status == Some(ClusterStatus::Deleting),
                values: config::from_sdk(cluster),
            })
            .collect())
    }

    async fn find(&self, session: &Session, operation: &str, wanted: &Values) -> Result<Search<Values>, ProviderError> {
        let name = generated_name(&wanted.name, operation, eks::NAME_LENGTH);
        let present = describe(session, &name).await?.map(config::from_sdk);
        Ok(search_by_stamp(present, |values| &values.tags_all, &format!("the cluster `{name}`"), operation))
    }

    async fn send_create(
        &self,
        session: &Session,
        operation: &Operation<'_>,
        wanted: &Values,
    ) -> Result<String, ProviderError> {
        let call = config::create(session, wanted)
            .name(generated_name(&wanted.name, operation.id, eks::NAME_LENGTH))
            .client_request_token(eks::client_token(operation, ""))
            .set_tags(Some(eks::create_tags(session, operation, &wanted.tags)));
        let send = || async { call.clone().send().await.map_err(IntoProviderError::classify) };
        let answer = wait::while_refused(operation, eks::is_fresh_role, send).await?;
        answer.cluster.and_then(|cluster| cluster.name).ok_or_else(|| missing("the cluster's name"))
    }

    /// Sends what differs, one update after the other.
    async fn adjust(
        &self,
        session: &Session,
        operation: &Operation<'_>,
        present: &Values,
        _: Option<&Values>,
        wanted: &Values,
    ) -> Result<bool, ProviderError> {
        let name = present.name.as_str();
        let mut changed = eks::update_tags(session, &present.arn, &present.tags_all, &wanted.tags).await?;
        for (part, call) in config::changes(session, present, wanted) {
            operation.sink.progress(&format!("updating {part} of cluster {name}"));
            let call = call.name(name).client_request_token(eks::client_token(operation, part));
            let answer = call.send().await.map_err(IntoProviderError::classify)?;
            eks::wait_update(session, operation, name, None, answer.update).await?;
            changed = true;
        }
        changed |= set_version(session, operation, present, wanted).await?;
        if changed {
            wait_active(session, operation, name).await?;
        }
        Ok(changed)
    }

    async fn settle(&self, session: &Session, operation: &Operation<'_>, id: &str) -> Result<(), ProviderError> {
        // A create or an update that was cut off may still go on; it takes one at a time.
        eks::wait_resumed(session, operation, id, None).await?;
        wait_active(session, operation, id).await
    }

    async fn delete(&self, session: &Session, operation: &Operation<'_>, object: Values) -> Result<(), ProviderError> {
        let name = object.name.as_str();
        wait::until(operation, Rhythm::SLOW, || async {
            let status = describe(session, name).await?.and_then(|cluster| cluster.status);
            Ok(match status {
                Some(ClusterStatus::Creating | ClusterStatus::Updating | ClusterStatus::Pending) => {
                    Progress::Waiting(format!("cluster {name} is busy and cannot be deleted yet"))
                }
                _ => Progress::Ready(()),
            })
        })
        .await?;
        if found(done(session.eks().delete_cluster().name(name).send().await))?.is_none() {
            return Ok(());
        }
        wait::until(operation, Rhythm::SLOW, || async {
            let cluster = describe(session, name).await?;
            Ok(cluster.map_or(Progress::Ready(()), |_| Progress::Waiting(format!("cluster {name} is deleting"))))
        })
        .await
    }

    fn validate(config: ValueRef<'_>, findings: &mut Findings) {
        let Some(network) = known(config, "resources_vpc_config") else { return };
        let path = |name: &'static str| AttributePath::member("resources_vpc_config").then(Step::Member(name.into()));
        let off = |name: &str, preset: bool| {
            network.get(name).map_or(!preset, |value| !value.is_unknown() && value.decode::<bool>().is_ok_and(|on| !on))
        };
        if off("endpoint_public_access", true) && off("endpoint_private_access", false) {
            findings.error(
                path("endpoint_private_access"),
                "nobody could reach the cluster's API",
                "set `endpoint_public_access` or `endpoint_private_access` to true",
            );
        }
        if items(network, "subnet_ids").count() == 1 && known(network, "subnet_ids").is_some_and(ValueRef::is_known) {
            findings.error(
                path("subnet_ids"),
                "a cluster needs subnets in two availability zones at least",
                "add a subnet of another zone",
            );
        }
    }

    fn keep(known: &Values, read: &mut Values) {
        config::keep(known, read);
    }

    fn unsettled(prior: &Values) -> &'static [&'static str] {
        match ClusterStatus::from(prior.status.as_str()) {
            ClusterStatus::Active => &[],
            ClusterStatus::Creating | ClusterStatus::Pending => &[
                "status",
                "endpoint",
                "certificate_authority_data",
                "open_id_connect_issuer_url",
                "cluster_security_group_id",
                "platform_version",
                "vpc_id",
            ],
            _ => &["status"],
        }
    }
}

async fn set_version(
    session: &Session,
    operation: &Operation<'_>,
    present: &Values,
    wanted: &Values,
) -> Result<bool, ProviderError> {
    let Some(version) = wanted.version.as_deref().filter(|version| present.version.as_deref() != Some(version)) else {
        return Ok(false);
    };
    let name = present.name.as_str();
    operation.sink.progress(&format!("updating cluster {name} to Kubernetes {version}"));
    let call = session.eks().update_cluster_version().name(name).version(version);
    let call = call.client_request_token(eks::client_token(operation, "version"));
    let answer = call.send().await.map_err(IntoProviderError::classify)?;
    eks::wait_update(session, operation, name, None, answer.update).await?;
    Ok(true)
}

async fn list_names(session: &Session) -> Result<Vec<String>, ProviderError> {
    let call = session.eks().list_clusters();
    call.into_paginator().items().send().try_collect().await.map_err(IntoProviderError::classify)
}

async fn describe(session: &Session, name: &str) -> Result<Option<SdkCluster>, ProviderError> {
    let call = session.eks().describe_cluster().name(name);
    let answer = found(call.send().await.map_err(IntoProviderError::classify))?;
    Ok(answer.and_then(|answer| answer.cluster))
}

async fn wait_active(session: &Session, operation: &Operation<'_>, name: &str) -> Result<(), ProviderError> {
    wait::until(operation, Rhythm::SLOW, || async {
        let Some(cluster) = describe(session, name).await? else {
            return Ok(Progress::Waiting(format!("cluster {name} is not shown yet")));
        };
        match &cluster.status {
            Some(ClusterStatus::Active) => Ok(Progress::Ready(())),
            Some(ClusterStatus::Failed) => Err(failure(name, &cluster)),
            Some(ClusterStatus::Deleting) => {
                Err(ProviderError::new(ErrorClass::Conflict, format!("cluster `{name}` is being deleted")))
            }
            status => {
                let status = status.as_ref().map_or("CREATING", ClusterStatus::as_str);
                Ok(Progress::Waiting(format!("cluster {name} is {status}")))
            }
        }
    })
    .await
}

/// A failed cluster never comes back: it has to be deleted and made anew.
fn failure(name: &str, cluster: &SdkCluster) -> ProviderError {
    let issues = cluster.health.as_ref().and_then(|health| health.issues.as_deref()).unwrap_or_default();
    let reasons = issues.iter().map(|issue| {
        let code = issue.code.as_ref().map_or("", |code| code.as_str());
        (code, issue.message.as_deref().unwrap_or_default(), issue.resource_ids.as_deref().unwrap_or_default())
    });
    eks::unhealthy(&format!("cluster `{name}` failed"), reasons)
        .help("a failed cluster does not recover: mend the cause and replace it")
}
