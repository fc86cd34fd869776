use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Shop;
use crate::ids::IdError;

/// The kinds of aggregate; the name is a subject token and never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AggregateKind {
    Order,
    Product,
    Customer,
    /// One inventory item over all its locations.
    Stock,
    Shop,
}

impl AggregateKind {
    pub const ALL: [Self; 5] = [Self::Order, Self::Product, Self::Customer, Self::Stock, Self::Shop];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Product => "product",
            Self::Customer => "customer",
            Self::Stock => "stock",
            Self::Shop => "shop",
        }
    }
}

impl fmt::Display for AggregateKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for AggregateKind {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let kind = Self::ALL.into_iter().find(|kind| kind.as_str() == text);
        kind.ok_or(IdError::new("an aggregate: order, product, customer, stock or shop"))
    }
}

/// Which aggregate: kind, shop and the id inside the shop.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AggregateKey {
    pub kind: AggregateKind,
    pub shop: Shop,
    pub id: String,
}

impl AggregateKey {
    pub fn new(kind: AggregateKind, shop: &Shop, id: impl fmt::Display) -> Self {
        Self { kind, shop: shop.clone(), id: id.to_string() }
    }
}

impl fmt::Display for AggregateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.kind, self.shop, self.id)
    }
}
