use std::collections::{BTreeMap, BTreeSet};

use db::Database;
use events::{FulfillmentOrder, InventoryItemId, OrderId, Shop, VariantId};
use projections::fulfillment_orders::{self, FulfillmentOrderRow};
use projections::{ReadError, order_lines, variants};
use streams::Failure;

use super::stations::{self, Stations};
use super::together::Together;

/// What is looked up in the service's copies: for all events that wait, in one statement.
pub(super) struct Lookups {
    copies: Database,
    items: Together<(Shop, VariantId), Option<InventoryItemId>>,
    fulfillment_orders: Together<(Shop, OrderId), Vec<FulfillmentOrderRow>>,
}

impl Lookups {
    pub(super) fn new(copies: Database) -> Self {
        Self { copies, items: Together::default(), fulfillment_orders: Together::default() }
    }

    /// None while the variant, or its item, is not known.
    pub(super) async fn item(&self, shop: &Shop, variant: VariantId) -> Result<Option<InventoryItemId>, Failure> {
        let read = |ids: Vec<(Shop, VariantId)>| async move {
            let found = variants::get_all(&self.copies, &ids).await.map_err(unreadable)?;
            Ok(found.into_iter().map(|(id, row)| (id, row.view.inventory_item_id())).collect())
        };
        self.items.ask((shop.clone(), variant), read).await
    }

    pub(super) async fn stations(&self, shop: &Shop, id: OrderId) -> Result<Stations, Failure> {
        let named = self.fulfillment_orders.ask((shop.clone(), id), |ids| self.named(ids)).await?;
        Stations::of(&self.copies, shop, named).await.map_err(unreadable)
    }

    async fn named(
        &self,
        ids: Vec<(Shop, OrderId)>,
    ) -> Result<BTreeMap<(Shop, OrderId), Vec<FulfillmentOrderRow>>, Failure> {
        let mut by_shop: BTreeMap<Shop, BTreeSet<OrderId>> = BTreeMap::new();
        for (shop, id) in ids {
            by_shop.entry(shop).or_default().insert(id);
        }
        let mut named: BTreeMap<(Shop, OrderId), Vec<FulfillmentOrderRow>> = BTreeMap::new();
        for (shop, ids) in by_shop {
            for found in fulfillment_orders::of_orders(&self.copies, &shop, ids).await.map_err(unreadable)? {
                let Some(id) = found.view.fulfillment_order.order_id else { continue };
                named.entry((shop.clone(), id)).or_default().push(found.view);
            }
        }
        Ok(named)
    }

    /// Whose fulfilment order it is.
    pub(super) async fn order_of(&self, shop: &Shop, told: &FulfillmentOrder) -> Result<Option<OrderId>, Failure> {
        stations::order_of(&self.copies, shop, told).await.map_err(unreadable)
    }

    /// The orders that had a line of this variant by the time of a position, and not another one since.
    pub(super) async fn orders_of(
        &self,
        shop: &Shop,
        variant: VariantId,
        at: u64,
    ) -> Result<BTreeSet<OrderId>, Failure> {
        let lines = order_lines::of_variant(&self.copies, shop, variant).await.map_err(unreadable)?;
        Ok(lines.into_iter().filter(|line| line.position <= at).map(|line| line.view.order_id).collect())
    }
}

/// The copies are this service's own: one that cannot be read is a fault of the house, not of the event.
fn unreadable(error: ReadError) -> Failure {
    Failure::unavailable(error)
}
