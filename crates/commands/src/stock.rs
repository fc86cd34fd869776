use std::borrow::Cow;

use aggregates::{Adjustment, Stock, StockCommand, StockError};
use events::{AggregateKey, AggregateKind, InventoryItemId, LocationId, StockChange, Timestamp};
use http::StatusCode;
use query::Problem;
use query::limits::{WORDS, is_words};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::call::{Call, Done};
use crate::refusal::Refused;
use crate::whole::whole;

/// Characters of a reason.
const LONGEST_REASON: usize = 500;

/// Exactly one of `by`, `available` and `on_hand`, in units.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("oneOf" = ["by", "available", "on_hand"].map(said)))]
pub(crate) struct AdjustmentRequest {
    location_id: LocationId,
    /// So many more, or fewer.
    #[schemars(extend("not" = {"const": 0}))]
    by: Option<Units>,
    /// So many are to be available.
    available: Option<Units>,
    /// So many were counted, the promised ones included.
    on_hand: Option<Units>,
    /// For the history: who counted, what broke. One line.
    #[schemars(length(min = 1, max = LONGEST_REASON), extend("pattern" = WORDS))]
    reason: String,
}

/// A field is there, and is not null.
fn said(field: &str) -> Value {
    json!({"required": [field], "properties": {field: {"type": "integer"}}})
}

/// So many pieces.
#[derive(Debug, Clone, Copy, Deserialize)]
struct Units(#[serde(deserialize_with = "whole")] i64);

impl JsonSchema for Units {
    fn schema_name() -> Cow<'static, str> {
        "Units".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "integer", "minimum": -MOST_UNITS, "maximum": MOST_UNITS})
    }
}

/// What was carried out. The stock itself is read at `GET …/stock/{inventory_item_id}?min_position=`.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct AdjustmentView {
    inventory_item_id: InventoryItemId,
    location_id: LocationId,
    reason: String,
    /// From here on reads show it.
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
        if !is_words(&self.reason, LONGEST_REASON) {
            return Err(unprocessable(
                "reason",
                "a reason of 1 to 500 characters, without control characters, is required",
            ));
        }
        let change = match (self.by, self.available, self.on_hand) {
            (Some(Units(0)), None, None) => return Err(unprocessable("change", "an adjustment by 0 changes nothing")),
            (Some(Units(units)), None, None) => StockChange::By(units),
            (None, Some(Units(units)), None) => StockChange::AvailableTo(units),
            (None, None, Some(Units(units))) => StockChange::OnHandTo(units),
            _ => return Err(unprocessable("change", "exactly one of by, available and on_hand is required")),
        };
        let (StockChange::By(units) | StockChange::AvailableTo(units) | StockChange::OnHandTo(units)) = change;
        if !(-MOST_UNITS..=MOST_UNITS).contains(&units) {
            return Err(unprocessable("change", "no more than 1000000000 units at once"));
        }
        let (location_id, reason) = (self.location_id, self.reason.trim().to_owned());
        Ok(Adjustment { location_id, change, reason, idempotency_key: key.to_owned(), at })
    }
}

/// Far more than any warehouse holds, and far from where sums of 64 bits end.
const MOST_UNITS: i64 = 1_000_000_000;

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
