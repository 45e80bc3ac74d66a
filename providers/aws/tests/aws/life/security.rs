//! Security groups and their rules.

use crate::cloud::{Cloud, Object};
use crate::moto_tests;
use aws_sdk_ec2::types::{IpPermission, IpRange, SecurityGroupRuleRequest, SecurityGroupRuleUpdate, Tag};
use formwork_provider_api::{ErrorClass, ReadOutcome};
use serde_json::json;

moto_tests![inline_rules, egress, ingress_rule, egress_rule, group_after_a_crash];

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

/// A group for rules of their own.
async fn empty_group(cloud: &Cloud, vpc: &Object) -> Object {
    let config = json!({ "group_name": "own", "group_description": "own", "vpc_id": vpc.id() });
    cloud.create("security_group", config).await
}

/// Somebody sets another tag, and takes one away.
async fn retag(cloud: &Cloud, id: &str) {
    let tag = Tag::builder().key("owner").value("somebody").build();
    cloud.ec2().create_tags().resources(id).tags(tag).send().await.unwrap();
    cloud.ec2().delete_tags().resources(id).tags(Tag::builder().key("Name").build()).send().await.unwrap();
}

async fn ingress_rule(cloud: Cloud) {
    let vpc = vpc(&cloud).await;
    let mut group = empty_group(&cloud, &vpc).await;
    let id = group.id();
    let config = |port: u16, text: &str, name: &str| {
        json!({
            "group_id": id,
            "ip_protocol": "tcp",
            "from_port": port,
            "to_port": port,
            "source_security_group_id": id,
            "description": text,
            "tags": { "Name": name },
        })
    };
    let mut rule = cloud.create("security_group_ingress_rule", config(80, "a", "self")).await;
    assert!(rule.id().starts_with("sgr-"));
    cloud.assert_clean(&mut rule).await;
    assert_eq!(cloud.replaced_by(&rule, config(81, "a", "self")).await, ["from_port", "to_port"]);
    let mut elsewhere = config(80, "a", "self");
    elsewhere["source_security_group_id"] = json!(null);
    elsewhere["cidr_ip"] = json!("10.0.0.0/8");
    assert_eq!(cloud.replaced_by(&rule, elsewhere).await, ["cidr_ip", "source_security_group_id"]);
    cloud.change(&mut rule, config(80, "b", "self")).await;
    cloud.change(&mut rule, config(80, "b", "other")).await;

    retag(&cloud, &rule.id()).await;
    assert_eq!(cloud.drift(&mut rule).await, ["tags", "tags_all"]);
    cloud.repair(&mut rule).await;
    redescribe(&cloud, &rule).await;
    assert_eq!(cloud.drift(&mut rule).await, ["description"]);
    cloud.repair(&mut rule).await;

    let mut imported = cloud.import("security_group_ingress_rule", &rule.id(), config(80, "b", "other")).await;
    assert_eq!(imported.stored.values, rule.stored.values);
    cloud.assert_clean(&mut imported).await;
    assert!(cloud.list("security_group_ingress_rule").await.iter().any(|listed| listed.id == rule.id()));
    assert!(cloud.list("security_group_egress_rule").await.iter().all(|listed| listed.id != rule.id()));
    cloud.assert_clean(&mut group).await;

    // Somebody revoked it.
    let call = cloud.ec2().revoke_security_group_ingress().group_id(&id).security_group_rule_ids(rule.id());
    call.send().await.unwrap();
    assert!(matches!(cloud.read(&rule).await, ReadOutcome::Gone));
    cloud.delete(&rule).await;

    let crashed = cloud.create_and_die("security_group_ingress_rule", config(90, "c", "self")).await;
    let mut rule = cloud.recover(crashed).await;
    cloud.assert_clean(&mut rule).await;
    for object in [&rule, &group, &vpc] {
        cloud.delete(object).await;
    }
}

async fn egress_rule(cloud: Cloud) {
    let vpc = vpc(&cloud).await;
    let group = empty_group(&cloud, &vpc).await;
    let config = |range: &str, text: &str, name: &str| {
        json!({
            "group_id": group.id(),
            "ip_protocol": "udp",
            "from_port": 53,
            "to_port": 53,
            "cidr_ip": range,
            "description": text,
            "tags": { "Name": name },
        })
    };
    let mut rule = cloud.create("security_group_egress_rule", config("10.0.0.0/8", "names", "dns")).await;
    cloud.assert_clean(&mut rule).await;
    assert_eq!(cloud.replaced_by(&rule, config("10.0.0.0/16", "names", "dns")).await, ["cidr_ip"]);
    cloud.change(&mut rule, config("10.0.0.0/8", "names of hosts", "dns")).await;
    cloud.change(&mut rule, config("10.0.0.0/8", "names of hosts", "resolver")).await;

    retag(&cloud, &rule.id()).await;
    assert_eq!(cloud.drift(&mut rule).await, ["tags", "tags_all"]);
    cloud.repair(&mut rule).await;
    redescribe(&cloud, &rule).await;
    assert_eq!(cloud.drift(&mut rule).await, ["description"]);
    cloud.repair(&mut rule).await;

    let wanted = config("10.0.0.0/8", "names of hosts", "resolver");
    let mut imported = cloud.import("security_group_egress_rule", &rule.id(), wanted.clone()).await;
    assert_eq!(imported.stored.values, rule.stored.values);
    cloud.assert_clean(&mut imported).await;
    assert!(cloud.list("security_group_egress_rule").await.iter().any(|listed| listed.id == rule.id()));
    assert!(cloud.list("security_group_ingress_rule").await.iter().all(|listed| listed.id != rule.id()));
    cloud.delete(&rule).await;

    let other = cloud.create("security_group_egress_rule", config("10.1.0.0/16", "a", "b")).await;
    let taken = cloud.try_create("security_group_egress_rule", config("10.1.0.0/16", "a", "b")).await;
    assert_eq!(taken.expect_err("the same rule is there").class, ErrorClass::Conflict);
    cloud.delete(&other).await;

    // All protocols have no ports.
    let all = json!({ "group_id": group.id(), "ip_protocol": "-1", "cidr_ipv6": "::/0" });
    let mut all = cloud.create("security_group_egress_rule", all).await;
    cloud.assert_clean(&mut all).await;

    let crashed = cloud.create_and_die("security_group_egress_rule", wanted).await;
    let mut rule = cloud.recover(crashed).await;
    cloud.assert_clean(&mut rule).await;
    for object in [&rule, &all, &group, &vpc] {
        cloud.delete(object).await;
    }
}

/// Somebody describes a rule otherwise.
async fn redescribe(cloud: &Cloud, rule: &Object) {
    let text = |name: &str| rule.get(name).as_str().map(str::to_owned);
    let port = |name: &str| rule.get(name).as_i64().and_then(|port| i32::try_from(port).ok());
    let request = SecurityGroupRuleRequest::builder()
        .set_ip_protocol(text("ip_protocol"))
        .set_from_port(port("from_port"))
        .set_to_port(port("to_port"))
        .set_cidr_ipv4(text("cidr_ip"))
        .set_referenced_group_id(text("source_security_group_id"))
        .description("theirs");
    let update = SecurityGroupRuleUpdate::builder().security_group_rule_id(rule.id());
    let update = update.security_group_rule(request.build()).build();
    let call = cloud.ec2().modify_security_group_rules().group_id(rule.text("group_id"));
    call.security_group_rules(update).send().await.unwrap();
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
    assert_eq!(error.class, ErrorClass::NotFound);
    cloud.delete(&vpc).await;
}
