use super::json::{self, Json};
use crate::market::CURRENCY;
use crate::order::{Order, Transaction};

/// `order_transactions/create`.
pub(crate) fn transaction(order: &Order, transaction: &Transaction) -> String {
    json::object(|json| members(json, order, transaction))
}

/// Of a transaction on its own, and inside a refund.
pub(super) fn members(json: &mut Json, order: &Order, transaction: &Transaction) {
    json.number("id", transaction.id);
    json.number("order_id", order.id);
    json.text("kind", transaction.kind);
    json.text("gateway", order.gateway);
    json.text("status", transaction.status);
    json.maybe("message", (transaction.status == "failure").then_some("Your card was declined."));
    json.time("created_at", transaction.at);
    json.number("test", order.test);
    json.maybe("authorization", (transaction.kind == "authorization").then_some("ch_1001"));
    json.constant(r#""location_id":null,"user_id":null"#);
    json.maybe_number("parent_id", transaction.parent);
    json.time("processed_at", transaction.at);
    json.constant(r#""device_id":null"#);
    json.maybe("error_code", (transaction.status == "failure").then_some("card_declined"));
    json.text("source_name", order.source);
    json.constant(r#""receipt":{},"currency_exchange_adjustment":null"#);
    json.amount("amount", transaction.cents);
    json.text("currency", CURRENCY);
    json.text("payment_id", &format!("#{}.1", order.number));
    unsettled(json, order);
    json.number("manual_payment_gateway", order.gateway == "manual");
    json.constant(r#""amount_rounding":null"#);
    json.gid("OrderTransaction", transaction.id);
}

/// This one set names its currency otherwise than all others.
fn unsettled(json: &mut Json, order: &Order) {
    json.object("total_unsettled_set", |json| {
        for (key, currency) in [("presentment_money", order.market.currency), ("shop_money", CURRENCY)] {
            json.object(key, |json| {
                json.text("amount", "0.0");
                json.text("currency", currency);
            });
        }
    });
}
