//! The roles, each put together from its parts. `up` runs all of them in one process, a single one runs alone.

mod access;
mod broker;
mod databases;
mod deadlines;
mod expiry;
mod gauges;
mod next_day;
mod notifications;
mod secrets;
mod users;
mod vault;

use std::collections::HashMap;
use std::sync::Arc;

use ::access::Access;
use axum::Router;
use commands::CommandState;
use events::{Shop, StockAuthority, Timestamp};
use handlers::checkouts::{self, Checkouts, CheckoutsSettings};
use handlers::inventory::{self, Inventory, InventorySettings};
use handlers::loyalty::{self, Loyalty, LoyaltySettings};
use ingress::{IngressSettings, IngressState};
use metrics_exporter_prometheus::PrometheusHandle;
use privacy::Vault;
use projections::redactions::Redactions;
use projections::{Engine, Projection, ReadModel};
use query::{Operations, QueryState, ShopSettings, Watched};
use recorder::{ForgetCustomers, Journal, Recorder};
use streams::{Broker, EventStore, Quarantine, Subscriber, Subscription, SubscriptionSettings};
use tokio::sync::OnceCell;

use crate::config::{Config, KnownShop, Origin};
use crate::failure::{Exit, Failure, OrExit, Outcome};
use crate::host::Host;
use crate::telemetry::measured;

pub(crate) use self::access::open_keys;
pub(crate) use broker::{connect, durables, ensure_streams, explain, own_durability, report_streams, require_streams};
pub(crate) use databases::open as open_database;
pub(crate) use notifications::notification_settings;
pub(crate) use users::users;
pub(crate) use vault::{make_kek, open_vault};

/// The database of the read models that are queried.
pub(crate) const READ_MODELS: &str = "query";
/// The database of the recorder's journal.
pub(crate) const JOURNAL: &str = "recorder";

/// What the roles are made from.
pub(crate) struct Ground {
    pub(crate) config: Config,
    /// What it was read from.
    pub(crate) origin: Origin,
    pub(crate) shops: Vec<KnownShop>,
    pub(crate) broker: Broker,
    pub(crate) metrics: PrometheusHandle,
    /// With the demo shop.
    pub(crate) demo: bool,
    /// Opened when they are needed: not every role knows people.
    pub(crate) keys: OnceCell<Vault>,
    /// The same, when what the log says of forgetting is carried out.
    pub(crate) vault: OnceCell<Vault>,
}

impl Ground {
    /// The keys to personal data; one for the process, so that what is forgotten is so at once. What the log has asked
    /// for is carried out first: the database may be a restored one.
    pub(crate) async fn vault(&self) -> Outcome<Vault> {
        let open = async || {
            let vault = self.keys().await?;
            let heeded = recorder::replay_ledger(&self.broker, &vault).await.or_exit(Exit::Unavailable)?;
            tracing::info!(heeded, "what the log says of forgetting is carried out");
            Ok::<_, Failure>(vault)
        };
        self.vault.get_or_try_init(open).await.cloned()
    }

    /// For who only seals, and may not read the log.
    async fn keys(&self) -> Outcome<Vault> {
        self.keys.get_or_try_init(|| open_vault(&self.config)).await.cloned()
    }

    /// Webhooks in.
    pub(crate) async fn ingress(&self, host: &mut Host) -> Outcome<Router> {
        let settings = IngressSettings {
            max_body: self.config.ingress.max_body_bytes,
            append_timeout: self.config.ingress.deadline.unsigned_abs(),
            ..IngressSettings::default()
        };
        let state = IngressState::new(&self.broker, self.door(host)?, &settings);
        let keys = self.keys().await?;
        let shops: Vec<Shop> = self.shops.iter().map(|known| known.shop.clone()).collect();
        for shop in &shops {
            keys.prepare_bodies(shop, Timestamp::now()).await.or_exit(Exit::Unavailable)?;
        }
        let sealed = state.sealed_by(keys.for_bodies());
        host.spawn("keys of the next day's bodies", next_day::follow(keys, shops, host.shutdown()));
        Ok(ingress::router(sealed))
    }

    /// Webhooks to events.
    pub(crate) async fn recorder(&self, host: &mut Host) -> Outcome {
        let vault = self.vault().await?;
        let store = EventStore::new(&self.broker).sealed_by(Arc::new(vault.clone()));
        recorder::replay_bodies(&self.broker, &vault).await.or_exit(Exit::Unavailable)?;
        let forget = ForgetCustomers::new(&self.broker, store.clone(), vault.clone());
        let quarantine = Quarantine::new(&self.broker).sealed_by(vault.for_bodies());
        let shops = self.shops.iter().map(|known| known.shop.clone());
        let journal = Journal::open(open_database(&self.config, JOURNAL).await?, &self.broker).await?;
        let journal = journal.opened_by(vault.for_bodies());
        let recorder = Recorder::new(store, quarantine, shops).guarded_by(journal.firsts()).opened_by(vault.clone());
        host.spawn("keys of bodies that are gone", expiry::follow(vault, host.shutdown()));
        let (shutdown, gauges) = (host.shutdown(), gauges::follow(self.broker.clone(), host.shutdown()));
        host.spawn("recorder's journal", async move {
            journal.run(shutdown).await;
            Ok(())
        });
        host.spawn("recorder's gauges", gauges);
        self.subscribe(host, "forgetting", forget).await?;
        self.subscribe(host, "recorder", recorder).await
    }

    /// The named services; all when none is named. Gives their local copies, for `/readyz`.
    pub(crate) async fn handlers(&self, host: &mut Host, names: &[String]) -> Outcome<Vec<Watched>> {
        refuse_unknown_services(names)?;
        let chosen = |name: &str| names.is_empty() || names.iter().any(|chosen| chosen == name);
        let mut copies = Vec::new();
        if chosen(inventory::NAME) {
            copies.push(self.inventory(host).await?);
        }
        if chosen(loyalty::NAME) {
            self.loyalty(host).await?;
        }
        if chosen(checkouts::NAME) {
            self.checkouts(host).await?;
        }
        if chosen(handlers::notifications::NAME) {
            copies.push(self.notifications(host).await?);
        }
        Ok(copies)
    }

    async fn inventory(&self, host: &mut Host) -> Outcome<Watched> {
        let database = open_database(&self.config, inventory::NAME).await?;
        let settings = inventory_settings(&self.config, &self.shops)?;
        let inventory = Inventory::open(&self.broker, database.clone(), settings).await.or_exit(Exit::Precondition)?;
        self.fold(host, "inventory copies", inventory.copies);
        self.subscribe_with(host, "inventory", inventory.allocate_stock, Inventory::subscription()).await?;
        Ok(Watched { service: Some(inventory::NAME), database, models: inventory::COPIES.to_vec() })
    }

    /// Switched off, it still reads, and lets every order pass.
    async fn loyalty(&self, host: &mut Host) -> Outcome {
        let loyalty = Loyalty::new(&self.broker, loyalty_settings(&self.config, &self.shops));
        self.subscribe(host, "loyalty: points of orders", loyalty.award_points).await?;
        self.subscribe(host, "loyalty: timers", loyalty.schedule_points).await?;
        self.subscribe(host, "loyalty: merged customers", loyalty.merge_accounts).await?;
        self.subscribe(host, "loyalty: time", loyalty.age_points).await
    }

    /// Waits for customers, and ends what an order came of.
    async fn checkouts(&self, host: &mut Host) -> Outcome {
        let settings = CheckoutsSettings { abandoned_after: self.config.checkouts.abandoned_after };
        let checkouts = Checkouts::new(&self.broker, settings);
        self.subscribe(host, "checkouts", checkouts.watch).await?;
        self.subscribe(host, "checkouts: time", checkouts.abandon).await
    }

    /// The named read models; all when none is named.
    pub(crate) async fn projections(&self, host: &mut Host, names: &[String]) -> Outcome<Watched> {
        refuse_unknown_models(names)?;
        let chosen = |model: &&ReadModel| names.is_empty() || names.iter().any(|name| name == model.name);
        let models: Vec<ReadModel> = projections::ALL.iter().filter(chosen).copied().collect();
        let database = open_database(&self.config, READ_MODELS).await?;
        let engine = Engine::open(database.clone(), self.broker.clone(), &models).await;
        self.fold(host, "projections", engine.or_exit(Exit::Precondition)?);
        if models.iter().any(|model| model.name == Redactions::NAME) {
            let shops = self.shops.iter().map(|known| known.shop.clone()).collect();
            host.spawn("deadlines", deadlines::of_redactions(database.clone(), shops, host.shutdown()));
        }
        Ok(Watched { service: None, database, models })
    }

    /// The read models as another process folds them.
    pub(crate) async fn read_models(&self) -> Outcome<Watched> {
        let database = open_database(&self.config, READ_MODELS).await?;
        projections::ensure(&database, projections::ALL).await?;
        Ok(Watched { service: None, database, models: projections::ALL.to_vec() })
    }

    /// Reads out. The services' copies are shown by `/v1/status` only.
    pub(crate) async fn query(
        &self,
        host: &mut Host,
        models: Watched,
        copies: Vec<Watched>,
        access: Arc<Access>,
    ) -> Outcome<Router> {
        let database = models.database.clone();
        let watched = [models].into_iter().chain(copies).collect();
        let settings =
            |known: &KnownShop| ShopSettings { currency: known.currency, time_zone: known.time_zone.clone() };
        let shops: HashMap<_, _> = self.shops.iter().map(|known| (known.shop.clone(), settings(known))).collect();
        let vault = self.vault().await?;
        let names = shops.keys().cloned().collect();
        let reports = deadlines::of_reports(database.clone(), vault.clone(), names, host.shutdown());
        host.spawn("deadlines of reports", reports);
        let state = QueryState::new(shops, database, &self.broker, watched, broker::durables(), access, vault);
        let state = state.until(host.shutdown());
        Ok(measured(query::router(state, commands::openapi())))
    }

    /// Writes in, other than webhooks.
    pub(crate) fn commands(&self, access: Arc<Access>) -> Router {
        let shops = self.shops.iter().map(|known| known.shop.clone()).collect();
        measured(commands::router(CommandState::new(shops, &self.broker, access)))
    }

    /// Health and metrics.
    pub(crate) fn operations(&self, watched: Vec<Watched>) -> Router {
        let handle = self.metrics.clone();
        let metrics = Box::new(move || handle.render());
        query::operations(Operations { broker: self.broker.clone(), watched, metrics })
    }

    async fn subscribe<S: Subscriber>(&self, host: &mut Host, name: &'static str, subscriber: S) -> Outcome {
        self.subscribe_with(host, name, subscriber, SubscriptionSettings::default()).await
    }

    async fn subscribe_with<S: Subscriber>(
        &self,
        host: &mut Host,
        name: &'static str,
        subscriber: S,
        settings: SubscriptionSettings,
    ) -> Outcome {
        let opened = Subscription::open(&self.broker, subscriber, settings).await;
        let subscription = opened.or_exit(Exit::Precondition)?;
        let shutdown = host.shutdown();
        host.spawn(name, async move {
            // what it could not finish is given back to the broker, and logged there
            subscription.run(shutdown).await;
            Ok(())
        });
        Ok(())
    }

    fn fold(&self, host: &mut Host, name: &'static str, engine: Engine) {
        let shutdown = host.shutdown();
        host.spawn(name, async move {
            engine.run(shutdown).await;
            Ok(())
        });
    }
}

/// What the merchant set for points.
pub(crate) fn loyalty_settings(config: &Config, shops: &[KnownShop]) -> LoyaltySettings {
    let section = &config.loyalty;
    let without = shops.iter().filter(|known| !known.loyalty || !section.enabled);
    LoyaltySettings { program: section.program(), without: without.map(|known| known.shop.clone()).collect() }
}

/// What the merchant set for the inventory.
///
/// # Errors
/// A pin or an address that cannot be read: usage.
pub(crate) fn inventory_settings(config: &Config, shops: &[KnownShop]) -> Outcome<InventorySettings> {
    let crate::config::Inventory { rules, priority, pinned, addresses, low_at } = config.inventory.clone();
    let ledgers = shops.iter().filter(|known| known.stock_authority == StockAuthority::Ledger);
    Ok(InventorySettings {
        rules,
        priority,
        pinned: pinned.iter().map(|pin| pin.parse()).collect::<Result<_, _>>().or_exit(Exit::Usage)?,
        addresses: addresses.iter().map(|placed| placed.parse()).collect::<Result<_, _>>().or_exit(Exit::Usage)?,
        ledgers: ledgers.map(|known| known.shop.clone()).collect(),
        low_at,
    })
}

/// A misspelt name is found before anything is started.
pub(crate) fn refuse_unknown_services(names: &[String]) -> Outcome {
    refuse_unknown("service", names, &handlers::SERVICES.iter().map(|service| service.name).collect::<Vec<_>>())
}

pub(crate) fn refuse_unknown_models(names: &[String]) -> Outcome {
    refuse_unknown("read model", names, &projections::ALL.iter().map(|model| model.name).collect::<Vec<_>>())
}

fn refuse_unknown(noun: &str, names: &[String], known: &[&str]) -> Outcome {
    match names.iter().find(|name| !known.contains(&name.as_str())) {
        Some(unknown) => {
            let message = format!("there is no {noun} {unknown:?}");
            Err(Failure::new(Exit::Usage, message).hint(format!("there are: {}", known.join(", "))))
        }
        None => Ok(()),
    }
}
