//! Placeholders of secrets: of the same shape, the same each time, and nothing can be told from them.

use super::changed;
use crate::ports::{InputResolver, KeyedDigest};
use formwork_model::{InputProblem, InputSource, Value, ValueBuf};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Makes placeholders. Equal secrets have equal placeholders, so that what did not change looks unchanged.
pub struct StandIns {
    digest: Arc<dyn KeyedDigest>,
    inputs: Arc<dyn InputResolver>,
    /// What placeholders stand for, by their bytes.
    originals: Mutex<HashMap<Vec<u8>, String>>,
}

impl StandIns {
    /// With the key of the state, and the values that the stack reads.
    #[must_use]
    pub fn new(digest: Arc<dyn KeyedDigest>, inputs: Arc<dyn InputResolver>) -> Self {
        Self { digest, inputs, originals: Mutex::default() }
    }

    /// The value with a placeholder in place of each secret text.
    #[must_use]
    pub fn value(&self, value: &Value) -> Value {
        changed(value, &mut |part| match part {
            Value::Secret(inner) => Some(self.hidden(inner).secret()),
            _ => None,
        })
    }

    /// All texts of a secret; its numbers and truth values stay, they say little and must fit.
    fn hidden(&self, secret: &Value) -> Value {
        changed(secret, &mut |part| match part {
            Value::String(text) => {
                let placeholder = Value::string(self.text(text));
                let mut originals = self.originals.lock().unwrap_or_else(PoisonError::into_inner);
                originals.insert(bytes(&placeholder), text.to_string());
                Some(placeholder)
            }
            _ => None,
        })
    }

    /// The value with the secrets that its placeholders stand for: for whoever is told them in a real run.
    #[must_use]
    pub(super) fn original(&self, value: &Value) -> Value {
        let originals = self.originals.lock().unwrap_or_else(PoisonError::into_inner);
        changed(value, &mut |part| match part {
            Value::String(_) => originals.get(&bytes(part)).map(|text| Value::string(text.clone())),
            _ => None,
        })
    }

    /// A text of the same length, with letters for letters and digits for digits; everything else stays.
    fn text(&self, text: &str) -> String {
        let mut random = Random { digest: self.digest.as_ref(), text, block: [0; 16], used: 16, count: 0 };
        text.chars()
            .map(|character| match character {
                '0'..='9' => pick(&mut random, b"0123456789"),
                'a'..='z' => pick(&mut random, b"abcdefghijklmnopqrstuvwxyz"),
                'A'..='Z' => pick(&mut random, b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
                other => other,
            })
            .collect()
    }
}

fn bytes(value: &Value) -> Vec<u8> {
    ValueBuf::from(value).as_bytes().to_vec()
}

fn pick(random: &mut Random<'_>, among: &[u8]) -> char {
    let index = usize::from(random.byte()) % among.len();
    among.get(index).copied().map_or('x', char::from)
}

/// Bytes that follow from the key and a text.
struct Random<'a> {
    digest: &'a dyn KeyedDigest,
    text: &'a str,
    block: [u8; 16],
    used: usize,
    count: u64,
}

impl Random<'_> {
    fn byte(&mut self) -> u8 {
        if self.used == self.block.len() {
            let seed = [b"rehearsal".as_slice(), &self.count.to_le_bytes(), self.text.as_bytes()].concat();
            (self.block, self.used) = (self.digest.digest(&seed), 0);
            self.count += 1;
        }
        let byte = self.block.get(self.used).copied().unwrap_or_default();
        self.used += 1;
        byte
    }
}

impl InputResolver for StandIns {
    fn resolve(&self, source: &InputSource) -> Result<Value, InputProblem> {
        self.inputs.resolve(source).map(|value| self.value(&value))
    }
}

/// Digests as the real run takes them: a placeholder counts as what it stands for.
impl KeyedDigest for StandIns {
    fn digest(&self, bytes: &[u8]) -> [u8; 16] {
        let originals = self.originals.lock().unwrap_or_else(PoisonError::into_inner);
        let original = originals.get(bytes).map(|text| self::bytes(&Value::string(text.clone())));
        self.digest.digest(original.as_deref().unwrap_or(bytes))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    struct Sum;

    impl KeyedDigest for Sum {
        fn digest(&self, bytes: &[u8]) -> [u8; 16] {
            let mut sum = [7_u8; 16];
            for (index, byte) in bytes.iter().enumerate() {
                let place = sum.get_mut(index % 16).unwrap();
                *place = place.wrapping_mul(31).wrapping_add(*byte);
            }
            sum
        }
    }

    impl InputResolver for Sum {
        fn resolve(&self, _: &InputSource) -> Result<Value, InputProblem> {
            Ok(Value::string("s3cret-Value").secret())
        }
    }

    #[test]
    fn a_placeholder_has_the_shape_and_nothing_else() {
        let stand_ins = StandIns::new(Arc::new(Sum), Arc::new(Sum));
        let given = Value::map([("open", Value::string("stays")), ("closed", Value::string("s3cret-Value").secret())]);
        let shown = stand_ins.value(&given);
        let map = shown.as_map().unwrap();
        assert_eq!(map.get("open"), Some(&Value::string("stays")));
        let closed = map.get("closed").unwrap();
        assert!(matches!(closed, Value::Secret(_)));
        let text = closed.as_str().unwrap();
        assert_ne!(text, "s3cret-Value");
        let shape = |text: &str| -> String {
            text.chars()
                .map(|one| {
                    if one.is_ascii_digit() {
                        '9'
                    } else if one.is_ascii_alphabetic() {
                        'a'
                    } else {
                        one
                    }
                })
                .collect()
        };
        assert_eq!(shape(text), shape("s3cret-Value"));
        let input = stand_ins.resolve(&InputSource::EnvironmentVariable("X".into())).unwrap();
        assert_eq!(input.as_str(), Some(text), "the same secret has the same placeholder");
    }

    #[test]
    fn a_digest_is_that_of_the_secret_itself() {
        let stand_ins = StandIns::new(Arc::new(Sum), Arc::new(Sum));
        let secret = Value::string("s3cret-Value").secret();
        let placeholder = stand_ins.value(&secret);
        let digest = |value: &Value, of: &dyn KeyedDigest| of.digest(ValueBuf::from(value.exposed()).as_bytes());
        assert_eq!(digest(&placeholder, &stand_ins), digest(&secret, &Sum));
        assert_eq!(stand_ins.original(&placeholder), secret, "and who is told it in a real run gets it");
    }
}
