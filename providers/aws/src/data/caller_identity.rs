//! `aws.caller_identity`: who the provider is connected as.

use super::AwsData;
use crate::client::Session;
use async_trait::async_trait;
use formwork_model::schema::{Attribute, ResourceSchema};
use formwork_provider_api::ProviderError;
use serde::{Deserialize, Serialize};

/// The data source.
pub(crate) struct CallerIdentity;

/// All attributes.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Values {
    account: String,
    arn: String,
    user_id: String,
    partition: String,
    region: String,
}

#[async_trait]
impl AwsData for CallerIdentity {
    const SCHEMA: ResourceSchema = ResourceSchema::new(
        "caller_identity",
        "The account, identity and region that the provider is connected with (STS `GetCallerIdentity`).",
    )
    .attributes(&[
        Attribute::string("account", "The account's twelve digits.").computed(),
        Attribute::string("arn", "ARN of the calling identity.").computed(),
        Attribute::string("user_id", "Unique id of the calling identity.").computed(),
        Attribute::string("partition", "Partition of AWS: `aws`, `aws-cn` or `aws-us-gov`.").computed(),
        Attribute::string("region", "The provider's region, such as `eu-west-1`.").computed(),
    ])
    .identity(&["arn"]);

    type Values = Values;

    async fn read(&self, session: &Session, _: Values) -> Result<Values, ProviderError> {
        let caller = session.caller().await?;
        Ok(Values {
            account: caller.account.clone(),
            arn: caller.arn.clone(),
            user_id: caller.user_id.clone(),
            partition: session.partition().to_owned(),
            region: session.region.clone(),
        })
    }
}
