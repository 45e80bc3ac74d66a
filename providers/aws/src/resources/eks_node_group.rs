//! `aws.eks_node_group`: the machines of a Kubernetes cluster that EKS manages.

mod config;
mod schema;

use crate::client::Session;
use crate::eks;
use crate::error::{IntoProviderError, found, missing};
use crate::iam::{done, read_each, search_by_stamp};
use crate::resource::{AwsResource, Hit, Operation, Query, Search, generated_name};
use crate::schema::FULL;
use crate::validate::{Findings, known, number};
use crate::wait::{self, Progress, Rhythm};
use async_trait::async_trait;
use aws_sdk_eks::types::{Nodegroup as SdkGroup, NodegroupStatus};
use formwork_model::schema::{Recognition, ResourceSchema};
use formwork_model::{AttributePath, Map, Step, Value, ValueRef};
use formwork_provider_api::{ErrorClass, PlanRequest, ProviderError, differences};
use schema::{ATTRIBUTES, Values};

/// The type.
pub(crate) struct NodeGroup;

#[async_trait]
impl AwsResource for NodeGroup {
    const SCHEMA: ResourceSchema = ResourceSchema::new(
        "eks_node_group",
        "Machines of a Kubernetes cluster that EKS manages (`AWS::EKS::Nodegroup`).",
    )
    .attributes(ATTRIBUTES)
    .recognised_by(Recognition::Name)
    .settles_in_ms(5_000)
    .timeouts(3600, 5400, 3600)
    .usually_takes_s(150)
    .import_help("the cluster's name and the group's, such as prod/workers")
    .capabilities(FULL);
    const VOLATILE: &'static [(&'static str, &'static [&'static str])] =
        &[("release_version", &["version", "launch_template"]), ("version", &["release_version", "launch_template"])];
    const SETTLES_BEFORE_UPDATES: bool = true;

    type Values = Values;

    fn id(values: &Values) -> &str {
        &values.id
    }

    async fn query(&self, session: &Session, query: Query<'_>) -> Result<Vec<Hit<Values>>, ProviderError> {
        let ids = match query {
            Query::Ids(ids) => ids.to_vec(),
            Query::Operation(_) | Query::All => list_ids(session).await?,
        };
        let groups = read_each(ids, |id| async move { describe(session, &id).await }).await?;
        Ok(groups
            .into_iter()
            .map(|group| Hit {
                deleting: group.status == Some(NodegroupStatus::Deleting),
                values: config::from_sdk(group),
            })
            .collect())
    }

    async fn find(&self, session: &Session, operation: &str, wanted: &Values) -> Result<Search<Values>, ProviderError> {
        let id = id_of(&wanted.cluster_name, &name_of(wanted, operation));
        let present = describe(session, &id).await?.map(config::from_sdk);
        Ok(search_by_stamp(present, |values| &values.tags_all, &format!("the node group `{id}`"), operation))
    }

    async fn send_create(
        &self,
        session: &Session,
        operation: &Operation<'_>,
        wanted: &Values,
    ) -> Result<String, ProviderError> {
        let call = config::create(session, wanted)
            .nodegroup_name(name_of(wanted, operation.id))
            .client_request_token(eks::client_token(operation, ""))
            .set_tags(Some(eks::create_tags(session, operation, &wanted.tags)));
        let send = || async { call.clone().send().await.map_err(IntoProviderError::classify) };
        let answer = wait::while_refused(operation, eks::is_fresh_role, send).await?;
        let name =
            answer.nodegroup.and_then(|group| group.nodegroup_name).ok_or_else(|| missing("the node group's name"))?;
        let id = id_of(&wanted.cluster_name, &name);
        Ok(id)
    }

    /// Sends what differs: settings first, then what replaces the machines.
    async fn adjust(
        &self,
        session: &Session,
        operation: &Operation<'_>,
        present: &Values,
        _: Option<&Values>,
        wanted: &Values,
    ) -> Result<bool, ProviderError> {
        let mut changed = eks::update_tags(session, &present.arn, &present.tags_all, &wanted.tags).await?;
        let (cluster, name) = parts(&present.id)?;
        if let Some(call) = config::settings_change(session, present, wanted) {
            operation.sink.progress(&format!("updating node group {}", present.id));
            let call = call.cluster_name(cluster).nodegroup_name(name);
            let call = call.client_request_token(eks::client_token(operation, "config"));
            let answer = call.send().await.map_err(IntoProviderError::classify)?;
            eks::wait_update(session, operation, cluster, Some(name), answer.update).await?;
            changed = true;
        }
        if let Some(call) = config::version_change(session, present, wanted) {
            operation.sink.progress(&format!("replacing the machines of node group {}", present.id));
            let call = call.cluster_name(cluster).nodegroup_name(name);
            let call = call.client_request_token(eks::client_token(operation, "version"));
            let answer = call.send().await.map_err(IntoProviderError::classify)?;
            eks::wait_update(session, operation, cluster, Some(name), answer.update).await?;
            changed = true;
        }
        if changed {
            wait_active(session, operation, &present.id).await?;
        }
        Ok(changed)
    }

    async fn settle(&self, session: &Session, operation: &Operation<'_>, id: &str) -> Result<(), ProviderError> {
        // A create or an update that was cut off may still go on; it takes one at a time.
        let (cluster, name) = parts(id)?;
        eks::wait_resumed(session, operation, cluster, Some(name)).await?;
        wait_active(session, operation, id).await
    }

    async fn delete(&self, session: &Session, operation: &Operation<'_>, object: Values) -> Result<(), ProviderError> {
        let id = object.id.as_str();
        wait::until(operation, Rhythm::SLOW, || async {
            let status = describe(session, id).await?.and_then(|group| group.status);
            Ok(match status {
                Some(NodegroupStatus::Creating | NodegroupStatus::Updating) => {
                    Progress::Waiting(format!("node group {id} is busy and cannot be deleted yet"))
                }
                _ => Progress::Ready(()),
            })
        })
        .await?;
        let (cluster, name) = parts(id)?;
        let call = session.eks().delete_nodegroup().cluster_name(cluster).nodegroup_name(name);
        if found(done(call.send().await))?.is_none() {
            return Ok(());
        }
        wait::until(operation, Rhythm::SLOW, || async {
            match describe(session, id).await? {
                None => Ok(Progress::Ready(())),
                Some(group) if group.status == Some(NodegroupStatus::DeleteFailed) => {
                    Err(failure(id, "could not be deleted", &group))
                }
                Some(_) => Ok(Progress::Waiting(format!("node group {id} is deleting"))),
            }
        })
        .await
    }

    fn validate(config: ValueRef<'_>, findings: &mut Findings) {
        check_sizes(config, findings);
        let path = |name: &'static str| AttributePath::member(name);
        let template = known(config, "launch_template").is_some();
        if template && known(config, "disk_size").is_some() {
            let help = "set the size in the launch template";
            findings.error(path("disk_size"), "a launch template says the size of the disks", help);
        }
        if template && known(config, "remote_access").is_some() {
            let help = "set the key and the security groups in the launch template";
            findings.error(path("remote_access"), "a launch template says who has access to the machines", help);
        }
    }

    fn keep(known: &Values, read: &mut Values) {
        config::keep(known, read);
    }

    fn refine(request: &PlanRequest, prior: ValueRef<'_>, planned: &mut Map) {
        let said = known(request.config.view(), "scaling_config")
            .is_some_and(|scaling| scaling.get("desired_size").is_some_and(|size| !size.is_null()));
        if said || differences(&Self::SCHEMA, prior, request.proposed.view()).is_empty() {
            return;
        }
        // The autoscaler may choose another size before the update is done.
        if let Some(Value::Map(scaling)) = planned.get("scaling_config") {
            let path = AttributePath::member("scaling_config").then(Step::Member("desired_size".into()));
            let mut scaling = scaling.clone();
            scaling.insert("desired_size", Value::attribute(request.address.clone(), path));
            planned.insert("scaling_config", Value::Map(scaling));
        }
    }

    fn replace_paths(prior: &Values, wanted: &Values) -> Vec<AttributePath> {
        // A group cannot get a launch template later on, nor lose it.
        let changed = prior.launch_template.is_some() != wanted.launch_template.is_some();
        if changed { vec![AttributePath::member("launch_template")] } else { Vec::new() }
    }

    fn unsettled(prior: &Values) -> &'static [&'static str] {
        if prior.status == NodegroupStatus::Active.as_str() { &[] } else { &["status"] }
    }
}

fn check_sizes(config: ValueRef<'_>, findings: &mut Findings) {
    let Some(scaling) = known(config, "scaling_config") else { return };
    let size = |name: &str| number(scaling, name);
    let path = |name: &'static str| AttributePath::member("scaling_config").then(Step::Member(name.into()));
    let (least, most, desired) = (size("min_size"), size("max_size"), size("desired_size"));
    if let (Some(least), Some(most)) = (least, most)
        && least > most
    {
        findings.error(path("max_size"), format!("at most {most} nodes, but at least {least}"), "raise `max_size`");
    }
    if let Some(desired) = desired
        && (least.is_some_and(|least| desired < least) || most.is_some_and(|most| desired > most))
    {
        let help = "choose a size between `min_size` and `max_size`, or leave it to the autoscaler";
        findings.error(path("desired_size"), format!("{desired} nodes are outside of the group's bounds"), help);
    }
}

/// A group's id, as CloudFormation has it.
fn id_of(cluster: &str, name: &str) -> String {
    format!("{cluster}/{name}")
}

fn parts(id: &str) -> Result<(&str, &str), ProviderError> {
    id.split_once('/').filter(|(cluster, name)| !cluster.is_empty() && !name.is_empty()).ok_or_else(|| {
        ProviderError::invalid(format!("`{id}` is no node group"))
            .help("write the cluster's name and the group's: `prod/workers`")
    })
}

fn name_of(wanted: &Values, operation: &str) -> String {
    // EKS takes 63 characters.
    generated_name(&wanted.nodegroup_name, operation, 63)
}

async fn list_ids(session: &Session) -> Result<Vec<String>, ProviderError> {
    let clusters: Vec<String> = session
        .eks()
        .list_clusters()
        .into_paginator()
        .items()
        .send()
        .try_collect()
        .await
        .map_err(IntoProviderError::classify)?;
    let groups = read_each(clusters, |cluster| async move {
        let call = session.eks().list_nodegroups().cluster_name(&cluster).into_paginator().items().send();
        let names: Option<Vec<String>> = found(call.try_collect().await.map_err(IntoProviderError::classify))?;
        Ok(names.map(|names| names.iter().map(|name| id_of(&cluster, name)).collect::<Vec<_>>()))
    });
    Ok(groups.await?.into_iter().flatten().collect())
}

/// None where the group, or its cluster, is gone.
async fn describe(session: &Session, id: &str) -> Result<Option<SdkGroup>, ProviderError> {
    let (cluster, name) = parts(id)?;
    let call = session.eks().describe_nodegroup().cluster_name(cluster).nodegroup_name(name);
    let answer = found(call.send().await.map_err(IntoProviderError::classify))?;
    Ok(answer.and_then(|answer| answer.nodegroup))
}

async fn wait_active(session: &Session, operation: &Operation<'_>, id: &str) -> Result<(), ProviderError> {
    wait::until(operation, Rhythm::SLOW, || async {
        let Some(group) = describe(session, id).await? else {
            return Ok(Progress::Waiting(format!("node group {id} is not shown yet")));
        };
        match &group.status {
            // A degraded group works and takes updates: one of them may be what mends it.
            Some(NodegroupStatus::Active | NodegroupStatus::Degraded) => Ok(Progress::Ready(())),
            Some(NodegroupStatus::CreateFailed) => Err(failure(id, "failed", &group)
                .help("a failed node group does not recover: mend the cause and replace it")),
            Some(NodegroupStatus::Deleting | NodegroupStatus::DeleteFailed) => {
                Err(ProviderError::new(ErrorClass::Conflict, format!("node group `{id}` is being deleted")))
            }
            status => {
                let status = status.as_ref().map_or("CREATING", NodegroupStatus::as_str);
                Ok(Progress::Waiting(format!("node group {id} is {status}")))
            }
        }
    })
    .await
}

fn failure(id: &str, what: &str, group: &SdkGroup) -> ProviderError {
    let issues = group.health.as_ref().and_then(|health| health.issues.as_deref()).unwrap_or_default();
    let reasons = issues.iter().map(|issue| {
        let code = issue.code.as_ref().map_or("", |code| code.as_str());
        (code, issue.message.as_deref().unwrap_or_default(), issue.resource_ids.as_deref().unwrap_or_default())
    });
    eks::unhealthy(&format!("node group `{id}` {what}"), reasons)
}
