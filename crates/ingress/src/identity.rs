use events::Shop;
use sha2::{Digest, Sha256};

/// What makes two deliveries one: they are stored once while the broker's dedupe window lasts.
///
/// The signature stands for the body, so neither a reused webhook id nor a missing one can make
/// two different bodies the same. The event id is left out: several deliveries share it.
pub(crate) struct Identity<'a> {
    pub shop: Option<&'a Shop>,
    pub topic: &'a str,
    pub webhook_id: &'a str,
    pub signature: &'a str,
}

impl Identity<'_> {
    /// A message id of bounded length, with nothing from outside raw in it.
    pub(crate) fn message_id(&self) -> String {
        let mut hash = Sha256::new();
        for field in [self.shop.map_or("", Shop::as_str), self.topic, self.webhook_id, self.signature] {
            // With its length before it, no field can run into the next.
            hash.update((field.len() as u64).to_be_bytes());
            hash.update(field);
        }
        let digest = hash.finalize();
        format!("{:032x}", u128::from_be_bytes(std::array::from_fn(|at| digest[at])))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_an_identity_counts() {
        let (acme, other): (Shop, Shop) = ("acme".parse().unwrap(), "other".parse().unwrap());
        let id = |shop, topic, webhook_id, signature| Identity { shop, topic, webhook_id, signature }.message_id();
        let ids = [
            id(Some(&acme), "orders/create", "1", "sig"),
            id(Some(&other), "orders/create", "1", "sig"),
            id(None, "orders/create", "1", "sig"),
            id(Some(&acme), "orders/paid", "1", "sig"),
            id(Some(&acme), "orders/create", "2", "sig"),
            id(Some(&acme), "orders/create", "1", "gis"),
            id(Some(&acme), "orders/create1", "", "sig"),
        ];
        let distinct: std::collections::BTreeSet<_> = ids.iter().collect();
        assert_eq!(distinct.len(), ids.len());
        assert_eq!(ids[0], id(Some(&acme), "orders/create", "1", "sig"));
        assert!(ids.iter().all(|id| id.len() == 32));
    }
}
