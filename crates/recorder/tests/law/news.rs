//! Webhooks that tell a part, mostly without a time of their own.

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};

use super::{Webhook, any_of, second, time, webhook};

fn gid(kind: &str, id: u32) -> String {
    format!("gid://shopify/{kind}/{id}")
}

pub(super) fn of_a_return() -> impl Strategy<Value = Webhook> {
    let id = || 1_u32..3;
    let told = (id(), select(vec!["requested", "open", "declined"]), subsequence(vec![1_u32, 2], 0..=2));
    let told = told.prop_map(|(id, status, lines)| {
        let line = |line: &u32| {
            let of = json!({"id": line, "line_item": {"id": line, "admin_graphql_api_id": gid("LineItem", *line)}});
            json!({"id": line, "quantity": line, "return_reason": "unwanted", "fulfillment_line_item": of})
        };
        let shown: Vec<Value> = lines.iter().map(line).collect();
        json!({"id": id, "admin_graphql_api_id": gid("Return", id), "status": status, "order": {"id": 1},
               "name": format!("#1-R{id}"), "return_line_items": shown, "total_return_line_items": lines.len()})
    });
    let ended = (id(), select(vec!["closed", "canceled", "open"])).prop_map(
        |(id, status)| json!({"id": id, "admin_graphql_api_id": gid("Return", id), "status": status, "order_id": 1}),
    );
    prop_oneof![
        any_of(vec!["returns/request", "returns/approve", "returns/decline", "returns/process"], told),
        any_of(vec!["returns/close", "returns/cancel", "returns/reopen"], ended),
    ]
}

/// What is told of it without its order.
pub(super) fn of_a_return_alone() -> impl Strategy<Value = Webhook> {
    let update = (1_u32..4, any::<bool>()).prop_map(|(delta, fees)| {
        let removal = json!({"admin_graphql_api_id": gid("ReturnLineItem", 1), "delta": delta});
        json!({"admin_graphql_api_id": gid("Return", 1), "return_line_items": {"removals": [removal]},
               "restocking_fees": fees.then(|| json!([]))})
    });
    let attached = (1_u32..3, "[AB]").prop_map(|(id, number)| {
        json!({"id": id, "admin_graphql_api_id": gid("ReverseDelivery", id), "return": {"id": 1},
               "shipping_deliverable": {"tracking_number": number}})
    });
    prop_oneof![webhook("returns/update", update), webhook("reverse_deliveries/attach_deliverable", attached)]
}

pub(super) fn of_a_risk() -> impl Strategy<Value = Webhook> {
    let body = (prop::option::of(1_u32..3), select(vec!["LOW", "HIGH"]), second());
    let body = body.prop_map(
        |(provider, level, at)| json!({"order_id": 1, "provider_id": provider, "risk_level": level, "created_at": at}),
    );
    webhook("orders/risk_assessment_changed", body)
}

pub(super) fn of_a_customer() -> impl Strategy<Value = Webhook> {
    let tags = (subsequence(vec!["a", "b", "c"], 1..=3), second())
        .prop_map(|(tags, at)| json!({"customerId": gid("Customer", 1), "tags": tags, "occurredAt": at}));
    let state = || select(vec!["subscribed", "unsubscribed"]);
    let consent =
        |state: &str, at: Option<String>| json!({"state": state, "opt_in_level": null, "consent_updated_at": at});
    let email = (state(), prop::option::of(second())).prop_map(move |(state, at)| {
        json!({"customer_id": 1, "email_address": "a@example.com", "email_marketing_consent": consent(state, at)})
    });
    let sms = (state(), prop::option::of(second()))
        .prop_map(move |(state, at)| json!({"id": 1, "phone": null, "sms_marketing_consent": consent(state, at)}));
    let summary = (0_u32..3, second()).prop_map(|(count, at)| {
        json!({"customerId": gid("Customer", 1), "numberOfOrders": count, "occurredAt": at, "lastOrderId": null,
               "amountSpent": {"amount": "1.00", "currencyCode": "EUR"}})
    });
    let merge = (2_u32..4, select(vec!["completed", "failed"])).prop_map(|(kept, status)| {
        json!({"admin_graphql_api_customer_kept_id": gid("Customer", kept), "status": status, "errors": [],
               "admin_graphql_api_customer_deleted_id": gid("Customer", 1), "admin_graphql_api_job_id": null})
    });
    let orders = || subsequence(vec![7_u32, 8, 9], 0..=3);
    let asked = (1_u32..3, orders()).prop_map(|(request, orders)| {
        json!({"shop_id": 1, "shop_domain": "acme.myshopify.com", "customer": {"id": 1, "email": "a@example.com"},
               "orders_requested": orders, "data_request": {"id": request}})
    });
    let redact = orders().prop_map(|orders| {
        json!({"shop_id": 1, "shop_domain": "acme.myshopify.com", "customer": {"id": 1}, "orders_to_redact": orders})
    });
    let segment = (1_u32..3).prop_map(|segment| json!({"shop_id": 1, "customer_id": 1, "segment_id": segment}));
    let whats_app = (state(), prop::option::of(second()))
        .prop_map(move |(state, at)| json!({"customer_id": 1, "whats_app_marketing_consent": consent(state, at)}));
    prop_oneof![
        2 => any_of(vec!["customer.joined_segment", "customer.left_segment"], segment),
        1 => webhook("customers_whats_app_marketing_consent/update", whats_app),
        4 => any_of(vec!["customer.tags_added", "customer.tags_removed"], tags),
        1 => webhook("customers_email_marketing_consent/update", email),
        1 => webhook("customers_marketing_consent/update", sms),
        1 => webhook("customers/purchasing_summary", summary),
        1 => webhook("customers/merge", merge),
        1 => webhook("customers/data_request", asked),
        1 => webhook("customers/redact", redact),
    ]
}

/// A fulfilment order, as little or as much of it as a version says.
fn fulfillment_order() -> impl Strategy<Value = Value> {
    let status = prop::option::of(select(vec!["open", "on_hold", "closed", "cancelled"]));
    let parts = (1_u32..4, status, prop::option::of(1_u32..3), prop::option::of(1_u32..3), prop::option::of(second()));
    parts.prop_map(|(id, status, location, quantity, at)| {
        let mut body = json!({"id": gid("FulfillmentOrder", id), "status": status});
        if let Some(location) = location {
            body["assigned_location_id"] = json!(gid("Location", location));
        }
        if let Some(quantity) = quantity {
            body["order_id"] = json!(1);
            body["line_items"] = json!([{"id": 1, "line_item_id": 1, "quantity": quantity}]);
        }
        if let Some(at) = at {
            body["fulfill_at"] = json!(at);
        }
        body
    })
}

pub(super) fn of_fulfillment_orders() -> impl Strategy<Value = Webhook> {
    let one = || fulfillment_order();
    let hold = || (1_u32..3).prop_map(|id| json!({"id": gid("FulfillmentHold", id), "reason": "other"}));
    let single = one().prop_map(|one| json!({"fulfillment_order": one}));
    let moved = (one(), one()).prop_map(|(original, moved)| {
        json!({"original_fulfillment_order": original, "moved_fulfillment_order": moved,
               "destination_location_id": gid("Location", 2)})
    });
    let split = (one(), one(), one()).prop_map(|(original, remaining, replacement)| {
        json!({"fulfillment_order": original, "remaining_fulfillment_order": remaining,
               "replacement_fulfillment_order": replacement, "split_line_items": []})
    });
    let merged = (one(), 1_u32..4).prop_map(|(result, from)| {
        json!({"fulfillment_order_merges": {"fulfillment_order": result},
               "merge_intents": [{"fulfillment_order_id": from, "fulfillment_order_line_items": []}]})
    });
    let cancelled = (one(), prop::option::of(one()))
        .prop_map(|(one, other)| json!({"fulfillment_order": one, "replacement_fulfillment_order": other}));
    let held =
        (one(), hold()).prop_map(|(one, hold)| json!({"fulfillment_order": one, "created_fulfillment_hold": hold}));
    let holds = (one(), hold()).prop_map(|(one, hold)| json!({"fulfillment_order": one, "fulfillment_hold": hold}));
    let plain = vec![
        "fulfillment_orders/cancellation_request_accepted",
        "fulfillment_orders/cancellation_request_rejected",
        "fulfillment_orders/cancellation_request_submitted",
        "fulfillment_orders/fulfillment_request_accepted",
        "fulfillment_orders/fulfillment_request_rejected",
        "fulfillment_orders/fulfillment_service_failed_to_complete",
        "fulfillment_orders/hold_released",
        "fulfillment_orders/line_items_prepared_for_local_delivery",
        "fulfillment_orders/line_items_prepared_for_pickup",
        "fulfillment_orders/manually_reported_progress_stopped",
        "fulfillment_orders/order_routing_complete",
        "fulfillment_orders/progress_reported",
        "fulfillment_orders/rescheduled",
        "fulfillment_orders/scheduled_fulfillment_order_ready",
    ];
    let submitted = (one(), one()).prop_map(|(original, submitted)| {
        json!({"original_fulfillment_order": original, "submitted_fulfillment_order": submitted})
    });
    prop_oneof![
        3 => any_of(plain, single),
        1 => webhook("fulfillment_orders/fulfillment_request_submitted", submitted),
        1 => webhook("fulfillment_orders/moved", moved),
        1 => webhook("fulfillment_orders/split", split),
        1 => webhook("fulfillment_orders/merged", merged),
        1 => webhook("fulfillment_orders/cancelled", cancelled),
        1 => webhook("fulfillment_orders/placed_on_hold", held),
        2 => any_of(vec!["fulfillment_holds/added", "fulfillment_holds/released"], holds),
    ]
}

pub(super) fn of_a_checkout() -> impl Strategy<Value = Webhook> {
    let body = (second(), prop::option::of(second()), 1_u32..3).prop_map(|(at, completed, quantity)| {
        json!({"token": "t", "created_at": time(1), "updated_at": at, "completed_at": completed, "currency": "EUR",
               "total_price": "2.00", "shipping_address": [], "customer": null, "line_items":
               [{"title": "tea", "quantity": quantity, "price": "2.00", "variant_id": 5, "product_id": 1}]})
    });
    any_of(vec!["checkouts/create", "checkouts/update"], body)
}

pub(super) fn of_the_shop() -> impl Strategy<Value = Webhook> {
    let body = || {
        ("[ab]", prop::option::of(second())).prop_map(
            |(name, at)| json!({"id": 1, "name": name, "myshopify_domain": "acme.myshopify.com", "updated_at": at}),
        )
    };
    let redact = Just(json!({"shop_id": 1, "shop_domain": "acme.myshopify.com"}));
    let scopes = (subsequence(vec!["read_orders", "write_orders"], 0..=2), second()).prop_map(
        |(scopes, at)| json!({"id": 1, "shop_id": gid("Shop", 1), "previous": [], "current": scopes, "updated_at": at}),
    );
    prop_oneof![
        2 => webhook("app/scopes_update", scopes),
        3 => webhook("shop/update", body()),
        2 => webhook("app/uninstalled", body()),
        1 => webhook("shop/redact", redact),
    ]
}
