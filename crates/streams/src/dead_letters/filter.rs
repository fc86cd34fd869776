use std::collections::BTreeMap;

use events::{Shop, Timestamp, subject};
use serde::Serialize;

use super::{DeadLetter, ErrorClass, Filed};

/// Which letters are meant; nothing said means all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LetterFilter {
    pub handler: Option<String>,
    pub shop: Option<Shop>,
    pub class: Option<ErrorClass>,
    pub fingerprint: Option<String>,
}

impl LetterFilter {
    pub fn of_handler(handler: impl Into<String>) -> Self {
        Self { handler: Some(handler.into()), ..Self::default() }
    }

    /// Whether nothing narrows it.
    pub fn is_all(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn subject(&self) -> String {
        let handler = self.handler.as_deref().map_or_else(|| "*".to_owned(), subject::encode);
        let shop = self.shop.as_ref().map_or_else(|| "*".to_owned(), |shop| subject::encode(shop.as_str()));
        format!("dead.{handler}.{shop}")
    }

    pub(super) fn takes(&self, letter: &DeadLetter) -> bool {
        self.class.is_none_or(|class| class == letter.class)
            && self.fingerprint.as_ref().is_none_or(|fingerprint| *fingerprint == letter.fingerprint)
    }
}

/// Letters of one handler that tell of the same failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LetterGroup {
    pub handler: String,
    pub fingerprint: String,
    pub class: ErrorClass,
    pub letters: u64,
    /// The oldest letter's id.
    pub first: u64,
    pub first_at: Timestamp,
    pub last_at: Timestamp,
    /// Of the newest letter.
    pub reason: String,
}

/// The most letters first.
pub fn grouped(letters: &[Filed]) -> Vec<LetterGroup> {
    let mut groups: BTreeMap<(&str, &str), LetterGroup> = BTreeMap::new();
    for Filed { id, letter } in letters {
        let group = groups.entry((&letter.handler, &letter.fingerprint)).or_insert_with(|| LetterGroup {
            handler: letter.handler.clone(),
            fingerprint: letter.fingerprint.clone(),
            class: letter.class,
            letters: 0,
            first: *id,
            first_at: letter.at,
            last_at: letter.at,
            reason: String::new(),
        });
        group.letters += 1;
        group.last_at = letter.at;
        group.reason.clone_from(&letter.reason);
    }
    let mut groups: Vec<_> = groups.into_values().collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.letters));
    groups
}
