//! The law: for every set of webhooks, every permutation with any duplicates and crashes ends in the same states
//! and the same rows.

#![allow(clippy::unwrap_used)]

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::LazyLock;

use aggregates::{Decider, Execute, Order};
use events::{
    AggregateKey, AggregateKind, DomainEvents, Envelope, Event, EventId, Piece, Recorded, Sealed, Shop, Timestamp,
    subject,
};
use privacy::DataKey;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use shopify::{Delivery, Secret, Topic, Translation, translate};
use simulator::{Delivery as Delivered, Settings, Store};

/// What is delivered: the topic, `Triggered-At`, and the body.
#[derive(Clone)]
struct Webhook(&'static str, Option<Timestamp>, Value);

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?} {}", self.0, self.1, self.2)
    }
}

/// What an aggregate remembers of the telling, not of the thing told: which event it took to say so, when a
/// change that nothing explains was noticed, which observation was explained by then, and how far an item's
/// books are closed.
const MEMORY: [&str; 7] = ["placed_quantity", "changed_at", "drift_told", "before", "base", "next", "closed"];

#[path = "law/goods.rs"]
mod goods;
#[path = "law/news.rs"]
mod news;
#[path = "law/observed.rs"]
mod observed;
#[path = "law/orders.rs"]
mod orders;

/// All that the aggregates know in the end, and the log that their events are in.
#[derive(Default)]
struct World {
    aggregates: BTreeMap<AggregateKey, Held>,
    log: Vec<Recorded<Event>>,
}

struct Held {
    state: Box<dyn Any>,
    /// The state as JSON.
    known: Value,
    version: u64,
}

impl World {
    fn after<'a>(webhooks: impl IntoIterator<Item = &'a Webhook>) -> Self {
        let mut world = Self::default();
        for webhook in webhooks {
            world.hear(webhook);
        }
        world
    }

    /// The process dies when it has recorded so many events of a webhook, and hears it again.
    fn after_crashes<'a>(
        webhooks: impl IntoIterator<Item = &'a Webhook>,
        crashes: impl IntoIterator<Item = Option<usize>>,
    ) -> Self {
        let mut world = Self::default();
        for (webhook, crash) in webhooks.into_iter().zip(crashes) {
            if let Some(kept) = crash {
                world.hear_until(webhook, kept);
            }
            world.hear(webhook);
        }
        world
    }

    /// Returns how many events the webhook led to.
    fn hear(&mut self, webhook: &Webhook) -> usize {
        self.hear_until(webhook, usize::MAX)
    }

    /// Records no more than so many events.
    fn hear_until(&mut self, Webhook(topic, triggered_at, body): &Webhook, mut kept: usize) -> usize {
        let (shop, body) = (shop(), body.to_string());
        let (triggered_at, body) = (*triggered_at, body.as_bytes());
        let delivery = Delivery {
            topic: Some(topic),
            shop: &shop,
            api_version: None,
            triggered_at,
            received_at: events::Timestamp::UNIX_EPOCH,
            body,
        };
        let Translation::Commands(commands) = translate(&delivery).unwrap() else { panic!("{topic} was kept") };
        let most = kept;
        for command in commands {
            let key = command.key(&shop);
            kept -= command.dispatch(Hear { world: self, key, kept });
        }
        most - kept
    }

    /// All that is known in the end, by its path: the states, the sums of what orders want of the stock, and
    /// the rows of the read models.
    fn known(&self) -> BTreeMap<String, String> {
        let mut known = BTreeMap::new();
        for (key, held) in &self.aggregates {
            flatten(format!("/{key}"), &held.known, &mut known);
            let Some(order) = held.state.downcast_ref::<Order>() else { continue };
            for (variant, demand) in order.demands("1".parse().unwrap()) {
                for part in demand.parts {
                    let fate =
                        format!("{:?}", part.fate).chars().take_while(char::is_ascii_alphabetic).collect::<String>();
                    let path = format!("demand/{variant}/{}/{fate}/{:?}", demand.line_id, part.location_id);
                    let sum = known.get(&path).map_or(0, |sum| sum.parse::<u32>().unwrap()) + part.quantity;
                    known.insert(path, sum.to_string());
                }
            }
        }
        // A timeline is the telling itself.
        let is_told = |row: &str| projections::order_timeline::READS.iter().any(|model| row.starts_with(model));
        for (row, value) in projections::rows_of(&self.log).unwrap().into_iter().filter(|(row, _)| !is_told(row)) {
            flatten(format!("row/{row}"), &value, &mut known);
        }
        known
    }
}

/// As in production: the decision is taken on a copy, and the state is what its events make of it.
struct Hear<'a> {
    world: &'a mut World,
    key: AggregateKey,
    kept: usize,
}

impl Execute for Hear<'_> {
    type Output = usize;

    fn execute<A: Decider>(self, mut command: A::Command) -> usize {
        let Self { world, key, kept } = self;
        A::personal(&key, &mut command).into_iter().for_each(seal);
        let held = world.aggregates.remove(&key);
        let mut version = held.as_ref().map_or(0, |held| held.version);
        let mut state: A = held.map_or_else(A::default, |held| *held.state.downcast().unwrap());
        let mut events = state.clone().decide(command).unwrap_or_else(|error| panic!("{key}: {error}"));
        events.truncate(kept);
        let count = events.len();
        for event in events {
            version += 1;
            state.apply(event.clone());
            world.log.push(recorded(world.log.len() as u64 + 1, &key, version, event.into_event()));
        }
        let known = serde_json::to_value(&state).unwrap();
        world.aggregates.insert(key, Held { state: Box::new(state), known, version });
        count
    }
}

/// As a vault does it, with one key for all: states and rows are folded of tokens.
fn seal(Piece { subject, field, value }: Piece<'_>) {
    static KEY: LazyLock<DataKey> = LazyLock::new(|| DataKey::from([7; 32]));
    if let Some(Sealed::Open(text)) = value {
        *value = Some(Sealed::Shut(KEY.seal(&subject, field, text).unwrap()));
    }
}

fn recorded(position: u64, key: &AggregateKey, version: u64, event: Event) -> Recorded<Event> {
    let (wire_type, time) = (event.wire_type(), event.at());
    let envelope = Envelope {
        id: EventId::derive("law", &subject::event(key), version),
        wire_type: wire_type.to_owned(),
        schema_version: event.schema_version(),
        time,
        key: key.clone(),
        aggregate_version: version,
        correlation_id: "law".to_owned(),
        causation_id: "law".to_owned(),
        trace_parent: None,
    };
    Recorded { position, recorded_at: time, envelope, event }
}

fn shop() -> Shop {
    "acme".parse().unwrap()
}

fn flatten(path: String, value: &Value, known: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(fields) => {
            let told = fields.iter().filter(|(name, _)| !MEMORY.contains(&name.as_str()));
            told.for_each(|(name, value)| flatten(format!("{path}/{name}"), value, known));
        }
        Value::Array(values) => {
            values.iter().enumerate().for_each(|(at, value)| flatten(format!("{path}/{at}"), value, known));
        }
        // The order's own transactions say what became of a refund's.
        _ if path.contains("/refunds/") && path.contains("/transactions/") && !path.ends_with("/id") => {}
        leaf => drop(known.insert(path, leaf.to_string())),
    }
}

fn time(second: u32) -> String {
    format!("2026-03-29T18:00:{second:02}+02:00")
}

/// Few seconds, so that many webhooks claim the same one.
fn second() -> impl Strategy<Value = String> {
    (10_u32..14).prop_map(time)
}

fn triggered_at() -> impl Strategy<Value = Option<Timestamp>> {
    prop::option::of((10_u32..13).prop_map(|second| time(second).parse().unwrap()))
}

/// Any topic of these with any body of these.
fn any_of(topics: Vec<&'static str>, body: impl Strategy<Value = Value>) -> impl Strategy<Value = Webhook> {
    (select(topics), triggered_at(), body).prop_map(|(topic, triggered_at, body)| Webhook(topic, triggered_at, body))
}

fn webhook(topic: &'static str, body: impl Strategy<Value = Value>) -> impl Strategy<Value = Webhook> {
    (triggered_at(), body).prop_map(move |(triggered_at, body)| Webhook(topic, triggered_at, body))
}

/// One snapshot, under any topic that shows the whole customer.
const CUSTOMERS: [&str; 4] = ["customers/create", "customers/update", "customers/enable", "customers/disable"];

fn of_a_customer() -> impl Strategy<Value = Webhook> {
    let state = prop::sample::select(vec!["enabled", "disabled"]);
    let body = (second(), state, "[ab]", prop::option::of("[ab]")).prop_map(|(at, state, name, tags)| {
        json!({"id": 1, "created_at": time(1), "updated_at": at, "first_name": name, "state": state, "tags": tags,
               "default_address": {"city": name}})
    });
    prop_oneof![
        4 => any_of(CUSTOMERS.to_vec(), body),
        6 => news::of_a_customer(),
        1 => Just(Webhook("customers/delete", None, json!({"id": 1}))),
    ]
}

/// When the process dies: after so many events of one webhook.
fn crashes() -> impl Strategy<Value = Vec<Option<usize>>> {
    prop::collection::vec(prop::option::of(0_usize..4), 1..8)
}

/// Webhooks, and the same ones disordered and some repeated.
fn disordered(webhook: impl Strategy<Value = Webhook>) -> impl Strategy<Value = (Vec<Webhook>, Vec<Webhook>)> {
    prop::collection::vec(webhook, 1..7).prop_flat_map(|webhooks| {
        let repeated = subsequence(webhooks.clone(), 0..=webhooks.len());
        let again = repeated.prop_map({
            let webhooks = webhooks.clone();
            move |repeated| [webhooks.clone(), repeated].concat()
        });
        (Just(webhooks), again.prop_shuffle())
    })
}

fn law((webhooks, disordered): (Vec<Webhook>, Vec<Webhook>), crashes: &[Option<usize>]) -> Result<(), TestCaseError> {
    let mut world = World::after(&webhooks);
    same(&world, &World::after_crashes(&disordered, crashes.iter().copied().cycle()))?;
    for webhook in &disordered {
        prop_assert_eq!(world.hear(webhook), 0, "{} again", webhook.0);
    }
    Ok(())
}

fn same(one: &World, other: &World) -> Result<(), TestCaseError> {
    let (one, other) = (one.known(), other.known());
    let paths: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    let different = |path: &&String| one.get(*path) != other.get(*path);
    let differences: Vec<_> =
        paths.into_iter().filter(different).map(|path| (path, one.get(path), other.get(path))).collect();
    prop_assert!(differences.is_empty(), "{differences:#?}");
    Ok(())
}

/// What webhooks say of one aggregate of a kind; none when no webhook speaks of them. A new kind does not
/// compile before it is here.
fn webhooks_of(kind: AggregateKind) -> Option<BoxedStrategy<Webhook>> {
    Some(match kind {
        AggregateKind::Order => orders::of_an_order().boxed(),
        AggregateKind::Product => goods::of_a_product().boxed(),
        AggregateKind::Stock => goods::of_an_item().boxed(),
        AggregateKind::Customer => of_a_customer().boxed(),
        AggregateKind::Shop => news::of_the_shop().boxed(),
        AggregateKind::FulfillmentOrder => news::of_fulfillment_orders().boxed(),
        AggregateKind::Checkout => news::of_a_checkout().boxed(),
        AggregateKind::Return => news::of_a_return_alone().boxed(),
        // They are told by our own services.
        AggregateKind::Loyalty | AggregateKind::Notification => return None,
        AggregateKind::Location
        | AggregateKind::Collection
        | AggregateKind::DraftOrder
        | AggregateKind::Company
        | AggregateKind::CompanyLocation
        | AggregateKind::CompanyContact
        | AggregateKind::CompanyContactRole
        | AggregateKind::Dispute
        | AggregateKind::SubscriptionContract
        | AggregateKind::SubscriptionBillingAttempt
        | AggregateKind::SubscriptionBillingCycle
        | AggregateKind::AppSubscription
        | AggregateKind::AppPurchase
        | AggregateKind::Discount
        | AggregateKind::DiscountCode
        | AggregateKind::Market
        | AggregateKind::Segment
        | AggregateKind::SellingPlanGroup
        | AggregateKind::PaymentTerms
        | AggregateKind::PaymentSchedule
        | AggregateKind::TenderTransaction
        | AggregateKind::CustomerPaymentMethod => observed::webhooks_of(kind).boxed(),
    })
}

/// The kinds whose bodies differ most have the most cases. `TILLSTREAM_LAW_CASES` multiplies them.
fn cases(kind: AggregateKind) -> u32 {
    let times = std::env::var("TILLSTREAM_LAW_CASES").map_or(1, |times| times.parse::<u32>().unwrap());
    times
        * if matches!(kind, AggregateKind::Order | AggregateKind::Stock | AggregateKind::FulfillmentOrder) {
            400
        } else {
            100
        }
}

fn runner(cases: u32) -> TestRunner {
    TestRunner::new(ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() })
}

#[test]
fn every_aggregate_ends_the_same_in_any_order_of_its_webhooks() {
    for kind in AggregateKind::ALL {
        let Some(webhooks) = webhooks_of(kind) else { continue };
        let strategy = (disordered(webhooks), crashes());
        let result = runner(cases(kind)).run(&strategy, |(case, crashes)| law(case, &crashes));
        result.unwrap_or_else(|error| panic!("{kind}: {error}"));
        println!("{kind:30} {} cases", cases(kind));
    }
}

/// A topic that no generator speaks is under no law.
#[test]
fn the_generators_speak_every_topic_that_leads_to_events() {
    let mut runner = TestRunner::deterministic();
    let mut spoken = BTreeSet::new();
    for webhooks in AggregateKind::ALL.into_iter().filter_map(webhooks_of) {
        spoken.extend((0..1_000).map(|_| webhooks.new_tree(&mut runner).unwrap().current().0));
    }
    let translated: BTreeSet<&str> =
        Topic::all().filter(|topic| topic.is_translated()).map(|topic| topic.name).collect();
    assert_eq!(spoken, translated);
}

/// What a simulated shop sends in a part of its life.
fn life(seed: u64) -> Vec<Webhook> {
    let mut store = Store::new(&Settings::new(shop(), Secret::new("hush").unwrap(), seed));
    let mut deliveries = [store.open(), store.live(12)].concat();
    deliveries.retain(|delivery| Topic::find(delivery.topic).is_some_and(Topic::is_translated));
    let webhook = |delivery: Delivered| {
        let body = serde_json::from_slice(&delivery.body).unwrap();
        Webhook(delivery.topic, Some(delivery.triggered_at), body)
    };
    deliveries.into_iter().map(webhook).collect()
}

#[test]
fn a_shops_life_ends_the_same_however_it_is_delivered() {
    let lives = any::<u64>().prop_map(life).prop_flat_map(|life| {
        let again = subsequence((0..life.len()).collect::<Vec<_>>(), 0..=life.len() / 3);
        let order = again.prop_map({
            let all = 0..life.len();
            move |again| all.clone().chain(again).collect::<Vec<_>>()
        });
        (Just(life), order.prop_shuffle(), crashes())
    });
    let result = runner(cases(AggregateKind::Shop) / 10).run(&lives, |(life, order, crashes)| {
        let disordered: Vec<&Webhook> = order.iter().map(|at| &life[*at]).collect();
        let crashes = crashes.iter().copied().cycle();
        same(&World::after(&life), &World::after_crashes(disordered, crashes))
    });
    result.unwrap_or_else(|error| panic!("{}", error.to_string().chars().take(4_000).collect::<String>()));
}
