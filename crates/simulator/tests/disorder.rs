//! What arrives is what was sent, in whatever order.

#![allow(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use std::collections::BTreeMap;

use shopify::Secret;
use simulator::{Delivery, Disorder, Settings, Store};

fn deliveries() -> Vec<Delivery> {
    let settings = Settings::new("acme".parse().unwrap(), Secret::new("hush").unwrap(), 1);
    let mut store = Store::new(&settings);
    let mut deliveries = store.open();
    deliveries.extend(store.live(250));
    deliveries
}

fn ids(deliveries: &[Delivery]) -> Vec<&str> {
    deliveries.iter().map(|delivery| delivery.webhook_id.as_str()).collect()
}

#[test]
fn every_delivery_arrives_in_the_end_and_duplicates_are_the_same() {
    let sent = deliveries();
    for disorder in [Disorder::none(), Disorder::mild(1), Disorder::heavy(2), Disorder::chaos(3)] {
        let arrived = disorder.apply(sent.clone());
        let mut by_id: BTreeMap<&str, Vec<&Delivery>> = BTreeMap::new();
        arrived.iter().for_each(|delivery| by_id.entry(&delivery.webhook_id).or_default().push(delivery));
        assert_eq!(by_id.len(), sent.len());
        for delivery in &sent {
            let copies = &by_id[delivery.webhook_id.as_str()];
            let of = |one: &Delivery| (one.topic, one.event_id.clone(), one.triggered_at, one.body.clone());
            assert!(copies.iter().all(|copy| of(copy) == of(delivery)));
        }
    }
}

#[test]
fn as_many_come_twice_as_was_asked() {
    let sent = deliveries();
    for share in [0.0, 0.1, 0.5, 1.0] {
        let disorder = Disorder { duplicates: share, ..Disorder::heavy(5) };
        let twice = (disorder.apply(sent.clone()).len() - sent.len()) as f64 / sent.len() as f64;
        assert!((twice - share).abs() < 0.03, "{twice} for {share}");
    }
}

#[test]
fn without_disorder_nothing_changes() {
    let sent = deliveries();
    assert_eq!(ids(&Disorder::none().apply(sent.clone())), ids(&sent));
}

#[test]
fn a_window_bounds_how_far_neighbours_stray() {
    let sent = deliveries();
    let window = 20;
    let disorder = Disorder { window, ..Disorder::none() };
    let arrived = disorder.apply(sent.clone());
    let places: BTreeMap<&str, usize> = ids(&sent).into_iter().zip(0..).collect();
    let strayed = |(place, id): (usize, &str)| places[id].abs_diff(place);
    let far = ids(&arrived).into_iter().enumerate().map(strayed).max().unwrap();
    assert!(far > 0 && far <= window, "{far}");
}

#[test]
fn the_same_seed_gives_the_same_disorder() {
    let sent = deliveries();
    let arrived = Disorder::heavy(9).apply(sent.clone());
    assert_eq!(ids(&arrived), ids(&Disorder::heavy(9).apply(sent.clone())));
    assert_ne!(ids(&arrived), ids(&Disorder::heavy(10).apply(sent)));
}
