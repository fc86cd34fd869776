//! What real-looking bodies mean.

#![allow(clippy::unwrap_used)]

use aggregates::{
    Cancellation, Command, CustomerCommand, OrderCommand, OrderSnapshot, ProductCommand, ShopCommand, StockCommand,
};
use events::*;
use shopify::{Delivery, Translation, Unreadable, translate};

const TRIGGERED_AT: &str = "2026-04-02T04:30:00.5Z";

fn shop() -> Shop {
    "acme".parse().unwrap()
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn read(topic: &str, body: &str) -> Result<Vec<Command>, Unreadable> {
    let triggered_at = Some(time(TRIGGERED_AT));
    let delivery = Delivery {
        topic: Some(topic),
        shop: &shop(),
        api_version: None,
        triggered_at,
        received_at: events::Timestamp::UNIX_EPOCH,
        body: body.as_bytes(),
    };
    match translate(&delivery)? {
        Translation::Commands(commands) => Ok(commands),
        Translation::Kept(reason) => panic!("{topic} was kept: {reason}"),
    }
}

fn only(topic: &str, body: &str) -> Command {
    let commands = read(topic, body).unwrap();
    assert_eq!(commands.len(), 1, "{commands:?}");
    commands.into_iter().next().unwrap()
}

fn order(body: &str) -> OrderSnapshot {
    match only("orders/updated", body) {
        Command::Order(_, OrderCommand::Snapshot(snapshot)) => *snapshot,
        other => panic!("{other:?}"),
    }
}

fn id<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

fn money(amount: &str, currency: &str) -> Money {
    Money::new(amount.parse().unwrap(), currency.parse().unwrap())
}

fn both(shop: &str, presentment: &str) -> MoneySet {
    MoneySet { shop: money(shop, "INR"), presentment: money(presentment, "EUR") }
}

/// A word of a person, as it has just been told.
fn told(text: &str) -> Option<Sealed> {
    Some(Sealed::Open(text.to_owned()))
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

const ORDER: &str = include_str!("fixtures/order.json");
const OLD_ORDER: &str = include_str!("fixtures/order_of_old_version.json");
const PRODUCT: &str = include_str!("fixtures/product.json");
const CUSTOMER: &str = include_str!("fixtures/customer.json");
const REFUND: &str = include_str!("fixtures/refund.json");
const FULFILLMENT: &str = r#"{"id":4410000000001,"order_id":5678901234567890123,"status":"cancelled","created_at":"2026-03-30T09:00:00+05:30","updated_at":"2026-03-31T09:00:00+05:30","tracking_company":null,"shipment_status":null,"location_id":null,"origin_address":null,"destination":{"latitude":null},"line_items":[{"id":1300000000001,"quantity":1,"price":"1260.00"}],"tracking_number":null,"tracking_url":null,"receipt":{}}"#;
const TRANSACTION: &str = r#"{"id":628000000001,"order_id":5678901234567890123,"kind":"sale","gateway":"shopify_payments","status":"pending","created_at":"2026-03-29T23:30:24+05:30","processed_at":"2026-03-29T23:30:25+05:30","amount":"3598.00","currency":"INR","receipt":{}}"#;
const EDIT: &str = r#"{"order_edit":{"id":78912328793123770,"app_id":null,"created_at":"2026-03-30T00:00:00+05:30","notify_customer":false,"order_id":5678901234567890123,"staff_note":"","user_id":1,"committed_at":"2026-03-30T00:00:01+05:30","line_items":{"additions":[{"id":1300000000004,"delta":2}],"removals":[{"id":1300000000003,"delta":1}]},"discounts":{"line_item":{"additions":[],"removals":[]}},"shipping_lines":{"additions":[],"removals":[]}}}"#;
const LEVEL: &str = r#"{"inventory_item_id":770000000001,"location_id":65500000001,"available":-2,"updated_at":"2026-03-01T12:00:00+01:00","admin_graphql_api_id":"gid:\/\/shopify\/InventoryLevel\/1?inventory_item_id=770000000001"}"#;
const ITEM: &str = r#"{"id":770000000001,"sku":"TP-BLUE","created_at":"2026-01-01T00:00:00Z","updated_at":"2026-03-01T12:00:00+01:00","requires_shipping":true,"cost":"25.00","tracked":true,"country_harmonized_system_codes":[],"admin_graphql_api_id":"gid:\/\/shopify\/InventoryItem\/770000000001"}"#;
const SHOP: &str = r#"{"id":548380009,"name":"Acme","domain":null,"myshopify_domain":"acme.myshopify.com","created_at":null,"plan_name":"enterprise"}"#;

#[test]
fn an_order_is_read_whole() {
    let order = order(ORDER);
    assert_eq!(order.as_of.updated_at, time("2026-04-02T04:30:00Z"));
    assert_eq!(order.as_of.triggered_at, Some(time(TRIGGERED_AT)));
    assert_eq!(order.as_of.digest.len(), 16);
    assert_eq!(order.placed_at, time("2026-03-29T18:00:25Z"));
    assert_eq!((order.name.as_str(), order.test, order.currency), ("#WEB2537", false, id("INR")));
    assert_eq!(order.source_name, some("web"));
    let customer_id = Some(id("7890123456789012345"));
    assert_eq!(order.contact, OrderContact { customer_id, email: told("ada@example.com"), phone: None });
    assert_eq!(order.addresses.billing, None);
    let shipping = order.addresses.shipping.unwrap();
    assert_eq!(shipping.last_name, told("Lövela"));
    assert_eq!((shipping.address2, shipping.province_code), (None, some("MH")));
    assert_eq!(order.tags, ["vip", "first order"]);
    assert_eq!(order.note, told("Leave at the door 🚪"));
    assert_eq!(order.financial_status, FinancialStatus::PartiallyRefunded);
    assert_eq!(order.fulfillment_status, FulfillmentStatus::Partial);
    assert_eq!((order.cancelled, order.closed_at), (None, None));
    let totals = Totals {
        total: both("3598", "38.92"),
        current_total: both("2598", "28.10"),
        subtotal: both("3548", "38.38"),
        tax: both("541.22", "5.85"),
        discounts: both("252", "2.73"),
        shipping: both("50", "0.54"),
    };
    assert_eq!(order.totals, totals);
}

#[test]
fn the_lines_of_an_order_say_what_is_counted_and_what_is_off() {
    let lines = order(ORDER).lines;
    let tea_pot = Line {
        id: id("1300000000001"),
        product_id: Some(id("880000000001")),
        variant_id: Some(id("990000000001")),
        sku: some("TP-BLUE"),
        title: "Tea pot".to_owned(),
        quantity: 2,
        current_quantity: 1,
        price: both("1260", "13.63"),
        discount: both("252", "2.73"),
        gift_card: false,
        tracked: true,
    };
    assert_eq!(lines[0], tea_pot);
    let shown = |line: &Line| (line.sku.clone(), line.gift_card, line.tracked, line.variant_id.map(VariantId::get));
    assert_eq!(shown(&lines[1]), (None, true, false, Some(990_000_000_002)));
    assert_eq!(shown(&lines[2]), (None, false, false, None));
    assert_eq!(lines[2].price, MoneySet::same(money("280", "INR")));
    assert_eq!((lines[2].quantity, lines[2].current_quantity), (1, 0));
}

#[test]
fn an_order_brings_its_refunds_and_fulfilments() {
    let order = order(ORDER);
    let transaction = Transaction {
        id: id("628000000002"),
        kind: TransactionKind::Refund,
        status: TransactionStatus::Success,
        amount: money("1000", "INR"),
        gateway: some("shopify_payments"),
        processed_at: time("2026-04-02T04:29:58Z"),
    };
    let line =
        RefundLine { line_id: id("1300000000001"), quantity: 1, restock_type: RestockType::Return, location_id: None };
    let refund = Refund {
        id: id("929000000001"),
        created_at: time("2026-04-02T04:29:59Z"),
        note: told("chipped"),
        lines: vec![line],
        transactions: vec![transaction],
    };
    assert_eq!(order.refunds, [refund]);
    let fulfillment = Fulfillment {
        id: id("4410000000001"),
        status: FulfillmentState::Success,
        created_at: time("2026-03-30T03:30:00Z"),
        updated_at: time("2026-03-30T03:30:01Z"),
        location_id: Some(id("65500000001")),
        tracking_company: some("DHL"),
        tracking_number: some("00340434"),
        tracking_url: some("https://dhl.example/?n=00340434"),
        shipment_status: some("in_transit"),
        lines: vec![FulfillmentLine { line_id: id("1300000000001"), quantity: 1 }],
    };
    assert_eq!(order.fulfillments, [fulfillment]);
}

#[test]
fn an_order_of_an_old_version_is_read_too() {
    let order = order(OLD_ORDER);
    let usd = |amount| MoneySet::same(money(amount, "USD"));
    assert_eq!((order.name.as_str(), order.test), ("#1001", true));
    assert_eq!(order.placed_at, time("2018-01-10T16:00:00Z"), "created_at, because processed_at is null");
    assert_eq!(order.contact, OrderContact::default());
    assert_eq!(order.addresses, OrderAddresses { billing: Some(Box::default()), shipping: None });
    assert_eq!((order.tags.len(), order.note), (0, None));
    let (at, reason) = (time("2018-01-11T13:00:00Z"), some("customer"));
    assert_eq!(order.cancelled, Some(Cancellation { at, reason }));
    assert_eq!(order.fulfillment_status, FulfillmentStatus::Unfulfilled);
    assert_eq!((order.totals.total, order.totals.current_total), (usd("409.94"), usd("409.94")));
    assert_eq!(order.totals.tax, usd("0"));
    assert_eq!(order.totals.shipping, usd("11.94"));
    let ipod = &order.lines[0];
    assert_eq!((ipod.product_id, ipod.variant_id), (Some(id("7513594")), Some(id("4264112"))));
    assert_eq!((ipod.title.as_str(), ipod.quantity, ipod.current_quantity), ("IPod - Pink", 3, 1));
    assert_eq!((ipod.price, ipod.discount, ipod.tracked), (usd("199.99"), usd("5"), true));
    assert_eq!((order.lines[1].product_id, order.lines[1].tracked), (None, false));
    assert_eq!(order.fulfillments[0].status, FulfillmentState::Pending);
    assert!(order.fulfillments[0].lines.is_empty());
    let refund = &order.refunds[0];
    assert_eq!(refund.lines[0].restock_type, RestockType::LegacyRestock);
    assert_eq!(refund.transactions[0].amount, money("209", "USD"));
    assert_eq!(refund.transactions[0].processed_at, time("2018-01-11T12:59:59Z"));
    let other = &refund.transactions[1];
    assert_eq!((other.kind, other.status), (TransactionKind::Other, TransactionStatus::Pending));
    assert_eq!(other.processed_at, refund.created_at);
}

#[test]
fn all_full_order_topics_mean_the_same() {
    let updated = only("orders/updated", ORDER);
    for topic in ["create", "paid", "cancelled", "fulfilled", "partially_fulfilled"] {
        assert_eq!(only(&format!("orders/{topic}"), ORDER), updated, "{topic}");
    }
}

#[test]
fn a_line_without_the_key_of_its_tracking_counts_when_it_has_a_variant() {
    let without = ORDER.replace(r#","variant_inventory_management":null"#, "");
    let tracked: Vec<bool> = order(&without).lines.iter().map(|line| line.tracked).collect();
    assert_eq!(tracked, [true, false, false], "the gift card and the custom line do not");
    let without = without.replace(r#""gift_card":true"#, r#""gift_card":false"#);
    assert!(order(&without).lines[1].tracked);
}

#[test]
fn an_order_without_what_a_snapshot_must_say_is_unreadable() {
    let without = |text: &str, with: &str| {
        let body = ORDER.replacen(text, with, 1);
        assert_ne!(body, ORDER, "{text}");
        read("orders/create", &body).unwrap_err()
    };
    for (text, field) in [
        (r#""id":5678901234567890123,"admin"#, "id"),
        (r#""created_at":"2026-03-29T23:30:26+05:30""#, "created_at"),
        (r#""updated_at":"2026-04-02T10:00:00+05:30""#, "updated_at"),
        (r#""currency":"INR","current"#, "currency"),
        (r#""line_items":[{"id":1300000000001,"current"#, "line_items"),
        (r#""financial_status":"partially_refunded""#, "financial_status"),
    ] {
        let renamed = text.replacen(&format!("\"{field}\""), "\"x\"", 1);
        assert_eq!(without(text, &renamed), Unreadable::Shape(format!("missing field `{field}`")));
    }
    let unnamed = ORDER.replace(r#""name":"#, r#""x":"#).replace(r#""order_number""#, r#""y""#);
    assert_eq!(read("orders/create", &unnamed).unwrap_err().reason(), "wrong_shape");
    let text = r#""total_price":"3598.00","total_price_set""#;
    assert_eq!(without(text, r#""x":1,"y""#), Unreadable::Shape("missing field `total_price`".to_owned()));
    let text = r#""total_tax":"541.22","total_tax_set""#;
    assert_eq!(without(text, r#""x":1,"y""#), Unreadable::Shape("missing field `total_tax`".to_owned()));
}

#[test]
fn values_out_of_range_are_unreadable_and_never_shown() {
    let cases = [
        (r#""id":5678901234567890123,"#, r#""id":9223372036854775808,"#),
        (r#""id":5678901234567890123,"#, r#""id":"5678901234567890123","#),
        (r#""id":5678901234567890123,"#, r#""id":-1,"#),
        (r#""id":5678901234567890123,"#, r#""id":5.0,"#),
        (r#""id":5678901234567890123,"#, r#""id":1e3,"#),
        (r#""quantity":2,"sku""#, r#""quantity":-1,"sku""#),
        (r#""quantity":2,"sku""#, r#""quantity":4294967296,"sku""#),
        (r#""quantity":2,"sku""#, r#""quantity":2.5,"sku""#),
        (r#""currency":"INR","current"#, r#""currency":"inr","current"#),
        (r#""price":"280.00""#, r#""price":"secret""#),
        (r#""price":"280.00""#, r#""price":"1e3""#),
        (r#""price":"280.00""#, r#""price":"123456789012345678901234567890""#),
        (r#""created_at":"2026-03-29T23:30:26+05:30""#, r#""created_at":"2026-03-29T23:30:26""#),
        (r#""created_at":"2026-03-29T23:30:26+05:30""#, r#""created_at":"""#),
        (r#""customer":{"#, r#""customer":"secret","was":{"#),
        (
            r#""price_set":{"shop_money":{"amount":"1260.00","currency_code":"INR"}"#,
            r#""price_set":{"shop_money":["1260.00","INR"]"#,
        ),
        (r#""refund_line_items":[{"#, r#""refund_line_items":[[],{"#),
    ];
    for (text, bad) in cases {
        let body = ORDER.replacen(text, bad, 1);
        assert_ne!(body, ORDER, "{text}");
        let error = read("orders/create", &body).unwrap_err();
        assert_eq!(error.reason(), "wrong_shape", "{bad}: {error}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}

#[test]
fn a_line_discount_that_cannot_be_summed_is_unreadable() {
    let body =
        ORDER.replacen(r#""amount":"0.57","currency_code":"EUR""#, r#""amount":"0.57","currency_code":"USD""#, 1);
    assert_eq!(
        read("orders/create", &body),
        Err(Unreadable::Shape("`discount_allocations` is out of range".to_owned()))
    );
}

#[test]
fn a_refund_of_its_own_is_read() {
    let Command::Order(order_id, OrderCommand::Refund(refund)) = only("refunds/create", REFUND) else { panic!() };
    assert_eq!(order_id, id("5678901234567890123"));
    let lines: Vec<_> = refund.lines.iter().map(|line| (line.restock_type, line.location_id)).collect();
    assert_eq!(
        lines,
        [(RestockType::Return, Some(id("65500000001"))), (RestockType::Cancel, None), (RestockType::NoRestock, None)]
    );
    assert_eq!(refund.transactions[0].amount, money("1000", "INR"), "the shop's currency, from its duties");
    assert_eq!(refund.transactions[0].processed_at, time("2026-04-02T04:29:58Z"));
}

#[test]
fn a_fulfilment_and_its_cancellation_are_read() {
    for topic in ["fulfillments/create", "fulfillments/update"] {
        let Command::Order(order_id, OrderCommand::Fulfillment(fulfillment)) = only(topic, FULFILLMENT) else {
            panic!()
        };
        assert_eq!(order_id, id("5678901234567890123"));
        assert_eq!((fulfillment.status, fulfillment.location_id), (FulfillmentState::Cancelled, None));
        assert_eq!(fulfillment.lines, [FulfillmentLine { line_id: id("1300000000001"), quantity: 1 }]);
    }
}

#[test]
fn a_transaction_and_an_edit_are_read() {
    let Command::Order(_, OrderCommand::Transaction(transaction)) = only("order_transactions/create", TRANSACTION)
    else {
        panic!()
    };
    assert_eq!((transaction.kind, transaction.status), (TransactionKind::Sale, TransactionStatus::Pending));
    let Command::Order(order_id, OrderCommand::Edit(edit)) = only("orders/edited", EDIT) else { panic!() };
    let expected = Edit {
        id: id("78912328793123770"),
        committed_at: time("2026-03-29T18:30:01Z"),
        additions: vec![LineDelta { line_id: id("1300000000004"), quantity: 2 }],
        removals: vec![LineDelta { line_id: id("1300000000003"), quantity: 1 }],
    };
    assert_eq!((order_id, edit), (id("5678901234567890123"), expected));
}

#[test]
fn a_product_is_read_with_the_variants_it_only_names() {
    let Command::Product(product_id, ProductCommand::Snapshot(product)) = only("products/update", PRODUCT) else {
        panic!()
    };
    assert_eq!(product_id, id("880000000001"));
    assert_eq!(product.published_at, Some(time("2026-01-02T09:00:00Z")));
    assert_eq!(product.description.product_type, None);
    assert_eq!(product.description.tags, ["ceramic", "kitchen"]);
    let blue = Variant {
        id: id("990000000001"),
        inventory_item_id: Some(id("770000000001")),
        sku: some("TP-BLUE"),
        title: "Blue".to_owned(),
        price: "1260".parse().unwrap(),
        compare_at_price: None,
    };
    let green = Variant {
        id: id("990000000003"),
        inventory_item_id: None,
        sku: None,
        title: "Green".to_owned(),
        price: "1300.50".parse().unwrap(),
        compare_at_price: Some("1500.5".parse().unwrap()),
    };
    assert_eq!(product.variants, [blue, green]);
    assert_eq!(product.further_variants, [id("990000000101")]);
}

#[test]
fn a_customer_is_read_with_and_without_tags() {
    let customer = |body: &str| match only("customers/update", body) {
        Command::Customer(_, CustomerCommand::Snapshot(snapshot)) => *snapshot,
        other => panic!("{other:?}"),
    };
    let read = customer(CUSTOMER);
    assert_eq!(read.created_at, time("2026-03-29T18:00:26Z"), "updated_at, because created_at is null");
    assert_eq!((read.profile.first_name, read.profile.last_name, read.profile.phone), (told("Ada"), None, None));
    assert_eq!(read.default_address.unwrap().company, None);
    assert_eq!((read.tags, read.enabled), (None, true));
    let tagged = customer(&CUSTOMER.replace(r#""currency":"INR""#, r#""tags":"a,b""#));
    assert_eq!(tagged.tags, Some(vec!["a".to_owned(), "b".to_owned()]));
    assert!(!customer(&CUSTOMER.replace(r#""enabled""#, r#""invited""#)).enabled);
}

#[test]
fn stock_levels_are_observations() {
    let (item, location_id) = (id("770000000001"), id("65500000001"));
    let at = time("2026-03-01T11:00:00Z");
    let observation = Observation { at, triggered_at: Some(time(TRIGGERED_AT)), available: -2 };
    let observe = Command::Stock(item, StockCommand::Observe { location_id, observation });
    let connect = Command::Stock(item, StockCommand::Connect { location_id, at });
    let uncounted = LEVEL.replace("-2", "null");
    assert_eq!(only("inventory_levels/update", LEVEL), observe);
    assert_eq!(only("inventory_levels/update", &uncounted), connect);
    assert_eq!(read("inventory_levels/connect", LEVEL).unwrap(), [connect.clone(), observe]);
    assert_eq!(read("inventory_levels/connect", &uncounted).unwrap(), [connect]);
    let gone = r#"{"inventory_item_id":770000000001,"location_id":65500000001}"#;
    let disconnect = Command::Stock(item, StockCommand::Disconnect { location_id, at: time(TRIGGERED_AT) });
    assert_eq!(read("inventory_levels/disconnect", gone).unwrap(), [disconnect]);
}

#[test]
fn an_inventory_item_is_described() {
    let Command::Stock(_, StockCommand::Describe { as_of, sku, tracked }) = only("inventory_items/update", ITEM) else {
        panic!()
    };
    assert_eq!((as_of.updated_at, sku, tracked), (time("2026-03-01T11:00:00Z"), some("TP-BLUE"), true));
}

#[test]
fn a_deletion_happens_when_it_was_triggered_and_never_when_it_was_received() {
    let at = time(TRIGGERED_AT);
    let item = r#"{"id":5,"country_code_of_origin":null,"admin_graphql_api_id":"gid://shopify/InventoryItem/5"}"#;
    assert_eq!(only("orders/delete", r#"{"id":5}"#), Command::Order(id("5"), OrderCommand::Delete { at }));
    assert_eq!(only("products/delete", r#"{"id":5}"#), Command::Product(id("5"), ProductCommand::Delete { at }));
    assert_eq!(only("customers/delete", r#"{"id":5}"#), Command::Customer(id("5"), CustomerCommand::Delete { at }));
    assert_eq!(only("inventory_items/delete", item), Command::Stock(id("5"), StockCommand::Retire { at }));
    assert_eq!(only("app/uninstalled", SHOP), Command::Shop(ShopCommand::Uninstall { at }));

    let untimed = Delivery {
        topic: Some("orders/delete"),
        shop: &shop(),
        api_version: None,
        triggered_at: None,
        received_at: Timestamp::UNIX_EPOCH,
        body: br#"{"id":5}"#,
    };
    let delete = Command::Order(id("5"), OrderCommand::Delete { at: Timestamp::UNIX_EPOCH });
    assert_eq!(translate(&untimed), Ok(Translation::Commands(vec![delete])));
}

#[test]
fn a_body_under_the_topic_of_another_shape_is_unreadable() {
    let bodies = [
        ("orders/create", ORDER),
        ("refunds/create", REFUND),
        ("fulfillments/create", FULFILLMENT),
        ("order_transactions/create", TRANSACTION),
        ("orders/edited", EDIT),
        ("products/create", PRODUCT),
        ("customers/create", CUSTOMER),
        ("inventory_levels/update", LEVEL),
        ("inventory_items/create", ITEM),
        ("app/uninstalled", SHOP),
    ];
    let deletes = [
        "orders/delete",
        "products/delete",
        "customers/delete",
        "inventory_items/delete",
        "inventory_levels/disconnect",
    ];
    for (own, body) in bodies {
        read(own, body).unwrap();
        let foreign = bodies.iter().map(|(topic, _)| *topic).filter(|topic| *topic != own).chain(deletes);
        // A shop's record says neither when it was made nor of what it is, so a deletion of its number it could be.
        for topic in foreign.filter(|topic| own != "app/uninstalled" || !topic.ends_with("/delete")) {
            let error = read(topic, body).expect_err(&format!("the body of {own} under {topic}"));
            assert_eq!(error.reason(), "wrong_shape");
        }
    }
}

#[test]
fn a_body_of_another_shop_or_resource_is_unreadable() {
    let foreign = SHOP.replace("acme.", "other.");
    assert_eq!(read("app/uninstalled", &foreign), Err(Unreadable::ForeignShop));
    assert_eq!(
        only("app/uninstalled", &SHOP.replace(r#""acme.myshopify.com""#, "null")),
        only("app/uninstalled", SHOP)
    );
    let product = r#"{"id":5,"admin_graphql_api_id":"gid://shopify/Product/5"}"#;
    assert_eq!(read("customers/delete", product).unwrap_err().reason(), "wrong_shape");
    let other_id = r#"{"id":5,"admin_graphql_api_id":"gid://shopify/Customer/6"}"#;
    assert_eq!(read("customers/delete", other_id).unwrap_err().reason(), "wrong_shape");
}

#[test]
fn a_topic_that_nobody_knows_is_unreadable_and_says_so() {
    let body = b"not even JSON";
    let delivery = |topic| {
        translate(&Delivery {
            topic,
            shop: &shop(),
            api_version: None,
            triggered_at: None,
            received_at: events::Timestamp::UNIX_EPOCH,
            body,
        })
    };
    for topic in ["carts/abandon", "", "orders/*", "../../x", "orders/create ", "ORDERS/CREATE", ">"] {
        assert_eq!(delivery(Some(topic)), Err(Unreadable::UnknownTopic), "{topic}");
    }
    assert_eq!(delivery(None), Err(Unreadable::NoTopic));
}
