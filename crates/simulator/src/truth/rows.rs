use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Expected, StockTotals, points};
use crate::catalogue::{Product, Variant};
use crate::clock::utc;
use crate::market::{CURRENCY, amount};
use crate::order::{Fulfillment, Line, Order, Refund};
use crate::people::Customer;
use crate::store::Store;

/// Every path with what it must answer.
pub(super) fn all(store: &Store) -> Vec<(String, Expected)> {
    let mut all = Vec::new();
    let mut add = |noun: &str, id: u64, gone: bool, expected: &dyn Fn() -> Expected| {
        let path = format!("/v1/{}/{noun}/{id}", store.shop);
        all.push((path, if gone { Expected::Gone } else { expected() }));
    };
    for one in &store.orders {
        add("orders", one.id, one.deleted, &|| Expected::Row(order(store, one)));
    }
    for product_of in &store.catalogue.products {
        add("products", product_of.id, product_of.deleted, &|| Expected::Row(product(product_of)));
        for variant in product_of.variants.iter().filter(|variant| variant.tracked) {
            let gone = product_of.deleted || variant.removed;
            add("stock", variant.item, gone, &|| Expected::Stock(stock(store, variant)));
        }
    }
    for (at, one) in store.customers.iter().enumerate() {
        add("customers", one.id, one.deleted, &|| Expected::Row(customer(store, at, one)));
    }
    for (at, one) in store.customers.iter().enumerate() {
        let path = format!("/v1/{}/customers/{}/loyalty", store.shop, one.id);
        // Who never ordered has no points that could outlive them.
        all.push((path, if one.deleted { Expected::Gone } else { Expected::Row(points::account(store, at)) }));
    }
    all
}

fn money(cents: i64) -> Value {
    json!({"amount": amount(cents), "currency": CURRENCY})
}

fn id(id: u64) -> String {
    id.to_string()
}

fn order(store: &Store, order: &Order) -> Value {
    let customer = order.customer.map(|at| id(store.customers[at].id));
    json!({
        "id": id(order.id),
        "name": format!("#{}", order.number),
        "placed_at": utc(order.placed_at),
        "updated_at": utc(order.updated_at),
        "cancelled_at": order.cancelled.map(|(at, _)| utc(at)),
        "closed_at": order.closed_at.map(utc),
        "test": order.test,
        "currency": CURRENCY,
        "financial_status": order.financial_status(),
        "fulfillment_status": order.fulfillment_status(),
        "customer_id": customer,
        "total": money(order.ordered.total),
        "current_total": money(order.current_total()),
        "subtotal": money(order.ordered.subtotal),
        "total_tax": money(order.ordered.tax),
        "total_discounts": money(order.ordered.discounts),
        "total_shipping": money(order.shipping),
        "refunded": money(order.refunded()),
        "tags": order.tags,
        "lines": by_id(order.lines.iter().map(|of| (of.id, line(of)))),
        "refunds": by_id(order.refunds.iter().map(|of| (of.id, refund(order, of)))),
        "fulfillments": by_id(order.fulfillments.iter().map(|of| (of.id, fulfillment(order, of)))),
    })
}

fn by_id(rows: impl Iterator<Item = (u64, Value)>) -> Vec<Value> {
    rows.collect::<BTreeMap<u64, Value>>().into_values().collect()
}

fn line(line: &Line) -> Value {
    json!({
        "id": id(line.id),
        "product_id": line.article.map(|(product, _, _)| id(product)),
        "variant_id": line.article.map(|(_, variant, _)| id(variant)),
        "sku": line.sku,
        "title": line.title,
        "quantity": line.quantity,
        "current_quantity": line.current(),
        "fulfilled_quantity": line.shipped,
        "price": money(line.price),
        "discount": money(line.discount),
    })
}

fn refund(order: &Order, refund: &Refund) -> Value {
    let own = order.transactions.iter().filter(|one| refund.transactions.contains(&one.id));
    let given_back = own.filter(|one| one.status == "success").map(|one| one.cents).sum();
    let lines = refund.lines.iter().map(|line| {
        json!({
            "line_id": id(order.lines[line.line].id),
            "quantity": line.quantity,
            "restock_type": line.restock,
            "location_id": line.location.map(id),
        })
    });
    json!({
        "id": id(refund.id),
        "created_at": utc(refund.at),
        "amount": money(given_back),
        "lines": lines.collect::<Vec<_>>(),
    })
}

fn fulfillment(order: &Order, fulfillment: &Fulfillment) -> Value {
    let tracking = fulfillment.tracking.as_ref();
    let lines = fulfillment.lines.iter();
    let lines = lines.map(|(at, units)| json!({"line_id": id(order.lines[*at].id), "quantity": units}));
    json!({
        "id": id(fulfillment.id),
        "status": fulfillment.status,
        "tracking_number": tracking.map(|(_, number)| number),
        "tracking_company": tracking.map(|(company, _)| company),
        "location_id": fulfillment.location.map(id),
        "lines": lines.collect::<Vec<_>>(),
    })
}

fn product(product: &Product) -> Value {
    let variants = product.living().map(|at| &product.variants[at]);
    let variant = |variant: &Variant| {
        json!({
            "id": id(variant.id),
            "inventory_item_id": id(variant.item),
            "sku": variant.sku,
            "price": money(variant.price),
            "title": variant.title,
        })
    };
    json!({
        "id": id(product.id),
        "title": product.title,
        "handle": product.handle,
        "vendor": product.vendor,
        "product_type": product.kind,
        "status": product.status,
        "published_at": product.published_at.map(utc),
        "variants": by_id(variants.map(|of| (of.id, variant(of)))),
    })
}

/// Counts are over the customer's orders without test and deleted ones.
fn customer(store: &Store, at: usize, customer: &Customer) -> Value {
    let counts = |order: &&Order| order.customer == Some(at) && !order.test && !order.deleted;
    let orders: Vec<&Order> = store.orders.iter().filter(counts).collect();
    let paid = |order: &&&Order| matches!(order.financial_status(), "paid" | "partially_refunded" | "refunded");
    let spent: i64 = orders.iter().filter(paid).map(|order| order.ordered.total - order.refunded()).sum();
    let placed = || orders.iter().map(|order| order.placed_at);
    json!({
        "id": id(customer.id),
        "first_name": customer.first_name,
        "last_name": customer.last_name,
        "email": customer.email,
        "phone": customer.phone,
        "tags": customer.tags,
        "orders_count": orders.len(),
        "total_spent": (!orders.is_empty()).then(|| money(spent)),
        "first_order_at": placed().min().map(utc),
        "last_order_at": placed().max().map(utc),
    })
}

fn stock(store: &Store, variant: &Variant) -> StockTotals {
    let available = store.stock.of(variant.item).map(|(location, level)| (id(location), level.available));
    let mut allocated = BTreeMap::new();
    for order in &store.orders {
        for line in order.lines.iter().filter(|line| line.item() == Some(variant.item)) {
            let units: i64 = line.committed.values().map(|units| i64::from(*units)).sum();
            if units > 0 {
                allocated.insert((id(order.id), id(line.id)), units);
            }
        }
    }
    StockTotals { variant_id: id(variant.id), sku: variant.sku.clone(), available: available.collect(), allocated }
}
