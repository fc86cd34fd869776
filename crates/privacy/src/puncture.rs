//! A key that can forget single messages.
//!
//! It is a binary tree of seeds: each seed gives its two children by a hash, and a message's key is the leaf under its
//! number. Kept is the root. To forget one message is to keep, in the place of the root, the seeds beside the way to
//! its leaf: from those every other leaf follows, and that one does not. (Goldreich, Goldwasser and Micali's function,
//! punctured.)

use std::collections::BTreeMap;

use ring::digest::{Context, SHA256};

use crate::cipher::{self, CipherError, KEY};

/// Two messages of one shop and day have one number about once in a million days of a million messages each; they
/// would only be forgotten together.
pub(crate) const DEPTH: u8 = 40;
/// Of a node as it is written down: depth, path, seed.
const NODE: usize = 1 + 8 + KEY;

/// Where a node stands: how deep, and the way to it as a number.
type Place = (u8, u64);

/// The seeds that are left.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Puncturable(BTreeMap<Place, [u8; KEY]>);

impl Puncturable {
    pub(crate) fn generate() -> Result<Self, CipherError> {
        Ok(Self(BTreeMap::from([((0, 0), cipher::random()?)])))
    }

    /// The number of a new message.
    pub(crate) fn number() -> Result<u64, CipherError> {
        Ok(u64::from_be_bytes(cipher::random()?) >> (64 - DEPTH))
    }

    /// The message's own key; none when it is forgotten.
    pub(crate) fn key_of(&self, number: u64) -> Option<[u8; KEY]> {
        let (depth, mut seed) = self.above(number)?;
        for level in depth..DEPTH {
            seed = child(&seed, way(number, level));
        }
        Some(seed)
    }

    /// Whether there was something to forget.
    pub(crate) fn forget(&mut self, number: u64) -> bool {
        let Some((depth, mut seed)) = self.above(number) else { return false };
        self.0.remove(&(depth, path(number, depth)));
        for level in depth..DEPTH {
            let (on, beside) = (way(number, level), 1 - way(number, level));
            self.0.insert((level + 1, path(number, level + 1) ^ 1), child(&seed, beside));
            seed = child(&seed, on);
        }
        true
    }

    /// The one seed on the way to the leaf, if there is one left.
    fn above(&self, number: u64) -> Option<(u8, [u8; KEY])> {
        (0..=DEPTH).find_map(|depth| Some((depth, *self.0.get(&(depth, path(number, depth)))?)))
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let node = |((depth, path), seed): (&Place, &[u8; KEY])| [&[*depth][..], &path.to_be_bytes(), seed].concat();
        self.0.iter().flat_map(node).collect()
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let node = |node: &[u8]| {
            let (path, seed) = node.get(1..)?.split_first_chunk::<8>()?;
            Some(((node[0], u64::from_be_bytes(*path)), seed.try_into().ok()?))
        };
        bytes.chunks(NODE).map(node).collect::<Option<_>>().map(Self)
    }
}

fn path(number: u64, depth: u8) -> u64 {
    number >> (DEPTH - depth)
}

/// Left or right, below a node at that depth.
fn way(number: u64, depth: u8) -> u8 {
    u8::from(path(number, depth + 1) & 1 == 1)
}

fn child(seed: &[u8; KEY], way: u8) -> [u8; KEY] {
    let mut hash = Context::new(&SHA256);
    hash.update(b"tillstream body");
    hash.update(&[way]);
    hash.update(seed);
    let digest = hash.finish();
    std::array::from_fn(|at| digest.as_ref()[at])
}

#[cfg(test)]
mod tests {
    use proptest::collection::btree_set;
    use proptest::prelude::*;

    use super::*;

    fn root() -> Puncturable {
        Puncturable(BTreeMap::from([((0, 0), [7; KEY])]))
    }

    /// Neighbours too: they share nearly all of their way.
    fn numbers() -> impl Strategy<Value = u64> {
        prop_oneof![0..4_u64, 0..1_u64 << DEPTH, (1_u64 << DEPTH) - 4..1_u64 << DEPTH]
    }

    proptest! {
        #[test]
        fn what_is_forgotten_has_no_key_and_all_others_keep_theirs(
            forgotten in btree_set(numbers(), 0..20), others in btree_set(numbers(), 1..20),
        ) {
            let mut key = root();
            for number in &forgotten {
                prop_assert!(key.forget(*number));
                prop_assert!(!key.forget(*number), "there is nothing left to forget");
            }
            let key = Puncturable::from_bytes(&key.to_bytes()).unwrap();
            for number in forgotten.union(&others) {
                let expected = root().key_of(*number).filter(|_| !forgotten.contains(number));
                prop_assert_eq!(key.key_of(*number), expected);
            }
        }
    }

    #[test]
    fn every_message_has_a_key_of_its_own_and_no_kept_seed_is_one_of_the_way() {
        let mut key = root();
        assert_ne!(key.key_of(0), key.key_of(1));
        let (mut seed, mut way_down) = ([7; KEY], vec![[7; KEY]]);
        for level in 0..DEPTH {
            seed = child(&seed, way(5, level));
            way_down.push(seed);
        }
        key.forget(5);
        assert_eq!(key.0.len(), usize::from(DEPTH));
        assert!(key.0.values().all(|kept| !way_down.contains(kept)));
    }

    #[test]
    fn a_torn_key_is_none() {
        let bytes = root().to_bytes();
        assert!(Puncturable::from_bytes(&bytes[..NODE - 1]).is_none());
        assert!(Puncturable::number().unwrap() < 1 << DEPTH);
    }
}
