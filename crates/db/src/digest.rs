use std::fmt;

use twox_hash::XxHash3_128;

use crate::RowKey;

/// A checksum of a table: the sum of its rows' hashes, so that it can be kept up to date row by row, and two tables
/// have the same one whatever the order in which they were written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Digest {
    sum: u128,
    /// How many rows there are.
    pub rows: u64,
}

impl Digest {
    /// Counts a row in.
    pub fn add(&mut self, key: &RowKey, data: &str, position: u64) {
        self.sum = self.sum.wrapping_add(hash(key, data, position));
        self.rows = self.rows.wrapping_add(1);
    }

    /// Counts a row out that was counted in.
    pub fn remove(&mut self, key: &RowKey, data: &str, position: u64) {
        self.sum = self.sum.wrapping_sub(hash(key, data, position));
        self.rows = self.rows.wrapping_sub(1);
    }

    /// What rows were counted in and out elsewhere.
    pub fn apply(&mut self, other: Self) {
        self.sum = self.sum.wrapping_add(other.sum);
        self.rows = self.rows.wrapping_add(other.rows);
    }

    pub(crate) fn from_parts(sum: &str, rows: u64) -> Option<Self> {
        Some(Self { sum: u128::from_str_radix(sum, 16).ok()?, rows })
    }

    pub(crate) fn sum(&self) -> String {
        format!("{:032x}", self.sum)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}/{}", self.sum, self.rows)
    }
}

fn hash(key: &RowKey, data: &str, position: u64) -> u128 {
    // Hashes of the parts have a fixed length, so no two rows read as one another.
    let mut parts = [0; 56];
    for (part, place) in [key.shop.as_str(), &key.id, data].iter().zip(parts.chunks_mut(16)) {
        place.copy_from_slice(&XxHash3_128::oneshot(part.as_bytes()).to_le_bytes());
    }
    parts[48..].copy_from_slice(&position.to_le_bytes());
    XxHash3_128::oneshot(&parts)
}
