use aggregates::{Command, OrderCommand};
use events::{Currency, LineId, LocationId, OrderId, Refund, RefundId, RefundLine, RestockType, Timestamp};
use serde::Deserialize;

use crate::transaction::TransactionBody;
use crate::wire::{Id, List, Object, PriceSet, Reference, Text, optional, personal};
use crate::{Reading, Unreadable};

/// `refunds/create`.
pub(crate) fn created(delivery: &Reading<'_>) -> Result<Vec<Command>, Unreadable> {
    let body: RefundBody<'_> = delivery.decode()?;
    let Id(order_id) = body.order_id.ok_or_else(|| Unreadable::missing("order_id"))?;
    if body.refund_line_items.is_none() {
        return Err(Unreadable::missing("refund_line_items"));
    }
    Ok(vec![Command::Order(order_id, OrderCommand::Refund(body.refund(None)?))])
}

/// A refund, on its own or inside its order.
#[derive(Deserialize)]
pub(crate) struct RefundBody<'a> {
    id: Id<RefundId>,
    order_id: Option<Id<OrderId>>,
    created_at: Option<Timestamp>,
    processed_at: Option<Timestamp>,
    #[serde(borrow)]
    note: Option<Text<'a>>,
    restock: Option<bool>,
    refund_line_items: Option<List<RefundLineBody<'a>>>,
    total_duties_set: Option<Object<PriceSet>>,
    #[serde(default)]
    transactions: List<TransactionBody<'a>>,
}

#[derive(Deserialize)]
struct RefundLineBody<'a> {
    line_item_id: Id<LineId>,
    quantity: u32,
    #[serde(borrow)]
    restock_type: Option<Text<'a>>,
    location_id: Option<Reference<LocationId>>,
    subtotal_set: Option<Object<PriceSet>>,
}

impl RefundBody<'_> {
    /// `currency` is the order's, for transactions that do not name theirs.
    pub(crate) fn refund(self, currency: Option<Currency>) -> Result<Refund, Unreadable> {
        let (Id(id), restock) = (self.id, self.restock);
        let at = self.created_at.or(self.processed_at).ok_or_else(|| Unreadable::missing("created_at"))?;
        let currency = currency.or_else(|| self.shop_currency());
        let lines = self.refund_line_items.unwrap_or_default().0;
        let transactions = self.transactions.0.into_iter().map(|Object(body)| body.transaction(currency, Some(at)));
        Ok(Refund {
            id,
            created_at: at,
            note: personal(self.note),
            lines: lines.into_iter().map(|Object(line)| line.line(restock)).collect(),
            transactions: transactions.collect::<Result<_, _>>()?,
        })
    }

    fn shop_currency(&self) -> Option<Currency> {
        let subtotals = self.refund_line_items.iter().flat_map(|lines| &lines.0).map(|Object(line)| &line.subtotal_set);
        let set = std::iter::once(&self.total_duties_set).chain(subtotals).flatten().next();
        set.map(|Object(set)| set.shop_currency())
    }

    /// How many units of a line these refunds take off.
    pub(crate) fn quantity_of(refunds: &List<RefundBody<'_>>, line: LineId) -> u32 {
        let lines =
            refunds.0.iter().flat_map(|Object(refund)| refund.refund_line_items.iter().flat_map(|lines| &lines.0));
        let quantities =
            lines.filter(|Object(refunded)| refunded.line_item_id == Id(line)).map(|Object(line)| line.quantity);
        quantities.fold(0, u32::saturating_add)
    }
}

impl RefundLineBody<'_> {
    fn line(self, restock: Option<bool>) -> RefundLine {
        let (Id(line_id), location_id) = (self.line_item_id, optional(self.location_id));
        let restock_type = restock_type(self.restock_type.as_ref().map(Text::as_str), restock);
        RefundLine { line_id, quantity: self.quantity, restock_type, location_id }
    }
}

/// Before lines had a type, the whole refund said whether it restocks. A type that we do not know moves no stock.
fn restock_type(restock_type: Option<&str>, restock: Option<bool>) -> RestockType {
    match (restock_type, restock) {
        (Some("cancel"), _) => RestockType::Cancel,
        (Some("return"), _) => RestockType::Return,
        (Some("legacy_restock"), _) | (None, Some(true)) => RestockType::LegacyRestock,
        _ => RestockType::NoRestock,
    }
}
