//! `order_lines`: one row per order line, found by its variant.
//!
//! A local copy for services, not shown by the API. The lines of a deleted order stay: what is
//! allocated to them has still to be settled.

use db::{Column, Database, Select, Value};
use events::{AggregateKind, Event, Line, LineId, OrderEvent, OrderId, ProductId, Recorded, Shop, VariantId};
use serde::{Deserialize, Serialize};

use super::id_column;
use crate::read::every;
use crate::{Found, Projection, ReadError};

/// What its readers wait for.
pub const READS: &[&str] = &[OrderLines::NAME];

pub struct OrderLines;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OrderLineRow {
    pub order_id: OrderId,
    pub line_id: LineId,
    pub product_id: Option<ProductId>,
    pub variant_id: Option<VariantId>,
    pub sku: Option<String>,
    /// As ordered.
    pub quantity: u32,
    /// After edits and refunds.
    pub current_quantity: u32,
    pub gift_card: bool,
    /// Whether Shopify counts its stock.
    pub tracked: bool,
}

impl Projection for OrderLines {
    const NAME: &'static str = "order_lines";
    const VERSION: u32 = 1;
    const COLUMNS: &'static [Column] = &[Column::integer("order_id"), Column::integer("variant_id")];
    const INDEXES: &'static [&'static [&'static str]] = &[&["order_id"], &["variant_id"]];
    const KINDS: &'static [AggregateKind] = &[AggregateKind::Order];

    type Row = OrderLineRow;

    fn keys(event: &Recorded<Event>) -> Vec<String> {
        let order = &event.envelope.key.id;
        let key = |line: LineId| format!("{order}/{line}");
        match &event.event {
            Event::Order(OrderEvent::Placed(placed)) => placed.lines.iter().map(|line| key(line.id)).collect(),
            Event::Order(OrderEvent::Edited(edited)) => {
                edited.lines.iter().map(|line| line.id).chain(edited.removed.iter().copied()).map(key).collect()
            }
            Event::Order(OrderEvent::Refunded(refunded)) => {
                refunded.quantities.iter().map(|line| key(line.line_id)).collect()
            }
            _ => Vec::new(),
        }
    }

    fn project(id: &str, row: Option<OrderLineRow>, event: &Recorded<Event>) -> Option<OrderLineRow> {
        let Some((order_id, line_id)) = ids(id) else { return row };
        let stands = |lines: &[Line]| lines.iter().find(|line| line.id == line_id).map(|line| new(order_id, line));
        match &event.event {
            Event::Order(OrderEvent::Placed(placed)) => stands(&placed.lines).or(row),
            Event::Order(OrderEvent::Edited(edited)) if edited.removed.contains(&line_id) => None,
            Event::Order(OrderEvent::Edited(edited)) => stands(&edited.lines).or(row),
            Event::Order(OrderEvent::Refunded(refunded)) => {
                let after = refunded.quantities.iter().find(|held| held.line_id == line_id);
                let quantity = after.map(|held| held.current_quantity);
                row.map(|row| OrderLineRow { current_quantity: quantity.unwrap_or(row.current_quantity), ..row })
            }
            _ => row,
        }
    }

    fn columns(row: &OrderLineRow) -> Vec<Value> {
        vec![id_column(row.order_id.get()), row.variant_id.map_or(Value::Null, |id| id_column(id.get()))]
    }
}

/// Every line, of whatever order, that is of this variant.
pub async fn of_variant(db: &Database, shop: &Shop, id: VariantId) -> Result<Vec<Found<OrderLineRow>>, ReadError> {
    every::<OrderLines>(db, Select::all_with(shop, "variant_id", id_column(id.get()))).await
}

/// Every line of an order.
pub async fn of_order(db: &Database, shop: &Shop, id: OrderId) -> Result<Vec<Found<OrderLineRow>>, ReadError> {
    every::<OrderLines>(db, Select::all_with(shop, "order_id", id_column(id.get()))).await
}

fn ids(key: &str) -> Option<(OrderId, LineId)> {
    let (order, line) = key.split_once('/')?;
    Some((order.parse().ok()?, line.parse().ok()?))
}

fn new(order_id: OrderId, line: &Line) -> OrderLineRow {
    OrderLineRow {
        order_id,
        line_id: line.id,
        product_id: line.product_id,
        variant_id: line.variant_id,
        sku: line.sku.clone(),
        quantity: line.quantity,
        current_quantity: line.current_quantity,
        gift_card: line.gift_card,
        tracked: line.tracked,
    }
}
