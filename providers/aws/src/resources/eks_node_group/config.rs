//! Between a node group's attributes and the requests and answers of EKS.

use super::schema::{Access, Repair, Scaling, Taint, Template, Updates, Values};
use crate::client::Session;
use crate::tags::Tags;
use aws_sdk_eks::operation::create_nodegroup::builders::CreateNodegroupFluentBuilder;
use aws_sdk_eks::operation::update_nodegroup_config::builders::UpdateNodegroupConfigFluentBuilder;
use aws_sdk_eks::operation::update_nodegroup_version::builders::UpdateNodegroupVersionFluentBuilder;
use aws_sdk_eks::types as sdk;

/// The request that makes a group, but for name, token and tags.
pub(super) fn create(session: &Session, wanted: &Values) -> CreateNodegroupFluentBuilder {
    let taints: Vec<sdk::Taint> = wanted.taints.iter().map(taint).collect();
    session
        .eks()
        .create_nodegroup()
        .cluster_name(&wanted.cluster_name)
        .node_role(&wanted.node_role)
        .set_subnets(Some(wanted.subnets.clone()))
        .set_scaling_config(wanted.scaling_config.as_ref().map(first_scaling))
        .set_instance_types(wanted.instance_types.clone())
        .set_ami_type(wanted.ami_type.as_deref().map(sdk::AmiTypes::from))
        .capacity_type(sdk::CapacityTypes::from(wanted.capacity_type.as_str()))
        .set_disk_size(wanted.disk_size)
        .set_labels(Some(wanted.labels.clone().into_iter().collect()))
        .set_taints(Some(taints).filter(|taints| !taints.is_empty()))
        .set_update_config(wanted.update_config.as_ref().map(updates))
        .set_node_repair_config(wanted.node_repair_config.as_ref().map(repair))
        .set_launch_template(wanted.launch_template.as_ref().map(template))
        .set_remote_access(wanted.remote_access.as_ref().map(|access| {
            sdk::RemoteAccessConfig::builder()
                .ec2_ssh_key(&access.ec2_ssh_key)
                .set_source_security_groups(
                    Some(access.source_security_groups.clone()).filter(|groups| !groups.is_empty()),
                )
                .build()
        }))
        .set_version(wanted.version.clone())
        .set_release_version(wanted.release_version.clone())
}

/// Where nobody says how many nodes there are, it begins with the fewest.
fn first_scaling(wanted: &Scaling) -> sdk::NodegroupScalingConfig {
    scaling(&Scaling { desired_size: wanted.desired_size.or(wanted.min_size), ..wanted.clone() })
}

fn scaling(wanted: &Scaling) -> sdk::NodegroupScalingConfig {
    sdk::NodegroupScalingConfig::builder()
        .set_min_size(wanted.min_size)
        .set_max_size(wanted.max_size)
        .set_desired_size(wanted.desired_size)
        .build()
}

fn taint(wanted: &Taint) -> sdk::Taint {
    sdk::Taint::builder()
        .key(&wanted.key)
        .set_value(wanted.value.clone().filter(|text| !text.is_empty()))
        .effect(sdk::TaintEffect::from(wanted.effect.as_str()))
        .build()
}

fn updates(wanted: &Updates) -> sdk::NodegroupUpdateConfig {
    sdk::NodegroupUpdateConfig::builder()
        .set_max_unavailable(wanted.max_unavailable)
        .set_max_unavailable_percentage(wanted.max_unavailable_percentage)
        .set_update_strategy(wanted.update_strategy.as_deref().map(sdk::NodegroupUpdateStrategies::from))
        .build()
}

fn repair(wanted: &Repair) -> sdk::NodeRepairConfig {
    sdk::NodeRepairConfig::builder()
        .set_enabled(wanted.enabled)
        .set_max_unhealthy_node_threshold_count(wanted.max_unhealthy_node_threshold_count)
        .set_max_unhealthy_node_threshold_percentage(wanted.max_unhealthy_node_threshold_percentage)
        .set_max_parallel_nodes_repaired_count(wanted.max_parallel_nodes_repaired_count)
        .set_max_parallel_nodes_repaired_percentage(wanted.max_parallel_nodes_repaired_percentage)
        .build()
}

/// EKS takes the template's id or its name, not both.
fn template(wanted: &Template) -> sdk::LaunchTemplateSpecification {
    let name = wanted.name.clone().filter(|_| wanted.id.is_none());
    sdk::LaunchTemplateSpecification::builder()
        .set_id(wanted.id.clone())
        .set_name(name)
        .set_version(wanted.version.clone())
        .build()
}

/// The update that leads to the wanted sizes, labels, taints and pace of updates; none where all are there.
pub(super) fn settings_change(
    session: &Session,
    present: &Values,
    wanted: &Values,
) -> Option<UpdateNodegroupConfigFluentBuilder> {
    let sizes = scaling_change(present.scaling_config.as_ref(), wanted.scaling_config.as_ref());
    let labels = label_change(present, wanted);
    let taints = taint_change(present, wanted);
    let pace = wanted.update_config.as_ref().filter(|wanted| Some(*wanted) != present.update_config.as_ref());
    let repairs =
        wanted.node_repair_config.as_ref().filter(|wanted| Some(*wanted) != present.node_repair_config.as_ref());
    if sizes.is_none() && labels.is_none() && taints.is_none() && pace.is_none() && repairs.is_none() {
        return None;
    }
    let call = session.eks().update_nodegroup_config().set_scaling_config(sizes);
    let call = call.set_labels(labels).set_taints(taints).set_update_config(pace.map(updates));
    Some(call.set_node_repair_config(repairs.map(repair)))
}

/// The change of sizes; none where all are there.
fn scaling_change(present: Option<&Scaling>, wanted: Option<&Scaling>) -> Option<sdk::NodegroupScalingConfig> {
    let wanted = wanted?;
    let nothing = Scaling::default();
    let present = present.unwrap_or(&nothing);
    let min_size = wanted.min_size.or(present.min_size);
    let max_size = wanted.max_size.or(present.max_size);
    // The autoscaler's size stays, as far as the new bounds allow.
    let kept = present.desired_size.map(|size| size.min(max_size.unwrap_or(size)).max(min_size.unwrap_or(size)));
    let full = Scaling { min_size, max_size, desired_size: wanted.desired_size.or(kept) };
    (full != *present).then(|| scaling(&full))
}

fn label_change(present: &Values, wanted: &Values) -> Option<sdk::UpdateLabelsPayload> {
    let set = wanted.labels.iter().filter(|(key, value)| present.labels.get(*key) != Some(value));
    let set: std::collections::HashMap<_, _> = set.map(|(key, value)| (key.clone(), value.clone())).collect();
    let gone: Vec<String> = present.labels.keys().filter(|key| !wanted.labels.contains_key(*key)).cloned().collect();
    (!set.is_empty() || !gone.is_empty()).then(|| {
        sdk::UpdateLabelsPayload::builder()
            .set_add_or_update_labels(Some(set).filter(|set| !set.is_empty()))
            .set_remove_labels(Some(gone).filter(|gone| !gone.is_empty()))
            .build()
    })
}

fn taint_change(present: &Values, wanted: &Values) -> Option<sdk::UpdateTaintsPayload> {
    let normal = |values: &Values| -> Vec<Taint> {
        let taints = values.taints.iter().cloned();
        taints.map(|taint| Taint { value: taint.value.filter(|text| !text.is_empty()), ..taint }).collect()
    };
    let (before, after) = (normal(present), normal(wanted));
    let same_place = |one: &Taint, other: &Taint| one.key == other.key && one.effect == other.effect;
    let set: Vec<_> = after.iter().filter(|taint| !before.contains(taint)).map(self::taint).collect();
    let gone = before.iter().filter(|taint| !after.iter().any(|other| same_place(taint, other)));
    let gone: Vec<_> = gone.map(self::taint).collect();
    (!set.is_empty() || !gone.is_empty()).then(|| {
        sdk::UpdateTaintsPayload::builder()
            .set_add_or_update_taints(Some(set).filter(|set| !set.is_empty()))
            .set_remove_taints(Some(gone).filter(|gone| !gone.is_empty()))
            .build()
    })
}

/// The update that replaces the machines by those of another version; none where it is there.
pub(super) fn version_change(
    session: &Session,
    present: &Values,
    wanted: &Values,
) -> Option<UpdateNodegroupVersionFluentBuilder> {
    let version = wanted.version.clone().filter(|version| present.version.as_ref() != Some(version));
    let release = wanted.release_version.clone().filter(|release| present.release_version.as_ref() != Some(release));
    let of_template = |values: &Values| values.launch_template.as_ref().and_then(|template| template.version.clone());
    let moved = of_template(wanted).is_some_and(|version| of_template(present).as_ref() != Some(&version));
    let template = wanted.launch_template.as_ref().filter(|_| moved).map(template);
    if version.is_none() && release.is_none() && template.is_none() {
        return None;
    }
    let call = session.eks().update_nodegroup_version().set_version(version).set_release_version(release);
    Some(call.set_launch_template(template).force(wanted.force_update_enabled))
}

/// The attributes as EKS tells them.
pub(super) fn from_sdk(group: sdk::Nodegroup) -> Values {
    let (cluster, name) = (group.cluster_name.unwrap_or_default(), group.nodegroup_name.unwrap_or_default());
    Values {
        id: super::id_of(&cluster, &name),
        cluster_name: cluster,
        nodegroup_name: name,
        node_role: group.node_role.unwrap_or_default(),
        subnets: group.subnets.unwrap_or_default(),
        scaling_config: group.scaling_config.map(|scaling| Scaling {
            min_size: scaling.min_size,
            max_size: scaling.max_size,
            desired_size: scaling.desired_size,
        }),
        instance_types: group.instance_types,
        ami_type: group.ami_type.map(|kind| kind.as_str().to_owned()),
        capacity_type: group.capacity_type.map_or_else(String::new, |kind| kind.as_str().to_owned()),
        disk_size: group.disk_size,
        labels: group.labels.unwrap_or_default().into_iter().collect(),
        taints: group.taints.unwrap_or_default().into_iter().map(told_taint).collect(),
        update_config: group.update_config.map(|told| Updates {
            max_unavailable: told.max_unavailable,
            max_unavailable_percentage: told.max_unavailable_percentage,
            update_strategy: told.update_strategy.map(|strategy| strategy.as_str().to_owned()),
        }),
        node_repair_config: group.node_repair_config.map(|told| Repair {
            enabled: told.enabled,
            max_unhealthy_node_threshold_count: told.max_unhealthy_node_threshold_count,
            max_unhealthy_node_threshold_percentage: told.max_unhealthy_node_threshold_percentage,
            max_parallel_nodes_repaired_count: told.max_parallel_nodes_repaired_count,
            max_parallel_nodes_repaired_percentage: told.max_parallel_nodes_repaired_percentage,
        }),
        launch_template: group.launch_template.map(|told| Template {
            id: told.id,
            name: told.name,
            version: told.version,
        }),
        remote_access: group.remote_access.map(|told| Access {
            ec2_ssh_key: told.ec2_ssh_key.unwrap_or_default(),
            source_security_groups: told.source_security_groups.unwrap_or_default(),
        }),
        version: group.version,
        release_version: group.release_version,
        force_update_enabled: false,
        tags: Tags::new(),
        arn: group.nodegroup_arn.unwrap_or_default(),
        status: group.status.map_or_else(String::new, |status| status.as_str().to_owned()),
        tags_all: group.tags.unwrap_or_default().into_iter().collect(),
    }
}

fn told_taint(told: sdk::Taint) -> Taint {
    Taint {
        key: told.key.unwrap_or_default(),
        value: told.value.filter(|text| !text.is_empty()),
        effect: told.effect.map_or_else(String::new, |effect| effect.as_str().to_owned()),
    }
}

/// What EKS does not tell again.
pub(super) fn keep(known: &Values, read: &mut Values) {
    read.force_update_enabled = known.force_update_enabled;
    // Emulators know nothing of it.
    read.node_repair_config = read.node_repair_config.take().or_else(|| known.node_repair_config.clone());
}
