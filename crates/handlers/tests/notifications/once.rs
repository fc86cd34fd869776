//! One occasion, one message; and what happened before is not told.

use std::sync::Arc;

use aggregates::{Notification, NotificationCommand};
use events::{AggregateKey, AggregateKind};
use serde_json::json;
use streams::{Cause, Stream, Subscriber};
use testkit::MailManners;

use crate::world::{World, but, order, read, shop};

#[tokio::test]
async fn an_order_is_confirmed_with_its_own_words() {
    let mut world = World::start().await;
    world.say("orders/create", order(1001)).await;
    assert_eq!(world.ends().await, ["order_confirmation sent"]);
    let mails = world.mail.mails();
    let [mail] = &mails[..] else { panic!("{mails:?}") };
    assert_eq!((mail.from.as_str(), &mail.to[..]), ("shop@acme.example", &["ann@example.com".to_owned()][..]));
    let message = read(mail);
    assert_eq!(message.subject(), Some("Order #1001 confirmed"));
    let (text, html) = (message.body_text(0).unwrap(), message.body_html(0).unwrap());
    assert!(text.contains("Hello Ann,") && text.contains("2 x Mug, 10.00 EUR each") && text.contains("24.00 EUR"));
    assert!(html.contains("<strong>#1001</strong>") && html.contains("acme.myshopify.com"));
    let row = &world.rows().await[0];
    assert_eq!(message.message_id().unwrap().split_once('@').unwrap().1, "acme.example");
    assert_eq!((row.recipient.as_str(), row.to.as_deref()), ("order/1001", Some("a***@e***.com")));
    assert_eq!((row.order_id, row.customer_id), ("1001".parse().ok(), "7".parse().ok()));
}

#[tokio::test]
async fn nothing_that_is_recorded_says_who_the_recipient_is() {
    let mut world = World::start().await;
    world.say("orders/create", order(1001)).await;
    world.react().await;
    let key = world.rows().await[0].key.clone();
    let events = world.events(AggregateKind::Notification, &key).await;
    assert_eq!(events.len(), 2);
    for event in events {
        let told = format!("{event:?}");
        assert!(
            !told.contains("ann@") && !told.contains("Ann") && !told.contains("Lee") && !told.contains("336123"),
            "{told}"
        );
    }
}

#[tokio::test]
async fn a_second_delivery_of_an_event_sends_nothing() {
    let mut world = World::start().await;
    world.say("orders/create", order(1001)).await;
    world.react().await;
    let service = world.service().await;
    for event in world.events(AggregateKind::Order, 1001).await {
        service.request.handle(&event).await.unwrap();
    }
    let key = world.rows().await[0].key.clone();
    for event in world.events(AggregateKind::Notification, &key).await {
        service.send.handle(&event).await.unwrap();
    }
    assert_eq!(world.ends().await, ["order_confirmation sent"]);
    assert_eq!(world.mail.mails().len(), 1);
}

#[tokio::test]
async fn what_was_taken_but_not_recorded_is_sent_again_under_the_same_id() {
    let mut world = World::start().await;
    world.mail.behave(MailManners::HangsUp);
    world.say("orders/create", order(1001)).await;
    assert_eq!(world.ends().await, ["order_confirmation requested"]);
    // Another process takes it up.
    world.mail.behave(MailManners::Takes);
    world.restart(|_| {}).await;
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    assert_eq!(world.ends().await, ["order_confirmation sent"]);
    let mails = world.mail.mails();
    let ids: Vec<_> = mails.iter().map(|mail| read(mail).message_id().unwrap().to_owned()).collect();
    assert!(ids.len() >= 2 && ids.iter().all(|id| *id == ids[0]), "{ids:?}");
}

#[tokio::test]
async fn what_happened_before_the_start_is_not_told() {
    let mut world = World::with(|settings| settings.enabled = false).await;
    world.say("orders/create", order(1001)).await;
    assert!(world.ends().await.is_empty(), "it is off");
    world.at("2026-03-01T12:30:00Z");
    world.restart(|settings| settings.enabled = true).await;
    // Delivered once more, as by a replay; and an old order that is seen only now.
    let service = world.service().await;
    for event in world.events(AggregateKind::Order, 1001).await {
        service.request.handle(&event).await.unwrap();
    }
    world.say("orders/create", order(1002)).await;
    assert!(world.ends().await.is_empty());
    let late = json!({"processed_at": "2026-03-01T12:31:00Z", "updated_at": "2026-03-01T12:31:00Z"});
    world.say("orders/create", but(order(1003), late)).await;
    assert_eq!(world.ends().await, ["order_confirmation sent"]);
}

#[tokio::test]
async fn what_happens_while_it_is_off_is_not_told_later() {
    let mut world = World::start().await;
    world.restart(|settings| settings.enabled = false).await;
    world.at("2026-03-01T12:10:00Z");
    world.restart(|settings| settings.enabled = true).await;
    world.say("orders/create", order(1001)).await;
    assert!(world.ends().await.is_empty());
}

#[tokio::test]
async fn while_the_service_is_down_nothing_is_lost() {
    let mut world = World::start().await;
    world.say("orders/create", order(1001)).await;
    world.at("2026-03-01T20:00:00Z");
    world.restart(|_| {}).await;
    assert_eq!(world.ends().await, ["order_confirmation sent"]);
}

#[tokio::test]
async fn what_waits_for_a_replica_is_told_by_one_that_is_opened_later() {
    let mut world = World::start().await;
    world.say("orders/create", order(1001)).await;
    world.at("2026-03-01T20:00:00Z");
    world.replace().await;
    assert_eq!(world.ends().await, ["order_confirmation sent"]);
}

#[tokio::test]
async fn what_was_sent_is_not_sent_again_while_the_log_cannot_be_written() {
    let mut world = World::start().await;
    world.say("orders/create", order(1001)).await;
    world.request().await;
    let limit = world.fixture.servers[0].leave_room(Stream::Events, 0).await;
    for _ in 0..2 {
        assert!(world.send().await.unavailable.is_some(), "the log takes nothing");
        assert_eq!(world.mail.mails().len(), 1);
    }
    world.fixture.servers[0].set_limit(Stream::Events, limit).await;
    assert_eq!(world.ends().await, ["order_confirmation sent"]);
    assert_eq!(world.mail.mails().len(), 1);
}

#[tokio::test]
async fn an_operator_sends_again_under_a_new_id() {
    let mut world = World::start().await;
    world.mail.behave(MailManners::RefusesRecipients(550));
    world.say("orders/create", order(1001)).await;
    assert_eq!(world.ends().await, ["order_confirmation failed smtp: refused: 550"]);
    world.mail.behave(MailManners::Takes);
    let row = world.rows().await.remove(0);
    let key = AggregateKey::new(AggregateKind::Notification, &shop(), &row.key);
    let again = NotificationCommand::Resend {
        at: "2026-03-09T12:00:00Z".parse().unwrap(),
        attempt: row.attempt + 1,
        expires_at: "2026-03-10T12:00:00Z".parse().unwrap(),
        reason: "the address was corrected".to_owned(),
    };
    world.at("2026-03-09T12:00:00Z");
    let cause = Cause { id: "test".to_owned(), correlation_id: "test".to_owned(), trace_parent: None };
    for _ in 0..2 {
        world.store.execute::<Notification>(&key, again.clone(), &cause).await.unwrap();
    }
    assert_eq!(world.ends().await, ["order_confirmation sent"]);
    assert_eq!((world.rows().await[0].attempt, world.mail.mails().len()), (2, 1));
}

#[tokio::test]
async fn two_processes_that_hear_the_same_event_ask_once() {
    let mut world = World::start().await;
    world.say("orders/create", order(1001)).await;
    let (one, other) = (world.service().await, world.service().await);
    let event = Arc::new(world.events(AggregateKind::Order, 1001).await.remove(0));
    let mut copies = one.copies;
    copies.step().await.unwrap();
    let (first, second) = tokio::join!(one.request.handle(&event), other.request.handle(&event));
    first.and(second).unwrap();
    assert_eq!(world.ends().await, ["order_confirmation sent"]);
    assert_eq!(world.mail.mails().len(), 1);
}

#[tokio::test]
async fn what_waits_when_it_is_switched_off_is_not_sent() {
    let mut world = World::start().await;
    world.mail.behave(MailManners::RefusesMails(451));
    world.say("orders/create", order(1001)).await;
    assert_eq!(world.ends().await, ["order_confirmation requested"]);
    world.mail.behave(MailManners::Takes);
    world.restart(|settings| settings.enabled = false).await;
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    assert_eq!(world.ends().await, ["order_confirmation suppressed switched_off"]);
    assert!(world.mail.mails().is_empty());
}

#[tokio::test]
async fn a_refund_and_a_cancellation_are_told_once_however_often_more_of_them_becomes_known() {
    let mut world = World::start().await;
    let refund = |note: Option<&str>| {
        json!({
            "id": 5, "order_id": 1001, "created_at": "2026-03-01T12:02:00Z", "note": note, "refund_line_items": [],
            "transactions": [{
                "id": 81, "order_id": 1001, "kind": "refund", "status": "success", "amount": "12.00", "currency": "EUR",
                "created_at": "2026-03-01T12:02:00Z", "processed_at": "2026-03-01T12:02:00Z",
            }],
        })
    };
    let at = |minute: u32| format!("2026-03-01T12:0{minute}:00Z");
    let cancelled = |minute: u32, reason: Option<&str>, note: Option<&str>| {
        let changes = json!({
            "updated_at": at(minute), "cancelled_at": at(2), "cancel_reason": reason, "refunds": [refund(note)],
        });
        but(order(1001), changes)
    };
    world.say("orders/cancelled", cancelled(2, None, Some("chipped"))).await;
    world.react().await;
    world.say("refunds/create", refund(None)).await;
    world.say("orders/updated", cancelled(3, Some("customer"), None)).await;
    let told = world.events(AggregateKind::Order, 1001).await;
    let count = |wire_type: &str| told.iter().filter(|event| event.envelope.wire_type == wire_type).count();
    assert_eq!((count("order.refunded"), count("order.cancelled")), (2, 2), "more became known");
    let mut ends = world.ends().await;
    ends.sort();
    assert_eq!(ends, ["cancellation sent", "order_confirmation sent", "refund sent"]);
    assert_eq!(world.mail.mails().len(), 3);
}
