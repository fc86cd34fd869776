//! Notifications: what happened is told to those whom it concerns, once.
//!
//! Two steps, so that a message that cannot be sent holds up nothing but itself.
//! [`RequestNotifications`] turns an event into notifications, by rule and recipient;
//! [`SendNotifications`] takes each of them through consent, quiet hours, its template and the
//! providers, and records how it ended.

mod address;
mod context;
mod message;
mod preview;
mod provider;
mod quiet_hours;
mod receipts;
mod recipients;
mod request;
mod rule;
mod send;
mod settings;
mod start;
mod templates;
mod wake;
mod zone;

use std::sync::Arc;

use db::Database;
use events::Timestamp;
use privacy::Vault;
use projections::checkout_contacts::CheckoutContacts;
use projections::customer_contacts::CustomerContacts;
use projections::order_contacts::OrderContacts;
use projections::orders::Orders;
use projections::products::Products;
use projections::variants::Variants;
use projections::{Engine, Projection, ReadModel};
use streams::{Broker, Durable, EventStore, Start, Starts, StartsError, Subscriber, Timers, events_head};

pub use context::Context;
pub use message::Content;
pub use preview::{Preview, PreviewError, Previewer};
pub use provider::{HttpSettings, SmtpSecurity, SmtpSettings};
pub use quiet_hours::{QuietHours, QuietHoursError};
pub use request::RequestNotifications;
pub use rule::{Class, Rule};
pub use send::SendNotifications;
pub use settings::{NotificationSettings, ShopFacts};
pub use templates::{Rendered, TemplateError, Templates};
pub use wake::WakeNotifications;

use provider::Providers;
use receipts::Receipts;
use recipients::Recipients;
use start::Since;

/// The service's name on the command line, and its database's.
pub const NAME: &str = "notifications";

/// The read models that the service keeps for itself, to look things up.
pub const COPIES: &[ReadModel] = &[
    ReadModel::of::<CheckoutContacts>(),
    ReadModel::of::<CustomerContacts>(),
    ReadModel::of::<OrderContacts>(),
    ReadModel::of::<Orders>(),
    ReadModel::of::<Products>(),
    ReadModel::of::<Variants>(),
];

/// What its subscribers wait for before they look anything up.
const COPY_NAMES: &[&str] = &[
    CheckoutContacts::NAME,
    CustomerContacts::NAME,
    OrderContacts::NAME,
    Orders::NAME,
    Products::NAME,
    Variants::NAME,
];

pub fn durables() -> Vec<Durable> {
    vec![RequestNotifications::durable(), SendNotifications::durable(), WakeNotifications::durable()]
}

/// The service's parts: run the engine of its copies beside its subscribers.
pub struct Notifications {
    pub copies: Engine,
    pub request: RequestNotifications,
    pub send: SendNotifications,
    pub wake: WakeNotifications,
}

/// Why the service cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Database(#[from] db::Error),
    #[error(transparent)]
    Broker(#[from] streams::ReadError),
    #[error("since when notifications are on cannot be noted")]
    Start(#[from] StartsError),
    #[error(transparent)]
    Template(#[from] TemplateError),
    #[error("the provider {name} cannot be used")]
    Provider { name: String, source: Box<dyn std::error::Error + Send + Sync> },
}

/// What the subscribers have in common.
struct Desk {
    settings: NotificationSettings,
    store: EventStore,
    broker: Broker,
    recipients: Recipients,
    templates: Templates,
    providers: Providers,
    receipts: Receipts,
    timers: Timers,
}

impl Notifications {
    /// `db` is the service's own database; its tables are made. `vault` opens addresses. The first time that it is enabled for
    /// a shop, the service notes on the broker where the log stands: what happened before is never told.
    pub async fn open(
        broker: &Broker,
        db: Database,
        vault: Vault,
        settings: NotificationSettings,
    ) -> Result<Self, StartError> {
        let copies = Engine::open(db.clone(), broker.clone(), COPIES).await?;
        let start = Start { position: events_head(broker).await?, at: (settings.clock)() };
        let since = Since::begun(&Starts::new(broker, NAME), &settings, start).await?;
        let desk = Arc::new(Desk::new(broker, db, vault, settings)?);
        let request = RequestNotifications::new(Arc::clone(&desk), since);
        let send = SendNotifications::new(Arc::clone(&desk));
        Ok(Self { copies, request, send, wake: WakeNotifications::new(desk) })
    }
}

impl Notifications {
    /// The subscribers of events alone, for events of the past. Nothing is written: a shop for which the
    /// service was never enabled has no start, and so nothing to tell.
    pub(crate) async fn again(
        broker: &Broker,
        db: Database,
        vault: Vault,
        settings: NotificationSettings,
    ) -> Result<(RequestNotifications, SendNotifications), StartError> {
        let since = Since::noted(&Starts::new(broker, NAME), &settings).await?;
        let desk = Arc::new(Desk::new(broker, db, vault, settings)?);
        Ok((RequestNotifications::new(Arc::clone(&desk), since), SendNotifications::new(desk)))
    }
}

impl Desk {
    fn new(broker: &Broker, db: Database, vault: Vault, settings: NotificationSettings) -> Result<Self, StartError> {
        let templates = Templates::new(&settings.templates, &settings.locale)?;
        let providers = Providers::new(&settings)?;
        let (store, timers) = (EventStore::new(broker), Timers::new(broker, NAME));
        let (recipients, broker) = (Recipients::new(db, vault), broker.clone());
        let receipts = Receipts::default();
        Ok(Self { settings, store, broker, recipients, templates, providers, receipts, timers })
    }

    fn now(&self) -> Timestamp {
        (self.settings.clock)()
    }
}
