//! Inventory: what orders want is promised, shipped and taken back from the stock of locations.

mod allocate_stock;
mod lookups;
pub mod report;
mod settings;
mod snapshots;
mod stations;
mod together;

use std::sync::Arc;

use db::Database;
use projections::fulfillment_orders::FulfillmentOrders;
use projections::{Engine, Projection, ReadModel, order_lines::OrderLines, variants::Variants};
use streams::{Broker, Durable, EventStore, Subscriber, SubscriptionSettings};

pub use aggregates::{Rule, Simulated, Simulation};
pub use allocate_stock::AllocateStock;
pub use settings::{InventorySettings, Pin, PlacedAt, SettingError};

use snapshots::SnapshotTable;

/// The service's name on the command line, and its database's.
pub const NAME: &str = "inventory";

/// The read models that the service keeps for itself, to look things up.
pub const COPIES: &[ReadModel] =
    &[ReadModel::of::<FulfillmentOrders>(), ReadModel::of::<OrderLines>(), ReadModel::of::<Variants>()];

/// What its subscribers wait for before they look anything up.
const COPY_NAMES: &[&str] = &[FulfillmentOrders::NAME, OrderLines::NAME, Variants::NAME];

/// How many events are handled at once: those of one item wait for each other, and are decided together.
const LANES: usize = 128;

/// Orders kept in memory: those that were delivered and wait, and those that are told of again soon.
const ORDERS: usize = 8_192;

pub fn durables() -> Vec<Durable> {
    vec![AllocateStock::durable()]
}

/// The service's parts: run the engine of its copies beside its subscriber.
pub struct Inventory {
    pub copies: Engine,
    pub allocate_stock: AllocateStock,
    /// Through which it appends.
    pub store: EventStore,
}

impl Inventory {
    /// `db` is the service's own database; its tables are made.
    pub async fn open(broker: &Broker, db: Database, settings: InventorySettings) -> Result<Self, db::Error> {
        let copies = Engine::open(db.clone(), broker.clone(), COPIES).await?;
        let snapshots = Arc::new(SnapshotTable::open(db.clone()).await?);
        let store = EventStore::new(broker).with_snapshots(snapshots);
        let orders = EventStore::with_capacity(broker, ORDERS);
        let allocate_stock = AllocateStock::new(orders, store.clone(), db, settings);
        Ok(Self { copies, allocate_stock, store })
    }

    pub fn subscription() -> SubscriptionSettings {
        SubscriptionSettings { lanes: LANES, ..SubscriptionSettings::default() }
    }
}
