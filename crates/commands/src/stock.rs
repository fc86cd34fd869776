use aggregates::{Adjustment, Stock, StockCommand, StockError};
use events::{AggregateKey, AggregateKind, InventoryItemId, LocationId, StockChange, Timestamp};
use http::StatusCode;
use query::Problem;
use serde::{Deserialize, Serialize};

use crate::call::{Call, Done};
use crate::refusal::Refused;

/// Characters of a reason.
const LONGEST_REASON: usize = 500;

/// What is asked for: exactly one of `by`, `available` and `on_hand`, in units.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AdjustmentRequest {
    location_id: LocationId,
    /// So many more, or fewer.
    by: Option<i64>,
    /// So many are to be available.
    available: Option<i64>,
    /// So many were counted, the promised ones included.
    on_hand: Option<i64>,
    /// For the history: who counted, what broke.
    reason: String,
}

/// What was carried out. The stock itself is read at `GET …/stock/{inventory_item_id}?min_position=`.
#[derive(Debug, Serialize)]
pub(crate) struct AdjustmentView {
    inventory_item_id: InventoryItemId,
    location_id: LocationId,
    reason: String,
    position: String,
}

/// `POST /v1/{shop}/stock/{inventory_item_id}/adjustments`.
pub(crate) async fn adjust(call: Call<AdjustmentRequest>) -> Result<Done<AdjustmentView>, Problem> {
    let item: InventoryItemId = call.id("inventory_item_id")?;
    let adjustment = call.body.read(call.key.as_str(), call.at)?;
    let AdjustmentRequest { location_id, reason, .. } = &call.body;
    let (location_id, reason) = (*location_id, reason.clone());
    let key = AggregateKey::new(AggregateKind::Stock, &call.shop, item);
    let receipt = call.execute::<Stock>(&key, StockCommand::Adjust(adjustment)).await?;
    let position = receipt.position;
    let view = AdjustmentView { inventory_item_id: item, location_id, reason, position: position.to_string() };
    Ok(Done { position, view })
}

impl AdjustmentRequest {
    fn read(&self, key: &str, at: Timestamp) -> Result<Adjustment, Problem> {
        let reason = self.reason.trim();
        if reason.is_empty() || reason.chars().count() > LONGEST_REASON || reason.chars().any(char::is_control) {
            return Err(unprocessable(
                "reason",
                "a reason of 1 to 500 characters, without control characters, is required",
            ));
        }
        let change = match (self.by, self.available, self.on_hand) {
            (Some(0), None, None) => return Err(unprocessable("change", "an adjustment by 0 changes nothing")),
            (Some(units), None, None) => StockChange::By(units),
            (None, Some(units), None) => StockChange::AvailableTo(units),
            (None, None, Some(units)) => StockChange::OnHandTo(units),
            _ => return Err(unprocessable("change", "exactly one of by, available and on_hand is required")),
        };
        let (StockChange::By(units) | StockChange::AvailableTo(units) | StockChange::OnHandTo(units)) = change;
        if units.unsigned_abs() > MOST_UNITS {
            return Err(unprocessable("change", "no more than 1000000000 units at once"));
        }
        let (location_id, reason) = (self.location_id, reason.to_owned());
        Ok(Adjustment { location_id, change, reason, idempotency_key: key.to_owned(), at })
    }
}

/// Far more than any warehouse holds, and far from where sums of 64 bits end.
const MOST_UNITS: u64 = 1_000_000_000;

fn unprocessable(code: &'static str, detail: &'static str) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail)
}

impl Refused for StockError {
    fn problem(&self) -> Problem {
        match self {
            Self::KeyReused => unprocessable(
                "key_reused",
                "this Idempotency-Key was used for another adjustment of this item: take a new key for a new request",
            ),
            Self::NotStocked(_) => {
                unprocessable("not_stocked", "the item is not stocked at this location: connect it in Shopify first")
            }
        }
    }
}
