use aggregates::{Command, OrderCommand};
use events::{LineId, OrderId, ReturnId, ReturnLine, ReturnTold};
use serde::Deserialize;

use crate::wire::{AnyId, Id, List, Object, Text, nonempty};
use crate::{Reading, Unreadable};

/// `returns/*`, of those that name their order: its number, or an object with it.
pub(crate) fn changed(delivery: &Reading<'_>) -> Result<Vec<Command>, Unreadable> {
    let body: ReturnBody<'_> = delivery.decode()?;
    let (id, order): (ReturnId, _) =
        (body.admin_graphql_api_id.of("Return")?, body.order.map(|Object(order)| order.id));
    let Id(order_id) = body.order_id.or(order).ok_or_else(|| Unreadable::missing("order_id"))?;
    let lines = match (body.return_line_items, body.total_return_line_items) {
        (Some(List(lines)), _) if !lines.is_empty() => {
            Some(lines.into_iter().map(|Object(line)| line.line()).collect::<Result<_, _>>()?)
        }
        (Some(_), None | Some(0)) => Some(Vec::new()),
        // Shopify counts lines that it does not show.
        _ => None,
    };
    let told = ReturnTold { status: body.status.as_str().to_owned(), name: nonempty(body.name), lines };
    let as_of = delivery.as_of(delivery.triggered_at());
    Ok(vec![Command::Order(order_id, OrderCommand::Return { id, as_of, told })])
}

#[derive(Deserialize)]
struct ReturnBody<'a> {
    #[serde(borrow)]
    admin_graphql_api_id: AnyId<'a>,
    status: Text<'a>,
    name: Option<Text<'a>>,
    order_id: Option<Id<OrderId>>,
    order: Option<Object<OrderBody>>,
    return_line_items: Option<List<ReturnLineBody<'a>>>,
    total_return_line_items: Option<u32>,
}

#[derive(Deserialize)]
struct OrderBody {
    id: Id<OrderId>,
}

#[derive(Deserialize)]
struct ReturnLineBody<'a> {
    #[serde(borrow)]
    fulfillment_line_item: Option<Object<FulfillmentLineBody<'a>>>,
    quantity: u32,
    return_reason: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct FulfillmentLineBody<'a> {
    #[serde(borrow)]
    line_item: Option<Object<LineBody<'a>>>,
}

#[derive(Deserialize)]
struct LineBody<'a> {
    #[serde(borrow)]
    id: AnyId<'a>,
}

impl ReturnLineBody<'_> {
    fn line(self) -> Result<ReturnLine, Unreadable> {
        let line = self.fulfillment_line_item.and_then(|Object(line)| line.line_item);
        let line_id = line.map(|Object(line)| line.id.of::<LineId>("LineItem")).transpose()?;
        Ok(ReturnLine { line_id, quantity: self.quantity, reason: nonempty(self.return_reason) })
    }
}
