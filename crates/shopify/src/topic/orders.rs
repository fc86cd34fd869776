//! Orders, what happens to them, and drafts of them.

use events::DraftOrder;

use super::Part::Number;
use super::Version::Field;
use super::{ID, ORDER_ID, TRIGGERED_AT, Topic, UPDATED_AT, deleted, observed, typed};
use crate::{edit, fulfillment, order, protection, refund, risk, shipment, transaction};

pub(super) static TOPICS: &[Topic] = &[
    typed("orders/create", "order", ID, UPDATED_AT, order::snapshot),
    typed("orders/updated", "order", ID, UPDATED_AT, order::snapshot),
    typed("orders/paid", "order", ID, UPDATED_AT, order::snapshot),
    typed("orders/cancelled", "order", ID, UPDATED_AT, order::snapshot),
    typed("orders/fulfilled", "order", ID, UPDATED_AT, order::snapshot),
    typed("orders/partially_fulfilled", "order", ID, UPDATED_AT, order::snapshot),
    typed("orders/link_requested", "order", ID, UPDATED_AT, order::snapshot),
    typed("orders/edited", "order", &[Number("order_edit.order_id")], Field("order_edit.committed_at"), edit::edited),
    typed("orders/delete", "order", ID, TRIGGERED_AT, order::deleted),
    typed("orders/risk_assessment_changed", "order", ORDER_ID, Field("created_at"), risk::assessed),
    typed("orders/shopify_protect_eligibility_changed", "order", ORDER_ID, TRIGGERED_AT, protection::changed),
    typed("refunds/create", "order", ORDER_ID, Field("created_at"), refund::created),
    typed("order_transactions/create", "order", ORDER_ID, Field("processed_at"), transaction::created),
    typed("fulfillments/create", "order", ORDER_ID, UPDATED_AT, fulfillment::changed),
    typed("fulfillments/update", "order", ORDER_ID, UPDATED_AT, fulfillment::changed),
    typed("fulfillment_events/create", "order", ORDER_ID, UPDATED_AT, shipment::tracked),
    typed("fulfillment_events/delete", "order", ORDER_ID, UPDATED_AT, shipment::withdrawn),
    observed::<DraftOrder>("draft_orders/create", ID, UPDATED_AT),
    observed::<DraftOrder>("draft_orders/update", ID, UPDATED_AT),
    deleted::<DraftOrder>("draft_orders/delete", ID, TRIGGERED_AT),
];
