//! What EKS and ECR do and moto does not: clusters that take their time, updates that are waited for and fail.

use crate::cloud::{Cloud, Object, schema, to_config};
use crate::replay::{connect, trial};
use crate::script::{self, Reply, json_error};
use formwork_model::{Value, ValueBuf};
use formwork_provider_api::{Checkpoint, ErrorClass, FindRequest, Found, UpdateRequest};
use libtest_mimic::Trial;
use serde_json::{Value as Json, json};

pub fn tests() -> Vec<Trial> {
    vec![
        trial("a_cluster_goes_through_its_states", a_cluster_goes_through_its_states),
        trial("a_failed_cluster_says_why", a_failed_cluster_says_why),
        trial("a_cluster_is_made_once", a_cluster_is_made_once),
        trial("a_cluster_found_while_it_is_made_is_waited_for", a_cluster_found_while_it_is_made_is_waited_for),
        trial("updates_come_one_at_a_time", updates_come_one_at_a_time),
        trial("a_failed_update_says_why", a_failed_update_says_why),
        trial("a_fresh_role_is_waited_for", a_fresh_role_is_waited_for),
        trial("a_failed_node_group_says_why", a_failed_node_group_says_why),
        trial("nodes_are_replaced_for_a_version", nodes_are_replaced_for_a_version),
        trial("auto_mode_is_switched_in_one_call", auto_mode_is_switched_in_one_call),
        trial("repairs_of_nodes_are_set", repairs_of_nodes_are_set),
        trial("scanning_is_turned_off", scanning_is_turned_off),
    ]
}

fn config(change: &Json) -> Json {
    let mut config = json!({
        "name": "prod",
        "version": "1.32",
        "role_arn": "arn:aws:iam::1:role/eks",
        "resources_vpc_config": { "subnet_ids": ["subnet-1", "subnet-2"], "endpoint_private_access": true },
    });
    config.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    config
}

fn cluster(status: &str, change: &Json) -> Reply {
    let mut cluster = json!({
        "name": "prod",
        "arn": "arn:aws:eks:eu-west-1:1:cluster/prod",
        "version": "1.32",
        "roleArn": "arn:aws:iam::1:role/eks",
        "resourcesVpcConfig": {
            "subnetIds": ["subnet-2", "subnet-1"], "securityGroupIds": [], "vpcId": "vpc-1",
            "endpointPublicAccess": true, "endpointPrivateAccess": true, "publicAccessCidrs": ["0.0.0.0/0"],
        },
        "logging": { "clusterLogging": [{ "types": ["api", "audit"], "enabled": false }] },
        "accessConfig": { "authenticationMode": "API" },
        "status": status,
        "tags": { "formwork-operation": "op" },
    });
    if status != "CREATING" {
        let made = json!({
            "endpoint": "https://x.eks.amazonaws.com",
            "certificateAuthority": { "data": "Q0E=" },
            "identity": { "oidc": { "issuer": "https://oidc.eks.eu-west-1.amazonaws.com/id/1" } },
            "platformVersion": "eks.1",
        });
        cluster.as_object_mut().unwrap().extend(made.as_object().unwrap().clone());
    }
    cluster.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    Reply::ok(json!({ "cluster": cluster }).to_string())
}

fn update(status: &str, errors: &Json) -> Reply {
    let update = json!({ "id": "u-1", "status": status, "type": "VersionUpdate", "errors": errors });
    Reply::ok(json!({ "update": update }).to_string())
}

async fn a_cluster_goes_through_its_states() {
    let nothing = json!({});
    let gone = json_error(404, "ResourceNotFoundException", "No cluster found for name: prod.");
    let script = script::start(vec![
        ("POST /clusters", vec![cluster("CREATING", &nothing)]),
        (
            "GET /clusters/prod",
            vec![
                gone.clone(),
                cluster("CREATING", &nothing),
                cluster("CREATING", &nothing),
                cluster("ACTIVE", &nothing),
            ],
        ),
    ])
    .await;
    let cloud = connect(&script).await;
    let mut object = cloud.create("eks_cluster", config(&nothing)).await;
    assert_eq!(object.text("certificate_authority_data"), "Q0E=");
    assert_eq!(object.text("vpc_id"), "vpc-1");
    assert!(object.get("logging").is_null(), "no log is no block");
    cloud.assert_clean(&mut object).await;
    let sent = script.asked_for("POST /clusters")[0].body.clone();
    assert!(sent.contains("\"clientRequestToken\":\"op-") && sent.contains("formwork-operation"), "{sent}");

    let script = script::start(vec![
        ("DELETE /clusters/prod", vec![cluster("DELETING", &nothing)]),
        (
            "GET /clusters/prod",
            vec![cluster("UPDATING", &nothing), cluster("ACTIVE", &nothing), cluster("DELETING", &nothing), gone],
        ),
    ])
    .await;
    let cloud = connect(&script).await;
    cloud.try_delete(&object).await.unwrap();
    let asked: Vec<String> = script.asked().into_iter().map(|asked| asked.operation).collect();
    assert_eq!(
        asked.iter().position(|operation| operation.starts_with("DELETE")),
        Some(2),
        "once it is idle: {asked:?}"
    );
    assert_eq!(asked.len(), 5);
}

async fn a_failed_cluster_says_why() {
    let issue = json!({ "code": "Ec2SubnetNotFound", "message": "no such subnet", "resourceIds": ["subnet-2"] });
    let script = script::start(vec![
        ("POST /clusters", vec![cluster("CREATING", &json!({}))]),
        ("GET /clusters/prod", vec![cluster("FAILED", &json!({ "health": { "issues": [issue] } }))]),
    ])
    .await;
    let cloud = connect(&script).await;
    let error = cloud.try_create("eks_cluster", config(&json!({}))).await.expect_err("failed");
    assert!(error.message.contains("Ec2SubnetNotFound: no such subnet (subnet-2)"), "{error:?}");
    assert_eq!(error.code, "Ec2SubnetNotFound");
}

/// A create that goes on behind its checkpoint asks for no second cluster.
async fn a_cluster_is_made_once() {
    let script = script::start(vec![(
        "GET /clusters/prod",
        vec![cluster("CREATING", &json!({})), cluster("ACTIVE", &json!({}))],
    )])
    .await;
    let cloud = connect(&script).await;
    let identity = ValueBuf::from(Value::map([("name", Value::string("prod"))]));
    let checkpoint = Checkpoint { identity, ..Checkpoint::default() };
    let object = cloud.resume("eks_cluster", config(&json!({})), checkpoint).await;
    assert_eq!(object.text("status"), "ACTIVE");
    assert!(script.asked_for("POST /clusters").is_empty());
}

/// Found before it is through, its create goes on with waiting.
async fn a_cluster_found_while_it_is_made_is_waited_for() {
    let script = script::start(vec![(
        "GET /clusters/prod",
        vec![cluster("CREATING", &json!({})), cluster("CREATING", &json!({})), cluster("ACTIVE", &json!({}))],
    )])
    .await;
    let cloud = connect(&script).await;
    let schema = schema("eks_cluster");
    let config = to_config(schema, &config(&json!({})));
    let planned = cloud.plan(schema, &config, None).await.planned;
    let request = FindRequest {
        type_name: "eks_cluster".into(),
        address: formwork_model::Address::resource("it"),
        operation: "op".into(),
        config,
        planned,
        checkpoint: None,
    };
    let object = cloud.recover(request.clone()).await;
    assert_eq!(object.text("endpoint"), "https://x.eks.amazonaws.com");
    assert!(script.asked().iter().all(|asked| asked.operation.starts_with("GET ")), "{:?}", script.asked());
    let other = FindRequest { operation: "other".into(), ..request };
    assert!(matches!(cloud.connection.find(other).await, Ok(Found::Foreign(_))));
}

async fn made(cloud: &Cloud) -> Object {
    let identity = ValueBuf::from(Value::map([("name", Value::string("prod"))]));
    let checkpoint = Checkpoint { identity, ..Checkpoint::default() };
    cloud.resume("eks_cluster", config(&json!({})), checkpoint).await
}

async fn updates_come_one_at_a_time() {
    let before = json!({});
    let after = json!({
        "version": "1.33",
        "platformVersion": "eks.2",
        "resourcesVpcConfig": {
            "subnetIds": ["subnet-3", "subnet-1"], "securityGroupIds": [], "vpcId": "vpc-1",
            "endpointPublicAccess": false, "endpointPrivateAccess": true, "publicAccessCidrs": ["0.0.0.0/0"],
        },
        "logging": { "clusterLogging": [{ "types": ["audit"], "enabled": true }] },
    });
    let (going, through) = (update("InProgress", &json!([])), update("Successful", &json!([])));
    let script = script::start(vec![
        // The create: waiting and reading back; the update: reading, waiting and reading, then waiting and reading back.
        (
            "GET /clusters/prod",
            vec![
                cluster("ACTIVE", &before),
                cluster("ACTIVE", &before),
                cluster("UPDATING", &before),
                cluster("UPDATING", &before),
                cluster("ACTIVE", &before),
                cluster("ACTIVE", &before),
                cluster("ACTIVE", &after),
            ],
        ),
        ("POST /clusters/prod/update-config", vec![going.clone()]),
        ("POST /clusters/prod/updates", vec![going.clone()]),
        ("GET /clusters/prod/updates/u-1", vec![going, through]),
    ])
    .await;
    let cloud = connect(&script).await;
    let mut object = made(&cloud).await;
    let change = json!({
        "version": "1.33",
        "resources_vpc_config": {
            "subnet_ids": ["subnet-1", "subnet-3"], "endpoint_private_access": true, "endpoint_public_access": false,
        },
        "logging": { "cluster_logging": { "enabled_types": [{ "type": "audit" }] } },
    });
    cloud.change(&mut object, config(&change)).await;
    assert_eq!(object.text("platform_version"), "eks.2");
    let asked = script.asked();
    let sent: Vec<&str> =
        asked.iter().filter(|asked| asked.operation.starts_with("POST")).map(|asked| asked.body.as_str()).collect();
    let [logging, endpoint, subnets, version] = sent.as_slice() else { panic!("{sent:?}") };
    assert!(logging.contains("\"types\":[\"audit\"],\"enabled\":true") && logging.contains("\"enabled\":false"));
    assert!(endpoint.contains("endpointPublicAccess") && !endpoint.contains("subnetIds"));
    assert!(subnets.contains("subnet-3") && !subnets.contains("endpointPublicAccess"));
    assert!(version.contains("\"version\":\"1.33\"") && version.contains("clientRequestToken"));
    // No call before the update ahead of it is through.
    let posts: Vec<usize> = (0..asked.len()).filter(|&at| asked[at].operation.starts_with("POST")).collect();
    assert!(posts.windows(2).all(|pair| pair[1] > pair[0] + 1), "{asked:?}");
}

async fn auto_mode_is_switched_in_one_call() {
    let shown = |on: bool| {
        let pools = if on { json!(["system", "general-purpose"]) } else { json!([]) };
        json!({
            "computeConfig": { "enabled": on, "nodePools": pools, "nodeRoleArn": "arn:aws:iam::1:role/node" },
            "storageConfig": { "blockStorage": { "enabled": on } },
            "kubernetesNetworkConfig": { "ipFamily": "ipv4", "elasticLoadBalancing": { "enabled": on } },
        })
    };
    let wanted = |on: bool| {
        let pools = if on { json!(["general-purpose", "system"]) } else { json!([]) };
        config(&json!({
            "compute_config": { "enabled": on, "node_pools": pools, "node_role_arn": "arn:aws:iam::1:role/node" },
            "storage_config": { "block_storage": { "enabled": on } },
            "kubernetes_network_config": { "elastic_load_balancing": { "enabled": on } },
        }))
    };
    let script = script::start(vec![
        ("POST /clusters", vec![cluster("CREATING", &json!({}))]),
        (
            "GET /clusters/prod",
            vec![
                cluster("ACTIVE", &shown(true)),
                cluster("ACTIVE", &shown(true)),
                cluster("ACTIVE", &shown(true)),
                cluster("ACTIVE", &shown(true)),
                cluster("ACTIVE", &shown(true)),
                cluster("ACTIVE", &shown(true)),
                cluster("ACTIVE", &shown(false)),
            ],
        ),
        ("POST /clusters/prod/update-config", vec![update("Successful", &json!([]))]),
    ])
    .await;
    let cloud = connect(&script).await;
    let mut object = cloud.create("eks_cluster", wanted(true)).await;
    let sent = script.asked_for("POST /clusters")[0].body.clone();
    for part in [r#""nodePools":["general-purpose","system"]"#, r#""blockStorage":{"enabled":true}"#] {
        assert!(sent.contains(part), "{sent}");
    }
    // The order of the pools does not count.
    cloud.assert_clean(&mut object).await;
    cloud.change(&mut object, wanted(false)).await;
    let updates = script.asked_for("POST /clusters/prod/update-config");
    assert_eq!(updates.len(), 1, "EKS takes the three together only: {updates:?}");
    for part in [r#""elasticLoadBalancing":{"enabled":false}"#, r#""blockStorage":{"enabled":false}"#, "computeConfig"]
    {
        assert!(updates[0].body.contains(part), "{}", updates[0].body);
    }
}

async fn repairs_of_nodes_are_set() {
    let shown = |most: i32| json!({ "nodeRepairConfig": { "enabled": true, "maxParallelNodesRepairedCount": most } });
    let wanted = |most: i32| {
        let mut config = group_config("1.32");
        config["node_repair_config"] = json!({ "enabled": true, "max_parallel_nodes_repaired_count": most });
        config
    };
    let script = script::start(vec![
        ("POST /clusters/prod/node-groups", vec![group("CREATING", &json!({}))]),
        (
            GROUP,
            vec![
                group("ACTIVE", &shown(1)),
                group("ACTIVE", &shown(1)),
                group("ACTIVE", &shown(1)),
                group("ACTIVE", &shown(1)),
                group("ACTIVE", &shown(1)),
                group("ACTIVE", &shown(2)),
            ],
        ),
        ("POST /clusters/prod/node-groups/workers/update-config", vec![update("Successful", &json!([]))]),
    ])
    .await;
    let cloud = connect(&script).await;
    let mut object = cloud.create("eks_node_group", wanted(1)).await;
    cloud.change(&mut object, wanted(2)).await;
    let updates = script.asked_for("POST /clusters/prod/node-groups/workers/update-config");
    assert_eq!(updates.len(), 1);
    assert!(updates[0].body.contains(r#""maxParallelNodesRepairedCount":2"#), "{}", updates[0].body);
}

async fn a_failed_update_says_why() {
    let errors = json!([{ "errorCode": "PodEvictionFailure", "errorMessage": "pods stay", "resourceIds": ["pod-1"] }]);
    let script = script::start(vec![
        ("GET /clusters/prod", vec![cluster("ACTIVE", &json!({}))]),
        ("POST /clusters/prod/updates", vec![update("InProgress", &json!([]))]),
        ("GET /clusters/prod/updates/u-1", vec![update("InProgress", &json!([])), update("Failed", &errors)]),
    ])
    .await;
    let cloud = connect(&script).await;
    let object = made(&cloud).await;
    let newer = to_config(object.schema, &config(&json!({ "version": "1.33" })));
    let planned = cloud.plan(object.schema, &newer, Some(&object.stored)).await.planned;
    let request = UpdateRequest {
        type_name: "eks_cluster".into(),
        address: formwork_model::Address::resource("it"),
        operation: "op".into(),
        prior: object.stored.clone(),
        prior_config: None,
        config: newer,
        planned,
        private: Vec::new(),
        resume: None,
        timeout_ms: 60_000,
    };
    let sink = crate::cloud::Sink::default();
    let error = cloud.connection.update(request.clone(), &sink).await.expect_err("failed");
    assert!(
        error.message.contains("VersionUpdate of `prod` failed: PodEvictionFailure: pods stay (pod-1)"),
        "{error:?}"
    );
}

async fn a_fresh_role_is_waited_for() {
    let refused = "Role with arn: arn:aws:iam::1:role/eks, could not be assumed because it does not exist";
    let refused = json_error(400, "InvalidParameterException", refused);
    let script = script::start(vec![
        ("POST /clusters", vec![refused.clone(), refused, cluster("CREATING", &json!({}))]),
        ("GET /clusters/prod", vec![cluster("ACTIVE", &json!({}))]),
    ])
    .await;
    let cloud = connect(&script).await;
    cloud.create("eks_cluster", config(&json!({}))).await;
    assert_eq!(script.asked_for("POST /clusters").len(), 3);
    // Another refusal is told at once.
    let wrong = json_error(400, "InvalidParameterException", "unsupported Kubernetes version");
    let script = script::start(vec![("POST /clusters", vec![wrong])]).await;
    let cloud = connect(&script).await;
    let error = cloud.try_create("eks_cluster", config(&json!({}))).await.expect_err("refused");
    assert_eq!((error.class, script.asked().len()), (ErrorClass::Invalid, 1));
}

fn group_config(version: &str) -> Json {
    json!({
        "cluster_name": "prod",
        "nodegroup_name": "workers",
        "node_role": "arn:aws:iam::1:role/node",
        "subnets": ["subnet-1"],
        "scaling_config": { "min_size": 1, "max_size": 3 },
        "version": version,
        "force_update_enabled": true,
    })
}

fn group(status: &str, change: &Json) -> Reply {
    let mut group = json!({
        "nodegroupName": "workers",
        "nodegroupArn": "arn:aws:eks:eu-west-1:1:nodegroup/prod/workers/1",
        "clusterName": "prod",
        "version": "1.32",
        "releaseVersion": "1.32.1-1",
        "status": status,
        "capacityType": "ON_DEMAND",
        "scalingConfig": { "minSize": 1, "maxSize": 3, "desiredSize": 1 },
        "instanceTypes": ["t3.medium"],
        "subnets": ["subnet-1"],
        "amiType": "AL2023_x86_64_STANDARD",
        "nodeRole": "arn:aws:iam::1:role/node",
        "diskSize": 20,
        "updateConfig": { "maxUnavailable": 1 },
        "tags": {},
    });
    group.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    Reply::ok(json!({ "nodegroup": group }).to_string())
}

const GROUP: &str = "GET /clusters/prod/node-groups/workers";

async fn a_failed_node_group_says_why() {
    let issue = json!({ "code": "NodeCreationFailure", "message": "did not join", "resourceIds": ["i-1"] });
    let failed = group("CREATE_FAILED", &json!({ "health": { "issues": [issue] } }));
    let script = script::start(vec![
        ("POST /clusters/prod/node-groups", vec![group("CREATING", &json!({}))]),
        (GROUP, vec![group("CREATING", &json!({})), failed]),
    ])
    .await;
    let cloud = connect(&script).await;
    let error = cloud.try_create("eks_node_group", group_config("1.32")).await.expect_err("failed");
    assert!(error.message.contains("NodeCreationFailure: did not join (i-1)"), "{error:?}");
    let sent = script.asked_for("POST /clusters/prod/node-groups")[0].body.clone();
    assert!(sent.contains("\"desiredSize\":1"), "it begins with the fewest: {sent}");
}

async fn nodes_are_replaced_for_a_version() {
    let after = json!({ "version": "1.33", "releaseVersion": "1.33.1-1" });
    let none = json!({});
    let script = script::start(vec![
        ("POST /clusters/prod/node-groups", vec![group("CREATING", &none)]),
        (
            GROUP,
            vec![
                group("ACTIVE", &none),
                group("ACTIVE", &none),
                group("ACTIVE", &none),
                group("ACTIVE", &none),
                group("ACTIVE", &none),
                group("UPDATING", &after),
                group("ACTIVE", &after),
            ],
        ),
        ("POST /clusters/prod/node-groups/workers/update-version", vec![update("InProgress", &json!([]))]),
        ("GET /clusters/prod/updates/u-1?nodegroupName=workers", vec![update("Successful", &json!([]))]),
    ])
    .await;
    let cloud = connect(&script).await;
    let mut object = cloud.create("eks_node_group", group_config("1.32")).await;
    cloud.change(&mut object, group_config("1.33")).await;
    assert_eq!(object.text("release_version"), "1.33.1-1");
    let sent = &script.asked_for("POST /clusters/prod/node-groups/workers/update-version")[0].body;
    assert!(sent.contains("\"version\":\"1.33\"") && sent.contains("\"force\":true"), "{sent}");
    assert!(!sent.contains("releaseVersion"), "the newest of the version: {sent}");
}

async fn scanning_is_turned_off() {
    let shown = |on: bool| {
        Reply::ok(
            json!({ "repositories": [{
                "repositoryName": "shop", "repositoryArn": "arn:aws:ecr:eu-west-1:1:repository/shop", "registryId": "1",
                "repositoryUri": "1.dkr.ecr.eu-west-1.amazonaws.com/shop", "imageTagMutability": "MUTABLE",
                "imageScanningConfiguration": { "scanOnPush": on },
                "encryptionConfiguration": { "encryptionType": "AES256" },
            }] })
            .to_string(),
        )
    };
    let created = Reply::ok(json!({ "repository": { "repositoryName": "shop" } }).to_string());
    let script = script::start(vec![
        ("CreateRepository", vec![created]),
        ("DescribeRepositories", vec![shown(true), shown(true), shown(false)]),
        ("ListTagsForResource", vec![Reply::ok("{\"tags\":[]}")]),
        ("GetLifecyclePolicy", vec![json_error(400, "LifecyclePolicyNotFoundException", "none")]),
        ("GetRepositoryPolicy", vec![json_error(400, "RepositoryPolicyNotFoundException", "none")]),
        ("PutImageScanningConfiguration", vec![Reply::ok("{}")]),
        ("TagResource", vec![Reply::ok("{}")]),
    ])
    .await;
    let cloud = connect(&script).await;
    let config =
        |on: bool| json!({ "repository_name": "shop", "image_scanning_configuration": { "scan_on_push": on } });
    let mut repository = cloud.create("ecr_repository", config(true)).await;
    cloud.change(&mut repository, config(false)).await;
    assert_eq!(script.asked_for("PutImageScanningConfiguration").len(), 1);
}
