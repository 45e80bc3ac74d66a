//! The schemas: sound in themselves, and held against CloudFormation's, which PyPI `cfn-lint` carries.

use formwork_model::schema::{Attribute, AttributeType, Presence, ResourceSchema};
use formwork_provider_api::Provider;
use formwork_provider_aws::AwsProvider;
use libtest_mimic::{Failed, Trial};
use serde_json::Value as Json;
use std::process::Command;

pub fn tests() -> Vec<Trial> {
    let mut trials = vec![Trial::test("schemas::are_sound", are_sound)];
    let vendor = vendor_schemas();
    let note = if vendor.is_none() { " (skipped: no cfn-lint)" } else { "" };
    let test = Trial::test(format!("schemas::agree_with_cloudformation{note}"), {
        let vendor = vendor.clone();
        move || vendor.as_ref().map_or(Ok(()), agree)
    });
    trials.push(test.with_ignored_flag(vendor.is_none()));
    trials
}

fn are_sound() -> Result<(), Failed> {
    let complaints = formwork_provider_api::schema_check::lint(AwsProvider.schema());
    if complaints.is_empty() { Ok(()) } else { Err(complaints.join("\n").into()) }
}

/// Our type and CloudFormation's.
const TYPES: &[(&str, &str)] = &[
    ("ecr_repository", "AWS::ECR::Repository"),
    ("eip", "AWS::EC2::EIP"),
    ("eks_cluster", "AWS::EKS::Cluster"),
    ("eks_node_group", "AWS::EKS::Nodegroup"),
    ("iam_openid_connect_provider", "AWS::IAM::OIDCProvider"),
    ("iam_policy", "AWS::IAM::ManagedPolicy"),
    ("iam_role", "AWS::IAM::Role"),
    ("internet_gateway", "AWS::EC2::InternetGateway"),
    ("nat_gateway", "AWS::EC2::NatGateway"),
    ("route_table", "AWS::EC2::RouteTable"),
    ("security_group", "AWS::EC2::SecurityGroup"),
    ("security_group_egress_rule", "AWS::EC2::SecurityGroupEgress"),
    ("security_group_ingress_rule", "AWS::EC2::SecurityGroupIngress"),
    ("subnet", "AWS::EC2::Subnet"),
    ("vpc", "AWS::EC2::VPC"),
];

/// Where we differ on purpose: type, attribute, what, why.
const DIFFERENCES: &[(&str, &str, &str, &str)] = &[
    ("eip", "domain", "create-only", "there is one value only"),
    ("eip", "network_border_group", "create-only", "AWS documents that a change replaces"),
    ("eip", "public_ipv4_pool", "create-only", "no API changes it"),
    (
        "eks_node_group",
        "capacity_type",
        "enum",
        "`OnDemand` is a slip of the vendor's schema, EKS' API has ON_DEMAND alone",
    ),
    ("nat_gateway", "vpc_id", "create-only", "it is given for regional gateways only, which we do not have"),
    ("nat_gateway", "vpc_id", "computed", "it is given for regional gateways only, which we do not have"),
];

/// What can be set there and not here: type, property, why.
const LACKING: &[(&str, &str, &str)] = &[
    ("eip", "Address", "it recovers an address that was released, which is no state"),
    ("eip", "IpamPoolId", "there is no type for IPAM yet"),
    ("eip", "TransferAddress", "it accepts another account's address, which is no state"),
    ("eks_cluster", "ActiveCertificateAuthorityId", "rotating authorities is not there yet"),
    ("eks_cluster", "CertificateAuthority", "its parts are only told: `certificate_authority_data`"),
    ("eks_cluster", "ControlPlaneScalingConfig", "provisioned control planes are not there yet"),
    ("eks_cluster", "Force", "it is a matter of one update, not of the cluster"),
    ("eks_cluster", "KubeApiServerConfig", "flags of the control plane are not there yet"),
    ("eks_cluster", "KubeControllerManagerConfig", "flags of the control plane are not there yet"),
    ("eks_cluster", "KubeSchedulerConfig", "flags of the control plane are not there yet"),
    ("eks_cluster", "OutpostConfig", "there is no type for Outposts yet"),
    ("eks_cluster", "RemoteNetworkConfig", "hybrid nodes are not there yet"),
    ("eks_cluster", "RollbackConfig", "it is a matter of one update, not of the cluster"),
    ("eks_node_group", "WarmPoolConfig", "warm pools are not there yet"),
    ("iam_policy", "Groups", "who has a policy says so: `iam_role.managed_policy_arns`"),
    ("iam_policy", "Roles", "who has a policy says so: `iam_role.managed_policy_arns`"),
    ("iam_policy", "Users", "who has a policy says so: `iam_role.managed_policy_arns`"),
    ("nat_gateway", "AvailabilityMode", "regional gateways are not there yet"),
    ("nat_gateway", "AvailabilityZoneAddresses", "regional gateways are not there yet"),
    ("nat_gateway", "MaxDrainDurationSeconds", "it goes with secondary addresses"),
    ("nat_gateway", "SecondaryAllocationIds", "secondary addresses are not there yet"),
    ("nat_gateway", "SecondaryPrivateIpAddressCount", "secondary addresses are not there yet"),
    ("nat_gateway", "SecondaryPrivateIpAddresses", "secondary addresses are not there yet"),
    ("security_group_ingress_rule", "GroupName", "names are for networks of before 2013"),
    ("security_group_ingress_rule", "SourceSecurityGroupName", "names are for networks of before 2013"),
    ("security_group_ingress_rule", "SourceSecurityGroupOwnerId", "it belongs to names"),
    ("subnet", "EnableLniAtDeviceIndex", "there is no type for Outposts yet"),
    ("subnet", "Ipv4IpamPoolId", "there is no type for IPAM yet"),
    ("subnet", "Ipv4NetmaskLength", "there is no type for IPAM yet"),
    ("subnet", "Ipv6IpamPoolId", "there is no type for IPAM yet"),
    ("subnet", "Ipv6NetmaskLength", "there is no type for IPAM yet"),
    ("vpc", "VpcEncryptionControl", "its parts are only told"),
];

const ASK: &str = r"
import json, sys
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER as manager
found = {}
for name in sys.argv[1:]:
    try:
        found[name] = manager.get_resource_schema('us-east-1', name).schema
    except Exception:
        pass
print(json.dumps(found))
";

fn vendor_schemas() -> Option<Json> {
    let output =
        Command::new("python3").args(["-c", ASK]).args(TYPES.iter().map(|(_, vendor)| vendor)).output().ok()?;
    let found: Json = serde_json::from_slice(&output.stdout).ok()?;
    found.as_object().is_some_and(|found| !found.is_empty()).then_some(found)
}

fn agree(vendor: &Json) -> Result<(), Failed> {
    let mut complaints = Vec::new();
    let mut compared = 0;
    for (name, vendor_name) in TYPES {
        let (Some(schema), Some(vendor)) = (AwsProvider.schema().resource(name), vendor.get(vendor_name)) else {
            continue;
        };
        compared += compare(schema, vendor, &mut complaints);
        complaints.extend(lacks(schema, vendor));
    }
    assert!(compared > 40, "only {compared} attributes have a counterpart");
    if complaints.is_empty() { Ok(()) } else { Err(complaints.join("\n").into()) }
}

fn compare(schema: &ResourceSchema, vendor: &Json, complaints: &mut Vec<String>) -> usize {
    let mut compared = 0;
    for attribute in schema.attributes {
        let property = property(attribute);
        let Some(definition) = vendor["properties"].get(&property) else { continue };
        compared += 1;
        let mut complain = |what: &str, ours: String, theirs: String| {
            let known = |(one, other, about, _): &&(&str, &str, &str, &str)| {
                *one == schema.name && *other == attribute.name && *about == what
            };
            if !DIFFERENCES.iter().any(|difference| known(&difference)) {
                complaints.push(format!("{}.{}: {what} is {ours} here, {theirs} there", schema.name, attribute.name));
            }
        };
        let pointer = format!("/properties/{property}");
        let create_only = names(vendor, "createOnlyProperties").contains(&pointer);
        let conditional = names(vendor, "conditionalCreateOnlyProperties").contains(&pointer);
        if attribute.create_only != create_only && !conditional {
            complain("create-only", attribute.create_only.to_string(), create_only.to_string());
        }
        let read_only = names(vendor, "readOnlyProperties").contains(&pointer);
        if (attribute.presence == Presence::Computed) != read_only {
            complain("computed", format!("{:?}", attribute.presence), read_only.to_string());
        }
        let required =
            vendor["required"].as_array().is_some_and(|names| names.contains(&Json::from(property.as_str())));
        if required && attribute.presence != Presence::Required {
            complain("required", format!("{:?}", attribute.presence), "required".into());
        }
        if let (AttributeType::Enum(ours), Some(theirs)) = (attribute.ty, definition["enum"].as_array()) {
            let theirs: Vec<&str> = theirs.iter().filter_map(Json::as_str).collect();
            if theirs.iter().any(|value| !ours.contains(value)) || ours.iter().any(|value| !theirs.contains(value)) {
                complain("enum", format!("{ours:?}"), format!("{theirs:?}"));
            }
        }
    }
    compared
}

/// What can be set there and not here, and is not listed; and what is listed and is here.
fn lacks(schema: &ResourceSchema, vendor: &Json) -> Vec<String> {
    let ours: Vec<String> = schema.attributes.iter().map(property).collect();
    let listed = |name: &str| LACKING.iter().any(|(of, lacking, _)| *of == schema.name && *lacking == name);
    let told = names(vendor, "readOnlyProperties");
    let settable = vendor["properties"].as_object().into_iter().flat_map(|properties| properties.keys());
    let settable = settable.filter(|name| !told.contains(&format!("/properties/{name}")));
    let wrong = settable.filter(|name| ours.contains(name) == listed(name));
    wrong
        .map(|name| format!("{}.{name}: it is neither an attribute nor listed as lacking, or both", schema.name))
        .collect()
}

fn names(vendor: &Json, list: &str) -> Vec<String> {
    let items = vendor[list].as_array().map(Vec::as_slice).unwrap_or_default();
    items.iter().filter_map(Json::as_str).map(str::to_owned).collect()
}

/// CloudFormation's name: the one that is declared, else ours in camel case.
fn property(attribute: &Attribute) -> String {
    if !attribute.vendor.is_empty() {
        return attribute.vendor.to_owned();
    }
    attribute.name.split('_').map(|word| word[..1].to_uppercase() + &word[1..]).collect()
}
