//! The provider block: its attributes, and where it may connect to.

use crate::tags::Tags;
use formwork_model::schema::{Attribute, AttributeType, Default as Preset, Limit};
use formwork_model::{AttributePath, Milliseconds};
use formwork_provider_api::{Environment, ErrorClass, ProviderError};
use serde::Deserialize;
use std::net::IpAddr;

/// What a `provider aws` block takes.
pub(crate) const ATTRIBUTES: &[Attribute] = &[
    Attribute::string("region", "Region, such as `eu-west-1`; else `AWS_REGION`, else that of the profile."),
    Attribute::string("profile", "Profile of `~/.aws/config`; else `AWS_PROFILE`, else `default`."),
    Attribute::string(
        "endpoint",
        "Address that answers in place of AWS for all services (an emulator, a VPC endpoint). Hosts of AWS over https and \
         loopback are allowed, others need the manifest's `[allow] endpoints`.",
    ),
    Attribute::object(
        "assume_role",
        &[
            Attribute::string("role_arn", "ARN of the role to take on.").required(),
            Attribute::string("session_name", "Name of the session, seen in CloudTrail.").default_string("formwork"),
            Attribute::string("external_id", "External id that the role's trust policy asks for."),
            Attribute::new("duration", AttributeType::Duration, "How long a session lasts, 15 minutes to 12 hours.")
                .limits(&[Limit::Range(900_000, 43_200_000)]),
        ],
        "A role to take on with the credentials that were found.",
    ),
    Attribute::string_map("default_tags", "Tags for every object that takes tags; an object's own tags win.")
        .default(Preset::Empty),
    Attribute::new(
        "allowed_account_ids",
        AttributeType::Set(&AttributeType::String),
        "Accounts that this block may work in; any other is refused before anything is done.",
    )
    .default(Preset::Empty),
    Attribute::boolean(
        "skip_account_lookup",
        "Do not ask STS for the account at the start (where STS cannot be reached). Plans are then bound to the region only.",
    )
    .default_bool(false),
];

/// The block, decoded.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Configuration {
    pub(crate) region: Option<String>,
    pub(crate) profile: Option<String>,
    pub(crate) endpoint: Option<String>,
    pub(crate) assume_role: Option<AssumeRole>,
    pub(crate) default_tags: Tags,
    pub(crate) allowed_account_ids: Vec<String>,
    pub(crate) skip_account_lookup: bool,
}

/// A role to take on.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct AssumeRole {
    pub(crate) role_arn: String,
    pub(crate) session_name: Option<String>,
    pub(crate) external_id: Option<String>,
    pub(crate) duration: Option<Milliseconds>,
}

/// Checks that an endpoint may be contacted: it gets signed requests.
///
/// # Errors
/// `Forbidden` when the run does not allow it, `Invalid` when it is no address.
pub(crate) fn check_endpoint(endpoint: &str, environment: &Environment) -> Result<(), ProviderError> {
    let at = AttributePath::member("endpoint");
    let Some(parts) = Parts::of(endpoint) else {
        return Err(ProviderError::invalid(format!("`{endpoint}` is no http or https address")).at(at));
    };
    let loopback = parts.is_loopback();
    if environment.sandbox && !loopback {
        return Err(ProviderError::new(
            ErrorClass::Forbidden,
            format!("`{endpoint}` is not on this machine, and the run is sandboxed"),
        )
        .at(at));
    }
    let listed = environment.allowed_endpoints.iter().any(|allowed| parts.is_listed(allowed, endpoint));
    if loopback || parts.is_vendor() || listed {
        return Ok(());
    }
    Err(ProviderError::new(
        ErrorClass::Forbidden,
        format!("`{endpoint}` is neither a host of AWS over https nor loopback"),
    )
    .at(at)
    .help(environment.help_with_endpoint(parts.host)))
}

struct Parts<'a> {
    https: bool,
    host: &'a str,
}

impl<'a> Parts<'a> {
    /// Scheme and host. User names in addresses are refused: they serve only to mislead readers.
    fn of(endpoint: &'a str) -> Option<Self> {
        let (https, rest) = match endpoint.strip_prefix("https://") {
            Some(rest) => (true, rest),
            None => (false, endpoint.strip_prefix("http://")?),
        };
        let authority = rest.split(['/', '?', '#']).next()?;
        if authority.contains(['@', '\\']) || authority.chars().any(char::is_whitespace) {
            return None;
        }
        let host = match authority.strip_prefix('[') {
            Some(inner) => inner.split(']').next()?,
            None => authority.split(':').next()?,
        };
        (!host.is_empty()).then_some(Self { https, host })
    }

    fn is_loopback(&self) -> bool {
        self.host.eq_ignore_ascii_case("localhost")
            || self.host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }

    fn is_vendor(&self) -> bool {
        let host = self.host.to_ascii_lowercase();
        self.https && [".amazonaws.com", ".amazonaws.com.cn", ".api.aws"].iter().any(|suffix| host.ends_with(suffix))
    }

    fn is_listed(&self, allowed: &str, endpoint: &str) -> bool {
        allowed.trim_end_matches('/') == endpoint.trim_end_matches('/') || allowed.eq_ignore_ascii_case(self.host)
    }
}

/// Whether an endpoint is on this machine; proxies are passed over then.
pub(crate) fn is_loopback(endpoint: &str) -> bool {
    Parts::of(endpoint).is_some_and(|parts| parts.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_trusted_endpoints_are_contacted() {
        let allowed = Environment { allowed_endpoints: vec!["aws.corp.example".into()], ..Environment::default() };
        let sandbox = Environment { sandbox: true, ..Environment::default() };
        let cases: &[(&str, &Environment, bool)] = &[
            ("https://ec2.eu-west-1.amazonaws.com", &allowed, true),
            ("https://ec2.cn-north-1.amazonaws.com.cn/", &allowed, true),
            ("http://ec2.eu-west-1.amazonaws.com", &allowed, false),
            ("https://amazonaws.com.evil.example", &allowed, false),
            ("https://evil-amazonaws.com", &allowed, false),
            ("https://ec2.amazonaws.com@evil.example", &allowed, false),
            ("https://evil.example\\.amazonaws.com", &allowed, false),
            ("https://evil.example#.amazonaws.com", &allowed, false),
            ("http://127.0.0.1:5000", &allowed, true),
            ("http://[::1]:5000", &allowed, true),
            ("http://localhost:5000", &sandbox, true),
            ("http://localhost.evil.example", &allowed, false),
            ("https://aws.corp.example:8443", &allowed, true),
            ("https://ec2.eu-west-1.amazonaws.com", &sandbox, false),
            ("ftp://127.0.0.1", &allowed, false),
        ];
        for (endpoint, environment, fine) in cases {
            assert_eq!(check_endpoint(endpoint, environment).is_ok(), *fine, "{endpoint}");
        }
    }
}
