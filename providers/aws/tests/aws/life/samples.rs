//! Objects of each type with what they need: for tests that go through all types alike.

use super::{clusters, identity, roles};
use crate::cloud::{Cloud, Object};
use serde_json::{Value as Json, json};

/// What objects of a type need, and their configs.
pub struct Samples {
    needs: Vec<Object>,
    config: Box<dyn Fn(u8) -> Json + Send + Sync>,
}

impl Samples {
    /// The config of one of them: each number makes another object.
    pub fn config(&self, number: u8) -> Json {
        (self.config)(number)
    }

    /// Deletes what they needed.
    pub async fn tidy(&self, cloud: &Cloud) {
        for object in self.needs.iter().rev() {
            cloud.delete(object).await;
        }
    }

    fn free(config: impl Fn(u8) -> Json + Send + Sync + 'static) -> Self {
        Self { needs: Vec::new(), config: Box::new(config) }
    }

    fn needing(needs: Vec<Object>, config: impl Fn(&str, u8) -> Json + Send + Sync + 'static) -> Self {
        let last = needs.last().expect("something is needed");
        let id = if last.schema.name == "eks_cluster" { last.text("name") } else { last.id() };
        Self { needs, config: Box::new(move |number| config(&id, number)) }
    }
}

/// Makes what objects of the type need. Their names begin with `prefix`, since moto has one IAM for all regions.
pub async fn samples(cloud: &Cloud, type_name: &str, prefix: &'static str) -> Samples {
    let named = move |number: u8| format!("{prefix}-{number}");
    match type_name {
        "vpc" => Samples::free(|number| json!({ "cidr_block": format!("10.{number}.0.0/16") })),
        "eip" | "internet_gateway" => Samples::free(|_| json!({})),
        "ecr_repository" => Samples::free(move |number| json!({ "repository_name": named(number) })),
        "iam_role" => Samples::free(move |number| roles::config(&named(number), &json!({}))),
        "iam_policy" => Samples::free(
            move |number| json!({ "managed_policy_name": named(number), "policy_document": identity::document("s3:*") }),
        ),
        "iam_openid_connect_provider" => Samples::free(
            move |number| json!({ "url": format!("https://{}.example.com", named(number)), "client_id_list": ["a"] }),
        ),
        "eks_cluster" => Samples::free(move |number| clusters::config(&named(number), &json!({}))),
        "eks_node_group" => {
            let cluster = cloud.create("eks_cluster", clusters::config(&named(0), &json!({}))).await;
            Samples::needing(vec![cluster], move |cluster, number| {
                clusters::group_config(cluster, &json!({ "nodegroup_name": named(number) }))
            })
        }
        "subnet" => Samples::needing(
            vec![vpc(cloud).await],
            |vpc, number| json!({ "vpc_id": vpc, "cidr_block": format!("10.80.{number}.0/24") }),
        ),
        "route_table" => Samples::needing(vec![vpc(cloud).await], |vpc, _| json!({ "vpc_id": vpc })),
        "security_group" => Samples::needing(
            vec![vpc(cloud).await],
            move |vpc, number| json!({ "vpc_id": vpc, "group_name": named(number), "group_description": "for tests" }),
        ),
        "nat_gateway" => {
            let vpc = vpc(cloud).await;
            let subnet = json!({ "vpc_id": vpc.id(), "cidr_block": "10.80.1.0/24" });
            let subnet = cloud.create("subnet", subnet).await;
            Samples::needing(
                vec![vpc, subnet],
                |subnet, _| json!({ "subnet_id": subnet, "connectivity_type": "private" }),
            )
        }
        "security_group_ingress_rule" | "security_group_egress_rule" => {
            let vpc = vpc(cloud).await;
            let group = json!({ "vpc_id": vpc.id(), "group_name": prefix, "group_description": "for tests" });
            let group = cloud.create("security_group", group).await;
            Samples::needing(vec![vpc, group], |group, number| {
                let range = format!("10.{number}.0.0/16");
                json!({ "group_id": group, "ip_protocol": "tcp", "from_port": 1, "to_port": 2, "cidr_ip": range })
            })
        }
        _ => panic!("no samples of aws.{type_name}"),
    }
}

async fn vpc(cloud: &Cloud) -> Object {
    cloud.create("vpc", json!({ "cidr_block": "10.80.0.0/16" })).await
}
