//! The law for products and customers: snapshots in any order, any number of times, end the same.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::collections::BTreeSet;

use aggregates::{Customer, CustomerCommand, CustomerSnapshot, Decider, Product, ProductCommand, ProductSnapshot};
use events::{
    AsOf, CustomerProfile, DomainEvents, InventoryItemId, ProductDescription, ProductEvent, Sealed, Timestamp, Variant,
    VariantId,
};
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use proptest::sample::Index;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap()
}

fn as_of(second: i64, number: usize) -> AsOf {
    AsOf { updated_at: at(second), triggered_at: None, digest: format!("{number:016x}") }
}

fn variant(id: u64, price: i64) -> Variant {
    Variant {
        id: VariantId::new(id).unwrap(),
        inventory_item_id: InventoryItemId::new(id + 100),
        sku: None,
        title: "tea".to_owned(),
        price: price.into(),
        compare_at_price: None,
    }
}

/// Second, title, whether it is published, what is shown in full, what is only named, and the price.
type Shown = (i64, u8, bool, BTreeSet<u64>, BTreeSet<u64>, i64);

fn product_words(shown: &[Shown], deleted: bool) -> Vec<ProductCommand> {
    let word = |(number, (second, title, published, variants, named, price)): (usize, &Shown)| {
        ProductCommand::Snapshot(Box::new(ProductSnapshot {
            as_of: as_of(*second, number),
            created_at: at(0),
            description: ProductDescription { title: format!("tea {title}"), ..ProductDescription::default() },
            published_at: published.then(|| at(*second)),
            variants: variants.iter().map(|id| variant(*id, *price)).collect(),
            further_variants: named.iter().map(|id| VariantId::new(*id).unwrap()).collect(),
        }))
    };
    let deletion = deleted.then(|| ProductCommand::Delete { at: at(99) });
    shown.iter().enumerate().map(word).chain(deletion).collect()
}

fn customer_words(shown: &[(i64, u8, Option<u8>, bool)]) -> Vec<CustomerCommand> {
    let word = |(number, (second, name, tag, enabled)): (usize, &(i64, u8, Option<u8>, bool))| {
        CustomerCommand::Snapshot(Box::new(CustomerSnapshot {
            as_of: as_of(*second, number),
            created_at: at(0),
            profile: CustomerProfile {
                first_name: Some(Sealed::Clear(name.to_string())),
                ..CustomerProfile::default()
            },
            default_address: None,
            tags: tag.map(|tag| vec![tag.to_string()]),
            consents: Vec::new(),
            enabled: *enabled,
        }))
    };
    shown.iter().enumerate().map(word).collect()
}

/// Hears every word; some of them the process hears twice, because it dies after a part of the events.
fn hear<A: Decider>(words: &[A::Command], crashes: &[Option<usize>]) -> (A, Vec<A::Event>)
where
    A::Event: DomainEvents,
    A::Command: Clone + Send + Sync,
    A::Error: Send + Sync,
{
    let (mut aggregate, mut log) = (A::default(), Vec::new());
    for (word, crash) in words.iter().zip(crashes.iter().cycle()) {
        for kept in crash.iter().copied().chain([usize::MAX]) {
            let mut events = aggregate.clone().decide(word.clone()).unwrap();
            events.truncate(kept);
            events.iter().cloned().for_each(|event| aggregate.apply(event));
            log.extend(events);
        }
    }
    (aggregate, log)
}

fn disordered<C: Clone>(words: &[C], swaps: &[(Index, Index)]) -> Vec<C> {
    let mut words = [words, words].concat();
    for (a, b) in swaps {
        let (a, b) = (a.index(words.len()), b.index(words.len()));
        words.swap(a, b);
    }
    words
}

/// Which inventory item each variant that was ever told has.
fn items(log: &[ProductEvent]) -> BTreeSet<(VariantId, Option<InventoryItemId>)> {
    let told = |event: &ProductEvent| match event {
        ProductEvent::VariantAdded(event) => Some((event.variant.id, event.variant.inventory_item_id)),
        ProductEvent::VariantRemoved(event) => Some((event.variant.id, event.variant.inventory_item_id)),
        _ => None,
    };
    log.iter().filter_map(told).collect()
}

/// A product without what it remembers of the telling: which snapshot came before the newest one.
fn visible(product: &Product) -> serde_json::Value {
    let mut json = serde_json::to_value(product).unwrap();
    json["before"] = serde_json::Value::Null;
    json
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn a_product_ends_the_same(
        shown in vec((0..5_i64, 0..3_u8, any::<bool>(), btree_set(1..5_u64, 0..4), btree_set(1..5_u64, 0..3), 1..3_i64), 1..8),
        deleted in any::<bool>(),
        swaps in vec(any::<(Index, Index)>(), 0..30),
        crashes in vec(proptest::option::of(0..3_usize), 16),
    ) {
        let mut words = product_words(&shown, deleted);
        let (disordered, log) = hear::<Product>(&disordered(&words, &swaps), &crashes);
        words.sort_by_key(|word| match word {
            ProductCommand::Snapshot(snapshot) => Some(snapshot.as_of.clone()),
            ProductCommand::Delete { .. } => None,
        });
        let (in_order, told) = hear::<Product>(&words, &[None]);
        prop_assert_eq!(visible(&disordered), visible(&in_order));
        prop_assert_eq!(items(&log), items(&told), "every variant that was ever shown is known");
    }

    #[test]
    fn a_customer_ends_the_same(
        shown in vec((0..5_i64, 0..3_u8, proptest::option::of(0..3_u8), any::<bool>()), 1..8),
        swaps in vec(any::<(Index, Index)>(), 0..30),
        crashes in vec(proptest::option::of(0..3_usize), 16),
    ) {
        let words = customer_words(&shown);
        let (disordered, _) = hear::<Customer>(&disordered(&words, &swaps), &crashes);
        let (in_order, _) = hear::<Customer>(&words, &[None]);
        prop_assert_eq!(disordered, in_order);
    }
}
