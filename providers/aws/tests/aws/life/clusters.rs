//! EKS clusters and node groups, as far as moto has them; what it lacks is in `kubernetes`.

use crate::cloud::Cloud;
use crate::moto_tests;
use formwork_provider_api::{ErrorClass, Found};
use serde_json::{Value as Json, json};

moto_tests![cluster, cluster_after_a_crash];

const ROLE: &str = "arn:aws:iam::123456789012:role/control-plane";

fn config(name: &str, change: &Json) -> Json {
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
