use aggregates::{End, Notification, NotificationCommand, Receipt};
use events::{AggregateKey, AggregateKind, Channel, EventId, Notice, NotificationKey, Recipient, Shop, Trigger};
use http::StatusCode;
use serde_json::json;
use streams::Cause;

use crate::world::World;

/// About the order `1000 + n` of the customer 7, a minute after the one before.
async fn notify(world: &World, n: u64, end: Option<End>) -> NotificationKey {
    let shop: Shop = "acme".parse().unwrap();
    let order_id = events::OrderId::new(1000 + n);
    let recipient = Recipient::Order { order_id: order_id.unwrap() };
    let at = "2026-03-01T12:00:00Z".parse::<events::Timestamp>().unwrap();
    let at = at.checked_add(std::time::Duration::from_secs(60 * n)).unwrap();
    let notice = Notice {
        rule: "refund".to_owned(),
        channel: Channel::Email,
        recipient: recipient.clone(),
        trigger: Trigger { event_id: EventId::derive("a", "b", n), position: n },
        order_id,
        customer_id: "7".parse().ok(),
        expires_at: at,
    };
    let key = NotificationKey::derive(&n.to_string(), "refund", &recipient, Channel::Email);
    let aggregate = AggregateKey::new(AggregateKind::Notification, &shop, &key);
    let cause = Cause { id: format!("test:{n}"), correlation_id: "test".to_owned(), trace_parent: None };
    let request = NotificationCommand::Request { at, notice: Box::new(notice) };
    world.store.execute::<Notification>(&aggregate, request, &cause).await.unwrap();
    if let Some(end) = end {
        let end = NotificationCommand::End { at, attempt: 1, end };
        world.store.execute::<Notification>(&aggregate, end, &cause).await.unwrap();
    }
    key
}

#[tokio::test]
async fn it_is_told_what_was_sent_and_why_something_was_not() {
    let mut world = World::start().await;
    let receipt = Receipt {
        provider: "smtp".to_owned(),
        message_id: "m".to_owned(),
        to: "a***@e***.com".to_owned(),
        locale: "en".to_owned(),
        template: "t".to_owned(),
    };
    let sent = notify(&world, 1, Some(End::Sent(receipt))).await;
    notify(&world, 2, Some(End::Suppressed(events::Suppression::NoConsent))).await;
    notify(&world, 3, None).await;
    world.fold().await;

    let all = world.get("/v1/acme/notifications?customer_id=7").await.json();
    let ends: Vec<_> = all["data"].as_array().unwrap().iter().map(|row| (&row["status"], &row["reason"])).collect();
    let null = json!(null);
    assert_eq!(
        ends,
        [(&json!("requested"), &null), (&json!("suppressed"), &json!("no_consent")), (&json!("sent"), &null)],
        "the newest first"
    );
    let one = world.get("/v1/acme/notifications?order_id=1001").await.json();
    let row = &one["data"][0];
    for (field, value) in [
        ("key", json!(sent.as_str())),
        ("rule", json!("refund")),
        ("channel", json!("email")),
        ("recipient", json!("order/1001")),
        ("to", json!("a***@e***.com")),
        ("at", json!("2026-03-01T12:01:00Z")),
        ("attempt", json!(1)),
    ] {
        assert_eq!(row[field], value, "{field}");
    }
    assert_eq!(one["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_list_goes_on_where_its_page_ended() {
    let mut world = World::start().await;
    for n in 1..=5 {
        notify(&world, n, None).await;
    }
    world.fold().await;
    let (mut seen, mut path) = (Vec::new(), "/v1/acme/notifications?limit=2".to_owned());
    loop {
        let page = world.get(&path).await.json();
        seen.extend(page["data"].as_array().unwrap().iter().map(|row| row["order_id"].as_str().unwrap().to_owned()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/v1/acme/notifications?limit=2&cursor={cursor}");
    }
    assert_eq!(seen, ["1005", "1004", "1003", "1002", "1001"]);
    let refused = world.get("/v1/acme/notifications?order=1001").await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
}
