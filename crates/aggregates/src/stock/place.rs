//! One location, as far as it concerns the item: what was observed there.

use events::{Observation, Timestamp};
use serde::{Deserialize, Serialize};

/// How long an observation may wait for the words that explain it, by Shopify's times: the echo of
/// an order may come before the order.
const SETTLES: i64 = 60;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Place {
    pub(super) connected_at: Option<Timestamp>,
    pub(super) disconnected_at: Option<Timestamp>,
    pub(super) latest: Option<Observation>,
    /// The newest one of an earlier second.
    pub(super) previous: Option<Observation>,
    /// What drift is measured from: the last observation that was explained. In a ledger of our own
    /// the first one, which opened it.
    pub(super) base: Option<Observation>,
    /// Which observation is to be explained next.
    pub(super) next: Option<Observation>,
    /// In a ledger of our own: how far Shopify was from it when that was last told.
    pub(super) drift_told: i64,
}

impl Place {
    /// Stocked here, by the newest sign of life.
    pub(super) fn is_connected(&self) -> bool {
        let alive = self.connected_at.max(self.latest.as_ref().map(|seen| seen.at));
        self.disconnected_at.is_none_or(|gone| alive >= Some(gone))
    }

    pub(super) fn is_known(&self) -> bool {
        self.latest.is_some() || self.connected_at.is_some()
    }

    /// Keeps the newest observation and the newest one of an earlier second; `open`: no question was
    /// ever answered from what is later than the base, so an older one may still take its place.
    pub(super) fn observe(&mut self, seen: Observation, open: bool) {
        self.await_explanation(&seen, open);
        match &self.latest {
            Some(latest) if second(latest) == second(&seen) => self.latest = self.latest.take().max(Some(seen)),
            Some(latest) if *latest > seen => self.previous = self.previous.take().max(Some(seen)),
            _ => {
                self.previous = self.latest.replace(seen).max(self.previous.take());
            }
        }
    }

    fn await_explanation(&mut self, seen: &Observation, open: bool) {
        let newer = |than: &Option<Observation>| than.as_ref().is_none_or(|than| second(seen) > second(than));
        let same = |than: &Option<Observation>| than.as_ref().is_some_and(|than| second(seen) == second(than));
        if self.base.is_none() || same(&self.base) {
            self.base = self.base.take().max(Some(seen.clone()));
        } else if newer(&self.base) {
            if self.next.is_none() || same(&self.next) {
                self.next = self.next.take().max(Some(seen.clone()));
            }
        } else if open {
            let later = self.base.replace(seen.clone());
            self.next = self.next.take().or(later);
        }
    }

    /// The observation that is to be explained by now.
    pub(super) fn due(&self, now: Timestamp) -> Option<(&Observation, &Observation)> {
        let (base, next) = (self.base.as_ref()?, self.next.as_ref()?);
        (now.as_second() >= second(next).saturating_add(SETTLES)).then_some((base, next))
    }

    /// The observation that was due is explained, or its drift is told.
    pub(super) fn pass(&mut self, ledger: bool) {
        let Some(passed) = self.next.take() else { return };
        self.next = self.latest.clone().filter(|latest| second(latest) > second(&passed));
        if !ledger {
            self.base = Some(passed);
        }
    }

    /// Nothing that is at or before this second is ever asked for again, while Shopify decides.
    pub(super) fn horizon(&self) -> Option<i64> {
        let (previous, base) = (self.previous.as_ref()?, self.base.as_ref()?);
        Some(second(previous).min(second(base)))
    }
}

pub(super) fn second(observation: &Observation) -> i64 {
    observation.at.as_second()
}
