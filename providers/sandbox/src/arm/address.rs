//! Private addresses: taken from a subnet as its service does, from the fifth address on.

use super::Arm;
use super::failure::Failure;
use super::id::Id;
use super::path;
use ipnet::IpNet;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::net::IpAddr;

impl Arm {
    /// Fills in the private addresses of a body, keeping those that the resource has already.
    pub(crate) fn allocate(
        &self,
        id: &Id,
        body: &mut Json,
        old: Option<&Json>,
        places: &[String],
    ) -> Result<(), Failure> {
        for place in places {
            let kept = addresses(old, place);
            let mut failed = None;
            let mut taken_here = BTreeSet::new();
            let mut at = 0_usize;
            path::each_mut(body, place, &mut |item| {
                let before = kept.get(at).cloned().flatten();
                at += 1;
                if let Err(failure) = self.allocate_one(id, item, before, &mut taken_here) {
                    failed.get_or_insert(failure);
                }
            });
            if let Some(failure) = failed {
                return Err(failure);
            }
        }
        Ok(())
    }

    fn allocate_one(
        &self,
        id: &Id,
        item: &mut Json,
        before: Option<(String, String)>,
        taken_here: &mut BTreeSet<IpAddr>,
    ) -> Result<(), Failure> {
        let Some(subnet) = path::text(item, "subnet.id").map(str::to_owned) else { return Ok(()) };
        let Some(net) = self.subnet_range(&subnet) else { return Ok(()) };
        let mut taken = self.taken(&subnet, id);
        taken.extend(taken_here.iter());
        let sent = path::text(item, "privateIPAddress").and_then(|text| text.parse::<IpAddr>().ok());
        let address = match (sent, before) {
            (Some(address), _) => self.checked(address, &net, &taken, &subnet)?,
            (None, Some((address, place))) if place.eq_ignore_ascii_case(&subnet) => {
                path::set(item, "privateIPAddress", address.into());
                return Ok(());
            }
            (None, _) => free(&net, &taken).ok_or_else(|| full(&subnet))?,
        };
        taken_here.insert(address);
        path::set(item, "privateIPAddress", json!(address.to_string()));
        Ok(())
    }

    fn checked(&self, address: IpAddr, net: &IpNet, taken: &BTreeSet<IpAddr>, subnet: &str) -> Result<IpAddr, Failure> {
        if !net.contains(&address) {
            let message = format!(
                "Private static IP address {address} does not belong to the range of subnet prefix {net} of {subnet}."
            );
            return Err(Failure::new(400, "PrivateIPAddressNotInSubnet", message));
        }
        if taken.contains(&address) {
            let message = format!("Private IP address {address} in subnet {subnet} is already allocated.");
            return Err(Failure::new(400, "PrivateIPAddressInUse", message));
        }
        Ok(address)
    }

    /// The first range of a subnet.
    fn subnet_range(&self, subnet: &str) -> Option<IpNet> {
        let body = self.find(&Id::parse(subnet)?)?.body();
        let one = path::text(&body, "properties.addressPrefix");
        let list = path::get(&body, "properties.addressPrefixes").and_then(Json::as_array);
        let first = list.and_then(|list| list.first()).and_then(Json::as_str);
        one.or(first)?.parse().ok()
    }

    /// The addresses that others have in a subnet.
    fn taken(&self, subnet: &str, by: &Id) -> BTreeSet<IpAddr> {
        let own = by.key();
        let mut taken = BTreeSet::new();
        for record in self.records("") {
            let Some(id) = Id::parse(&record.id).filter(|id| id.key() != own) else { continue };
            for place in &self.profiles.of(&id.type_name()).addresses {
                for (address, place) in addresses(Some(&record.body), place).into_iter().flatten() {
                    if place.eq_ignore_ascii_case(subnet) {
                        taken.extend(address.parse::<IpAddr>());
                    }
                }
            }
        }
        taken
    }
}

/// Address and subnet at each item that a place leads to.
fn addresses(body: Option<&Json>, place: &str) -> Vec<Option<(String, String)>> {
    let spots = body.map(|body| path::all(body, place)).unwrap_or_default();
    let one = |item: &Json| {
        Some((path::text(item, "privateIPAddress")?.to_owned(), path::text(item, "subnet.id")?.to_owned()))
    };
    spots.into_iter().map(|spot| one(spot.value)).collect()
}

/// The first free address; the first four of a range are the service's.
fn free(net: &IpNet, taken: &BTreeSet<IpAddr>) -> Option<IpAddr> {
    let last = net.broadcast();
    let hosts = std::iter::successors(Some(net.network()), |at| following(*at));
    hosts.skip(4).take_while(|at| net.contains(at)).take(1 << 17).find(|at| *at != last && !taken.contains(at))
}

fn following(address: IpAddr) -> Option<IpAddr> {
    match address {
        IpAddr::V4(address) => u32::from(address).checked_add(1).map(|next| IpAddr::V4(next.into())),
        IpAddr::V6(address) => u128::from(address).checked_add(1).map(|next| IpAddr::V6(next.into())),
    }
}

fn full(subnet: &str) -> Failure {
    let message = format!("Subnet {subnet} does not have enough capacity for 1 IP addresses.");
    Failure::new(400, "SubnetIsFull", message)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

    use super::*;

    #[test]
    fn the_first_four_addresses_and_the_last_are_not_given() {
        let net: IpNet = "10.0.0.0/29".parse().expect("a range");
        let mut taken = BTreeSet::new();
        let mut given = Vec::new();
        while let Some(address) = free(&net, &taken) {
            taken.insert(address);
            given.push(address.to_string());
        }
        assert_eq!(given, ["10.0.0.4", "10.0.0.5", "10.0.0.6"]);
    }
}
