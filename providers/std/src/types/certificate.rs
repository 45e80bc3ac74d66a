//! `std.self_signed_cert`: a certificate signed by its own key, for tests and for what nobody else shall vouch for.

use super::{TRIGGERS, made_once, time};
use crate::connection::StdConnection;
use crate::local::{LocalType, applied, settled};
use async_trait::async_trait;
use formwork_model::schema::{Attribute, AttributeType, Default, Limit, ResourceSchema};
use formwork_model::{AttributePath, Map, Milliseconds, Redacted, Value, ValueBuf};
use formwork_provider_api::{Applied, CreateRequest, OperationSink, PlanRequest, PlanResponse, ProviderError};
use jiff::{SignedDuration, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, SanType,
};
use serde::Deserialize;
use std::time::Duration;

const SUBJECT: &[Attribute] = &[
    Attribute::string("common_name", "CN."),
    Attribute::string("organization", "O."),
    Attribute::string("organizational_unit", "OU."),
    Attribute::string("country", "C: two letters.").limits(&[Limit::Length(2, 2)]),
    Attribute::string("province", "ST."),
    Attribute::string("locality", "L."),
];

const USES: AttributeType = AttributeType::Enum(&[
    "digital_signature",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "cert_signing",
    "crl_signing",
    "content_commitment",
    "server_auth",
    "client_auth",
    "code_signing",
    "email_protection",
    "time_stamping",
    "ocsp_signing",
]);

pub(crate) const SCHEMA: ResourceSchema =
    made_once("self_signed_cert", "A certificate signed by its own key. A new one is made when it is nearly over.")
        .attributes(&[
            Attribute::string("private_key_pem", "The key (PEM), such as that of a `std.private_key`.")
                .required()
                .secret()
                .create_only(),
            Attribute::object("subject", SUBJECT, "Whose it is.").create_only(),
            Attribute::strings("dns_names", "Names of hosts that it is for.").create_only(),
            Attribute::new("ip_addresses", AttributeType::List(&AttributeType::Ip), "Addresses that it is for.")
                .create_only(),
            Attribute::new("uris", AttributeType::List(&AttributeType::Url), "URIs that it is for.").create_only(),
            Attribute::new("validity", AttributeType::Duration, "How long it is valid.").required().create_only(),
            Attribute::new("early_renewal", AttributeType::Duration, "A plan makes a new one so long before its end.")
                .default(Default::Duration(0))
                .create_only(),
            Attribute::boolean("is_ca", "May sign other certificates.").default_bool(false).create_only(),
            Attribute::new("allowed_uses", AttributeType::List(&USES), "What the key may be used for.").create_only(),
            TRIGGERS,
            Attribute::string("certificate_pem", "The certificate (PEM).").computed(),
            Attribute::string("not_before", "Begin of its validity (RFC 3339, UTC).").computed(),
            Attribute::string("not_after", "End of its validity (RFC 3339, UTC).").computed(),
            Attribute::string("renews_at", "When a new one is due (RFC 3339, UTC).").computed(),
        ]);

/// What a new one brings.
const MADE: [&str; 4] = ["certificate_pem", "not_before", "not_after", "renews_at"];

pub(crate) struct SelfSignedCert;

#[async_trait]
impl LocalType for SelfSignedCert {
    fn plans(&self) -> bool {
        true
    }

    fn plan(&self, request: &PlanRequest) -> Result<PlanResponse, ProviderError> {
        let mut response = PlanResponse::as_proposed(request);
        let now = Timestamp::now();
        let due = request.prior.as_ref().is_some_and(|prior| time::is_due(&prior.values, "renews_at", now));
        if let (true, Value::Map(mut values)) = (due, request.proposed.to_value()) {
            MADE.iter().for_each(|name| drop(values.insert(*name, request.unknown(name))));
            response.planned = ValueBuf::from(Value::Map(values));
            response.replace.push(AttributePath::member("renews_at"));
        }
        Ok(response)
    }

    async fn create(
        &self,
        _: &StdConnection,
        request: CreateRequest,
        _: &dyn OperationSink,
    ) -> Result<Applied, ProviderError> {
        let mut values = settled(&SCHEMA, &request.address, &request.config, &request.planned);
        let wanted: Wanted = ValueBuf::from(Value::Map(values.clone())).view().decode()?;
        let now = Timestamp::from_second(Timestamp::now().as_second()).map_err(wrong)?;
        wanted.sign(now, &mut values)?;
        Ok(applied(values))
    }
}

fn wrong(error: impl std::fmt::Display) -> ProviderError {
    ProviderError::invalid(format!("the certificate cannot be made: {error}"))
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Subject {
    common_name: Option<String>,
    organization: Option<String>,
    organizational_unit: Option<String>,
    country: Option<String>,
    province: Option<String>,
    locality: Option<String>,
}

#[derive(Deserialize)]
struct Wanted {
    private_key_pem: Redacted<String>,
    #[serde(default)]
    subject: Subject,
    #[serde(default)]
    dns_names: Vec<String>,
    #[serde(default)]
    ip_addresses: Vec<std::net::IpAddr>,
    #[serde(default)]
    uris: Vec<String>,
    validity: Milliseconds,
    #[serde(default)]
    early_renewal: Milliseconds,
    #[serde(default)]
    is_ca: bool,
    #[serde(default)]
    allowed_uses: Vec<String>,
}

impl Wanted {
    fn sign(&self, now: Timestamp, values: &mut Map) -> Result<(), ProviderError> {
        let key = KeyPair::from_pem(&self.private_key_pem.0).map_err(|_| {
            ProviderError::invalid("it is no private key in PEM form").at(AttributePath::member("private_key_pem"))
        })?;
        let end = now.checked_add(SignedDuration::from_millis(self.validity.0)).map_err(wrong)?;
        let renewal = end.checked_sub(SignedDuration::from_millis(self.early_renewal.0)).map_err(wrong)?;
        let certificate = self.params(now, end)?.self_signed(&key).map_err(wrong)?;
        values.insert("certificate_pem", Value::string(certificate.pem()));
        values.insert("not_before", Value::string(now.to_string()));
        values.insert("not_after", Value::string(end.to_string()));
        values.insert("renews_at", Value::string(renewal.to_string()));
        Ok(())
    }

    fn params(&self, begin: Timestamp, end: Timestamp) -> Result<CertificateParams, ProviderError> {
        let mut params = CertificateParams::new(self.dns_names.clone()).map_err(wrong)?;
        params.subject_alt_names.extend(self.ip_addresses.iter().copied().map(SanType::IpAddress));
        for uri in &self.uris {
            params.subject_alt_names.push(SanType::URI(uri.as_str().try_into().map_err(wrong)?));
        }
        let moment = |moment: Timestamp| {
            rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(u64::try_from(moment.as_second()).unwrap_or(0))
        };
        params.not_before = moment(begin);
        params.not_after = moment(end);
        params.distinguished_name = self.subject.name();
        params.is_ca = if self.is_ca { IsCa::Ca(BasicConstraints::Unconstrained) } else { IsCa::ExplicitNoCa };
        params.key_usages = self.allowed_uses.iter().filter_map(|word| key_usage(word)).collect();
        params.extended_key_usages = self.allowed_uses.iter().filter_map(|word| extended_usage(word)).collect();
        Ok(params)
    }
}

impl Subject {
    fn name(&self) -> DistinguishedName {
        let mut name = DistinguishedName::new();
        let parts = [
            (DnType::CountryName, &self.country),
            (DnType::StateOrProvinceName, &self.province),
            (DnType::LocalityName, &self.locality),
            (DnType::OrganizationName, &self.organization),
            (DnType::OrganizationalUnitName, &self.organizational_unit),
            (DnType::CommonName, &self.common_name),
        ];
        for (part, text) in parts {
            if let Some(text) = text {
                name.push(part, text.as_str());
            }
        }
        name
    }
}

fn key_usage(word: &str) -> Option<KeyUsagePurpose> {
    Some(match word {
        "digital_signature" => KeyUsagePurpose::DigitalSignature,
        "content_commitment" => KeyUsagePurpose::ContentCommitment,
        "key_encipherment" => KeyUsagePurpose::KeyEncipherment,
        "data_encipherment" => KeyUsagePurpose::DataEncipherment,
        "key_agreement" => KeyUsagePurpose::KeyAgreement,
        "cert_signing" => KeyUsagePurpose::KeyCertSign,
        "crl_signing" => KeyUsagePurpose::CrlSign,
        _ => return None,
    })
}

fn extended_usage(word: &str) -> Option<ExtendedKeyUsagePurpose> {
    Some(match word {
        "server_auth" => ExtendedKeyUsagePurpose::ServerAuth,
        "client_auth" => ExtendedKeyUsagePurpose::ClientAuth,
        "code_signing" => ExtendedKeyUsagePurpose::CodeSigning,
        "email_protection" => ExtendedKeyUsagePurpose::EmailProtection,
        "time_stamping" => ExtendedKeyUsagePurpose::TimeStamping,
        "ocsp_signing" => ExtendedKeyUsagePurpose::OcspSigning,
        _ => return None,
    })
}
