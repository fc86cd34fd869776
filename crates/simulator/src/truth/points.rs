//! What a loyalty program gives that promises a point for each whole unit of money, at once: in whole
//! cents, and by nothing but what the bodies say.

use serde_json::{Value, json};

use crate::order::{Line, Order};
use crate::store::Store;

/// The account of a customer whose points have not expired and who has redeemed none.
pub(super) fn account(store: &Store, customer: usize) -> Value {
    let mut orders: Vec<&Order> = store.orders.iter().filter(|order| order.customer == Some(customer)).collect();
    orders.sort_by_key(|order| (order.placed_at, order.id));
    let lots = orders.iter().map(|order| (order.id, points(order))).filter(|(_, points)| *points > 0);
    let lots: Vec<Value> =
        lots.map(|(id, points)| json!({"order_id": id.to_string(), "points": points, "granted": points})).collect();
    let sum: i64 = orders.iter().map(|order| points(order)).sum();
    json!({"points": sum, "pending": 0, "lots": lots})
}

fn points(order: &Order) -> i64 {
    let status = order.financial_status();
    let paid = matches!(status, "paid" | "partially_refunded" | "refunded");
    if !paid || order.test || order.deleted || order.cancelled.is_some() {
        return 0;
    }
    let goods = || order.lines.iter().filter(|line| !line.gift_card);
    let bought: i64 = goods().map(|line| worth(line, line.quantity - line.removed)).sum();
    let back: i64 = goods().map(|line| worth(line, line.dropped + line.returned)).sum();
    let earned = bought / 100;
    if status == "refunded" || back >= bought {
        return 0;
    }
    earned - (2 * earned * back + bought) / (2 * bought)
}

/// What so many units of a line cost, as its price, its whole quantity and its whole discount say: half up.
fn worth(line: &Line, units: u32) -> i64 {
    let (all, units) = (i64::from(line.quantity), i64::from(units));
    let net = (line.price * all - line.discount).max(0);
    (2 * net * units + all) / (2 * all)
}
