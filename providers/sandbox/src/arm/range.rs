//! Address ranges: they are written as ranges are, subnets lie in their network's and beside each other. Codes and words are
//! those that people show of the service.

use super::Arm;
use super::failure::Failure;
use super::id::Id;
use super::path;
use ipnet::IpNet;
use serde_json::Value as Json;

const SPACE: &str = "properties.addressSpace.addressPrefixes[]";

const OF_SUBNET: [&str; 2] = ["properties.addressPrefix", "properties.addressPrefixes[]"];

impl Arm {
    /// A network that is sent with its subnets.
    pub(super) fn check_network(&self, id: &Id, sent: &Json) -> Result<(), Failure> {
        if self.relaxed {
            return Ok(());
        }
        well_formed(&id.text(), sent, &[SPACE])?;
        let space = ranges(sent, SPACE);
        let subnets = path::all(sent, "properties.subnets[]");
        subnets.iter().enumerate().try_for_each(|(at, subnet)| {
            let own = format!("{}/subnets/{}", id.text(), name_of(subnet.value));
            well_formed(&own, subnet.value, &OF_SUBNET)?;
            let before = subnets.iter().take(at).map(|other| other.value);
            check_subnet(id.name(), name_of(subnet.value), subnet.value, &space, before)
        })
    }

    /// A subnet that is sent by itself.
    pub(super) fn check_subnet(&self, id: &Id, sent: &Json) -> Result<(), Failure> {
        well_formed(&id.text(), sent, &OF_SUBNET)?;
        let network = id.parent().and_then(|network| self.record(&network.key()));
        let Some(network) = network.filter(|_| !self.relaxed) else { return Ok(()) };
        let siblings = path::all(&network.body, "properties.subnets[]").into_iter().map(|spot| spot.value);
        let others = siblings.filter(|other| !name_of(other).eq_ignore_ascii_case(id.name()));
        let name = network.id.rsplit('/').next().unwrap_or_default();
        check_subnet(name, id.name(), sent, &ranges(&network.body, SPACE), others)
    }
}

/// Each text at the places is a range, and has no address within the range.
fn well_formed(of: &str, body: &Json, places: &[&str]) -> Result<(), Failure> {
    let spots = places.iter().flat_map(|place| path::all(body, place));
    let mut texts = spots.filter_map(|spot| spot.value.as_str());
    texts.try_for_each(|text| match text.parse::<IpNet>() {
        Ok(range) if range.addr() != range.network() => {
            let message = format!(
                "The address prefix {text} in resource {of} has an invalid CIDR notation. For the given prefix length, the address prefix should be {}.",
                range.trunc()
            );
            Err(Failure::new(400, "InvalidCIDRNotation", message))
        }
        Ok(_) => Ok(()),
        Err(_) => {
            let message = format!(
                "Address prefix {text} of resource {of} is not formatted correctly. It should follow CIDR notation, for example 10.0.0.0/24."
            );
            Err(Failure::new(400, "InvalidAddressPrefixFormat", message))
        }
    })
}

pub(super) fn name_of(item: &Json) -> &str {
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
