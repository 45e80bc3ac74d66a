//! An application that proves who it is with a certificate: it signs a statement, and Microsoft Entra ID checks the signature
//! with the certificate that it knows.

use super::Application;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use formwork_model::{AttributePath, Redacted};
use formwork_provider_api::{ErrorClass, ProviderError};
use rustls::SignatureScheme;
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::json;
use sha2::{Digest, Sha256};
use url::Url;

/// How long a statement holds, in seconds.
const LASTS: i64 = 600;

/// A fresh statement of the application for the address that gives tokens. The file is read each time, so that a renewed
/// certificate counts.
///
/// # Errors
/// When the file holds no certificate, or no RSA key that can be used.
pub(super) async fn assertion(
    application: &Application,
    audience: &Url,
    path: &str,
) -> Result<Redacted<String>, ProviderError> {
    let pem = tokio::fs::read(path).await.map_err(|error| unusable(path, &format!("it cannot be read: {error}")))?;
    let now = jiff::Timestamp::now().as_second();
    signed(application, audience, &pem, now).map(Redacted).map_err(|why| unusable(path, &why))
}

fn signed(application: &Application, audience: &Url, pem: &[u8], now: i64) -> Result<String, String> {
    let certificate = CertificateDer::from_pem_slice(pem)
        .map_err(|_| "it holds no certificate in PEM (`-----BEGIN CERTIFICATE-----`)".to_owned())?;
    let key = PrivateKeyDer::from_pem_slice(pem)
        .map_err(|_| "it holds no private key in PEM, or one that is encrypted".to_owned())?;
    let key = any_supported_type(&key).map_err(|_| "its private key cannot be used".to_owned())?;
    let signer =
        key.choose_scheme(&[SignatureScheme::RSA_PSS_SHA256]).ok_or("its private key is not of the kind RSA")?;
    // Microsoft asks for PS256 with the thumbprint by SHA-256; RS256 goes with the one by SHA-1.
    let thumbprint = URL_SAFE_NO_PAD.encode(Sha256::digest(&certificate));
    let header = json!({"alg": "PS256", "typ": "JWT", "x5t#S256": thumbprint});
    let claims = json!({
        "aud": audience.as_str(),
        "iss": application.client_id,
        "sub": application.client_id,
        "jti": uuid::Uuid::new_v4().to_string(),
        "nbf": now,
        "iat": now,
        "exp": now + LASTS,
    });
    let encoded = |json: &serde_json::Value| URL_SAFE_NO_PAD.encode(json.to_string());
    let statement = format!("{}.{}", encoded(&header), encoded(&claims));
    let signature = signer.sign(statement.as_bytes()).map_err(|_| "its private key does not sign".to_owned())?;
    Ok(format!("{statement}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

fn unusable(path: &str, why: &str) -> ProviderError {
    ProviderError::new(ErrorClass::Forbidden, format!("the client certificate `{path}` cannot be used: {why}"))
        .at(AttributePath::member("client_certificate_path"))
        .help("a PEM file with the certificate and its RSA key is needed; `openssl pkcs12 -nodes` makes one from a PFX file")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing)]
    #![allow(clippy::unwrap_used)]

    use super::*;
    use aws_lc_rs::encoding::AsDer;
    use aws_lc_rs::rsa::{KeyPair, KeySize};
    use aws_lc_rs::signature::{KeyPair as _, RSA_PSS_2048_8192_SHA256, UnparsedPublicKey};
    use base64::engine::general_purpose::STANDARD;
    use serde_json::Value as Json;

    fn application() -> Application {
        Application {
            authority: Url::parse("https://login.example/").unwrap(),
            tenant: "tenant".to_owned(),
            client_id: "client".to_owned(),
        }
    }

    fn pem(kind: &str, bytes: &[u8]) -> String {
        format!("-----BEGIN {kind}-----\n{}\n-----END {kind}-----\n", STANDARD.encode(bytes))
    }

    #[test]
    fn a_statement_is_signed_with_the_key_and_names_the_certificate() {
        let key = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let secret = key.as_der().unwrap();
        let file = pem("CERTIFICATE", b"a certificate") + &pem("PRIVATE KEY", secret.as_ref());
        let audience = Url::parse("https://login.example/tenant/oauth2/v2.0/token").unwrap();
        let text = signed(&application(), &audience, file.as_bytes(), 1000).unwrap();
        let (statement, signature) = text.rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        let public = UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, key.public_key().as_ref());
        public.verify(statement.as_bytes(), &signature).unwrap();
        let (header, claims) = statement.split_once('.').unwrap();
        let decoded = |part: &str| serde_json::from_slice::<Json>(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
        let thumbprint = URL_SAFE_NO_PAD.encode(Sha256::digest(b"a certificate"));
        assert_eq!(decoded(header), json!({"alg": "PS256", "typ": "JWT", "x5t#S256": thumbprint}));
        let claims = decoded(claims);
        assert_eq!((claims["iss"].as_str(), claims["sub"].as_str()), (Some("client"), Some("client")));
        assert_eq!(claims["aud"], audience.as_str());
        assert_eq!((claims["nbf"].as_i64(), claims["exp"].as_i64()), (Some(1000), Some(1600)));
    }

    #[test]
    fn what_is_missing_is_named_and_no_secret_told() {
        let audience = Url::parse("https://login.example/").unwrap();
        let told = |file: String| signed(&application(), &audience, file.as_bytes(), 0).unwrap_err();
        assert!(told(String::new()).contains("no certificate"));
        assert!(told(pem("CERTIFICATE", b"x")).contains("no private key"));
        let broken = told(pem("CERTIFICATE", b"x") + &pem("PRIVATE KEY", b"hush hush"));
        assert!(broken.contains("cannot be used") && !broken.contains("hush"), "{broken}");
    }
}
