//! A service of one's own, whole: it counts the large orders of every customer in a table of its own,
//! and says so when somebody becomes a VIP.
//!
//! ```sh
//! cargo run -p handlers --example vip_orders -- nats://127.0.0.1:4222 sqlite://vip.db
//! ```
//!
//! It needs NATS and nothing else of the house. To make it part of `tillstream handlers`, move it to
//! `crates/handlers/src` and add one line to `SERVICES` there.
#![allow(clippy::print_stdout, reason = "this is what it does")]

use std::collections::BTreeSet;
use std::error::Error;
use std::time::Duration;

use db::{Column, Database, Value};
use events::{AggregateKind, Event, OrderEvent, OrderPlaced, Recorded, subject};
use projections::{Engine, Projection, ReadModel};
use streams::topology::{TopologySettings, ensure_durables};
use streams::{Broker, BrokerSettings, Failure, Subscriber, Subscription, SubscriptionSettings};
use tokio_util::sync::CancellationToken;

/// In the shop's currency.
const LARGE: i64 = 100;
/// So many large orders make a VIP.
const ENOUGH: usize = 3;

/// The table: one row per customer, the ids of their large orders. A pure fold: it can be thrown away
/// and folded again, and the same order twice is one.
struct VipOrders;

impl Projection for VipOrders {
    const NAME: &'static str = "vip_orders";
    const VERSION: u32 = 1;
    const COLUMNS: &'static [Column] = &[];
    const INDEXES: &'static [&'static [&'static str]] = &[];
    const KINDS: &'static [AggregateKind] = &[AggregateKind::Order];

    type Row = BTreeSet<String>;

    fn keys(event: &Recorded<Event>) -> Vec<String> {
        large(event).into_iter().collect()
    }

    fn project(_: &str, row: Option<BTreeSet<String>>, event: &Recorded<Event>) -> Option<BTreeSet<String>> {
        let mut orders = row.unwrap_or_default();
        orders.insert(event.envelope.key.id.clone());
        Some(orders)
    }

    fn columns(_: &BTreeSet<String>) -> Vec<Value> {
        Vec::new()
    }
}

/// The customer of a large order.
fn large(event: &Recorded<Event>) -> Option<String> {
    let Event::Order(OrderEvent::Placed(OrderPlaced { contact, totals, test: false, .. })) = &event.event else {
        return None;
    };
    let customer = contact.customer_id.filter(|_| totals.total.shop.amount() >= LARGE.into())?;
    Some(customer.to_string())
}

/// The reaction. It may be called twice for one event, so it decides by the table, never by counting
/// calls; an effect that must not be repeated needs an aggregate, as notifications have one.
struct GreetVips {
    table: Database,
}

impl Subscriber for GreetVips {
    /// The durable consumer on the server: another name starts over from the first event.
    const NAME: &'static str = "greet_vips";
    type Message = Recorded<Event>;

    fn filters() -> Vec<String> {
        vec![subject::events_of(AggregateKind::Order)]
    }

    async fn handle(&self, event: &Recorded<Event>) -> Result<(), Failure> {
        let Some(customer) = large(event) else { return Ok(()) };
        // The table is folded beside us: do not decide before it has come to this event.
        while self.table.position(VipOrders::NAME, VipOrders::VERSION).await.map_err(Failure::unavailable)?
            < event.position
        {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let shop = &event.envelope.key.shop;
        let row = self.table.get(&VipOrders::TABLE, shop, &customer).await.map_err(Failure::unavailable)?;
        let orders: BTreeSet<String> = match row {
            Some(row) => serde_json::from_str(&row.data).map_err(Failure::reject)?,
            None => BTreeSet::new(),
        };
        if orders.len() >= ENOUGH {
            println!("customer {customer} of {shop} is a VIP: {} large orders", orders.len());
        }
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut words = std::env::args().skip(1);
    let (Some(nats), Some(database)) = (words.next(), words.next()) else {
        return Err("usage: vip_orders <NATS URL> <database URL>".into());
    };
    let broker = Broker::connect(&BrokerSettings::new(nats, "vip_orders")).await?;
    ensure_durables(&broker, &TopologySettings::default(), &[GreetVips::durable()]).await?;
    let table = Database::open(&database).await?;
    let engine = Engine::open(table.clone(), broker.clone(), &[ReadModel::of::<VipOrders>()]).await?;
    let greet = Subscription::open(&broker, GreetVips { table }, SubscriptionSettings::default()).await?;
    let shutdown = CancellationToken::new();
    let (fold, react) = (tokio::spawn(engine.run(shutdown.clone())), tokio::spawn(greet.run(shutdown.clone())));
    println!("ready");
    tokio::signal::ctrl_c().await?;
    shutdown.cancel();
    fold.await?;
    react.await?;
    Ok(())
}
