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

/// Everything that carries an operation's stamp: id, then the operation.
fn stamped(moto: &Moto) -> Vec<(String, String)> {
    let mut command = Command::new(&moto.python);
    command.args(["-c", INVENTORY, &moto.endpoint]).envs(CREDENTIALS);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut objects: Vec<(String, String)> = serde_json::from_slice(&output.stdout).unwrap();
    objects.sort();
    objects
}

fn stamped_ids(moto: &Moto) -> Vec<String> {
    stamped(moto).into_iter().map(|(id, _)| id).collect()
}

const INVENTORY: &str = r#"
import boto3, json, sys
def client(name):
    return boto3.client(name, region_name="eu-west-1", endpoint_url=sys.argv[1])
found = []
def take(key, tags):
    stamp = [t.get("Value", t.get("value")) for t in tags if t.get("Key", t.get("key")) == "formwork-operation"]
    if stamp:
        found.append((key, stamp[0]))
ec2 = client("ec2")
for call, many, key in [
    (ec2.describe_vpcs, "Vpcs", "VpcId"),
    (ec2.describe_subnets, "Subnets", "SubnetId"),
    (ec2.describe_internet_gateways, "InternetGateways", "InternetGatewayId"),
    (ec2.describe_route_tables, "RouteTables", "RouteTableId"),
    (ec2.describe_security_groups, "SecurityGroups", "GroupId"),
    (ec2.describe_addresses, "Addresses", "AllocationId"),
]:
    for one in call()[many]:
        take(one[key], one.get("Tags", []))
for one in ec2.describe_nat_gateways()["NatGateways"]:
    if one["State"] not in ("deleted", "failed"):
        take(one["NatGatewayId"], one.get("Tags", []))
iam = client("iam")
for one in iam.list_roles()["Roles"]:
    take(one["RoleName"], iam.list_role_tags(RoleName=one["RoleName"])["Tags"])
ecr = client("ecr")
for one in ecr.describe_repositories()["repositories"]:
    take(one["repositoryName"], ecr.list_tags_for_resource(resourceArn=one["repositoryArn"])["tags"])
print(json.dumps(found))
"#;

fn stack(endpoint: &str, version: u32) -> String {
    format!(
        r#"
provider aws {{ region = "eu-west-1", endpoint = "{endpoint}" }}
resource vpc: aws.vpc {{ cidr_block = "10.0.0.0/16", enable_dns_hostnames = true, tags = {{ version = "{version}" }} }}
resource internet: aws.internet_gateway {{ vpc_id = vpc }}
resource subnet: aws.subnet for number in to_set(["1", "2"]) {{
  vpc_id = vpc
  cidr_block = to_cidr("10.0.${{number}}.0/24")
}}
resource address: aws.eip {{ tags = {{ version = "{version}" }} }}
resource gateway: aws.nat_gateway {{ subnet_id = subnet["1"], allocation_id = address }}
resource routes: aws.route_table {{
  vpc_id = vpc
  routes = [{{ destination_cidr_block = "0.0.0.0/0", gateway_id = internet }}]
  subnet_ids = to_set([for number, one in subnet => one.id])
}}
@create_first
resource group: aws.security_group {{
  group_name = "group-{version}"
  group_description = "version {version}"
  vpc_id = vpc
  security_group_ingress = [{{ ip_protocol = "tcp", from_port = 443, to_port = 443, cidr_ip = "10.0.0.0/16" }}]
}}
resource role: aws.iam_role {{
  role_name = "role"
  assume_role_policy_document = json_encode({{
    Version = "2012-10-17"
    Statement = [{{ Effect = "Allow", Action = "sts:AssumeRole", Principal = {{ Service = "ec2.amazonaws.com" }} }}]
  }})
  managed_policy_arns = ["arn:aws:iam::aws:policy/ReadOnlyAccess"]
  tags = {{ version = "{version}" }}
}}
resource repository: aws.ecr_repository {{
  repository_name = "images"
  image_scanning_configuration = {{ scan_on_push = {scans} }}
}}
{gone}
"#,
        scans = version == 2,
        gone = if version == 1 { "resource gone: aws.ecr_repository { repository_name = \"gone\" }" } else { "" }
    )
}

fn aws_applies_are_killed() -> Result<(), Failed> {
    let kills = number("FORMWORK_MOTO_KILLS", 6);
    let mut random = StdRng::seed_from_u64(11);
    let mut table = Table::default();
    let moto = Moto::start();
    let proxy = Proxy::start(&moto.endpoint);
    // A fifth of them in each window: with a hundred, twenty.
    while table.total() < kills || WINDOWS.iter().any(|window| table.within(*window) < kills / 5) {
        let life = Life { bench: Bench::new(&[("main.fw", &stack(&proxy.endpoint, 1))]), moto: &moto, proxy: &proxy };
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
        self.kill(random, table, "apply", &[Kind::Create]);
        self.converge();
        self.bench.write("main.fw", &stack(&self.proxy.endpoint, 2));
        self.kill(random, table, "apply", &[Kind::Update, Kind::Delete, Kind::CreateFirst]);
        self.converge();
        self.kill(random, table, "destroy", &[Kind::Destroy]);
        self.run("destroy").expect(0);
        assert_eq!(stamped_ids(self.moto), Vec::<String>::new(), "orphans");
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
        assert_eq!(recorded(&self.bench.state()), stamped_ids(self.moto));
    }

    /// Runs a command and kills it at a request, in the window that was hit least.
    fn kill(&self, random: &mut StdRng, table: &mut Table, command: &str, kinds: &[Kind]) {
        let sum = |window: &Window| kinds.iter().map(|kind| table.of(*kind, *window)).sum::<usize>();
        let wanted = WINDOWS.into_iter().min_by_key(sum).unwrap();
        let moment = match wanted {
            Window::BeforeBegin | Window::BeforeSend => Moment::BeforeSend,
            Window::BeforeAnswer => Moment::BeforeAnswer,
            Window::BeforeDone => Moment::Answered(random.random_range(0..3_000)),
        };
        let changes = wanted != Window::BeforeBegin;
        let aim = Aim { changes, nth: random.random_range(1..if changes { 12 } else { 4 }), moment };
        self.proxy.aim(Some(aim));
        let mut command = self.command(command);
        let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        self.proxy.started(child.id());
        let output = child.wait_with_output().unwrap();
        if output.status.signal().is_none() {
            // There were fewer requests than that.
            Ran::of(&output).expect(0);
            return;
        }
        let (change, window) = fallen(&self.bench.state(), &stamped(self.moto), moment);
        let kind = match (kinds, change) {
            ([only], _) => *only,
            (_, Some(Change::Delete)) => Kind::Delete,
            (_, Some(Change::Create)) => Kind::CreateFirst,
            (_, Some(Change::Update) | None) => Kind::Update,
        };
        table.count(kind, window);
    }
}

/// Where a kill fell, by what it left in the state and in the cloud: of the open operations the one that got farthest.
fn fallen(state: &State, inventory: &[(String, String)], moment: Moment) -> (Option<Change>, Window) {
    let is_there = |id: &String| inventory.iter().any(|(there, _)| there == id);
    let done = if matches!(moment, Moment::Answered(_)) { Window::BeforeDone } else { Window::BeforeAnswer };
    let farthest = state.open.values().map(|open| {
        let begin = &open.begin;
        let did = match begin.change {
            Change::Create => inventory.iter().any(|(_, operation)| *operation == begin.operation.0),
            Change::Delete => !ids(state, |key| *key == begin.key).iter().all(is_there),
            Change::Update => moment != Moment::BeforeSend,
        };
        let window = match (open.checkpoint.is_some(), did) {
            (true, _) => Window::BeforeDone,
            (false, true) => done,
            (false, false) => Window::BeforeSend,
        };
        (window, begin.change)
    });
    let farthest = farthest.max_by_key(|(window, _)| *window);
    farthest.map_or((None, Window::BeforeBegin), |(window, change)| (Some(change), window))
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
        let attribute = match row.type_name.name.as_str() {
            "iam_role" => "role_name",
            "ecr_repository" => "repository_name",
            "eip" => "allocation_id",
            _ => "id",
        };
        let values = row.values.view();
        let id = values.get(attribute).or_else(|| values.get("id")).and_then(|id| id.as_str());
        id.unwrap_or_else(|| panic!("{row:?}")).to_owned()
    })
    .collect()
}
