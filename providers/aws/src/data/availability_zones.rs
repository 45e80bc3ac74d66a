//! `aws.availability_zones`: the zones that subnets can lie in.

use super::AwsData;
use crate::client::Session;
use crate::ec2::filter;
use crate::error::IntoProviderError;
use async_trait::async_trait;
use formwork_model::schema::{Attribute, AttributeType, ResourceSchema};
use formwork_provider_api::ProviderError;
use serde::{Deserialize, Serialize};

/// The data source.
pub(crate) struct AvailabilityZones;

/// All attributes.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Values {
    state: Option<String>,
    include_local_zones: bool,
    region: String,
    names: Vec<String>,
    zone_ids: Vec<String>,
}

#[async_trait]
impl AwsData for AvailabilityZones {
    const SCHEMA: ResourceSchema = ResourceSchema::new(
        "availability_zones",
        "The zones of the provider's region that the account can use (EC2 `DescribeAvailabilityZones`).",
    )
    .attributes(&[
        Attribute::new(
            "state",
            AttributeType::OpenEnum(&["available", "information", "impaired", "unavailable", "constrained"]),
            "Zones in this state only.",
        )
        .default_string("available"),
        Attribute::boolean(
            "include_local_zones",
            "Whether Local Zones and Wavelength Zones that the account has opted into are there, too.",
        )
        .default_bool(false),
        Attribute::string("region", "The region.").computed(),
        Attribute::strings("names", "Names, such as `eu-west-1a`, in alphabetical order.").computed(),
        Attribute::strings(
            "zone_ids",
            "Ids, such as `euw1-az1`, in the order of `names`: the same place in every account.",
        )
        .computed(),
    ])
    .identity(&["region"]);

    type Values = Values;

    async fn read(&self, session: &Session, config: Values) -> Result<Values, ProviderError> {
        let state = config.state.unwrap_or_else(|| "available".to_owned());
        let mut call = session.ec2().describe_availability_zones().filters(filter("state", [&state]));
        if !config.include_local_zones {
            call = call.filters(filter("zone-type", ["availability-zone"]));
        }
        let answer = call.send().await.map_err(IntoProviderError::classify)?;
        let zones = answer.availability_zones.unwrap_or_default();
        let mut zones: Vec<(String, String)> =
            zones.into_iter().filter_map(|zone| Some((zone.zone_name?, zone.zone_id.unwrap_or_default()))).collect();
        zones.sort();
        let (names, zone_ids) = zones.into_iter().unzip();
        Ok(Values {
            state: Some(state),
            include_local_zones: config.include_local_zones,
            region: session.region.clone(),
            names,
            zone_ids,
        })
    }
}
