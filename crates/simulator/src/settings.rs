use events::{Shop, Timestamp};
use shopify::Secret;

/// What a store is made from. Equal settings give a store that does the same, byte for byte.
#[derive(Debug, Clone)]
pub struct Settings {
    pub seed: u64,
    pub shop: Shop,
    /// Signs the deliveries.
    pub secret: Secret,
    /// When the store opens. Ids are counted up from it, so that a store opened later has other ids.
    pub start: Timestamp,
    pub products: usize,
    pub customers: usize,
    /// At least 2 and at most 4.
    pub locations: usize,
}

impl Settings {
    /// A small store that opened on 5 January 2026.
    pub fn new(shop: Shop, secret: Secret, seed: u64) -> Self {
        let start = Timestamp::from_second(1_767_625_200).unwrap_or_default();
        Self { seed, shop, secret, start, products: 12, customers: 30, locations: 3 }
    }
}
