//! Sealing: what keeps secrets unreadable wherever they are stored, and the keyed digests by which secrets are compared
//! without being stored.

mod key;

pub use key::Keys;

use crate::problem::Problem;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use formwork_model::{AttributePath, Step, ValueBuf};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use zeroize::Zeroizing;

/// Version of the sealed form: version, nonce, ciphertext with its tag.
const VERSION: u8 = 1;
const NONCE: usize = 24;

/// Public name of a key, from which nothing of the key can be told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct KeyName(pub(crate) [u8; 8]);

impl fmt::Display for KeyName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&hex::encode(self.0))
    }
}

/// What a sealed value belongs to. It opens only with the same context: moving it elsewhere is noticed.
#[derive(Clone, Copy)]
pub struct SealContext<'a> {
    /// The history that it belongs to.
    pub lineage: &'a str,
    /// The object: an address, or another name that is unique in the lineage.
    pub object: &'a dyn fmt::Display,
    /// Which of the object's values: `values`, `config` …
    pub part: &'a str,
}

/// Seals and opens with one key. Cheap to clone; `Debug` shows nothing of the key.
#[derive(Clone)]
pub struct Sealer(Arc<Inner>);

struct Inner {
    cipher: XChaCha20Poly1305,
    digest_key: Zeroizing<[u8; 32]>,
    name: KeyName,
    /// Random for each process; with the counter behind it no nonce comes twice.
    nonce_start: [u8; 16],
    counter: AtomicU64,
}

impl Sealer {
    /// A sealer that uses `key`.
    ///
    /// # Errors
    /// When the operating system has no random bytes.
    pub(crate) fn new(key: &[u8; 32]) -> Result<Self, Problem> {
        let derived = |purpose| Zeroizing::new(blake3::derive_key(purpose, key));
        let mut name = [0; 8];
        let public = blake3::derive_key("formwork 2026 state key name v1", key);
        name.copy_from_slice(public.split_at(8).0);
        let mut nonce_start = [0; 16];
        getrandom::fill(&mut nonce_start).map_err(|error| Problem::BadKey {
            source: "the operating system's random source".to_owned(),
            reason: error.to_string(),
        })?;
        Ok(Self(Arc::new(Inner {
            cipher: XChaCha20Poly1305::new((&*derived("formwork 2026 state seal v1")).into()),
            digest_key: derived("formwork 2026 state digest v1"),
            name: KeyName(name),
            nonce_start,
            counter: AtomicU64::new(0),
        })))
    }

    pub(crate) fn name(&self) -> KeyName {
        self.0.name
    }

    /// A copy of `value` in which every secret is sealed.
    ///
    /// # Errors
    /// When a secret is too large to be sealed (256 GB).
    pub fn seal_value(&self, value: &ValueBuf, context: &SealContext<'_>) -> Result<ValueBuf, Problem> {
        value.view().seal_secrets(&mut |path, bytes| self.seal(bytes, context, path))
    }

    /// The reverse of [`Sealer::seal_value`].
    ///
    /// # Errors
    /// When a secret was altered, or sealed with another key or for another context.
    pub fn open_value(&self, value: &ValueBuf, context: &SealContext<'_>) -> Result<ValueBuf, Problem> {
        let mut open = |path: &AttributePath, bytes: &[u8]| self.open(bytes, context, path).map_err(Failure::Problem);
        value.view().open_secrets(&mut open).map_err(|failure| match failure {
            Failure::Problem(problem) => problem,
            Failure::Malformed => broken(context),
        })
    }

    /// Sealed bytes.
    ///
    /// # Errors
    /// As [`Sealer::seal_value`].
    pub fn seal_bytes(&self, bytes: &[u8], context: &SealContext<'_>) -> Result<Vec<u8>, Problem> {
        self.seal(bytes, context, &AttributePath::root())
    }

    /// The reverse of [`Sealer::seal_bytes`].
    ///
    /// # Errors
    /// As [`Sealer::open_value`].
    pub fn open_bytes(&self, sealed: &[u8], context: &SealContext<'_>) -> Result<Vec<u8>, Problem> {
        self.open(sealed, context, &AttributePath::root())
    }

    /// A digest that tells whether two secrets are equal, and nothing else without the key.
    #[must_use]
    pub fn keyed_digest(&self, bytes: &[u8]) -> [u8; 16] {
        let mut digest = [0; 16];
        digest.copy_from_slice(blake3::keyed_hash(&self.0.digest_key, bytes).as_bytes().split_at(16).0);
        digest
    }

    fn seal(&self, bytes: &[u8], context: &SealContext<'_>, path: &AttributePath) -> Result<Vec<u8>, Problem> {
        let nonce = self.nonce();
        let associated = associated_data(context, path);
        let payload = Payload { msg: bytes, aad: &associated };
        let sealed = self.0.cipher.encrypt(XNonce::from_slice(&nonce), payload).map_err(|_| broken(context))?;
        Ok([&[VERSION][..], &nonce, &sealed].concat())
    }

    fn open(&self, sealed: &[u8], context: &SealContext<'_>, path: &AttributePath) -> Result<Vec<u8>, Problem> {
        let (version, rest) = sealed.split_first().ok_or_else(|| broken(context))?;
        if *version > VERSION {
            let what = "sealed value".to_owned();
            return Err(Problem::Newer { what, version: u32::from(*version), known: u32::from(VERSION) });
        }
        if *version != VERSION {
            return Err(broken(context));
        }
        let (nonce, sealed) = rest.split_at_checked(NONCE).ok_or_else(|| broken(context))?;
        let associated = associated_data(context, path);
        let payload = Payload { msg: sealed, aad: &associated };
        self.0.cipher.decrypt(XNonce::from_slice(nonce), payload).map_err(|_| broken(context))
    }

    fn nonce(&self) -> [u8; NONCE] {
        let count = self.0.counter.fetch_add(1, Ordering::Relaxed).to_le_bytes();
        let mut nonce = [0; NONCE];
        let (start, end) = nonce.split_at_mut(self.0.nonce_start.len());
        start.copy_from_slice(&self.0.nonce_start);
        end.copy_from_slice(&count);
        nonce
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Sealer({})", self.0.name)
    }
}

/// Why a value could not be opened, inside of this module.
enum Failure {
    Problem(Problem),
    Malformed,
}

impl From<formwork_model::Malformed> for Failure {
    fn from(_: formwork_model::Malformed) -> Self {
        Self::Malformed
    }
}

fn broken(context: &SealContext<'_>) -> Problem {
    Problem::SealBroken { object: format!("{} ({})", context.object, context.part) }
}

/// Lineage, object, part and path; each with its length, so that no two contexts have the same bytes.
fn associated_data(context: &SealContext<'_>, path: &AttributePath) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(128);
    let mut add = |kind: u8, text: &[u8]| {
        bytes.push(kind);
        bytes.extend_from_slice(&(text.len() as u64).to_le_bytes());
        bytes.extend_from_slice(text);
    };
    add(0, context.lineage.as_bytes());
    add(1, context.object.to_string().as_bytes());
    add(2, context.part.as_bytes());
    for step in path.steps() {
        match step {
            Step::Member(name) | Step::Key(name) => add(3, name.as_bytes()),
            Step::Index(index) => add(4, &index.to_le_bytes()),
            Step::Each => add(5, &[]),
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::*;
    use formwork_model::Value;

    fn sealer(byte: u8) -> Sealer {
        Sealer::new(&[byte; 32]).unwrap()
    }

    fn sample() -> ValueBuf {
        let hidden = Value::string("correct horse").secret();
        ValueBuf::from(&Value::map([("user", Value::string("admin")), ("password", hidden)]))
    }

    #[test]
    fn a_sealed_value_opens_only_where_it_belongs() {
        let (one, other) = (sealer(1), sealer(2));
        let context = SealContext { lineage: "l", object: &"db", part: "values" };
        let sealed = one.seal_value(&sample(), &context).unwrap();
        assert!(!sealed.as_bytes().windows(5).any(|window| window == b"horse"));
        assert_eq!(one.open_value(&sealed, &context).unwrap(), sample());
        let elsewhere = [
            SealContext { lineage: "m", ..context },
            SealContext { object: &"other", ..context },
            SealContext { part: "config", ..context },
        ];
        for context in elsewhere {
            assert!(matches!(one.open_value(&sealed, &context), Err(Problem::SealBroken { .. })));
        }
        assert!(other.open_value(&sealed, &context).is_err());
    }

    #[test]
    fn equal_secrets_have_different_seals_and_equal_digests() {
        let one = sealer(1);
        let context = SealContext { lineage: "l", object: &"db", part: "values" };
        assert_ne!(one.seal_bytes(b"x", &context), one.seal_bytes(b"x", &context));
        assert_eq!(one.keyed_digest(b"x"), sealer(1).keyed_digest(b"x"));
        assert_ne!(one.keyed_digest(b"x"), sealer(2).keyed_digest(b"x"));
    }

    #[test]
    fn every_flipped_bit_of_a_seal_is_noticed() {
        let one = sealer(1);
        let context = SealContext { lineage: "l", object: &"db", part: "private" };
        let sealed = one.seal_bytes(b"provider bytes", &context).unwrap();
        for index in 0..sealed.len() * 8 {
            let mut altered = sealed.clone();
            altered[index / 8] ^= 1 << (index % 8);
            assert!(one.open_bytes(&altered, &context).is_err(), "bit {index}");
        }
    }
}
