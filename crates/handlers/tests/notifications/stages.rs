//! The stages that stop a message, and say so.

use std::time::Duration;

use events::{AggregateKind, Channel};
use handlers::notifications::Rule;
use serde_json::{Value, json};
use streams::Subscriber;

use crate::hooks::Hook;
use crate::world::{World, but, only, order, read};

fn shipped(changes: Value) -> Value {
    let fulfillment = json!({
        "id": 31, "order_id": 1001, "status": "success", "created_at": "2026-03-01T12:02:00Z",
        "updated_at": "2026-03-01T12:02:00Z", "location_id": 60, "tracking_company": "Post",
        "tracking_number": "1Z999", "tracking_url": "https://track.example/1Z999", "shipment_status": null,
        "line_items": [{"id": 10010, "quantity": 2}],
    });
    but(fulfillment, changes)
}

#[tokio::test]
async fn a_shipment_is_told_once_however_often_shopify_tells_of_it() {
    let mut world = World::with(|all| all.rules = only(&[Rule::ShippingConfirmation, Rule::Delivery])).await;
    world.say("orders/create", order(1001)).await;
    world.say("fulfillments/create", shipped(json!({}))).await;
    assert_eq!(world.ends().await, ["shipping_confirmation sent"]);
    let text = read(&world.mail.mails()[0]).body_text(0).unwrap().into_owned();
    assert!(text.contains("2 x Mug") && text.contains("Post 1Z999") && text.contains("https://track.example/1Z999"));
    let moves = [("12:03", "in_transit"), ("12:04", "delivered"), ("12:05", "delivered")];
    for (minute, status) in moves {
        let at = format!("2026-03-01T{minute}:00Z");
        let told = shipped(json!({"shipment_status": status, "updated_at": at, "tracking_number": minute}));
        world.say("fulfillments/update", told).await;
    }
    assert_eq!(world.ends().await, ["delivery sent", "shipping_confirmation sent"]);
    assert_eq!(world.mail.mails().len(), 2);
}

fn refunded() -> Value {
    json!({
        "id": 5, "order_id": 1001, "created_at": "2026-03-01T12:03:00Z", "note": null, "refund_line_items": [],
        "transactions": [{
            "id": 81, "order_id": 1001, "kind": "refund", "status": "success", "amount": "12.00", "currency": "EUR",
            "created_at": "2026-03-01T12:03:00Z", "processed_at": "2026-03-01T12:03:00Z",
        }],
    })
}

/// In every order of the three, each said twice, and handled one by one or all at the end.
#[tokio::test]
async fn what_is_told_before_its_order_is_known_is_sent_once_it_is() {
    let news =
        [("orders/create", order(1001)), ("fulfillments/create", shipped(json!({}))), ("refunds/create", refunded())];
    let rules = [Rule::OrderConfirmation, Rule::ShippingConfirmation, Rule::Refund];
    for (turn, one_by_one) in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [2, 0, 1], [1, 2, 0], [2, 1, 0]]
        .into_iter()
        .flat_map(|turn| [(turn, true), (turn, false)])
    {
        let mut world = World::with(|all| all.rules = only(&rules)).await;
        for index in turn.into_iter().flat_map(|index| [index, index]) {
            let (topic, body) = news[index].clone();
            world.say(topic, body).await;
            if one_by_one {
                assert_eq!(world.react().await.retried, 0, "{turn:?}: it waits, which is no failure");
            }
        }
        assert_eq!(
            world.ends().await,
            ["order_confirmation sent", "refund sent", "shipping_confirmation sent"],
            "{turn:?} {one_by_one}"
        );
        let service = world.service().await;
        for event in world.events(AggregateKind::Order, 1001).await {
            service.request.handle(&event).await.unwrap();
        }
        world.react().await;
        assert_eq!(world.mail.mails().len(), 3, "{turn:?} {one_by_one}");
    }
}

#[tokio::test]
async fn what_came_before_an_order_waits_for_the_copies_to_know_the_order() {
    let mut world = World::with(|all| all.rules = only(&[Rule::OrderConfirmation, Rule::ShippingConfirmation])).await;
    world.say("fulfillments/create", shipped(json!({}))).await;
    assert!(world.ends().await.is_empty());
    world.say("orders/create", order(1001)).await;
    let (service, placed) = (world.service().await, world.events(AggregateKind::Order, 1001).await.swap_remove(1));
    let handled = async { service.request.handle(&placed).await.unwrap() };
    let copies_are_late = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        world.copies().await;
    };
    tokio::join!(handled, copies_are_late);
    // Nothing else asks: the subscription itself has not been run since.
    world.send().await;
    assert_eq!(
        world.rows().await.iter().map(|row| row.rule.as_str()).collect::<Vec<_>>(),
        ["order_confirmation", "shipping_confirmation"]
    );
}

#[tokio::test]
async fn what_happened_to_an_order_before_the_start_is_not_told_when_the_order_becomes_known() {
    let mut world = World::with(|all| all.enabled = false).await;
    world.say("fulfillments/create", shipped(json!({}))).await;
    world.react().await;
    world.restart(|all| all.enabled = true).await;
    world.say("orders/create", order(1001)).await;
    assert_eq!(world.ends().await, ["order_confirmation sent"]);
}

#[tokio::test]
async fn an_order_without_an_address_and_one_that_is_gone_are_not_written_to() {
    let mut world = World::start().await;
    let nobody = json!({"email": null, "phone": null, "customer": null, "source_name": "pos"});
    world.say("orders/create", but(order(1001), nobody)).await;
    world.say("orders/create", order(1002)).await;
    world.say("orders/delete", json!({"id": 1002})).await;
    assert_eq!(
        world.ends().await,
        ["order_confirmation suppressed no_address", "order_confirmation suppressed recipient_gone"]
    );
    assert!(world.mail.mails().is_empty());
}

#[tokio::test]
async fn a_message_whose_time_is_over_is_not_sent() {
    let mut world = World::with(|all| all.expires_after = Duration::from_secs(3600)).await;
    world.say("orders/create", order(1001)).await;
    world.at("2026-03-01T13:01:00Z");
    assert_eq!(world.ends().await, ["order_confirmation suppressed expired"]);
}

#[tokio::test]
async fn without_a_provider_it_is_said_what_would_have_been_sent() {
    let mut world = World::with(|all| all.smtp = None).await;
    world.say("orders/create", order(1001)).await;
    assert_eq!(world.ends().await, ["order_confirmation suppressed no_provider"]);
}

#[tokio::test]
async fn a_rule_that_is_off_says_nothing() {
    let mut world = World::with(|all| all.rules = only(&[Rule::Refund])).await;
    world.say("orders/create", order(1001)).await;
    assert!(world.ends().await.is_empty());
}

#[tokio::test]
async fn a_refund_is_told_when_money_is_given_back() {
    let mut world = World::with(|all| all.rules = only(&[Rule::Refund, Rule::Cancellation])).await;
    world.say("orders/create", order(1001)).await;
    let refund = |id: u64, transactions: Value| {
        json!({
            "id": id, "order_id": 1001, "created_at": "2026-03-01T12:05:00Z", "processed_at": "2026-03-01T12:05:00Z",
            "refund_line_items": [], "transactions": transactions, "note": null,
        })
    };
    world.say("refunds/create", refund(1, json!([]))).await;
    assert!(world.ends().await.is_empty(), "no money");
    let transaction = json!([{
        "id": 81, "kind": "refund", "status": "success", "amount": "12.00", "currency": "EUR",
        "gateway": "test", "processed_at": "2026-03-01T12:06:00Z", "created_at": "2026-03-01T12:06:00Z",
    }]);
    world.say("refunds/create", refund(2, transaction)).await;
    let cancelled = json!({
        "cancelled_at": "2026-03-01T12:07:00Z", "cancel_reason": "customer", "updated_at": "2026-03-01T12:07:00Z",
    });
    world.say("orders/cancelled", but(order(1001), cancelled)).await;
    assert_eq!(world.ends().await, ["cancellation sent", "refund sent"]);
    let texts: Vec<String> =
        world.mail.mails().iter().map(|mail| read(mail).body_text(0).unwrap().into_owned()).collect();
    assert!(texts.iter().any(|text| text.contains("12.00 EUR")), "{texts:?}");
}

#[tokio::test]
async fn quiet_hours_are_the_recipients_and_what_waited_is_sent_when_they_are_over() {
    let hook = Hook::start().await;
    let settings = hook.settings(Channel::Sms, &[Rule::OrderConfirmation]);
    let mut world = World::with(|all| {
        all.quiet_hours = "21:00-08:00".parse().ok();
        all.http.push(settings);
    })
    .await;
    // Night in Paris; in Tokyo it is morning.
    world.at("2026-03-01T23:30:00Z");
    world.say("orders/create", order(1001)).await;
    let tokyo = json!({"shipping_address": {"first_name": "Ken", "country_code": "JP"}});
    world.say("orders/create", but(order(1002), tokyo)).await;
    // The United States have many zones: the shop's stands for them.
    let america = json!({"shipping_address": {"first_name": "Jo", "country_code": "US"}});
    world.say("orders/create", but(order(1003), america)).await;
    world.react().await;
    let sent: Vec<_> = hook.calls().iter().map(|(_, body)| body["text"].as_str().unwrap().to_owned()).collect();
    assert!(sent.len() == 1 && sent[0].contains("#1002"), "{sent:?}");
    assert_eq!(world.mail.mails().len(), 3, "a confirmation by e-mail does not wake anybody");
    // The timer is of the real world, where that night is long over.
    world.at("2026-03-02T07:00:00Z");
    while hook.calls().len() < 3 {
        world.wake().await;
    }
    let rows = world.rows().await;
    assert!(rows.iter().all(|row| crate::world::end(row) == "order_confirmation sent"), "{rows:?}");
}

#[tokio::test]
async fn what_would_wait_longer_than_it_is_worth_is_not_sent_at_all() {
    let hook = Hook::start().await;
    let settings = hook.settings(Channel::Sms, &[Rule::OrderConfirmation]);
    let mut world = World::with(|all| {
        all.rules = only(&[]);
        all.quiet_hours = "21:00-08:00".parse().ok();
        all.expires_after = Duration::from_secs(12 * 3600);
        all.http.push(settings);
    })
    .await;
    world.at("2026-03-01T21:00:00Z");
    world.say("orders/create", order(1001)).await;
    assert_eq!(world.ends().await, ["order_confirmation suppressed expired"]);
}

#[tokio::test]
async fn a_template_that_breaks_on_real_data_is_a_dead_letter_to_be_redriven() {
    // The sample's order has a reason.
    let careful = "{% block subject %}{% if not order.cancel_reason %}{{ order.nope }}{% endif %}{% endblock %}\
                   {% block text %}{% endblock %}{% block short %}{% endblock %}";
    let mut world =
        World::with(|all| drop(all.templates.insert("en/order_confirmation.txt".to_owned(), careful.to_owned()))).await;
    world.say("orders/create", order(1001)).await;
    assert_eq!(world.react().await.dead, 1);
    assert_eq!(world.ends().await, ["order_confirmation requested"]);
}
