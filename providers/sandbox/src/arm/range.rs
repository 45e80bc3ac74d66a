//! Ranges and priorities that exclude each other: subnets lie in their network's ranges and beside each other, rules of
//! one direction have different priorities. Codes and words are those that the service is documented to answer.

use super::Arm;
use super::failure::Failure;
use super::id::Id;
use super::path;
use ipnet::IpNet;
use serde_json::Value as Json;

const SPACE: &str = "properties.addressSpace.addressPrefixes[]";

impl Arm {
    /// A network that is sent with its subnets.
    pub(super) fn check_network(&self, id: &Id, sent: &Json) -> Result<(), Failure> {
        if self.relaxed {
            return Ok(());
        }
        let space = ranges(sent, SPACE);
        let subnets = path::all(sent, "properties.subnets[]");
        subnets.iter().enumerate().try_for_each(|(at, subnet)| {
            let before = subnets.iter().take(at).map(|other| other.value);
            check_subnet(id.name(), name_of(subnet.value), subnet.value, &space, before)
        })
    }

    /// A subnet that is sent by itself.
    pub(super) fn check_subnet(&self, id: &Id, sent: &Json) -> Result<(), Failure> {
        let network = id.parent().and_then(|network| self.record(&network.key()));
        let Some(network) = network.filter(|_| !self.relaxed) else { return Ok(()) };
        let siblings = path::all(&network.body, "properties.subnets[]").into_iter().map(|spot| spot.value);
        let others = siblings.filter(|other| !name_of(other).eq_ignore_ascii_case(id.name()));
        let name = network.id.rsplit('/').next().unwrap_or_default();
        check_subnet(name, id.name(), sent, &ranges(&network.body, SPACE), others)
    }

    /// A security group that is sent with its rules.
    pub(super) fn check_rules(&self, sent: &Json) -> Result<(), Failure> {
        if self.relaxed {
            return Ok(());
        }
        let rules = path::all(sent, "properties.securityRules[]");
        rules.iter().enumerate().try_for_each(|(at, rule)| {
            check_rule(name_of(rule.value), rule.value, rules.iter().take(at).map(|other| other.value))
        })
    }

    /// A rule that is sent by itself.
    pub(super) fn check_rule(&self, id: &Id, sent: &Json) -> Result<(), Failure> {
        let group = id.parent().and_then(|group| self.record(&group.key()));
        let Some(group) = group.filter(|_| !self.relaxed) else { return Ok(()) };
        let siblings = path::all(&group.body, "properties.securityRules[]").into_iter().map(|spot| spot.value);
        check_rule(id.name(), sent, siblings.filter(|other| !name_of(other).eq_ignore_ascii_case(id.name())))
    }
}

fn name_of(item: &Json) -> &str {
    path::text(item, "name").unwrap_or_default()
}

/// The ranges at a place; what is none is passed over.
fn ranges(body: &Json, place: &str) -> Vec<IpNet> {
    path::all(body, place).iter().filter_map(|spot| spot.value.as_str()?.parse().ok()).collect()
}

fn ranges_of_subnet(subnet: &Json) -> Vec<IpNet> {
    let one = path::text(subnet, "properties.addressPrefix").and_then(|text| text.parse::<IpNet>().ok());
    let mut all = ranges(subnet, "properties.addressPrefixes[]");
    all.extend(one);
    all
}

fn check_subnet<'a>(
    network: &str,
    name: &str,
    subnet: &Json,
    space: &[IpNet],
    others: impl Iterator<Item = &'a Json>,
) -> Result<(), Failure> {
    let own = ranges_of_subnet(subnet);
    // A network whose ranges come from elsewhere (a pool of addresses) tells none.
    if !space.is_empty() && own.iter().any(|range| !space.iter().any(|space| space.contains(range))) {
        let message = format!("Subnet '{name}' is not valid in virtual network '{network}'.");
        return Err(Failure::new(400, "NetcfgInvalidSubnet", message));
    }
    let taken: Vec<IpNet> = others.flat_map(ranges_of_subnet).collect();
    let overlaps = |one: &IpNet, other: &IpNet| one.contains(other) || other.contains(one);
    if own.iter().any(|range| taken.iter().any(|other| overlaps(range, other))) {
        let message = format!(
            "Subnet '{name}' is not valid because its IP address range overlaps with that of an existing subnet in virtual network '{network}'."
        );
        return Err(Failure::new(400, "NetcfgSubnetRangesOverlap", message));
    }
    Ok(())
}

fn check_rule<'a>(name: &str, rule: &Json, mut others: impl Iterator<Item = &'a Json>) -> Result<(), Failure> {
    let place = |rule: &Json| {
        let direction = path::text(rule, "properties.direction")?.to_lowercase();
        Some((direction, path::get(rule, "properties.priority")?.as_i64()?))
    };
    let Some(own) = place(rule) else { return Ok(()) };
    match others.find(|other| place(other).as_ref() == Some(&own)) {
        Some(other) => Err(Failure::new(
            400,
            "SecurityRuleConflict",
            format!(
                "Security rule {name} conflicts with rule {}. Rules cannot have the same Priority and Direction. To learn more, see aka.ms/nsgrules.",
                name_of(other)
            ),
        )),
        None => Ok(()),
    }
}
