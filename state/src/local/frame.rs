//! Frames: how bytes lie in a file so that damage is told from an interrupted write.
//!
//! | bytes | |
//! |---|---|
//! | 4 | marker |
//! | 4 | length of the payload |
//! | 4 | CRC-32 of the payload |
//! | 4 | CRC-32 of the twelve bytes before |
//! | length | payload |
//! | 1 | end mark, never zero |
//!
//! A journal's frame is written in one piece and flushed before the next one is begun. So an interrupted write is the
//! last thing in the file, and either too short or (after a power loss) has sectors that are still zero. Anything else
//! that does not check out was whole once, and is damage.

use crate::codec::{Decoded, Failure};
use crate::problem::Problem;

pub(super) const HEADER: usize = 16;
const MARKER: [u8; 4] = [0xf5, b'F', b'W', 0xa7];
const END: u8 = 0xa5;
/// A disk writes at least so many bytes whole.
const SECTOR: usize = 512;

/// Length of what stands at the beginning of each file: kind, version, and the version inverted.
pub(super) const PREAMBLE: usize = 12;
/// Version of the files: frames, heads, order of parts.
const VERSION: u16 = 1;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Journal,
    Snapshot,
}

impl Kind {
    const fn magic(self) -> [u8; 8] {
        match self {
            Self::Journal => *b"fw-journ",
            Self::Snapshot => *b"fw-snaps",
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Journal => "journal",
            Self::Snapshot => "snapshot",
        }
    }

    /// The beginning of such a file.
    pub(super) fn preamble(self) -> Vec<u8> {
        [&self.magic()[..], &VERSION.to_le_bytes(), &(!VERSION).to_le_bytes()].concat()
    }

    /// Checks the beginning of such a file.
    pub(super) fn check(self, bytes: &[u8]) -> Decoded<()> {
        let malformed = |reason: &str| Err(Failure::Malformed(reason.to_owned()));
        let Some(preamble) = bytes.first_chunk::<PREAMBLE>() else { return malformed("it is too short") };
        let [magic @ .., v0, v1, i0, i1] = *preamble;
        let version = u16::from_le_bytes([v0, v1]);
        if magic != self.magic() || version != !u16::from_le_bytes([i0, i1]) {
            return malformed("it does not begin as it should");
        }
        if version > VERSION {
            return Err(Failure::Problem(Problem::Newer {
                what: self.word().to_owned(),
                version: u32::from(version),
                known: u32::from(VERSION),
            }));
        }
        Ok(())
    }
}

/// Appends a frame.
pub(super) fn write(payload: &[u8], bytes: &mut Vec<u8>) {
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    let mut header = [0; HEADER];
    let (fields, check) = header.split_at_mut(12);
    fields.copy_from_slice(&[MARKER, length.to_le_bytes(), crc32fast::hash(payload).to_le_bytes()].concat());
    check.copy_from_slice(&crc32fast::hash(fields).to_le_bytes());
    bytes.reserve(HEADER + payload.len() + 1);
    bytes.extend_from_slice(&header);
    bytes.extend_from_slice(payload);
    bytes.push(END);
}

/// The checked header of a frame.
#[derive(Clone, Copy)]
pub(super) struct Header {
    /// Bytes behind the header: payload and end mark.
    pub(super) rest: usize,
    payload_check: u32,
}

impl Header {
    pub(super) fn read(bytes: &[u8; HEADER]) -> Option<Self> {
        let (fields, check) = bytes.split_first_chunk::<12>()?;
        let (marker, rest) = fields.split_first_chunk::<4>()?;
        let (length, payload_check) = rest.split_first_chunk::<4>()?;
        let whole = *marker == MARKER && *check == crc32fast::hash(fields).to_le_bytes();
        let length = u32::from_le_bytes(*length) as usize;
        let payload_check = u32::from_le_bytes(payload_check.try_into().ok()?);
        whole.then_some(Self { rest: length + 1, payload_check })
    }

    /// The payload, when what follows the header is whole.
    pub(super) fn payload(self, rest: &[u8]) -> Option<&[u8]> {
        let (end, payload) = rest.split_last()?;
        (*end == END && rest.len() == self.rest && crc32fast::hash(payload) == self.payload_check).then_some(payload)
    }
}

/// What stands at an offset.
pub(super) enum Found<'a> {
    /// A whole frame, and the offset behind it.
    Frame(&'a [u8], usize),
    /// The end of the file.
    End,
    /// An interrupted write; nothing of it was acknowledged.
    Torn,
    /// Damage.
    Damaged(&'static str),
}

/// Reads the frame at `offset`.
pub(super) fn at(bytes: &[u8], offset: usize) -> Found<'_> {
    let here = bytes.get(offset..).unwrap_or(&[]);
    if here.is_empty() {
        return Found::End;
    }
    let Some((head, behind)) = here.split_first_chunk::<HEADER>() else { return judge(bytes, offset, true) };
    let Some(header) = Header::read(head) else { return judge(bytes, offset, false) };
    let Some(rest) = behind.get(..header.rest) else { return judge(bytes, offset, true) };
    match header.payload(rest) {
        Some(payload) => Found::Frame(payload, offset + HEADER + header.rest),
        None => judge(bytes, offset, false),
    }
}

/// An interrupted write, or damage?
fn judge(bytes: &[u8], offset: usize, too_short: bool) -> Found<'_> {
    if follows_whole(bytes, offset + 1) {
        return Found::Damaged("what stands there does not check out, and whole records follow");
    }
    if too_short || has_unwritten_sector(bytes, offset) {
        return Found::Torn;
    }
    Found::Damaged("the last record is complete but does not check out")
}

fn follows_whole(bytes: &[u8], mut offset: usize) -> bool {
    while let Some(rest) = bytes.get(offset..) {
        let Some(found) = rest.windows(MARKER.len()).position(|window| window == MARKER) else { return false };
        let behind = rest.get(found..).and_then(|here| here.split_first_chunk::<HEADER>());
        let whole = behind.and_then(|(head, behind)| {
            let header = Header::read(head)?;
            header.payload(behind.get(..header.rest)?)
        });
        if whole.is_some() {
            return true;
        }
        offset += found + 1;
    }
    false
}

/// Whether a part of the frame that lies in one sector is zero. A whole frame's last part never is: it has the end mark.
fn has_unwritten_sector(bytes: &[u8], offset: usize) -> bool {
    let mut start = offset;
    while start < bytes.len() {
        let end = bytes.len().min((start / SECTOR + 1) * SECTOR);
        if bytes.get(start..end).is_some_and(|part| part.iter().all(|byte| *byte == 0)) {
            return true;
        }
        start = end;
    }
    false
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::*;

    fn two() -> (Vec<u8>, usize) {
        let mut bytes = Vec::new();
        write(&[7; 700], &mut bytes);
        let second = bytes.len();
        write(b"the last one", &mut bytes);
        (bytes, second)
    }

    #[test]
    fn every_cut_of_the_last_frame_is_torn() {
        let (bytes, second) = two();
        for length in second + 1..bytes.len() {
            assert!(matches!(at(&bytes[..length], second), Found::Torn), "{length}");
        }
        assert!(matches!(at(&bytes[..second], second), Found::End));
    }

    #[test]
    fn every_flipped_bit_is_damage() {
        let (bytes, second) = two();
        for bit in 0..bytes.len() * 8 {
            let mut altered = bytes.clone();
            altered[bit / 8] ^= 1 << (bit % 8);
            let offset = if bit / 8 < second { 0 } else { second };
            assert!(matches!(at(&altered, offset), Found::Damaged(_)), "bit {bit}");
        }
    }

    #[test]
    fn a_sector_that_was_never_written_is_torn() {
        let mut bytes = Vec::new();
        write(&[7; 2000], &mut bytes);
        for sector in 0..4 {
            let mut altered = bytes.clone();
            let end = altered.len().min((sector + 1) * SECTOR);
            altered[sector * SECTOR..end].fill(0);
            assert!(matches!(at(&altered, 0), Found::Torn), "{sector}");
        }
    }

    #[test]
    fn a_newer_version_is_refused() {
        let mut bytes = Kind::Journal.preamble();
        assert_eq!(Kind::Journal.check(&bytes), Ok(()));
        bytes[8..].copy_from_slice(&[9, 0, 0xf6, 0xff]);
        assert!(matches!(Kind::Journal.check(&bytes), Err(Failure::Problem(Problem::Newer { version: 9, .. }))));
        bytes[8] = 1;
        assert!(matches!(Kind::Journal.check(&bytes), Err(Failure::Malformed(_))));
    }
}
