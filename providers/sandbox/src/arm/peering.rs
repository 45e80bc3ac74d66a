//! Peerings of networks: both sides know of each other.

use super::Arm;
use super::failure::Failure;
use super::id::Id;
use super::path;
use super::record::Record;
use serde_json::{Value as Json, json};

const PEERINGS: &str = "properties.virtualNetworkPeerings[]";

impl Arm {
    /// The other network of a peering must be there and at rest.
    pub(super) fn check_peering(&self, id: &Id, sent: &Json) -> Result<(), Failure> {
        let Some(remote) = path::text(sent, "properties.remoteVirtualNetwork.id") else { return Ok(()) };
        let now = self.clock.now_ms();
        let record = Id::parse(remote).and_then(|remote| self.record(&remote.key()));
        match record.and_then(|record| record.running("", now).map(|work| work.state.clone())) {
            Some(state) => {
                let message = format!(
                    "Cannot proceed with operation because resource {remote} used by resource {} is not in Succeeded state. Resource is in {state} state and the last operation that updated/is updating the resource is PutVirtualNetworkOperation.",
                    id.text()
                );
                Err(Failure::new(400, "ReferencedResourceNotProvisioned", message))
            }
            None => Ok(()),
        }
    }

    /// The other side of a peering is told, so that both are connected.
    pub(super) fn connect_peering(&self, id: &Id) -> Result<(), Failure> {
        let (Some(own), Some(found)) = (id.parent(), self.find(id)) else { return Ok(()) };
        let remote = path::text(&found.body(), "properties.remoteVirtualNetwork.id").and_then(Id::parse);
        let Some(mut other) = remote.as_ref().and_then(|remote| self.record(&remote.key())) else { return Ok(()) };
        let back = |peering: &Json| {
            path::text(peering, "properties.remoteVirtualNetwork.id").is_some_and(|to| to.to_lowercase() == own.key())
        };
        let mut connected = false;
        path::each_mut(&mut other.body, PEERINGS, &mut |peering| {
            if back(peering) {
                connected = true;
                connect(peering);
            }
        });
        if !connected {
            return Ok(());
        }
        self.keep(&other)?;
        let Some(mut record) = self.record(&own.key()) else { return Ok(()) };
        let name = id.name().to_lowercase();
        path::each_mut(&mut record.body, PEERINGS, &mut |peering| {
            if path::text(peering, "name").is_some_and(|own| own.to_lowercase() == name) {
                connect(peering);
            }
        });
        self.keep(&record)
    }

    /// A peering knows the other network's ranges.
    pub(super) fn complete_peering(&self, body: &mut Json) {
        let remote = path::text(body, "properties.remoteVirtualNetwork.id").and_then(Id::parse);
        let ranges = remote
            .and_then(|remote| self.find(&remote))
            .and_then(|found| path::get(&found.body(), "properties.addressSpace.addressPrefixes").cloned());
        if let Some(ranges) = ranges {
            for place in ["properties.remoteAddressSpace", "properties.remoteVirtualNetworkAddressSpace"] {
                path::set(body, place, json!({ "addressPrefixes": ranges }));
            }
        }
    }

    /// Peerings with a network that is gone lead nowhere until they are made again.
    pub(super) fn network_gone(&self, gone: &Id) {
        let others = self
            .records("")
            .into_iter()
            .filter(|record| path::all(&record.body, PEERINGS).iter().any(|peering| leads_to(peering.value, gone)));
        others.for_each(|other| self.disconnect(&other, gone));
    }

    /// The other side of a peering that is gone leads nowhere.
    pub(super) fn peering_gone(&self, id: &Id, peering: &Json) {
        let remote = path::text(peering, "properties.remoteVirtualNetwork.id").and_then(Id::parse);
        let other = remote.and_then(|remote| self.record(&remote.key()));
        if let (Some(other), Some(own)) = (other, id.parent()) {
            self.disconnect(&other, &own);
        }
    }

    fn disconnect(&self, other: &Record, gone: &Id) {
        let mut other = other.clone();
        let mut changed = false;
        path::each_mut(&mut other.body, PEERINGS, &mut |peering| {
            if leads_to(peering, gone) {
                changed = true;
                path::set(peering, "properties.peeringState", "Disconnected".into());
            }
        });
        if let Err(failure) = if changed { self.keep(&other) } else { Ok(()) } {
            tracing::warn!(?failure, "a peering could not be told that its other side is gone");
        }
    }
}

fn leads_to(peering: &Json, network: &Id) -> bool {
    path::text(peering, "properties.remoteVirtualNetwork.id").is_some_and(|to| to.to_lowercase() == network.key())
}

fn connect(peering: &mut Json) {
    path::set(peering, "properties.peeringState", "Connected".into());
    path::set(peering, "properties.peeringSyncLevel", "FullyInSync".into());
}
