//! Who is written to, and what a hostile name can do: nothing.

use events::AggregateKind;
use handlers::notifications::{PreviewError, Rule};
use serde_json::{Value, json};

use crate::world::{World, but, end, only, order, read};

fn customer(changes: Value) -> Value {
    let customer = json!({
        "id": 7, "first_name": "Ann", "email": "ann@example.com", "state": "enabled", "tags": "back-in-stock:mug",
        "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-03-01T12:01:00Z",
    });
    but(customer, changes)
}

fn product() -> Value {
    json!({
        "id": 50, "title": "Blue mug", "vendor": "Potter", "product_type": "Mugs", "status": "active", "tags": "",
        "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
        "variants": [{
            "id": 51, "inventory_item_id": 52, "sku": "MUG", "title": "Large", "price": "10.5",
            "compare_at_price": null, "inventory_management": "shopify",
        }],
    })
}

fn level(minute: u32, available: i64) -> Value {
    let at = format!("2026-03-01T12:{minute:02}:00Z");
    json!({"inventory_item_id": 52, "location_id": 60, "available": available, "updated_at": at})
}

#[tokio::test]
async fn names_are_shown_as_they_are_and_never_obeyed() {
    let names = [
        "Ann <script>alert(1)</script>",
        "Ann\r\nBcc: everybody@example.com",
        "{{ shop.secret }} {% raw %}",
        "\u{202e}nnA \u{200f}",
        "Zoë 🦄 – 李",
        "\"; DROP TABLE orders; --",
        "=?utf-8?B?QmNjOg==?=",
        ".\r\nQUIT\r\n",
    ];
    let mut world = World::start().await;
    for (id, name) in (1001..).zip(names) {
        let changes = json!({"shipping_address": {"first_name": name, "country_code": "FR"}});
        world.say("orders/create", but(order(id), changes)).await;
    }
    assert_eq!(world.ends().await, vec!["order_confirmation sent"; names.len()]);
    let mails = world.mail.mails();
    for (id, name) in (1001..).zip(names) {
        let subject = format!("Order #{id} confirmed");
        let mail = mails.iter().find(|mail| read(mail).subject() == Some(&subject)).unwrap();
        let message = read(mail);
        assert_eq!((mail.to.len(), message.bcc().is_none()), (1, true), "{name:?}");
        let text = message.body_text(0).unwrap().replace("\r\n", "\n");
        assert!(text.contains(&name.replace("\r\n", "\n")), "{name:?} is not in {text:?}");
        let html = message.body_html(0).unwrap();
        assert!(!html.contains("<script"), "{html}");
    }
}

#[tokio::test]
async fn a_line_break_in_a_header_is_refused() {
    let mut world = World::start().await;
    world.say("orders/create", but(order(1001), json!({"name": "#1\r\nBcc: everybody@example.com"}))).await;
    world
        .say("orders/create", but(order(1002), json!({"email": "ann@example.com\r\nRCPT TO:<eve@example.com>"})))
        .await;
    world.say("orders/create", but(order(1003), json!({"email": "not an address"}))).await;
    assert_eq!(
        world.ends().await,
        [
            "order_confirmation failed a line break in the subject",
            "order_confirmation failed a line break in the address",
            "order_confirmation failed smtp: refused: the address is not one of e-mail",
        ]
    );
    assert!(world.mail.mails().is_empty());
}

#[tokio::test]
async fn the_merchants_own_people_hear_of_stock() {
    let mut world = World::with(|all| all.rules = only(&[Rule::LowStock, Rule::Oversold])).await;
    world.say("products/create", product()).await;
    world.say("inventory_levels/update", level(1, 5)).await;
    world.say("inventory_levels/update", level(2, 0)).await;
    assert_eq!(world.ends().await, ["low_stock sent"]);
    let mails = world.mail.mails();
    assert_eq!(mails[0].to, ["ops@acme.example"]);
    assert_eq!(read(&mails[0]).subject(), Some("Low stock: Blue mug, Large"));
}

#[tokio::test]
async fn a_marketing_message_needs_consent() {
    let mut world = World::with(|all| all.rules = only(&[Rule::BackInStock])).await;
    world.say("products/create", product()).await;
    world.say("customers/create", customer(json!({}))).await;
    world.say("customers/create", customer(json!({"id": 8, "tags": "vip"}))).await;
    for (minute, available) in [(1, 5), (2, 0), (3, 4)] {
        world.say("inventory_levels/update", level(minute, available)).await;
    }
    world.react().await;
    let rows = world.rows().await;
    let ends: Vec<_> = rows.iter().map(|row| (row.recipient.as_str(), end(row))).collect();
    assert_eq!(ends, [("customer/7", "back_in_stock suppressed no_consent".to_owned())]);
}

#[tokio::test]
async fn a_preview_shows_what_would_be_sent_and_sends_nothing() {
    let mut world = World::start().await;
    world.say("orders/create", order(1001)).await;
    world.copies().await;
    let service = world.previewer().await;
    let event = world.events(AggregateKind::Order, 1001).await.remove(0);
    let previews = service.preview(Rule::OrderConfirmation, &event).await.unwrap();
    assert_eq!((previews.len(), previews[0].verdict.as_str()), (1, "send"));
    assert_eq!(previews[0].content.as_ref().unwrap().subject, "Order #1001 confirmed");
    assert_eq!(previews[0].to.as_deref(), Some("a***@e***.com"));
    let refused = service.preview(Rule::Refund, &event).await;
    assert!(matches!(refused, Err(PreviewError::NotTold { .. })), "{refused:?}");
    assert!(world.rows().await.is_empty() && world.mail.mails().is_empty());
    assert_eq!(world.ends().await, ["order_confirmation sent"]);
    assert_eq!(world.rows().await[0].key, previews[0].key);
}

#[tokio::test]
async fn what_a_customer_agreed_to_they_are_sent() {
    let mut world = World::with(|all| all.rules = only(&[Rule::BackInStock])).await;
    world.say("products/create", product()).await;
    world.say("customers/create", customer(json!({}))).await;
    let agreed = json!({
        "customer_id": 7, "email_address": "ann@example.com",
        "email_marketing_consent": {
            "state": "subscribed", "opt_in_level": "single_opt_in", "consent_updated_at": "2026-03-01T12:00:30Z",
        },
    });
    world.say("customers_email_marketing_consent/update", agreed).await;
    for (minute, available) in [(1, 5), (2, 0), (3, 4)] {
        world.say("inventory_levels/update", level(minute, available)).await;
    }
    assert_eq!(world.ends().await, ["back_in_stock sent"]);
    assert_eq!(read(&world.mail.mails()[0]).subject(), Some("Blue mug, Large is back in stock"));
}

fn checkout(token: &str, changes: Value) -> Value {
    let checkout = json!({
        "id": 900, "token": token, "cart_token": token, "email": "ann@example.com", "currency": "EUR",
        "total_price": "20.00", "subtotal_price": "20.00", "total_tax": "0.00", "completed_at": null, "customer": null,
        "created_at": "2026-03-01T12:01:00Z", "updated_at": "2026-03-01T12:01:00Z", "customer_locale": "fr-FR",
        "buyer_accepts_marketing": true, "abandoned_checkout_url": "https://acme.example/recover",
        "line_items": [{"product_id": 50, "variant_id": 51, "title": "Mug", "quantity": 2, "price": "10.00"}],
    });
    but(checkout, changes)
}

#[tokio::test]
async fn who_left_a_checkout_is_reminded_unless_they_came_back_or_never_agreed() {
    let mut world = World::with(|all| {
        all.rules = only(&[Rule::AbandonedCheckout]);
        let french = "{% block subject %}Votre panier{% endblock %}{% block short %}{% endblock %}\
                      {% block text %}{{ checkout.lines[0].title }} {{ checkout.recovery_url }}{% endblock %}";
        all.templates.insert("fr/abandoned_checkout.txt".to_owned(), french.to_owned());
    })
    .await;
    world.say("checkouts/create", checkout("a", json!({}))).await;
    world.say("checkouts/create", checkout("b", json!({"buyer_accepts_marketing": false}))).await;
    world.say("checkouts/create", checkout("c", json!({}))).await;
    for token in ["a", "b", "c"] {
        world.abandon(token, "2026-03-01T13:01:00Z").await;
    }
    let back = json!({"completed_at": "2026-03-01T13:02:00Z", "updated_at": "2026-03-01T13:02:00Z"});
    world.say("checkouts/update", checkout("c", back)).await;
    assert_eq!(
        world.ends().await,
        [
            "abandoned_checkout sent",
            "abandoned_checkout suppressed no_consent",
            "abandoned_checkout suppressed superseded"
        ]
    );
    let mails = world.mail.mails();
    let message = read(&mails[0]);
    assert_eq!((mails.len(), message.subject()), (1, Some("Votre panier")));
    assert!(message.body_text(0).unwrap().contains("Mug https://acme.example/recover"));
}

#[tokio::test]
async fn an_order_is_told_in_its_own_language_and_a_customer_in_that_of_their_last_order() {
    let french = |rule: &str| {
        let text =
            "{% block subject %}Bonjour{% endblock %}{% block short %}{% endblock %}{% block text %}!{% endblock %}";
        (format!("fr/{rule}.txt"), text.to_owned())
    };
    let mut world = World::with(|all| {
        all.rules = only(&[Rule::OrderConfirmation, Rule::BackInStock]);
        all.templates.extend(["order_confirmation", "back_in_stock"].map(french));
    })
    .await;
    world.say("products/create", product()).await;
    world
        .say(
            "customers/create",
            customer(json!({"accepts_marketing": true, "email_marketing_consent": {
                "state": "subscribed", "opt_in_level": "single_opt_in", "consent_updated_at": "2026-03-01T12:00:30Z",
            }})),
        )
        .await;
    let of_ann = |locale: Value| json!({"customer": {"id": 7}, "customer_locale": locale});
    world.say("orders/create", but(order(1001), of_ann(json!("fr-CA")))).await;
    world.say("orders/create", but(order(1002), json!({"customer": null, "customer_locale": "de"}))).await;
    for (minute, available) in [(1, 5), (2, 0), (3, 4)] {
        world.say("inventory_levels/update", level(minute, available)).await;
    }
    world.ends().await;
    let mails = world.mail.mails();
    let subjects: std::collections::BTreeSet<_> =
        mails.iter().map(|mail| (read(mail).subject().unwrap_or_default().to_owned(), mail.to.clone())).collect();
    let ann = vec!["ann@example.com".to_owned()];
    assert_eq!(mails.len(), 3, "{subjects:?}");
    assert_eq!(subjects, [("Bonjour".to_owned(), ann.clone()), ("Order #1002 confirmed".to_owned(), ann)].into());
}

#[tokio::test]
async fn who_wants_to_be_forgotten_is_told_nothing_more_not_even_of_orders_without_an_account() {
    let mut world = World::with(|all| all.rules = only(&[Rule::OrderConfirmation])).await;
    world.say("customers/create", customer(json!({}))).await;
    world.say("orders/create", order(1001)).await;
    for guest in [1002, 1003] {
        world.say("orders/create", but(order(guest), json!({"customer": null}))).await;
    }
    let redact = json!({
        "shop_id": 1, "shop_domain": "acme.myshopify.com", "orders_to_redact": [1002],
        "customer": {"id": 7, "email": "ann@example.com", "phone": null},
    });
    world.say("customers/redact", redact).await;
    world.react().await;
    let mut ends: Vec<_> = world.rows().await.iter().map(|row| (row.recipient.clone(), end(row))).collect();
    ends.sort();
    let gone = "order_confirmation suppressed recipient_gone".to_owned();
    let told = "order_confirmation sent".to_owned();
    assert_eq!(
        ends,
        [("order/1001".into(), gone.clone()), ("order/1002".into(), gone), ("order/1003".into(), told)]
            as [(String, String); 3]
    );
}
