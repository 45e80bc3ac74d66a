//! Kills of AWS applies: a proxy in front of moto kills the program at a chosen request. The inventory is AWS' own
//! client's (boto3), not the provider's.

use super::number;
use super::proxy::{Aim, Moment, Proxy};
use super::table::{Kind, Table, WINDOWS, Window};
use crate::moto::{self, CREDENTIALS, Moto};
use crate::support::{Bench, Ran};
use formwork_state::record::{Change, State};
use libtest_mimic::{Failed, Trial};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

/// Ignored where there is no moto.
pub(crate) fn trials() -> Vec<Trial> {
    vec![Trial::test("crash::aws_applies_are_killed", aws_applies_are_killed).with_ignored_flag(!moto::is_here())]
}

/// Everything that was made here: id, then the operation that is stamped on it, if any is.
fn made(moto: &Moto) -> Vec<(String, String)> {
    let mut command = Command::new(&moto.python);
    command.args(["-c", INVENTORY, &moto.endpoint]).envs(CREDENTIALS);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut objects: Vec<(String, String)> = serde_json::from_slice(&output.stdout).unwrap();
    objects.sort();
    objects
}

fn made_ids(moto: &Moto) -> Vec<String> {
    made(moto).into_iter().map(|(id, _)| id).collect()
}

/// Left out is what comes by itself: the default network, each network's first route table and security group, the rules that
/// are a part of their group.
const INVENTORY: &str = r#"
import boto3, json, sys
def client(name):
    return boto3.client(name, region_name="eu-west-1", endpoint_url=sys.argv[1])
found = []
def take(key, tags):
    tags = tags if isinstance(tags, dict) else {t.get("Key", t.get("key")): t.get("Value", t.get("value")) for t in tags}
    found.append((key, tags.get("formwork-operation", "")))
ec2 = client("ec2")
default = [one["VpcId"] for one in ec2.describe_vpcs()["Vpcs"] if one["IsDefault"]]
for call, many, key in [
    (ec2.describe_vpcs, "Vpcs", "VpcId"),
    (ec2.describe_subnets, "Subnets", "SubnetId"),
    (ec2.describe_internet_gateways, "InternetGateways", "InternetGatewayId"),
    (ec2.describe_route_tables, "RouteTables", "RouteTableId"),
    (ec2.describe_security_groups, "SecurityGroups", "GroupId"),
    (ec2.describe_addresses, "Addresses", "AllocationId"),
]:
    for one in call()[many]:
        by_itself = any(a.get("Main") for a in one.get("Associations", [])) or one.get("GroupName") == "default"
        if one.get("VpcId") not in default and not by_itself:
            take(one[key], one.get("Tags", []))
for one in ec2.describe_nat_gateways()["NatGateways"]:
    if one["State"] not in ("deleted", "failed"):
        take(one["NatGatewayId"], one.get("Tags", []))
for one in ec2.describe_security_group_rules()["SecurityGroupRules"]:
    if one.get("Tags"):
        take(one["SecurityGroupRuleId"], one["Tags"])
iam = client("iam")
for one in iam.list_roles()["Roles"]:
    take(one["RoleName"], iam.list_role_tags(RoleName=one["RoleName"])["Tags"])
ecr = client("ecr")
for one in ecr.describe_repositories()["repositories"]:
    take(one["repositoryName"], ecr.list_tags_for_resource(resourceArn=one["repositoryArn"])["tags"])
eks = client("eks")
for name in eks.list_clusters()["clusters"]:
    take("cluster " + name, eks.describe_cluster(name=name)["cluster"]["tags"])
    for nodes in eks.list_nodegroups(clusterName=name)["nodegroups"]:
        take("nodes " + nodes, eks.describe_nodegroup(clusterName=name, nodegroupName=nodes)["nodegroup"]["tags"])
print(json.dumps(found))
"#;

/// The stack, with these changes made.
fn stack(endpoint: &str, changes: &[Kind]) -> String {
    let version = |kind| if changes.contains(&kind) { 2 } else { 1 };
    let (updated, created_first) = (version(Kind::Update), version(Kind::CreateFirst));
    format!(
        r#"
provider aws {{ region = "eu-west-1", endpoint = "{endpoint}" }}
let trust = json_encode({{
  Version = "2012-10-17"
  Statement = [{{ Effect = "Allow", Action = "sts:AssumeRole", Principal = {{ Service = "ec2.amazonaws.com" }} }}]
}})
resource vpc: aws.vpc {{ cidr_block = "10.0.0.0/16", enable_dns_hostnames = true, tags = {{ version = "{updated}" }} }}
resource internet: aws.internet_gateway {{ vpc_id = vpc }}
resource subnet: aws.subnet for number in to_set(["1", "2"]) {{
  vpc_id = vpc
  cidr_block = to_cidr("10.0.${{number}}.0/24")
}}
resource address: aws.eip {{ tags = {{ version = "{updated}" }} }}
resource gateway: aws.nat_gateway {{ subnet_id = subnet["1"], allocation_id = address }}
resource routes: aws.route_table {{
  vpc_id = vpc
  routes = [{{ destination_cidr_block = "0.0.0.0/0", gateway_id = internet }}]
  subnet_ids = to_set([for number, one in subnet => one.id])
}}
@create_first
resource group: aws.security_group for name in to_set(["a", "b"]) {{
  group_name = "${{name}}-{created_first}"
  group_description = "version {created_first}"
  vpc_id = vpc
  security_group_ingress = [{{ ip_protocol = "tcp", from_port = 443, to_port = 443, cidr_ip = "10.0.0.0/16" }}]
}}
resource open: aws.security_group {{ group_name = "open", group_description = "open", vpc_id = vpc }}
resource rule: aws.security_group_ingress_rule {{
  group_id = open
  ip_protocol = "tcp"
  from_port = 443
  to_port = 443
  cidr_ip = "10.0.0.0/16"
  tags = {{ version = "{updated}" }}
}}
resource role: aws.iam_role {{
  role_name = "role"
  assume_role_policy_document = trust
  managed_policy_arns = ["arn:aws:iam::aws:policy/ReadOnlyAccess"]
  tags = {{ version = "{updated}" }}
}}
resource repository: aws.ecr_repository {{
  repository_name = "images"
  image_scanning_configuration = {{ scan_on_push = {scans} }}
}}
resource cluster: aws.eks_cluster {{
  name = "shop"
  role_arn = role.arn
  resources_vpc_config = {{ subnet_ids = [for number, one in subnet => one.id] }}
  tags = {{ version = "{updated}" }}
}}
resource nodes: aws.eks_node_group {{
  cluster_name = cluster
  nodegroup_name = "nodes"
  node_role = role.arn
  subnets = [for number, one in subnet => one.id]
  scaling_config = {{ min_size = {updated}, max_size = 3 }}
}}
{gone}
"#,
        scans = updated == 2,
        gone = if changes.contains(&Kind::Delete) { "" } else { GONE }
    )
}

/// What the second form of the stack no longer has.
const GONE: &str = r#"
resource old: aws.ecr_repository { repository_name = "old" }
resource old_role: aws.iam_role { role_name = "old", assume_role_policy_document = trust }
resource old_group: aws.security_group { group_name = "old", group_description = "old", vpc_id = vpc }
resource old_subnet: aws.subnet { vpc_id = vpc, cidr_block = "10.0.9.0/24" }
"#;

fn aws_applies_are_killed() -> Result<(), Failed> {
    let kills = number("FORMWORK_MOTO_KILLS", 6);
    let mut random = StdRng::seed_from_u64(11);
    let mut table = Table::default();
    let moto = Moto::start();
    let proxy = Proxy::start(&moto.endpoint);
    // A fifth of them in each window: with a hundred, twenty.
    while table.total() < kills || WINDOWS.iter().any(|window| table.within(*window) < kills / 5) {
        let life = Life { bench: Bench::new(&[("main.fw", &stack(&proxy.endpoint, &[]))]), moto: &moto, proxy: &proxy };
        life.live(&mut random, &mut table);
    }
    eprintln!("on moto:\n{table}");
    Ok(())
}

struct Life<'a> {
    bench: Bench,
    moto: &'a Moto,
    proxy: &'a Proxy,
}

impl Life<'_> {
    fn live(&self, random: &mut StdRng, table: &mut Table) {
        self.kill(random, table, "apply", Kind::Create);
        self.converge();
        for changes in table.each_change_by_itself() {
            self.bench.write("main.fw", &stack(&self.proxy.endpoint, &changes));
            let changed = *changes.last().expect("a change");
            self.kill(random, table, "apply", changed);
            self.converge();
        }
        self.kill(random, table, "destroy", Kind::Destroy);
        self.run("destroy").expect(0);
        assert_eq!(made_ids(self.moto), Vec::<String>::new(), "orphans");
        assert!(self.bench.state().rows.is_empty());
    }

    fn command(&self, command: &str) -> Command {
        let mut command = self.bench.command(&[command, "--auto-approve"]);
        command.envs(CREDENTIALS);
        command
    }

    fn run(&self, command: &str) -> Ran {
        self.proxy.aim(None);
        Ran::of(&self.command(command).output().unwrap())
    }

    /// One plain apply, no flag; then the inventory is what is recorded, and nothing is left to do.
    fn converge(&self) {
        self.run("apply").expect(0);
        let mut plan = self.bench.command(&["plan", "--detailed-exitcode"]);
        Ran::of(&plan.envs(CREDENTIALS).output().unwrap()).expect(0);
        assert_eq!(recorded(&self.bench.state()), made_ids(self.moto));
    }

    /// Runs a command and kills it at a request, in the window that was hit least.
    fn kill(&self, random: &mut StdRng, table: &mut Table, command: &str, kind: Kind) {
        let (_, wanted) = table.rarest(&[kind]);
        let moment = match wanted {
            Window::BeforeBegin | Window::BeforeSend => Moment::BeforeSend,
            Window::BeforeAnswer => Moment::BeforeAnswer,
            Window::BeforeDone => Moment::Answered(random.random_range(0..3_000)),
        };
        let changes = wanted != Window::BeforeBegin;
        let requests = match kind {
            _ if !changes => 4,
            Kind::Create | Kind::Destroy => 16,
            Kind::Update | Kind::Delete | Kind::CreateFirst => 5,
        };
        self.proxy.aim(Some(Aim { changes, nth: random.random_range(1..requests), moment }));
        let mut command = self.command(command);
        let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        self.proxy.started(child.id());
        let output = child.wait_with_output().unwrap();
        if output.status.signal().is_none() {
            // There were fewer requests than that.
            Ran::of(&output).expect(0);
            return;
        }
        table.count(kind, fallen(&self.bench.state(), &made(self.moto), moment));
    }
}

/// Where a kill fell, by what it left in the state and in the cloud: of the open operations the one that got farthest.
fn fallen(state: &State, inventory: &[(String, String)], moment: Moment) -> Window {
    let is_there = |id: &String| inventory.iter().any(|(there, _)| there == id);
    let done = if matches!(moment, Moment::Answered(_)) { Window::BeforeDone } else { Window::BeforeAnswer };
    let windows = state.open.values().map(|open| {
        let begin = &open.begin;
        let did = match begin.change {
            Change::Create => inventory.iter().any(|(_, operation)| *operation == begin.operation.0),
            Change::Delete => !ids(state, |key| *key == begin.key).iter().all(is_there),
            Change::Update => moment != Moment::BeforeSend,
        };
        match (open.checkpoint.is_some(), did) {
            (true, _) => Window::BeforeDone,
            (false, true) => done,
            (false, false) => Window::BeforeSend,
        }
    });
    windows.max().unwrap_or(Window::BeforeBegin)
}

/// What identifies the recorded objects.
fn recorded(state: &State) -> Vec<String> {
    let mut ids = ids(state, |_| true);
    ids.sort();
    ids
}

fn ids(state: &State, wanted: impl Fn(&formwork_state::record::RowKey) -> bool) -> Vec<String> {
    let rows = state.rows.values().filter(|row| wanted(&row.key));
    rows.map(|row| {
        let (prefix, attribute) = match row.type_name.name.as_str() {
            "iam_role" => ("", "role_name"),
            "ecr_repository" => ("", "repository_name"),
            "eip" => ("", "allocation_id"),
            "eks_cluster" => ("cluster ", "name"),
            "eks_node_group" => ("nodes ", "nodegroup_name"),
            _ => ("", "id"),
        };
        let values = row.values.view();
        let id = values.get(attribute).or_else(|| values.get("id")).and_then(|id| id.as_str());
        format!("{prefix}{}", id.unwrap_or_else(|| panic!("{row:?}")))
    })
    .collect()
}
