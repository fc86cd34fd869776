//! Providers that refuse, stall and fail, and the ones that stand in for them.

use events::Channel;
use handlers::notifications::Rule;
use testkit::MailManners;

use crate::hooks::Hook;
use crate::world::{World, only, order, read};

#[tokio::test]
async fn a_server_that_cannot_now_is_asked_again() {
    for manners in [
        MailManners::Greets(421),
        MailManners::RefusesRecipients(451),
        MailManners::RefusesMails(452),
        MailManners::KnowsNobody,
        MailManners::Stalls,
    ] {
        let mut world = World::start().await;
        world.mail.behave(manners);
        world.say("orders/create", order(1001)).await;
        let step = world.react().await;
        assert_eq!((step.retried, step.dead), (1, 0), "{manners:?}: {step:?}");
        assert!(world.mail.mails().is_empty());
        world.mail.behave(MailManners::Takes);
        assert_eq!(world.ends().await, ["order_confirmation sent"], "{manners:?}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_pauses_the_service_and_burns_no_try() {
    let mut world = World::with(|settings| settings.smtp.as_mut().unwrap().port = 1).await;
    world.say("orders/create", order(1001)).await;
    for _ in 0..10 {
        let step = world.react().await;
        assert_eq!((step.retried, step.dead), (0, 0));
        assert!(step.unavailable.unwrap().contains("smtp: not reachable: no connection"));
    }
    assert_eq!(world.ends().await, ["order_confirmation requested"]);
}

#[tokio::test]
async fn a_final_no_is_recorded_and_names_nobody() {
    for (manners, reason) in [
        (MailManners::RefusesRecipients(550), "smtp: refused: 550"),
        (MailManners::RefusesMails(554), "smtp: refused: 554"),
    ] {
        let mut world = World::start().await;
        world.mail.behave(manners);
        world.say("orders/create", order(1001)).await;
        assert_eq!(world.ends().await, [format!("order_confirmation failed {reason}")]);
        world.mail.behave(MailManners::Takes);
        world.react().await;
        assert!(world.mail.mails().is_empty(), "it is not tried again");
    }
}

#[tokio::test]
async fn the_next_provider_stands_in_for_one_that_cannot() {
    let hook = Hook::start().await;
    let settings = hook.settings(Channel::Email, &[]);
    let mut world = World::with(|all| all.http.push(settings)).await;
    world.mail.behave(MailManners::Greets(421));
    world.say("orders/create", order(1001)).await;
    assert_eq!(world.ends().await, ["order_confirmation sent"]);
    let calls = hook.calls();
    let [(headers, body)] = &calls[..] else { panic!("{calls:?}") };
    assert_eq!(headers["authorization"], "Bearer a token");
    assert_eq!(body["id"], headers["idempotency-key"].to_str().unwrap());
    assert_eq!((&body["to"], &body["channel"]), (&"ann@example.com".into(), &"email".into()));
    assert!(body["html"].as_str().unwrap().contains("#1001"));
    assert_eq!(world.rows().await[0].provider.as_deref(), Some("hook"));
}

#[tokio::test]
async fn a_message_that_nobody_would_take_is_not_passed_on() {
    let hook = Hook::start().await;
    let settings = hook.settings(Channel::Email, &[]);
    let mut world = World::with(|all| all.http.push(settings)).await;
    world.mail.behave(MailManners::RefusesRecipients(550));
    world.say("orders/create", order(1001)).await;
    assert_eq!(world.ends().await, ["order_confirmation failed smtp: refused: 550"]);
    assert!(hook.calls().is_empty());
}

#[tokio::test]
async fn an_http_interface_is_taken_at_its_word() {
    let hook = Hook::start().await;
    let settings = hook.settings(Channel::Sms, &[Rule::OrderConfirmation]);
    let mut world = World::with(|all| {
        all.rules = only(&[]);
        all.http.push(settings);
    })
    .await;
    hook.answer(500, None);
    hook.answer(429, Some("1"));
    world.say("orders/create", order(1001)).await;
    assert_eq!(world.react().await.retried, 1);
    assert_eq!(world.react().await.retried, 1);
    assert_eq!(world.react().await.parked, 1, "it was told to wait");
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    assert_eq!(world.ends().await, ["order_confirmation sent"]);
    let calls = hook.calls();
    assert_eq!(calls.len(), 3);
    assert!(calls.iter().all(|(headers, _)| headers["idempotency-key"] == calls[0].0["idempotency-key"]));
    assert_eq!(calls[2].1["to"], "+33612345678");
    assert_eq!(calls[2].1["text"], "acme: thank you, order #1001 over 24.00 EUR is confirmed.");

    hook.answer(422, None);
    world.say("orders/create", order(1002)).await;
    assert_eq!(world.ends().await, ["order_confirmation sent", "order_confirmation failed http_sms: refused: 422"]);
}

#[tokio::test]
async fn a_rule_speaks_on_every_channel_that_is_set_up_for_it() {
    let hook = Hook::start().await;
    let settings = hook.settings(Channel::Sms, &[Rule::OrderConfirmation]);
    let mut world = World::with(|all| all.http.push(settings)).await;
    world.say("orders/create", order(1001)).await;
    assert_eq!(world.ends().await, ["order_confirmation sent", "order_confirmation sent"]);
    assert_eq!((world.mail.mails().len(), hook.calls().len()), (1, 1));
    assert_eq!(read(&world.mail.mails()[0]).subject(), Some("Order #1001 confirmed"));
}
