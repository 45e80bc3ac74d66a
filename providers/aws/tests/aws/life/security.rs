//! Security groups and their rules.

use crate::cloud::{Cloud, Object};
use crate::moto_tests;
use aws_sdk_ec2::types::{IpPermission, IpRange};
use serde_json::json;

moto_tests![inline_rules, egress, rules_of_their_own, group_after_a_crash];

async fn vpc(cloud: &Cloud) -> Object {
    cloud.create("vpc", json!({ "cidr_block": "10.70.0.0/16" })).await
}

async fn inline_rules(cloud: Cloud) {
    let vpc = vpc(&cloud).await;
    let peer = cloud.create("security_group", json!({ "group_description": "peer", "vpc_id": vpc.id() })).await;
    assert!(peer.text("group_name").starts_with("formwork-"));
    let https =
        json!({ "ip_protocol": "tcp", "from_port": 443, "to_port": 443, "cidr_ip": "0.0.0.0/0", "description": "web" });
    let dns = json!({ "ip_protocol": "17", "from_port": 53, "to_port": 53, "source_security_group_id": peer.id() });
    let all = json!({ "ip_protocol": "-1", "from_port": 0, "to_port": 0, "cidr_ip": "10.70.0.0/16" });
    let config = |rules: &[&serde_json::Value]| {
        json!({
            "group_name": "web",
            "group_description": "web servers",
            "vpc_id": vpc.id(),
            "security_group_ingress": rules,
            "tags": { "Name": "web" },
        })
    };
    let mut group = cloud.create("security_group", config(&[&https, &dns])).await;
    assert!(group.get("security_group_egress").is_null(), "not managed here");
    cloud.assert_clean(&mut group).await;
    // Order does not count.
    group.config = crate::cloud::to_config(group.schema, &config(&[&dns, &https]));
    cloud.assert_clean(&mut group).await;

    cloud.change(&mut group, config(&[&all, &dns])).await;
    let mut described = all.clone();
    described["description"] = json!("inside");
    cloud.change(&mut group, config(&[&described])).await;

    let range = IpRange::builder().cidr_ip("8.8.8.8/32").build();
    let rule = IpPermission::builder().ip_protocol("tcp").from_port(22).to_port(22).ip_ranges(range).build();
    cloud.ec2().authorize_security_group_ingress().group_id(group.id()).ip_permissions(rule).send().await.unwrap();
    assert_eq!(cloud.drift(&mut group).await, ["security_group_ingress"]);
    cloud.repair(&mut group).await;

    let mut imported = cloud.import("security_group", &group.id(), config(&[&described])).await;
    cloud.assert_clean(&mut imported).await;
    assert!(cloud.list("security_group").await.iter().any(|listed| listed.id == group.id()));
    let mut renamed = config(&[&described]);
    renamed["group_name"] = json!("other");
    assert_eq!(cloud.replaced_by(&group, renamed).await, ["group_name"]);
    for object in [&group, &peer, &vpc] {
        cloud.delete(object).await;
    }
}

async fn egress(cloud: Cloud) {
    let vpc = vpc(&cloud).await;
    let config = |egress: serde_json::Value| json!({ "group_name": "out", "group_description": "out", "vpc_id": vpc.id(), "security_group_egress": egress });
    let outgoing = async |group: &Object| {
        let answer = cloud.ec2().describe_security_groups().group_ids(group.id()).send().await.unwrap();
        answer.security_groups()[0].ip_permissions_egress().len()
    };
    // `[]` takes AWS's own rule away, a list replaces it, unset again revokes the list.
    let mut group = cloud.create("security_group", config(json!([]))).await;
    assert_eq!(outgoing(&group).await, 0);
    cloud.assert_clean(&mut group).await;
    let https = json!([{ "ip_protocol": "tcp", "from_port": 443, "to_port": 443, "cidr_ip": "0.0.0.0/0" }]);
    cloud.change(&mut group, config(https)).await;
    assert_eq!(outgoing(&group).await, 1);
    cloud.change(&mut group, config(json!(null))).await;
    assert_eq!(outgoing(&group).await, 0);
    cloud.delete(&group).await;

    let group = cloud.create("security_group", config(json!(null))).await;
    assert_eq!(outgoing(&group).await, 1, "AWS's own rule stays");
    cloud.delete(&group).await;
    cloud.delete(&vpc).await;
}

async fn rules_of_their_own(cloud: Cloud) {
    let vpc = vpc(&cloud).await;
    let mut group = cloud
        .create("security_group", json!({ "group_name": "own", "group_description": "own", "vpc_id": vpc.id() }))
        .await;
    let id = group.id();
    let config = |port: u16, text: &str| {
        json!({
            "group_id": id,
            "ip_protocol": "tcp",
            "from_port": port,
            "to_port": port,
            "source_security_group_id": id,
            "description": text,
            "tags": { "Name": "self" },
        })
    };
    let mut rule = cloud.create("security_group_ingress_rule", config(80, "a")).await;
    assert!(rule.id().starts_with("sgr-"));
    cloud.assert_clean(&mut rule).await;
    assert_eq!(cloud.replaced_by(&rule, config(81, "a")).await, ["from_port", "to_port"]);
    cloud.change(&mut rule, config(80, "b")).await;
    let mut imported = cloud.import("security_group_ingress_rule", &rule.id(), config(80, "b")).await;
    cloud.assert_clean(&mut imported).await;
    assert!(cloud.list("security_group_ingress_rule").await.iter().any(|listed| listed.id == rule.id()));

    let out = json!({ "group_id": group.id(), "ip_protocol": "-1", "cidr_ipv6": "::/0" });
    let mut out = cloud.create("security_group_egress_rule", out).await;
    cloud.assert_clean(&mut out).await;
    assert!(cloud.list("security_group_ingress_rule").await.iter().all(|listed| listed.id != out.id()));
    cloud.assert_clean(&mut group).await;
    cloud.delete(&rule).await;

    let crashed = cloud.create_and_die("security_group_ingress_rule", config(90, "c")).await;
    let mut rule = cloud.recover(crashed).await;
    cloud.assert_clean(&mut rule).await;
    for object in [&rule, &out, &group, &vpc] {
        cloud.delete(object).await;
    }
}

async fn group_after_a_crash(cloud: Cloud) {
    let vpc = vpc(&cloud).await;
    let rules = json!([{ "ip_protocol": "tcp", "from_port": 22, "to_port": 22, "cidr_ip": "10.0.0.0/8" }]);
    let config = json!({ "group_description": "x", "vpc_id": vpc.id(), "security_group_ingress": rules });
    let crashed = cloud.create_and_die("security_group", config.clone()).await;
    let mut group = cloud.recover(crashed).await;
    cloud.assert_clean(&mut group).await;
    cloud.delete(&group).await;
    let refused = json!({ "cidr_block": "10.0.0.0/24", "vpc_id": "vpc-0000000000000000f" });
    let error = cloud.try_create("subnet", refused).await.expect_err("no such VPC");
    assert_eq!(error.class, formwork_provider_api::ErrorClass::NotFound);
    cloud.delete(&vpc).await;
}
