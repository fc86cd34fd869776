use std::fmt::Debug;

use serde::Serialize;

use super::{Finding, State, TopologyError};

/// One field that is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    pub field: &'static str,
    pub found: String,
    pub wanted: String,
    pub verdict: Verdict,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Can be changed without loss.
    Change,
    /// Left as it is: it keeps more than asked for.
    Keep,
    /// Loses data, or has let others do so.
    Refuse { why: &'static str, remedy: &'static str },
}

impl Difference {
    pub(super) fn refusal(&self, name: &str) -> Option<TopologyError> {
        let Verdict::Refuse { why, remedy } = self.verdict else { return None };
        let (name, found) = (name.to_owned(), self.found.clone());
        Some(TopologyError::Refused { name, field: self.field, found, why, remedy })
    }
}

/// Collects the differences of one stream or durable.
#[derive(Default)]
pub(super) struct Comparison {
    pub(super) differences: Vec<Difference>,
}

impl Comparison {
    pub(super) fn field<T: PartialEq + Debug>(&mut self, field: &'static str, found: &T, wanted: &T, verdict: Verdict) {
        if found != wanted {
            let (found, wanted) = (format!("{found:?}"), format!("{wanted:?}"));
            self.differences.push(Difference { field, found, wanted, verdict });
        }
    }
}

/// What to say of something that exists or not, before or after it was put in order.
pub(super) fn finding(name: &str, exists: bool, differences: &[Difference], applied: bool) -> Finding {
    let any = |wanted: fn(&Verdict) -> bool| differences.iter().any(|difference| wanted(&difference.verdict));
    let state = match exists {
        false if applied => State::Created,
        false => State::Missing,
        true if any(|verdict| matches!(verdict, Verdict::Refuse { .. })) => State::Refused,
        true if any(|verdict| matches!(verdict, Verdict::Change)) && applied => State::Updated,
        true if any(|verdict| matches!(verdict, Verdict::Change)) => State::Drifted,
        true => State::Unchanged,
    };
    Finding { name: name.to_owned(), state, differences: differences.to_vec() }
}
