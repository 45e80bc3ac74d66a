//! What is found without a network.

use crate::cloud::{schema, to_config};
use formwork_provider_api::{Provider, ValidateRequest};
use formwork_provider_aws::AwsProvider;
use libtest_mimic::{Failed, Trial};
use serde_json::{Value as Json, json};

pub fn tests() -> Vec<Trial> {
    vec![Trial::test("offline::mistakes_are_found", mistakes_are_found)]
}

fn mistakes_are_found() -> Result<(), Failed> {
    let https = json!({ "ip_protocol": "tcp", "from_port": 443, "to_port": 443, "cidr_ip": "0.0.0.0/0" });
    let with = |name: &str, value: Json| {
        let mut rule = https.clone();
        rule[name] = value;
        rule
    };
    let to_igw = json!({ "destination_cidr_block": "0.0.0.0/0", "gateway_id": "igw-1" });
    let cases: Vec<(&str, Json, &[&str])> = vec![
        ("vpc", json!({ "cidr_block": "10.0.0.0/16" }), &[]),
        ("vpc", json!({ "cidr_block": "10.0.0.0/8" }), &["cidr_block"]),
        ("subnet", json!({ "vpc_id": "v", "cidr_block": "10.0.0.0/29" }), &["cidr_block"]),
        ("subnet", json!({ "vpc_id": "v", "cidr_block": "10.0.0.0/24", "ipv6_native": true }), &["cidr_block"]),
        ("nat_gateway", json!({ "subnet_id": "s", "allocation_id": "e" }), &[]),
        ("nat_gateway", json!({ "subnet_id": "s" }), &["allocation_id"]),
        ("nat_gateway", json!({ "subnet_id": "s", "connectivity_type": "private" }), &[]),
        (
            "nat_gateway",
            json!({ "subnet_id": "s", "connectivity_type": "private", "allocation_id": "e" }),
            &["allocation_id"],
        ),
        ("route_table", json!({ "vpc_id": "v", "routes": [to_igw] }), &[]),
        ("route_table", json!({ "vpc_id": "v", "routes": [to_igw, to_igw] }), &["routes[1]"]),
        (
            "route_table",
            json!({ "vpc_id": "v", "routes": [{ "destination_cidr_block": "0.0.0.0/0" }, { "gateway_id": "igw-1" }] }),
            &["routes[0]", "routes[1]"],
        ),
        ("security_group", json!({ "group_description": "x", "security_group_ingress": [https] }), &[]),
        (
            "security_group",
            json!({ "group_description": "x", "security_group_ingress": [with("cidr_ipv6", json!("::/0"))] }),
            &["security_group_ingress[0].cidr_ipv6"],
        ),
        (
            "security_group",
            json!({ "group_description": "x", "security_group_egress": [with("cidr_ip", Json::Null), with("to_port", json!(1))] }),
            &["security_group_egress[0]", "security_group_egress[1].to_port"],
        ),
        (
            "security_group_ingress_rule",
            json!({ "group_id": "g", "ip_protocol": "6", "from_port": 80, "cidr_ip": "10.0.0.0/8" }),
            &["to_port"],
        ),
    ];
    for (name, config, paths) in cases {
        let request = ValidateRequest { type_name: Some(name.into()), config: to_config(schema(name), &config) };
        let findings = AwsProvider.validate(&request);
        let found: Vec<String> = findings.iter().map(|finding| finding.path.to_string()).collect();
        assert_eq!(found, paths, "{name} {config}");
    }
    Ok(())
}
