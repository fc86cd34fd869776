//! Inventory: what orders want is promised, shipped and taken back from the stock of locations.

mod allocate_stock;

use db::Database;
use events::LocationId;
use projections::{Engine, Projection, ReadModel, order_lines::OrderLines, variants::Variants};
use streams::{Broker, Durable, EventStore, Subscriber};

pub use allocate_stock::AllocateStock;

/// The service's name on the command line, and its database's.
pub const NAME: &str = "inventory";

/// The read models that the service keeps for itself, to look things up.
pub const COPIES: &[ReadModel] = &[ReadModel::of::<OrderLines>(), ReadModel::of::<Variants>()];

/// What its subscribers wait for before they look anything up.
const COPY_NAMES: &[&str] = &[OrderLines::NAME, Variants::NAME];

/// What a merchant may set.
#[derive(Debug, Clone, Default)]
pub struct InventorySettings {
    /// Locations, best first: the rule `priority`.
    pub priority: Vec<LocationId>,
}

pub fn durables() -> Vec<Durable> {
    vec![AllocateStock::durable()]
}

/// The service's parts: run the engine of its copies beside its subscriber.
pub struct Inventory {
    pub copies: Engine,
    pub allocate_stock: AllocateStock,
}

impl Inventory {
    /// `db` is the service's own database; its tables are made.
    pub async fn open(broker: &Broker, db: Database, settings: InventorySettings) -> Result<Self, db::Error> {
        let copies = Engine::open(db.clone(), broker.clone(), COPIES).await?;
        let allocate_stock = AllocateStock::new(EventStore::new(broker), db, settings);
        Ok(Self { copies, allocate_stock })
    }
}
