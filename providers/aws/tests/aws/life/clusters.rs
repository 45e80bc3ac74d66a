//! EKS clusters and node groups, as far as moto has them; what it lacks is in `kubernetes`.

use crate::cloud::Cloud;
use crate::moto_tests;
use formwork_provider_api::{ErrorClass, Found};
use serde_json::{Value as Json, json};

moto_tests![cluster, cluster_after_a_crash, node_group, node_group_after_a_crash];

const ROLE: &str = "arn:aws:iam::123456789012:role/control-plane";

pub(super) fn config(name: &str, change: &Json) -> Json {
    let mut config = json!({
        "name": name,
        "version": "1.33",
        "role_arn": ROLE,
        "resources_vpc_config": {
            "subnet_ids": ["subnet-1", "subnet-2"],
            "security_group_ids": [],
            "endpoint_private_access": true,
            "endpoint_public_access": false,
            "public_access_cidrs": null,
        },
        "logging": { "cluster_logging": { "enabled_types": [{ "type": "audit" }, { "type": "api" }] } },
        "tags": { "team": "x" },
    });
    config.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    config
}

async fn cluster(cloud: Cloud) {
    let config = |change: Json| config("life", &change);
    let mut cluster = cloud.create("eks_cluster", config(json!({}))).await;
    assert_eq!(cluster.text("status"), "ACTIVE");
    assert!(cluster.text("endpoint").starts_with("https://"));
    assert!(cluster.text("open_id_connect_issuer_url").starts_with("https://oidc.eks."));
    cloud.assert_clean(&mut cluster).await;
    let logs = |kinds: &[&str]| {
        let types: Vec<Json> = kinds.iter().map(|kind| json!({ "type": kind })).collect();
        json!({ "logging": { "cluster_logging": { "enabled_types": types } } })
    };
    cluster.config = crate::cloud::to_config(cluster.schema, &config(logs(&["api", "audit"])));
    cloud.assert_clean(&mut cluster).await;
    cloud.change(&mut cluster, config(logs(&["scheduler", "api"]))).await;
    cloud.change(&mut cluster, config(logs(&[]))).await;
    cloud.change(&mut cluster, config(json!({ "tags": { "team": "y" } }))).await;
    cloud.change(&mut cluster, config(json!({ "logging": null }))).await;
    cloud.change(&mut cluster, config(json!({}))).await;
    assert_eq!(cloud.replaced_by(&cluster, config(json!({ "role_arn": "arn:aws:iam::1:role/x" }))).await, ["role_arn"]);

    let eks = aws_sdk_eks::Client::new(&cloud.sdk);
    eks.untag_resource().resource_arn(cluster.text("arn")).tag_keys("team").send().await.unwrap();
    assert_eq!(cloud.drift(&mut cluster).await, ["tags", "tags_all"]);
    cloud.repair(&mut cluster).await;

    let mut imported = cloud.import("eks_cluster", "life", config(json!({}))).await;
    cloud.assert_clean(&mut imported).await;
    assert!(cloud.list("eks_cluster").await.iter().any(|listed| listed.id == "life"));
    let taken = cloud.try_create("eks_cluster", config(json!({}))).await.expect_err("the name is taken");
    assert_eq!(taken.class, ErrorClass::Conflict);
    cloud.delete(&cluster).await;
}

async fn cluster_after_a_crash(cloud: Cloud) {
    let request = cloud.create_and_die("eks_cluster", config("crash", &json!({}))).await;
    let mut other = request.clone();
    other.operation = "another".into();
    assert!(matches!(cloud.connection.find(other).await, Ok(Found::Foreign(_))));
    let mut cluster = cloud.recover(request.clone()).await;
    cloud.assert_clean(&mut cluster).await;
    cloud.delete(&cluster).await;
    assert!(matches!(cloud.connection.find(request).await, Ok(Found::Absent)));
}

pub(super) fn group_config(cluster: &str, change: &Json) -> Json {
    let mut config = json!({
        "cluster_name": cluster,
        "nodegroup_name": "workers",
        "node_role": "arn:aws:iam::123456789012:role/node",
        "subnets": ["subnet-1", "subnet-2"],
        "instance_types": ["m6i.large", "m5.large"],
        "capacity_type": "SPOT",
        "disk_size": 50,
        "scaling_config": { "min_size": 1, "max_size": 3 },
        "update_config": { "max_unavailable": 1 },
        "labels": { "node-group": "workers" },
        "taints": [{ "key": "dedicated", "value": "batch", "effect": "NO_SCHEDULE" }],
        "tags": { "team": "x" },
    });
    config.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    config
}

async fn node_group(cloud: Cloud) {
    let cluster = cloud.create("eks_cluster", config("nodes", &json!({}))).await;
    let config = |change: Json| group_config("nodes", &change);
    let mut group = cloud.create("eks_node_group", config(json!({}))).await;
    assert_eq!(group.id(), "nodes/workers");
    assert_eq!(group.get("scaling_config")["desired_size"], json!(1), "it begins with the fewest");
    cloud.assert_clean(&mut group).await;

    // The autoscaler's changes are no drift, and stay when something else changes.
    let eks = aws_sdk_eks::Client::new(&cloud.sdk);
    let sizes = aws_sdk_eks::types::NodegroupScalingConfig::builder().desired_size(2).build();
    let call = eks.update_nodegroup_config().cluster_name("nodes").nodegroup_name("workers");
    call.scaling_config(sizes).send().await.unwrap();
    assert!(cloud.changes(&mut group).await.is_empty());
    cloud.change(&mut group, config(json!({ "scaling_config": { "min_size": 1, "max_size": 5 } }))).await;
    assert_eq!(group.get("scaling_config"), json!({ "min_size": 1, "max_size": 5, "desired_size": 2 }));

    // It moves before an update that is about something else is done; and gives way to new bounds.
    cloud
        .change_after(
            &mut group,
            config(json!({ "scaling_config": { "min_size": 1, "max_size": 5 }, "labels": {} })),
            async {
                let sizes = aws_sdk_eks::types::NodegroupScalingConfig::builder().desired_size(4).build();
                let call = eks.update_nodegroup_config().cluster_name("nodes").nodegroup_name("workers");
                call.scaling_config(sizes).send().await.unwrap();
            },
        )
        .await;
    assert_eq!(group.get("scaling_config")["desired_size"], json!(4));
    cloud.change(&mut group, config(json!({ "scaling_config": { "min_size": 5, "max_size": 6 } }))).await;
    assert_eq!(group.get("scaling_config")["desired_size"], json!(5));

    let taints = json!([
        { "key": "dedicated", "value": "batch", "effect": "NO_SCHEDULE" },
        { "key": "gpu", "effect": "NO_EXECUTE" },
    ]);
    for change in [
        json!({ "labels": { "node-group": "other", "more": "x" } }),
        json!({ "labels": {}, "taints": taints }),
        json!({ "taints": [] }),
        json!({ "update_config": { "max_unavailable_percentage": 30 } }),
        json!({ "scaling_config": { "min_size": 0, "max_size": 4, "desired_size": 3 } }),
        json!({ "force_update_enabled": true }),
        json!({}),
    ] {
        cloud.change(&mut group, config(change)).await;
    }
    assert_eq!(cloud.replaced_by(&group, config(json!({ "disk_size": 80 }))).await, ["disk_size"]);
    let call = eks.update_nodegroup_config().cluster_name("nodes").nodegroup_name("workers");
    let labels = aws_sdk_eks::types::UpdateLabelsPayload::builder().add_or_update_labels("drift", "x").build();
    call.labels(labels).send().await.unwrap();
    // With any update the size is open: the autoscaler may choose another one meanwhile.
    assert_eq!(cloud.drift(&mut group).await, ["scaling_config", "labels"]);
    cloud.repair(&mut group).await;

    let mut imported = cloud.import("eks_node_group", "nodes/workers", config(json!({}))).await;
    cloud.assert_clean(&mut imported).await;
    assert!(cloud.list("eks_node_group").await.iter().any(|listed| listed.id == "nodes/workers"));
    let taken = cloud.try_create("eks_node_group", config(json!({}))).await.expect_err("the name is taken");
    assert_eq!(taken.class, ErrorClass::Conflict);
    let busy = cloud.try_delete(&cluster).await.expect_err("it has a node group");
    assert_eq!(busy.class, ErrorClass::Conflict);
    cloud.delete(&group).await;
    cloud.delete(&cluster).await;
    // A group whose cluster is gone is gone, too.
    assert!(matches!(cloud.read(&group).await, formwork_provider_api::ReadOutcome::Gone));
}

async fn node_group_after_a_crash(cloud: Cloud) {
    let cluster = cloud.create("eks_cluster", config("crashed-nodes", &json!({}))).await;
    let request = cloud.create_and_die("eks_node_group", group_config("crashed-nodes", &json!({}))).await;
    let mut other = request.clone();
    other.operation = "another".into();
    assert!(matches!(cloud.connection.find(other).await, Ok(Found::Foreign(_))));
    let mut group = cloud.recover(request.clone()).await;
    cloud.assert_clean(&mut group).await;
    cloud.delete(&group).await;
    assert!(matches!(cloud.connection.find(request).await, Ok(Found::Absent)));
    cloud.delete(&cluster).await;
}
