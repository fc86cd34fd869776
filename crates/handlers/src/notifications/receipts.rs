use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use aggregates::End;
use events::AggregateKey;

/// What providers have taken and the log has not been told yet. While the log cannot be written, an attempt is made
/// again and again; its message is not.
///
/// It is lost with the process: then the message goes out once more, with the same id.
#[derive(Debug, Default)]
pub(super) struct Receipts(Mutex<HashMap<AggregateKey, (u32, End)>>);

impl Receipts {
    /// How this attempt ended, if it has.
    pub(super) fn of(&self, key: &AggregateKey, attempt: u32) -> Option<End> {
        let kept = self.lock();
        kept.get(key).filter(|(of, _)| *of == attempt).map(|(_, end)| end.clone())
    }

    pub(super) fn keep(&self, key: &AggregateKey, attempt: u32, end: End) {
        self.lock().insert(key.clone(), (attempt, end));
    }

    /// The log knows.
    pub(super) fn forget(&self, key: &AggregateKey) {
        self.lock().remove(key);
    }

    /// Whole after every statement.
    fn lock(&self) -> MutexGuard<'_, HashMap<AggregateKey, (u32, End)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
