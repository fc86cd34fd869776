//! Goods that somebody counted, found or lost.

use std::sync::Arc;

use events::{LocationId, StockAdjusted, StockChange, Timestamp};
use serde::{Deserialize, Serialize};

use super::Stock;
use super::decide::Decision;
use super::place::second;

/// How many keys are remembered: far more than anybody asks again for.
const REMEMBERED: usize = 1_000;

/// What somebody asks for. Asked again under the same key, it changes nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Adjustment {
    pub location_id: LocationId,
    pub change: StockChange,
    pub reason: String,
    pub idempotency_key: String,
    pub at: Timestamp,
}

/// Why a command for an item's stock is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StockError {
    #[error("the idempotency key was used for another adjustment")]
    KeyReused,
    #[error("the item is not stocked at location {0}")]
    NotStocked(LocationId),
}

/// What was asked for, the oldest first. Cheap to clone.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Adjustments {
    pub(super) asked: Arc<Vec<Asked>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Asked {
    key: String,
    location_id: LocationId,
    change: StockChange,
    reason: String,
}

impl Decision<'_> {
    pub(super) fn adjust(&mut self, wanted: Adjustment) -> Result<Timestamp, StockError> {
        let Adjustment { location_id, change, reason, idempotency_key, at } = wanted;
        let known = self.stock.adjustments.asked.iter().rev().find(|asked| asked.key == idempotency_key);
        if let Some(asked) = known {
            let same = (asked.location_id, asked.change, &asked.reason) == (location_id, change, &reason);
            return if same { Ok(at) } else { Err(StockError::KeyReused) };
        }
        let place = self.stock.places.get(&location_id).filter(|place| place.is_known());
        let place = place.ok_or(StockError::NotStocked(location_id))?;
        // It is asked for in view of the last observation, whatever the two clocks say.
        let after_observation = place.latest.as_ref().map(|seen| second(seen).saturating_add(1));
        let after_observation = after_observation.and_then(|second| Timestamp::from_second(second).ok());
        let at = after_observation.map_or(at, |least| at.max(least));
        let level = self.stock.level_at(location_id);
        let quantity = match change {
            StockChange::By(units) => units,
            StockChange::AvailableTo(units) => units.saturating_sub(level.available),
            StockChange::OnHandTo(units) => units.saturating_sub(level.on_hand),
        };
        let levels = self.levels_after(|stock| stock.book(location_id, at, quantity), &[location_id]);
        self.emit(StockAdjusted { at, location_id, change, quantity, reason, idempotency_key, levels });
        Ok(at)
    }
}

impl Stock {
    pub(super) fn adjusted(&mut self, event: StockAdjusted) {
        let StockAdjusted { at, location_id, change, quantity, reason, idempotency_key: key, .. } = event;
        self.book(location_id, at, quantity);
        let asked = Arc::make_mut(&mut self.adjustments.asked);
        asked.push(Asked { key, location_id, change, reason });
        if asked.len() > REMEMBERED {
            asked.remove(0);
        }
    }

    fn book(&mut self, location_id: LocationId, at: Timestamp, quantity: i64) {
        self.claims.book_mut(location_id).told.post(at.as_second(), quantity);
    }
}
