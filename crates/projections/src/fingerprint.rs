//! What a projection's code makes of a fixed log, as one number: code that changed and kept its version is found
//! before it writes among rows that other code wrote.

/// Name, version and fingerprint of every read model, one on a line; written by a test.
pub(crate) const COMMITTED: &str = include_str!("../fingerprints.txt");

/// Of the read model's code; `unlisted` for one that is not in the table of contents.
pub(crate) fn of(name: &str) -> &'static str {
    let entries = COMMITTED.lines().filter_map(|line| line.split_once(' '));
    let mine = entries.filter(|(listed, _)| *listed == name);
    let mut fingerprints = mine.filter_map(|(_, rest)| Some(rest.split_once(' ')?.1));
    fingerprints.next().unwrap_or("unlisted")
}
