//! `std.private_key`: a key pair; the private half is secret.

use super::{TRIGGERS, made_once};
use crate::connection::StdConnection;
use crate::local::{LocalType, applied, settled};
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use formwork_model::Value;
use formwork_model::schema::{Attribute, AttributeType, Limit, ResourceSchema};
use formwork_provider_api::{Applied, CreateRequest, ErrorClass, OperationSink, ProviderError};
use rcgen::{KeyPair, PublicKeyData, RsaKeySize};
use sha2::{Digest, Sha256};

pub(crate) const SCHEMA: ResourceSchema =
    made_once("private_key", "A key pair for TLS or SSH. The private key lies sealed in the state.").attributes(&[
        Attribute::new(
            "algorithm",
            AttributeType::Enum(&["ed25519", "ecdsa_p256", "ecdsa_p384", "rsa"]),
            "Which kind of key.",
        )
        .default_string("ed25519")
        .create_only(),
        Attribute::int("rsa_bits", "Size of an RSA key: 2048, 3072 or 4096.")
            .default_int(3072)
            .create_only()
            .limits(&[Limit::Range(2048, 4096)]),
        TRIGGERS,
        Attribute::string("private_key_pem", "The private key (PKCS #8, PEM).").computed().secret(),
        Attribute::string("public_key_pem", "The public key (PEM).").computed(),
        Attribute::string("public_key_openssh", "The public key as a line of `authorized_keys`.").computed(),
        Attribute::string("fingerprint_sha256", "What `ssh-keygen -l` shows: `SHA256:…`.").computed(),
    ]);

pub(crate) struct PrivateKey;

#[async_trait]
impl LocalType for PrivateKey {
    async fn create(
        &self,
        _: &StdConnection,
        request: CreateRequest,
        sink: &dyn OperationSink,
    ) -> Result<Applied, ProviderError> {
        let mut values = settled(&SCHEMA, &request.address, &request.config, &request.planned);
        let algorithm = values.get("algorithm").and_then(Value::as_str).unwrap_or("ed25519").to_owned();
        let bits = match values.get("rsa_bits") {
            Some(Value::Int(bits)) => *bits,
            _ => 3072,
        };
        let pair = if algorithm == "rsa" {
            sink.progress(&format!("looking for an RSA key of {bits} bits"));
            // Takes seconds of one core: not on a thread that serves others.
            tokio::task::spawn_blocking(move || rsa(bits)).await.map_err(failed)??
        } else {
            generate(&algorithm)?
        };
        let line = openssh(&pair)?;
        values.insert("private_key_pem", Value::string(pair.serialize_pem()).secret());
        values.insert("public_key_pem", Value::string(pair.public_key_pem()));
        values.insert("fingerprint_sha256", Value::string(format!("SHA256:{}", line.fingerprint)));
        values.insert("public_key_openssh", Value::string(line.text));
        Ok(applied(values))
    }
}

fn failed(error: impl std::fmt::Display) -> ProviderError {
    ProviderError::new(ErrorClass::Other, format!("the key cannot be made: {error}"))
}

fn generate(algorithm: &str) -> Result<KeyPair, ProviderError> {
    let algorithm = match algorithm {
        "ecdsa_p256" => &rcgen::PKCS_ECDSA_P256_SHA256,
        "ecdsa_p384" => &rcgen::PKCS_ECDSA_P384_SHA384,
        _ => &rcgen::PKCS_ED25519,
    };
    KeyPair::generate_for(algorithm).map_err(failed)
}

fn rsa(bits: i64) -> Result<KeyPair, ProviderError> {
    let size = match bits {
        2048 => RsaKeySize::_2048,
        3072 => RsaKeySize::_3072,
        4096 => RsaKeySize::_4096,
        other => {
            let error = ProviderError::invalid(format!("an RSA key cannot have {other} bits"));
            return Err(error.at(formwork_model::AttributePath::member("rsa_bits")).help("take 2048, 3072 or 4096"));
        }
    };
    KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, size).map_err(failed)
}

/// A line of `authorized_keys`, and its fingerprint.
struct Line {
    text: String,
    fingerprint: String,
}

/// RFC 4253, section 6.6; RFC 5656, section 3.1; RFC 8709, section 4.
fn openssh(pair: &KeyPair) -> Result<Line, ProviderError> {
    let raw = pair.der_bytes();
    let algorithm = pair.algorithm();
    let mut blob = Vec::new();
    let name = if *algorithm == rcgen::PKCS_ED25519 {
        write_all(&mut blob, &[b"ssh-ed25519", raw]);
        "ssh-ed25519"
    } else if *algorithm == rcgen::PKCS_ECDSA_P256_SHA256 {
        write_all(&mut blob, &[b"ecdsa-sha2-nistp256", b"nistp256", raw]);
        "ecdsa-sha2-nistp256"
    } else if *algorithm == rcgen::PKCS_ECDSA_P384_SHA384 {
        write_all(&mut blob, &[b"ecdsa-sha2-nistp384", b"nistp384", raw]);
        "ecdsa-sha2-nistp384"
    } else {
        let (modulus, exponent) = rsa_numbers(raw).ok_or_else(|| failed("its public half is no RSA key"))?;
        write_all(&mut blob, &[b"ssh-rsa", exponent, modulus]);
        "ssh-rsa"
    };
    Ok(Line {
        text: format!("{name} {}", STANDARD.encode(&blob)),
        fingerprint: STANDARD_NO_PAD.encode(Sha256::digest(&blob)),
    })
}

fn write_all(blob: &mut Vec<u8>, parts: &[&[u8]]) {
    for part in parts {
        blob.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        blob.extend_from_slice(part);
    }
}

/// Modulus and exponent of a PKCS #1 public key: a DER sequence of two integers, which are what SSH calls an mpint.
fn rsa_numbers(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (sequence, _) = element(der, 0x30)?;
    let (modulus, rest) = element(sequence, 0x02)?;
    let (exponent, _) = element(rest, 0x02)?;
    Some((modulus, exponent))
}

/// The content of the first DER element, and what comes after it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (first, rest) = der.split_first()?;
    let (short, rest) = rest.split_first()?;
    let (length, rest) = if *short < 0x80 {
        (usize::from(*short), rest)
    } else {
        let (bytes, rest) = rest.split_at_checked(usize::from(short & 0x7f))?;
        (bytes.iter().fold(0_usize, |length, byte| length << 8 | usize::from(*byte)), rest)
    };
    (*first == tag).then_some(())?;
    rest.split_at_checked(length)
}
