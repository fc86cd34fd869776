//! What bodies mean that tell a part of something: mostly as Shopify's own samples show them.

#![allow(clippy::unwrap_used)]

use aggregates::{Command, CustomerCommand, FulfillmentOrderCommand, OrderCommand, ReturnCommand, ShopCommand};
use events::*;
use shopify::{Delivery, Translation, Unreadable, translate};

const TRIGGERED_AT: &str = "2026-04-02T04:30:00.5Z";

fn read(topic: &str, body: &str) -> Result<Vec<Command>, Unreadable> {
    let (shop, triggered_at) = ("acme".parse().unwrap(), Some(time(TRIGGERED_AT)));
    let delivery = Delivery {
        topic: Some(topic),
        shop: &shop,
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

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn id<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn fulfillment_orders(topic: &str, body: &str) -> Vec<FulfillmentOrderCommand> {
    let told = |command| match command {
        Command::FulfillmentOrder(command) => command,
        other => panic!("{other:?}"),
    };
    read(topic, body).unwrap().into_iter().map(told).collect()
}

#[test]
fn a_move_tells_of_both_fulfillment_orders() {
    let body = r#"{"original_fulfillment_order":{"id":"gid://shopify/FulfillmentOrder/1","status":"closed",
        "assigned_location_id":"gid://shopify/Location/8"},"moved_fulfillment_order":
        {"id":"gid://shopify/FulfillmentOrder/2","status":"open"},
        "destination_location_id":"gid://shopify/Location/9","source_location":{"id":"gid://shopify/Location/8"}}"#;
    let told = fulfillment_orders("fulfillment_orders/moved", body);
    assert_eq!(told.iter().map(|told| told.id).collect::<Vec<_>>(), [id("1"), id("2")]);
    assert_eq!(told[0].as_of.updated_at, time(TRIGGERED_AT), "its body says no time");
    let locations: Vec<_> = told.iter().map(|told| told.told.location_id).collect();
    assert_eq!(locations, [Some(id("8")), Some(id("9"))]);
    assert_eq!((&told[0].told.replaced_by, &told[1].told.replaces), (&vec![id("2")], &vec![id("1")]));
    assert_eq!((&told[0].told.status, &told[1].told.status), (&some("closed"), &some("open")));
}

#[test]
fn a_fulfillment_order_that_a_version_shows_whole_is_read_whole() {
    let body = r#"{"fulfillment_order":{"id":1046000816,"order_id":450789469,"assigned_location_id":655441491,
        "request_status":"unsubmitted","status":"open","fulfill_at":"2026-05-01T09:00:00-04:00","line_items":
        [{"id":1058737547,"quantity":3,"line_item_id":518995019,"fulfillable_quantity":1}]}}"#;
    let [FulfillmentOrderCommand { id: of, told, .. }] =
        fulfillment_orders("fulfillment_orders/order_routing_complete", body).try_into().unwrap();
    let line = FulfillmentOrderLine { line_id: id("518995019"), quantity: 3, remaining: 1 };
    assert_eq!((of, told.order_id, told.location_id), (id("1046000816"), Some(id("450789469")), Some(id("655441491"))));
    assert_eq!((told.lines, told.fulfill_at), (Some(vec![line]), Some(time("2026-05-01T13:00:00Z"))));
}

#[test]
fn splits_merges_and_holds_are_read() {
    let split = r#"{"split_line_items":[{"id":"gid://shopify/FulfillmentOrderLineItem/1","quantity":1}],
        "fulfillment_order":{"id":"gid://shopify/FulfillmentOrder/1","status":"open"},"remaining_fulfillment_order":
        {"id":"gid://shopify/FulfillmentOrder/2","status":"open"},"replacement_fulfillment_order":
        {"id":"gid://shopify/FulfillmentOrder/3","status":"open"}}"#;
    let told = fulfillment_orders("fulfillment_orders/split", split);
    assert_eq!(told[0].told.replaced_by, [id("2"), id("3")]);
    let object = r#"{"fulfillment_order":{"id":"gid://shopify/FulfillmentOrder/1","status":"open"}}"#;
    for merges in [object.to_owned(), format!("[{object}]")] {
        let merged = format!(
            r#"{{"merge_intents":[{{"fulfillment_order_id":1}},{{"fulfillment_order_id":2}}],
                 "fulfillment_order_merges":{merges}}}"#
        );
        let told = fulfillment_orders("fulfillment_orders/merged", &merged);
        assert_eq!((&told[0].told.replaces, &told[1].told.replaced_by), (&vec![id("2")], &vec![id("1")]), "{merges}");
    }
    let held = r#"{"fulfillment_order":{"id":"gid://shopify/FulfillmentOrder/1","status":"on_hold","fulfillment_holds":
        [{"id":"gid://shopify/FulfillmentHold/1","reason":"other","reason_notes":"x"}]},"created_fulfillment_hold":
        {"id":"gid://shopify/FulfillmentHold/2","reason":"inventory_out_of_stock"}}"#;
    let told = fulfillment_orders("fulfillment_orders/placed_on_hold", held);
    let holds: Vec<_> = told[0].told.held.iter().map(|hold| hold.id.get()).collect();
    assert_eq!(holds, [1, 2]);
    let released = r#"{"fulfillment_order":{"id":"gid://shopify/FulfillmentOrder/1"},
        "fulfillment_hold":{"id":"gid://shopify/FulfillmentHold/2"}}"#;
    assert_eq!(fulfillment_orders("fulfillment_holds/released", released)[0].told.released, [id("2")]);
}

#[test]
fn a_customers_tags_come_as_differences() {
    let body = r#"{"customerId":"gid://shopify/Customer/1","tags":[" tag1 ","tag2",""],
        "occurredAt":"2005-05-05T06:00:00.125Z"}"#;
    let tags = vec!["tag1".to_owned(), "tag2".to_owned()];
    let told = |topic| match only(topic, body) {
        Command::Customer(of, CustomerCommand::Tag { as_of, told }) => (of, as_of.updated_at, told),
        other => panic!("{other:?}"),
    };
    let at = time("2005-05-05T06:00:00.125Z");
    assert_eq!(told("customer.tags_added"), (id("1"), at, TagsTold::Added { tags: tags.clone() }));
    assert_eq!(told("customer.tags_removed"), (id("1"), at, TagsTold::Removed { tags }));
}

#[test]
fn consent_is_of_a_channel_and_as_new_as_its_delivery() {
    let email = r#"{"customer_id":706405506930370084,"email_address":"bob@biller.com","email_marketing_consent":
        {"state":"not_subscribed","opt_in_level":null,"consent_updated_at":null}}"#;
    let Command::Customer(of, CustomerCommand::Consent { as_of, channel, consent }) =
        only("customers_email_marketing_consent/update", email)
    else {
        panic!()
    };
    let not = Consent { state: "not_subscribed".to_owned(), opt_in_level: None, updated_at: None };
    assert_eq!((of, channel, consent), (id("706405506930370084"), ConsentChannel::Email, not));
    assert_eq!(as_of.updated_at, time(TRIGGERED_AT));
    let sms = r#"{"id":5,"phone":null,"sms_marketing_consent":{"state":"subscribed","opt_in_level":"single_opt_in",
        "consent_updated_at":"2026-01-01T00:00:00Z","consent_collected_from":"OTHER"}}"#;
    let command = only("customers_marketing_consent/update", sms);
    assert!(matches!(command, Command::Customer(_, CustomerCommand::Consent { channel: ConsentChannel::Sms, .. })));
}

#[test]
fn purchases_and_merges_are_read() {
    let body = r#"{"customerId":"gid://shopify/Customer/1","numberOfOrders":"12","amountSpent":{"amount":"100.00",
        "currencyCode":"USD"},"lastOrderId":"gid://shopify/Order/7","occurredAt":"2005-05-05T06:00:00.000Z"}"#;
    for body in [body.to_owned(), body.replace("\"12\"", "12")] {
        let Command::Customer(_, CustomerCommand::Summarize { summary, .. }) =
            only("customers/purchasing_summary", &body)
        else {
            panic!()
        };
        let spent = Money::new("100".parse().unwrap(), "USD".parse().unwrap());
        let expected = PurchaseSummary { orders_count: 12, total_spent: Some(spent), last_order_id: Some(id("7")) };
        assert_eq!(summary, expected);
    }
    let merge = r#"{"admin_graphql_api_customer_kept_id":"gid://shopify/Customer/1","admin_graphql_api_job_id":null,
        "admin_graphql_api_customer_deleted_id":"gid://shopify/Customer/2","status":"completed","errors":[]}"#;
    let Command::Customer(gone, CustomerCommand::Merge { into, .. }) = only("customers/merge", merge) else { panic!() };
    assert_eq!((gone, into), (id("2"), id("1")));
    assert_eq!(read("customers/merge", &merge.replace("completed", "failed")), Ok(Vec::new()));
    assert_eq!(read("customers/merge", &merge.replace("/2", "/1")).unwrap_err().reason(), "wrong_shape");
}

#[test]
fn a_request_for_privacy_that_says_no_time_was_asked_when_it_was_received() {
    let (shop, received_at) = ("acme".parse().unwrap(), time("2026-04-05T06:07:08Z"));
    let only = |topic, body: &str| {
        let (topic, body) = (Some(topic), body.as_bytes());
        let delivery = Delivery { topic, shop: &shop, api_version: None, triggered_at: None, received_at, body };
        let Ok(Translation::Commands(mut commands)) = translate(&delivery) else { panic!() };
        commands.remove(0)
    };
    let whose = r#""shop_domain":"acme.myshopify.com","customer":{"id":1}"#;
    let asked = format!(r#"{{{whose},"data_request":{{"id":9}}}}"#);
    let Command::Customer(_, CustomerCommand::RequestData { at, as_of, .. }) = only("customers/data_request", &asked)
    else {
        panic!()
    };
    // Of two, the newer is not the one that came later.
    assert_eq!((at, as_of.updated_at), (received_at, Timestamp::UNIX_EPOCH));
    let Command::Customer(_, CustomerCommand::RequestRedaction { at, .. }) =
        only("customers/redact", &format!("{{{whose}}}"))
    else {
        panic!()
    };
    assert_eq!(at, received_at);
    let Command::Shop(ShopCommand::RequestRedaction { at, asked_at }) =
        only("shop/redact", r#"{"shop_domain":"acme.myshopify.com"}"#)
    else {
        panic!()
    };
    // A repetition must not forget a shop that has come back.
    assert_eq!((at, asked_at), (Timestamp::UNIX_EPOCH, received_at));
}

#[test]
fn requests_for_privacy_are_recorded_without_the_person() {
    let asked = r#"{"shop_id":954889,"shop_domain":"acme.myshopify.com","orders_requested":[299938,280263],
        "customer":{"id":191167,"email":"john@example.com","phone":"555-625-1199"},"data_request":{"id":9999}}"#;
    let (command, said) =
        (only("customers/data_request", asked), format!("{:?}", only("customers/data_request", asked)));
    let Command::Customer(of, CustomerCommand::RequestData { request_id, orders, .. }) = command else { panic!() };
    assert_eq!((of, request_id, orders), (id("191167"), id("9999"), vec![id("299938"), id("280263")]));
    assert!(!said.contains("john") && !said.contains("555"));
    let redact = r#"{"shop_id":954889,"shop_domain":"acme.myshopify.com","customer":{"id":191167},
        "orders_to_redact":null}"#;
    let at = time(TRIGGERED_AT);
    let request =
        Command::Customer(id("191167"), CustomerCommand::RequestRedaction { at, orders: Vec::new(), reason: None });
    assert_eq!(only("customers/redact", redact), request);
    let shop = r#"{"shop_id":954889,"shop_domain":"acme.myshopify.com"}"#;
    assert_eq!(only("shop/redact", shop), Command::Shop(ShopCommand::RequestRedaction { at, asked_at: at }));
    for (topic, body) in [("customers/data_request", asked), ("customers/redact", redact), ("shop/redact", shop)] {
        assert_eq!(read(topic, &body.replace("acme.", "other.")), Err(Unreadable::ForeignShop), "{topic}");
    }
    assert_eq!(read("shop/redact", redact).unwrap_err().reason(), "wrong_shape", "a customer's must not empty a shop");
}

#[test]
fn returns_and_risks_are_their_orders() {
    let approved = r##"{"id":123134564567890,"admin_graphql_api_id":"gid://shopify/Return/123134564567890",
        "status":"open","order":{"id":4783296544821},"total_return_line_items":1,"name":"#1106-R2","return_line_items":
        [{"id":6200524949,"fulfillment_line_item":{"id":1,"line_item":{"id":12695210000533,"admin_graphql_api_id":
        "gid://shopify/LineItem/12695210000533"}},"quantity":1,"return_reason":"unwanted"}]}"##;
    let Command::Order(order, OrderCommand::Return { id: of, told, .. }) = only("returns/approve", approved) else {
        panic!()
    };
    assert_eq!((order, of), (id("4783296544821"), id("123134564567890")));
    let line = ReturnLine { line_id: Some(id("12695210000533")), quantity: 1, reason: some("unwanted") };
    assert_eq!(told, ReturnTold { status: "open".to_owned(), name: some("#1106-R2"), lines: Some(vec![line]) });
    let closed = r#"{"id":5,"admin_graphql_api_id":"gid://shopify/Return/5","order_id":7,"status":"closed"}"#;
    let Command::Order(_, OrderCommand::Return { told, .. }) = only("returns/close", closed) else { panic!() };
    assert_eq!((told.status.as_str(), told.lines), ("closed", None), "it says nothing of its lines");
    let risk = r#"{"order_id":7,"provider_id":null,"risk_level":"HIGH","created_at":"2026-01-01T00:00:00Z"}"#;
    let Command::Order(_, OrderCommand::AssessRisk { as_of, provider_id, level }) =
        only("orders/risk_assessment_changed", risk)
    else {
        panic!()
    };
    assert_eq!((as_of.updated_at, provider_id, level.as_str()), (time("2026-01-01T00:00:00Z"), None, "high"));
}

#[test]
fn a_checkout_is_known_by_its_token() {
    let body = r#"{"token":"t1","cart_token":"c1","email":"a@example.com","created_at":"2026-01-01T00:00:00Z",
        "updated_at":"2026-01-01T00:05:00Z","completed_at":null,"currency":"USD","total_price":"421.88",
        "buyer_accepts_marketing":true,"shipping_address":[],"customer":{"id":603851970716743426},"line_items":
        [{"product_id":632910392,"variant_id":808950810,"title":"IPod","quantity":2,"price":"199.00"}]}"#;
    let Command::Checkout(token, aggregates::CheckoutCommand::Snapshot(snapshot)) = only("checkouts/update", body)
    else {
        panic!()
    };
    assert_eq!((token.as_str(), snapshot.completed_at), ("t1", None));
    assert_eq!(snapshot.content.customer_id, Some(id("603851970716743426")));
    assert_eq!((snapshot.content.lines[0].quantity, snapshot.content.accepts_marketing), (2, true));
    for token in [String::new(), "x".repeat(129)] {
        let body = body.replace("\"t1\"", &format!("\"{token}\""));
        assert_eq!(read("checkouts/update", &body).unwrap_err().reason(), "wrong_shape");
    }
}

#[test]
fn a_shop_is_ordered_by_when_it_was_triggered() {
    let body = r#"{"id":548380009,"name":"Super Toys","email":"super@supertoys.com","domain":null,"updated_at":null,
        "myshopify_domain":"acme.myshopify.com","currency":"USD","iana_timezone":"America/New_York",
        "primary_location_id":655441491,"plan_name":"enterprise","shop_owner":"John Smith"}"#;
    let Command::Shop(ShopCommand::Snapshot { as_of, profile }) = only("shop/update", body) else { panic!() };
    assert_eq!((as_of.updated_at, profile.name.as_str()), (time(TRIGGERED_AT), "Super Toys"));
    assert_eq!((profile.time_zone, profile.primary_location_id), (some("America/New_York"), Some(id("655441491"))));
    assert_eq!(read("shop/update", &body.replace("acme.", "other.")), Err(Unreadable::ForeignShop));
}

fn on_order(topic: &str, body: &str) -> OrderCommand {
    match only(topic, body) {
        Command::Order(order, command) if order == id("1042") => command,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_scan_of_a_shipment_is_the_orders_and_may_be_taken_back() {
    let body = r#"{"id":1234567,"fulfillment_id":91,"status":"in_transit","message":"Jane signed","happened_at":"2021-12-31T19:00:00-05:00",
        "city":null,"country":"CA","zip":null,"shop_id":548380009,"created_at":"2021-12-31T19:00:00-05:00",
        "updated_at":"2021-12-31T19:00:05-05:00","estimated_delivery_at":null,"order_id":1042}"#;
    for (topic, withdrawn) in [("fulfillment_events/create", false), ("fulfillment_events/delete", true)] {
        let OrderCommand::Track { fulfillment_id, as_of, waypoint } = on_order(topic, body) else { panic!("{topic}") };
        assert_eq!((fulfillment_id, as_of.updated_at), (id("91"), time("2022-01-01T00:00:05Z")));
        let expected = Waypoint {
            id: id("1234567"),
            status: "in_transit".to_owned(),
            happened_at: time("2022-01-01T00:00:00Z"),
            estimated_delivery_at: None,
            withdrawn,
        };
        assert_eq!(waypoint, expected);
    }
}

#[test]
fn protection_is_read_in_whichever_way_shopify_spells_it() {
    for body in [
        r#"{"order_id":1042,"status":"ACTIVE","eligibility":{"status":"eligible"}}"#,
        r#"{"order_id":"gid://shopify/Order/1042","status":"active","eligibility":"ELIGIBLE"}"#,
    ] {
        let OrderCommand::Protect { as_of, protection } = on_order("orders/shopify_protect_eligibility_changed", body)
        else {
            panic!("{body}")
        };
        assert_eq!(as_of.updated_at, time(TRIGGERED_AT), "its body says no time");
        assert_eq!(protection, OrderProtection { status: some("active"), eligibility: some("eligible") });
    }
    let silent = on_order("orders/shopify_protect_eligibility_changed", r#"{"order_id":1042}"#);
    let nothing = OrderProtection { status: None, eligibility: None };
    assert!(matches!(silent, OrderCommand::Protect { protection, .. } if protection == nothing));
}

#[test]
fn who_joins_or_leaves_a_segment_is_told_by_the_topic() {
    let body = r#"{"shop_id":1,"customer_id":40,"segment_id":201}"#;
    for (topic, expected) in [("customer.joined_segment", true), ("customer.left_segment", false)] {
        let Command::Customer(customer, CustomerCommand::Segment { as_of, segment_id, belongs }) = only(topic, body)
        else {
            panic!("{topic}")
        };
        assert_eq!((customer, segment_id, belongs), (id("40"), id("201"), expected));
        assert_eq!(as_of.updated_at, time(TRIGGERED_AT));
    }
}

#[test]
fn consent_to_whats_app_is_a_channel_of_its_own() {
    let consent = r#"{"state":"subscribed","opt_in_level":null,"consent_updated_at":null}"#;
    let topic = "customers_whats_app_marketing_consent/update";
    for who in [r#""customer_id":40"#, r#""id":40"#] {
        let body = format!(r#"{{{who},"phone":"+33100000000","whats_app_marketing_consent":{consent}}}"#);
        let command = only(topic, &body);
        let expected = ConsentChannel::WhatsApp;
        assert!(
            matches!(&command, Command::Customer(_, CustomerCommand::Consent { channel, .. }) if *channel == expected),
            "{command:?}"
        );
    }
    assert_eq!(read(topic, r#"{"customer_id":40}"#).unwrap_err().reason(), "wrong_shape");
}

#[test]
fn the_scopes_of_the_app_are_the_shops_and_prove_that_it_is_there() {
    let body = r#"{"id":1,"shop_id":"gid://shopify/Shop/548380009","previous":["read_products"],
        "current":["read_products","write_products"],"updated_at":"2024-06-25T00:00:00.000Z"}"#;
    let Command::Shop(command) = only("app/scopes_update", body) else { panic!("not the shop's") };
    let expected: Vec<String> = vec!["read_products".to_owned(), "write_products".to_owned()];
    assert!(matches!(&command, ShopCommand::Grant { scopes, .. } if *scopes == expected), "{command:?}");
    let events = Command::Shop(command).first_events();
    let types: Vec<&str> = events.iter().map(Event::wire_type).collect();
    assert_eq!(types, ["shop.scopes_changed", "shop.installed"]);
}

#[test]
fn a_return_without_its_order_is_told_as_differences_and_parcels() {
    let update = r#"{"admin_graphql_api_id":"gid://shopify/Return/5","return_line_items":{"removals":
        [{"admin_graphql_api_id":"gid://shopify/ReturnLineItem/6","delta":-2}]},"restocking_fees":null,"return_shipping_fees":[{}]}"#;
    let Command::Return(of, ReturnCommand::Change { change, .. }) = only("returns/update", update) else {
        panic!("not a change")
    };
    let removed = vec![ReturnRemoval { line_id: id("6"), quantity: 2 }];
    assert_eq!((of, change), (id("5"), ReturnChange { removed, fees_changed: true }));
    // A whole return under this topic is another topic's body.
    let whole = r#"{"admin_graphql_api_id":"gid://shopify/Return/5","status":"open","order_id":1042}"#;
    assert_eq!(read("returns/update", whole).unwrap_err().reason(), "wrong_shape");

    for deliverable in [
        r#"{"carrier_name":"La Poste","tracking_number":"8J1","tracking_url":"https://track.example/8J1"}"#,
        r#"{"label":null,"tracking":{"carrier_name":"La Poste","number":"8J1","url":"https://track.example/8J1"}}"#,
    ] {
        let body = format!(r#"{{"id":7,"return":{{"id":5}},"shipping_deliverable":{deliverable}}}"#);
        let Command::Return(of, ReturnCommand::AttachDelivery { delivery_id, delivery, .. }) =
            only("reverse_deliveries/attach_deliverable", &body)
        else {
            panic!("not a parcel")
        };
        let expected = ReturnDelivery {
            carrier: some("La Poste"),
            tracking_number: some("8J1"),
            tracking_url: some("https://track.example/8J1"),
        };
        assert_eq!((of, delivery_id, delivery), (id("5"), id("7"), expected));
    }
}
