use events::{AggregateKey, AggregateKind, CustomerId, InventoryItemId, OrderId, ProductId, Shop};

use crate::{CustomerCommand, OrderCommand, ProductCommand, ShopCommand, StockCommand};

/// A command and the aggregate it is for.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    Order(OrderId, OrderCommand),
    Product(ProductId, ProductCommand),
    Customer(CustomerId, CustomerCommand),
    Stock(InventoryItemId, StockCommand),
    Shop(ShopCommand),
}

impl Command {
    /// The aggregate that decides it.
    pub fn key(&self, shop: &Shop) -> AggregateKey {
        match self {
            Self::Order(id, _) => AggregateKey::new(AggregateKind::Order, shop, id),
            Self::Product(id, _) => AggregateKey::new(AggregateKind::Product, shop, id),
            Self::Customer(id, _) => AggregateKey::new(AggregateKind::Customer, shop, id),
            Self::Stock(id, _) => AggregateKey::new(AggregateKind::Stock, shop, id),
            Self::Shop(_) => AggregateKey::new(AggregateKind::Shop, shop, shop),
        }
    }
}
