//! A log to measure the services with: products, stock, and orders that want it.

use std::sync::Arc;

use aggregates::{Order, OrderCommand, OrderSnapshot, Product, ProductCommand, ProductSnapshot, Stock, StockCommand};
use events::{
    AggregateKey, AggregateKind, AsOf, Currency, InventoryItemId, Line, LineId, LocationId, Money, MoneySet,
    Observation, OrderId, ProductDescription, ProductId, Shop, Timestamp, Variant, VariantId,
};
use streams::{Cause, EventStore};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::failure::{Exit, Failure, Outcome};

/// Ids of products, variants and items begin here.
const FIRST: u64 = 1_000;
const LOCATION: u64 = 7;
const AT_ONCE: usize = 256;

/// Writes the log.
#[derive(Clone)]
pub(super) struct Orders {
    store: EventStore,
    shop: Shop,
    currency: Currency,
}

impl Orders {
    pub(super) fn new(store: EventStore) -> Outcome<Self> {
        Ok(Self { store, shop: "bench".parse()?, currency: "EUR".parse()? })
    }

    pub(super) fn stock_key(&self, item: u64) -> AggregateKey {
        AggregateKey::new(AggregateKind::Stock, &self.shop, FIRST + item)
    }

    /// Products of one variant each, and plenty in stock of each at one location.
    pub(super) async fn stock(&self, items: u64) -> Outcome {
        self.each(items, |orders, item| async move {
            let key = AggregateKey::new(AggregateKind::Product, &orders.shop, FIRST + item);
            let product = ProductCommand::Snapshot(Box::new(product(FIRST + item)));
            orders.store.execute::<Product>(&key, product, &cause(format!("product-{item}"))).await?;
            let observation = Observation { at: at(0), triggered_at: None, available: 1_000_000 };
            let observe = StockCommand::Observe { location_id: id(LocationId::new(LOCATION))?, observation };
            orders.store.execute::<Stock>(&orders.stock_key(item), observe, &cause(format!("level-{item}"))).await?;
            Ok(())
        })
        .await
    }

    /// Orders of one unit each, in turns over the items.
    pub(super) async fn place(&self, orders: u64, items: u64) -> Outcome {
        self.each(orders, move |orders, number| async move {
            let key = AggregateKey::new(AggregateKind::Order, &orders.shop, FIRST + number);
            let snapshot = orders.order(FIRST + number, FIRST + number % items)?;
            let command = OrderCommand::Snapshot(Box::new(snapshot));
            orders.store.execute::<Order>(&key, command, &cause(format!("order-{number}"))).await?;
            Ok(())
        })
        .await
    }

    async fn each<F>(&self, count: u64, task: impl Fn(Self, u64) -> F) -> Outcome
    where
        F: Future<Output = Outcome> + Send + 'static,
    {
        let (room, mut tasks) = (Arc::new(Semaphore::new(AT_ONCE)), JoinSet::new());
        for number in 0..count {
            let turn = Arc::clone(&room).acquire_owned().await?;
            let task = task(self.clone(), number);
            tasks.spawn(async move {
                let done = task.await;
                drop(turn);
                done
            });
            while let Some(done) = tasks.try_join_next() {
                done??;
            }
        }
        while let Some(done) = tasks.join_next().await {
            done??;
        }
        Ok(())
    }

    fn order(&self, number: u64, item: u64) -> Outcome<OrderSnapshot> {
        let money = MoneySet::same(Money::zero(self.currency));
        let line = Line {
            id: id(LineId::new(number))?,
            product_id: ProductId::new(item),
            variant_id: VariantId::new(item),
            sku: None,
            title: "tea".to_owned(),
            quantity: 1,
            current_quantity: 1,
            price: money,
            discount: money,
            gift_card: false,
            tracked: true,
        };
        id(OrderId::new(number))?;
        Ok(OrderSnapshot {
            as_of: as_of(number),
            name: format!("#{number}"),
            source_name: Some("web".to_owned()),
            lines: vec![line],
            ..OrderSnapshot::placed(at(number), self.currency)
        })
    }
}

fn product(item: u64) -> ProductSnapshot {
    let variant = VariantId::new(item).map(|id| Variant {
        id,
        inventory_item_id: InventoryItemId::new(item),
        sku: None,
        title: "tea".to_owned(),
        price: 3.into(),
        compare_at_price: None,
    });
    ProductSnapshot {
        as_of: as_of(0),
        created_at: at(0),
        description: ProductDescription::default(),
        published_at: None,
        variants: variant.into_iter().collect(),
        further_variants: Vec::new(),
    }
}

fn cause(id: String) -> Cause {
    Cause { correlation_id: id.clone(), id, trace_parent: None }
}

fn id<T>(id: Option<T>) -> Outcome<T> {
    id.ok_or_else(|| Failure::new(Exit::Failed, "not an id"))
}

fn as_of(second: u64) -> AsOf {
    AsOf { updated_at: at(second), triggered_at: None, digest: String::new() }
}

/// A hundred orders share a second.
fn at(number: u64) -> Timestamp {
    Timestamp::from_second(1_767_625_200 + i64::try_from(number / 100).unwrap_or(0)).unwrap_or_default()
}
