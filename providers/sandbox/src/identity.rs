//! What a sandbox's clients know it by: its port, its token, and the certificate authority that vouches for it. Made once,
//! sealed, and the same until `reset`.

use crate::directory::write_private;
use crate::problem::Problem;
use crate::seal::{Key, Sealer};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

const PLACE: &[u8] = b"formwork sandbox identity 1";

/// A sandbox's identity. `Debug` shows the port only.
#[derive(Clone, Serialize, Deserialize)]
pub struct Identity {
    /// Its port on 127.0.0.1; 0 until it was bound for the first time.
    pub port: u16,
    /// What a client shows: a bearer token.
    pub token: String,
    /// The certificate authority's certificate (PEM).
    pub ca_pem: String,
    ca_key_pem: String,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Identity").field("port", &self.port).finish_non_exhaustive()
    }
}

impl Identity {
    /// A new one, without a port.
    ///
    /// # Errors
    /// When the machine gives no random bytes.
    pub fn new() -> Result<Self, Problem> {
        let mut token = [0; 32];
        getrandom::fill(&mut token).map_err(|error| Problem::Random(error.to_string()))?;
        let key = KeyPair::generate().map_err(random)?;
        let certificate = authority()?.self_signed(&key).map_err(random)?;
        let token = URL_SAFE_NO_PAD.encode(token);
        Ok(Self { port: 0, token, ca_pem: certificate.pem(), ca_key_pem: key.serialize_pem() })
    }

    /// Reads it; none where there is none yet.
    ///
    /// # Errors
    /// When it cannot be read or was sealed with another key.
    pub fn read(path: &Path, key: &Key) -> Result<Option<Self>, Problem> {
        let sealed = match fs::read(path) {
            Ok(sealed) => sealed,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Problem::io("read", path, &error)),
        };
        let text = Sealer::new(key).open(PLACE, &sealed).ok_or_else(|| Problem::OtherKey { path: path.to_owned() })?;
        let damaged = |error: serde_json::Error| Problem::Damaged { path: path.to_owned(), reason: error.to_string() };
        serde_json::from_slice(&text).map(Some).map_err(damaged)
    }

    /// Writes it, whole or not at all.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, path: &Path, key: &Key) -> Result<(), Problem> {
        let text = serde_json::to_vec(self).map_err(|error| Problem::Random(error.to_string()))?;
        write_private(path, &Sealer::new(key).seal(PLACE, &text)?)
    }

    /// Where it is reached.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    /// TLS for the server: a certificate for this machine's loopback names, signed by the authority.
    ///
    /// # Errors
    /// When its own certificate cannot be read back.
    pub fn tls(&self) -> Result<rustls::ServerConfig, Problem> {
        let signing = KeyPair::from_pem(&self.ca_key_pem).map_err(random)?;
        let issuer = Issuer::new(authority()?, signing);
        let key = KeyPair::generate().map_err(random)?;
        let certificate = leaf()?.signed_by(&key, &issuer).map_err(random)?;
        let chain = vec![CertificateDer::clone(certificate.der())];
        let key = PrivateKeyDer::try_from(key.serialize_der()).map_err(random)?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut tls = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
            .map_err(random)?;
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(tls)
    }
}

/// The authority may sign for loopback names only: it is of no use to anyone who steals it.
fn authority() -> Result<CertificateParams, Problem> {
    let mut params = CertificateParams::new(Vec::new()).map_err(random)?;
    params.distinguished_name.push(DnType::CommonName, "Formwork sandbox");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::CrlSign];
    let loopback =
        |address, prefix| rcgen::GeneralSubtree::IpAddress(rcgen::CidrSubnet::from_addr_prefix(address, prefix));
    params.name_constraints = Some(rcgen::NameConstraints {
        permitted_subtrees: vec![
            rcgen::GeneralSubtree::DnsName("localhost".to_owned()),
            loopback(std::net::Ipv4Addr::LOCALHOST.into(), 32),
        ],
        excluded_subtrees: Vec::new(),
    });
    params.not_before = date_time_ymd(2026, 1, 1);
    params.not_after = date_time_ymd(2046, 1, 1);
    Ok(params)
}

fn leaf() -> Result<CertificateParams, Problem> {
    let vaults = format!("*.{}", crate::vault::name::DOMAIN);
    let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned(), vaults];
    let mut params = CertificateParams::new(names).map_err(random)?;
    params.distinguished_name.push(DnType::CommonName, "localhost");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    params.not_before = date_time_ymd(2026, 1, 1);
    params.not_after = date_time_ymd(2046, 1, 1);
    Ok(params)
}

fn random(error: impl std::fmt::Display) -> Problem {
    Problem::Random(error.to_string())
}
