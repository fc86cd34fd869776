//! What Shopify's bodies look like besides the sample: each oddity that breaks naive readers.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use aggregates::{Command, ObserveCommand, OrderCommand, OrderSnapshot, ResourceCommand};
use events::{DraftOrder, FulfillmentStatus, Money, MoneySet, Sealed};
use shopify::{Delivery, Translation, translate};

const NEWEST: &str = "2026-07";

fn read(topic: &str, body: &str) -> Command {
    let shop = "acme".parse().unwrap();
    let body = body.as_bytes();
    let delivery = Delivery {
        topic: Some(topic),
        shop: &shop,
        api_version: Some(NEWEST),
        triggered_at: None,
        received_at: events::Timestamp::UNIX_EPOCH,
        body,
    };
    match translate(&delivery).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(body))) {
        Translation::Commands(commands) => commands.into_iter().next().unwrap(),
        Translation::Kept(reason) => panic!("kept: {reason}"),
    }
}

/// An object in which some fields are written otherwise; nothing passes through a float.
fn with(fields: &[(&str, &str)], otherwise: &[(&str, &str)]) -> String {
    let fields: BTreeMap<&str, &str> = fields.iter().chain(otherwise).copied().collect();
    let fields: Vec<String> = fields.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}", fields.join(","))
}

const LINE: &[(&str, &str)] = &[
    ("id", "11"),
    ("variant_id", "31"),
    ("product_id", "21"),
    ("title", r#""Tea""#),
    ("quantity", "2"),
    ("current_quantity", "2"),
    ("price", r#""10.00""#),
    ("gift_card", "false"),
    ("variant_inventory_management", r#""shopify""#),
];

const ORDER: &[(&str, &str)] = &[
    ("id", "9007199254740993"),
    ("name", r##""#1""##),
    ("created_at", r#""2026-03-29T20:00:26+05:30""#),
    ("updated_at", r#""2026-03-29T20:00:28+05:30""#),
    ("currency", r#""USD""#),
    ("financial_status", r#""paid""#),
    ("fulfillment_status", "null"),
    ("total_price", r#""20.00""#),
    ("subtotal_price", r#""20.00""#),
    ("total_tax", r#""0.00""#),
    ("total_discounts", r#""0.00""#),
    ("shipping_lines", "[]"),
    ("line_items", "[]"),
];

fn order(otherwise: &[(&str, &str)]) -> OrderSnapshot {
    match read("orders/updated", &with(ORDER, otherwise)) {
        Command::Order(_, OrderCommand::Snapshot(snapshot)) => *snapshot,
        other => panic!("{other:?}"),
    }
}

fn line(otherwise: &[(&str, &str)]) -> events::Line {
    order(&[("line_items", &format!("[{}]", with(LINE, otherwise)))]).lines.remove(0)
}

fn dollars(amount: &str) -> Money {
    Money::new(amount.parse().unwrap(), "USD".parse().unwrap())
}

const ADDRESS: &str = r#"{"city":"Lyon","zip":"69001","first_name":null,"latitude":LAT,"longitude":LAT}"#;

#[test]
fn an_address_is_an_object_or_null_or_an_empty_list_or_missing() {
    for nothing in ["null", "[]", "[ ]"] {
        let addresses = order(&[("shipping_address", nothing), ("billing_address", nothing)]).addresses;
        assert_eq!((addresses.shipping, addresses.billing), (None, None), "{nothing}");
    }
    assert_eq!(order(&[]).addresses.shipping, None);
    for latitude in ["null", "45.41634", r#""45.41634""#, "-75", "4.541634e1"] {
        let shipping = order(&[("shipping_address", &ADDRESS.replace("LAT", latitude))]).addresses.shipping.unwrap();
        assert_eq!((shipping.city, shipping.first_name), (Some(Sealed::Open("Lyon".to_owned())), None), "{latitude}");
    }
}

#[test]
fn a_customer_is_an_object_or_null_or_missing() {
    assert_eq!(order(&[]).contact.customer_id, None);
    assert_eq!(order(&[("customer", "null")]).contact.customer_id, None);
    let id = order(&[("customer", r#"{"id":9223372036854775807}"#)]).contact.customer_id.unwrap();
    assert_eq!(id.get(), 9_223_372_036_854_775_807);
}

#[test]
fn an_amount_is_a_string_or_a_number_and_always_exact() {
    for price in [r#""0.1""#, "0.1", "0.10", "1e-1", r#""0.100""#] {
        assert_eq!(line(&[("price", price)]).price, MoneySet::same(dollars("0.1")), "{price}");
    }
    // Neither survives a 64-bit float.
    for exact in ["12345678901234567.89", "0.1234567890123456789012345678"] {
        assert_eq!(line(&[("price", exact)]).price.shop, dollars(exact));
        assert_eq!(line(&[("price", &format!("\"{exact}\""))]).price.shop, dollars(exact));
    }
}

#[test]
fn an_id_of_another_thing_is_a_number_or_its_digits_and_never_rounded() {
    for product in ["9007199254740993", r#""9007199254740993""#] {
        assert_eq!(line(&[("product_id", product)]).product_id.unwrap().get(), (1 << 53) + 1, "{product}");
    }
    for nothing in ["null", r#""""#] {
        assert_eq!(line(&[("product_id", nothing), ("variant_id", nothing)]).product_id, None, "{nothing}");
    }
}

#[test]
fn a_refund_lines_sums_are_integers_or_fractions_and_do_not_matter() {
    for sum in ["0", "17.28", r#""17.28""#, "null"] {
        let line = format!(
            r#"{{"id":1,"line_item_id":11,"quantity":1,"restock_type":"return","location_id":null,"subtotal":{sum},"total_tax":{sum}}}"#
        );
        let refunds = format!(r#"[{{"id":71,"created_at":"2026-03-29T20:00:28Z","refund_line_items":[{line}]}}]"#);
        assert_eq!(order(&[("refunds", &refunds)]).refunds[0].lines[0].quantity, 1, "{sum}");
    }
}

#[test]
fn properties_are_a_list_or_an_object_or_null() {
    for properties in ["[]", r#"[{"name":"a","value":1}]"#, r#"{"a":"b"}"#, "{}", "null"] {
        assert_eq!(line(&[("properties", properties)]).quantity, 2, "{properties}");
    }
}

#[test]
fn a_removed_line_stays_and_counts_nothing() {
    let line = line(&[("current_quantity", "0"), ("fulfillable_quantity", "0")]);
    assert_eq!((line.quantity, line.current_quantity), (2, 0));
}

#[test]
fn a_gift_card_is_not_counted_in_stock() {
    let line = line(&[
        ("gift_card", "true"),
        ("fulfillment_service", r#""gift_card""#),
        ("variant_inventory_management", "null"),
        ("requires_shipping", "false"),
    ]);
    assert!(line.gift_card && !line.tracked);
}

#[test]
fn a_custom_line_has_no_product_and_no_stock() {
    let nothing = [("product_id", "null"), ("variant_id", "null"), ("sku", r#""""#)];
    let line = line(&[&nothing[..], &[("variant_inventory_management", "null")]].concat());
    assert_eq!((line.product_id, line.variant_id, line.sku, line.tracked), (None, None, None, false));
}

#[test]
fn a_discount_is_in_its_allocations_though_the_line_says_none() {
    let allocation = |amount: &str| {
        format!(
            r#"{{"amount":"{amount}","discount_application_index":0,"amount_set":{{"shop_money":{{"amount":"{amount}","currency_code":"USD"}},"presentment_money":{{"amount":"{amount}","currency_code":"USD"}}}}}}"#
        )
    };
    let allocations = format!("[{},{}]", allocation("1.10"), allocation("0.20"));
    let line = line(&[("total_discount", r#""0.00""#), ("discount_allocations", &allocations)]);
    assert_eq!(line.discount.shop, dollars("1.3"));
}

#[test]
fn a_sale_at_the_till_has_neither_customer_nor_address() {
    let order = order(&[
        ("source_name", r#""pos""#),
        ("customer", "null"),
        ("shipping_address", "null"),
        ("location_id", "81"),
        ("email", r#""""#),
        ("fulfillment_status", r#""fulfilled""#),
    ]);
    assert_eq!((order.source_name.as_deref(), order.contact.email), (Some("pos"), None));
    assert_eq!(order.fulfillment_status, FulfillmentStatus::Fulfilled);
}

#[test]
fn an_order_of_a_business_on_payment_terms_is_pending() {
    let terms =
        r#"{"id":161,"payment_terms_name":"Net 30","payment_schedules":[{"id":162,"amount":20,"currency":"USD"}]}"#;
    let order = order(&[
        ("company", r#"{"id":121,"location_id":122}"#),
        ("po_number", r#""PO-7""#),
        ("payment_terms", terms),
        ("financial_status", r#""pending""#),
        ("total_tax", "null"),
    ]);
    assert_eq!(order.financial_status, events::FinancialStatus::Pending);
    assert_eq!(order.totals.tax.shop, dollars("0"));
}

#[test]
fn both_currencies_of_a_price_are_kept() {
    let set = |shop: &str, buyer: &str| {
        format!(
            r#"{{"shop_money":{{"amount":"{shop}","currency_code":"USD"}},"presentment_money":{{"amount":"{buyer}","currency_code":"JPY"}}}}"#
        )
    };
    let order = order(&[("presentment_currency", r#""JPY""#), ("total_price_set", &set("20.00", "2990"))]);
    let yen = Money::new("2990".parse().unwrap(), "JPY".parse().unwrap());
    assert_eq!(order.totals.total, MoneySet { shop: dollars("20"), presentment: yen });
    assert_eq!(order.currency, "USD".parse().unwrap());
}

#[test]
fn a_transactions_set_calls_its_currency_otherwise() {
    let unsettled =
        r#"{"presentment_money":{"amount":"1.00","currency":"USD"},"shop_money":{"amount":"1.00","currency":"USD"}}"#;
    let body = format!(
        r#"{{"id":61,"order_id":5,"kind":"capture","status":"success","amount":"1.00","currency":"USD","processed_at":"2026-03-29T18:00:26Z","receipt":{{"anything":[1,{{}}]}},"total_unsettled_set":{unsettled}}}"#
    );
    let Command::Order(_, OrderCommand::Transaction(transaction)) = read("order_transactions/create", &body) else {
        panic!()
    };
    assert_eq!(transaction.amount, dollars("1"));
}

#[test]
fn keys_with_a_question_mark_are_read() {
    let body = r##"{"id":111,"name":"#D1","status":"open","currency":"USD","b2b?":true,"allow_discount_codes_in_checkout?":false,"created_at":"2026-03-29T18:00:26Z","updated_at":"2026-03-29T18:00:26Z","line_items":[],"subtotal_price":1.10,"total_tax":"0","total_price":"1.1","customer":null,"shipping_address":[],"applied_discount":null,"tags":""}"##;
    let Command::Resource(id, ResourceCommand::DraftOrder(ObserveCommand::Observe { snapshot, .. })) =
        read("draft_orders/create", body)
    else {
        panic!()
    };
    let draft: DraftOrder = *snapshot;
    assert_eq!((id.as_str(), draft.b2b, draft.subtotal), ("111", true, dollars("1.1")));
}

#[test]
fn times_are_the_same_instant_in_any_zone() {
    let read = |text: &str| order(&[("updated_at", &format!("\"{text}\""))]).as_of.updated_at;
    let expected = "2026-03-29T14:30:28Z".parse().unwrap();
    for text in
        ["2026-03-29T20:00:28+05:30", "2026-03-29T14:30:28Z", "2026-03-30T01:30:28+11:00", "2026-03-29T09:30:28-05:00"]
    {
        assert_eq!(read(text), expected, "{text}");
    }
}

#[test]
fn escaped_slashes_and_unknown_fields_change_nothing() {
    let plain = order(&[("note", r#""a/b""#)]);
    let escaped = order(&[("note", r#""a\/b""#), ("a_field_of_2031", r#"{"deep":[1,2]}"#)]);
    assert_eq!((plain.note, plain.totals), (escaped.note, escaped.totals));
}
