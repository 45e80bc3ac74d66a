//! Stored forms: compact, versioned bytes. Each form begins with its version; a newer one is refused. Secrets are
//! sealed while they are written and opened while they are read, so that no unsealed form ever exists.
//!
//! Numbers are LEB128, signed ones zigzag; texts and bytes have their length before them; lists their count; an enum is
//! one byte; an option is 0, or 1 and the value.

mod forms;
mod record;
#[cfg(test)]
mod tests;

pub(crate) use forms::{read_rest, read_row, read_run, write_key, write_rest, write_row, write_run};
pub(crate) use record::{read_record, write_record};

use crate::problem::Problem;
use crate::seal::{SealContext, Sealer};
use ecow::EcoString;
use formwork_model::ValueBuf;
use std::fmt::Display;

/// Why bytes could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The bytes are not what they should be, with the reason.
    Malformed(String),
    /// A newer version, a broken seal.
    Problem(Problem),
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

pub(crate) type Decoded<T> = Result<T, Failure>;

/// Whose secrets these are, and with what they are sealed.
#[derive(Clone)]
pub(crate) struct Seal {
    pub(crate) sealer: Sealer,
    pub(crate) lineage: String,
}

/// Appends stored forms to a buffer.
pub(crate) struct Encoder<'a> {
    pub(crate) bytes: Vec<u8>,
    /// None for forms that hold no values.
    seal: Option<&'a Seal>,
    /// The first secret that could not be sealed.
    problem: Option<Problem>,
}

impl<'a> Encoder<'a> {
    pub(crate) fn new(seal: &'a Seal) -> Self {
        Self { bytes: Vec::with_capacity(1024), seal: Some(seal), problem: None }
    }

    /// For forms that hold no values; a secret would be an error.
    pub(crate) const fn plain() -> Self {
        Self { bytes: Vec::new(), seal: None, problem: None }
    }

    /// The bytes so far; the encoder is empty then.
    pub(crate) fn take(&mut self) -> Result<Vec<u8>, Problem> {
        match self.problem.take() {
            Some(problem) => Err(problem),
            None => Ok(std::mem::take(&mut self.bytes)),
        }
    }

    pub(crate) fn byte(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    pub(crate) fn flag(&mut self, truth: bool) {
        self.byte(u8::from(truth));
    }

    pub(crate) fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.byte(low_bits(number) | 0x80);
            number >>= 7;
        }
        self.byte(low_bits(number));
    }

    pub(crate) fn count(&mut self, count: usize) {
        self.number(count as u64);
    }

    pub(crate) fn signed(&mut self, number: i64) {
        self.number(((number << 1) ^ (number >> 63)).cast_unsigned());
    }

    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.count(bytes.len());
        self.bytes.extend_from_slice(bytes);
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.raw(text.as_bytes());
    }

    pub(crate) fn option<T>(&mut self, option: Option<T>, write: impl FnOnce(&mut Self, T)) {
        self.flag(option.is_some());
        if let Some(value) = option {
            write(self, value);
        }
    }

    pub(crate) fn list<T>(&mut self, items: impl ExactSizeIterator<Item = T>, mut write: impl FnMut(&mut Self, T)) {
        self.count(items.len());
        for item in items {
            write(self, item);
        }
    }

    /// A value with its secrets sealed; the byte before it tells whether it has any.
    pub(crate) fn value(&mut self, value: &ValueBuf, object: &dyn Display, part: &str) {
        let sealed = value.view().holds_secret();
        self.flag(sealed);
        if !sealed {
            return self.raw(value.as_bytes());
        }
        match with_seal(self.seal, object, part, |sealer, context| sealer.seal_value(value, context)) {
            Ok(value) => self.raw(value.as_bytes()),
            Err(problem) => self.problem = Some(problem),
        }
    }

    /// Bytes that may hold a secret; empty ones stay empty.
    pub(crate) fn sealed(&mut self, bytes: &[u8], object: &dyn Display, part: &str) {
        if bytes.is_empty() {
            return self.raw(bytes);
        }
        match with_seal(self.seal, object, part, |sealer, context| sealer.seal_bytes(bytes, context)) {
            Ok(bytes) => self.raw(&bytes),
            Err(problem) => self.problem = Some(problem),
        }
    }
}

fn with_seal<T>(
    seal: Option<&Seal>,
    object: &dyn Display,
    part: &str,
    work: impl FnOnce(&Sealer, &SealContext<'_>) -> Result<T, Problem>,
) -> Result<T, Problem> {
    match seal {
        Some(seal) => work(&seal.sealer, &SealContext { lineage: &seal.lineage, object, part }),
        None => Err(Problem::SealBroken { object: format!("{object} ({part})") }),
    }
}

const fn low_bits(number: u64) -> u8 {
    (number & 0x7f) as u8
}

/// Reads stored forms from the front of a slice.
pub(crate) struct Decoder<'a> {
    rest: &'a [u8],
    seal: Option<&'a Seal>,
}

impl<'a> Decoder<'a> {
    pub(crate) const fn new(bytes: &'a [u8], seal: &'a Seal) -> Self {
        Self { rest: bytes, seal: Some(seal) }
    }

    /// For forms that hold no values.
    pub(crate) const fn plain(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, seal: None }
    }

    pub(crate) const fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    /// What was not read yet.
    pub(crate) const fn remaining(&self) -> &'a [u8] {
        self.rest
    }

    /// Fails when bytes are left over.
    pub(crate) fn end(&self) -> Decoded<()> {
        if self.is_at_end() { Ok(()) } else { malformed("bytes are left over") }
    }

    /// Reads a version, and refuses one that is not known.
    pub(crate) fn version(&mut self, what: &str, known: u8) -> Decoded<u8> {
        match self.byte()? {
            0 => malformed("a version is 0"),
            version if version > known => Err(Failure::Problem(Problem::Newer {
                what: what.to_owned(),
                version: u32::from(version),
                known: u32::from(known),
            })),
            version => Ok(version),
        }
    }

    fn take(&mut self, count: usize) -> Decoded<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or_else(|| fail("it ends too early"))?;
        self.rest = rest;
        Ok(taken)
    }

    pub(crate) fn byte(&mut self) -> Decoded<u8> {
        let (byte, rest) = self.rest.split_first().ok_or_else(|| fail("it ends too early"))?;
        self.rest = rest;
        Ok(*byte)
    }

    pub(crate) fn flag(&mut self) -> Decoded<bool> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => malformed("a truth value is neither 0 nor 1"),
        }
    }

    pub(crate) fn number(&mut self) -> Decoded<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        malformed("a number is too long")
    }

    pub(crate) fn small(&mut self) -> Decoded<u32> {
        u32::try_from(self.number()?).map_err(|_| fail("a number is too large"))
    }

    /// A count of things that each take at least one byte: never more than there are bytes.
    pub(crate) fn count(&mut self) -> Decoded<usize> {
        let count = usize::try_from(self.number()?).map_err(|_| fail("a count is too large"))?;
        if count <= self.rest.len() { Ok(count) } else { malformed("a count is too large") }
    }

    pub(crate) fn signed(&mut self) -> Decoded<i64> {
        let number = self.number()?;
        Ok((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }

    pub(crate) fn raw(&mut self) -> Decoded<&'a [u8]> {
        let count = self.count()?;
        self.take(count)
    }

    pub(crate) fn str(&mut self) -> Decoded<&'a str> {
        std::str::from_utf8(self.raw()?).map_err(|_| fail("a text is not UTF-8"))
    }

    pub(crate) fn text(&mut self) -> Decoded<String> {
        self.str().map(str::to_owned)
    }

    pub(crate) fn name(&mut self) -> Decoded<EcoString> {
        self.str().map(EcoString::from)
    }

    pub(crate) fn option<T>(&mut self, read: impl FnOnce(&mut Self) -> Decoded<T>) -> Decoded<Option<T>> {
        if self.flag()? { read(self).map(Some) } else { Ok(None) }
    }

    pub(crate) fn list<T, C: FromIterator<T>>(&mut self, mut read: impl FnMut(&mut Self) -> Decoded<T>) -> Decoded<C> {
        let count = self.count()?;
        (0..count).map(|_| read(self)).collect()
    }

    pub(crate) fn value(&mut self, object: &dyn Display, part: &str) -> Decoded<ValueBuf> {
        let sealed = self.flag()?;
        let bytes = self.raw()?.to_vec();
        let value = ValueBuf::from_bytes(bytes).map_err(|error| Failure::Malformed(error.to_string()))?;
        if !sealed {
            return Ok(value);
        }
        Ok(with_seal(self.seal, object, part, |sealer, context| sealer.open_value(&value, context))?)
    }

    pub(crate) fn sealed(&mut self, object: &dyn Display, part: &str) -> Decoded<Vec<u8>> {
        let bytes = self.raw()?;
        if bytes.is_empty() {
            return Ok(Vec::new());
        }
        Ok(with_seal(self.seal, object, part, |sealer, context| sealer.open_bytes(bytes, context))?)
    }
}

fn fail(reason: &str) -> Failure {
    Failure::Malformed(reason.to_owned())
}

pub(crate) fn malformed<T>(reason: &str) -> Decoded<T> {
    Err(fail(reason))
}
