//! Seals what the sandbox keeps on disk, so that a copy of its directory tells nothing without the user's key.

use crate::problem::Problem;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key as CipherKey, XChaCha20Poly1305, XNonce};

/// The key of a sandbox's files: 32 bytes, derived by the caller from the key of the user's states. `Debug` shows nothing.
#[derive(Clone)]
pub struct Key([u8; 32]);

impl Key {
    /// These bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Key(…)")
    }
}

/// Bytes that a sealed text is longer than its plain one: nonce and tag.
pub(crate) const OVERHEAD: usize = NONCE + 16;
const NONCE: usize = 24;

/// Seals and opens.
#[derive(Clone)]
pub(crate) struct Sealer(XChaCha20Poly1305);

impl Sealer {
    /// With this key.
    pub(crate) fn new(key: &Key) -> Self {
        Self(XChaCha20Poly1305::new(CipherKey::from_slice(&key.0)))
    }

    /// Nonce and sealed text; opens only with the same `place`.
    pub(crate) fn seal(&self, place: &[u8], text: &[u8]) -> Result<Vec<u8>, Problem> {
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).map_err(|error| Problem::Random(error.to_string()))?;
        let payload = Payload { msg: text, aad: place };
        let sealed = self.0.encrypt(XNonce::from_slice(&nonce), payload);
        let sealed = sealed.map_err(|_| Problem::Random("the cipher refused to work".to_owned()))?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// The text, or none where key, place or bytes are not those that it was sealed with.
    pub(crate) fn open(&self, place: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_at_checked(NONCE)?;
        self.0.decrypt(XNonce::from_slice(nonce), Payload { msg: sealed, aad: place }).ok()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn opens_only_with_the_same_key_at_the_same_place() {
        let sealer = Sealer::new(&Key::new([1; 32]));
        let sealed = sealer.seal(b"here", b"text").unwrap();
        assert_eq!(sealed.len(), 4 + OVERHEAD);
        assert_eq!(sealer.open(b"here", &sealed).unwrap(), b"text");
        assert_eq!(sealer.open(b"there", &sealed), None);
        assert_eq!(Sealer::new(&Key::new([2; 32])).open(b"here", &sealed), None);
        assert_eq!(sealer.open(b"here", b"short"), None);
    }
}
