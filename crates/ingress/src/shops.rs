use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use events::Shop;
use shopify::{Secret, verify};

/// A configured shop and what its webhooks are signed with: newest first, all are accepted.
#[derive(Debug, Clone)]
pub struct ShopKeys {
    pub shop: Shop,
    pub secrets: Vec<Secret>,
}

/// A shop without a secret could only refuse; that is a mistake in the configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("shop {0} has no webhook secret")]
pub struct NoSecret(Shop);

/// The configured shops, by name.
#[derive(Debug, Clone)]
pub struct Shops {
    secrets: HashMap<Shop, Vec<Secret>>,
    /// Those of all shops, for a delivery that does not say which one it is from.
    all: Vec<Secret>,
}

impl Shops {
    pub fn new(keys: Vec<ShopKeys>) -> Result<Self, NoSecret> {
        if let Some(keys) = keys.iter().find(|keys| keys.secrets.is_empty()) {
            return Err(NoSecret(keys.shop.clone()));
        }
        let all = keys.iter().flat_map(|keys| keys.secrets.iter().cloned()).collect();
        Ok(Self { secrets: keys.into_iter().map(|keys| (keys.shop, keys.secrets)).collect(), all })
    }

    /// Finds who signed the body.
    ///
    /// A configured shop's own secrets are the only ones that count for it. Without one, any
    /// shop's will do: the delivery is authentic, so it is kept, but under no shop's name.
    pub(crate) fn authenticate(&self, domain: Option<&str>, signature: &str, body: &[u8]) -> Signer<'_> {
        let shop = domain.and_then(|domain| Shop::from_domain(domain).ok());
        let known = shop.and_then(|shop| self.secrets.get_key_value(&shop));
        let (signer, secrets) = match known {
            Some((shop, secrets)) => (Signer::Shop(shop), secrets),
            None => (Signer::Unknown, &self.all),
        };
        if verify(body, signature, secrets) { signer } else { Signer::Nobody }
    }
}

/// The shops as they are now. Clones are one: what replaces them counts for the next webhook.
#[derive(Debug, Clone)]
pub struct CurrentShops(Arc<RwLock<Arc<Shops>>>);

impl From<Shops> for CurrentShops {
    fn from(shops: Shops) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(shops))))
    }
}

impl CurrentShops {
    pub fn replace(&self, shops: Shops) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(shops);
    }

    pub(crate) fn now(&self) -> Arc<Shops> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Whose secret made a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signer<'a> {
    Shop(&'a Shop),
    /// Authentic, from a shop that is missing in the headers or in the configuration.
    Unknown,
    Nobody,
}

#[cfg(test)]
mod tests {
    use shopify::sign;

    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::new(text).unwrap()
    }

    fn shop(name: &str) -> Shop {
        name.parse().unwrap()
    }

    fn shops() -> Shops {
        let keys = |name: &str, secrets: &[&str]| ShopKeys {
            shop: shop(name),
            secrets: secrets.iter().map(|text| secret(text)).collect(),
        };
        Shops::new(vec![keys("acme", &["new", "old"]), keys("other", &["theirs"])]).unwrap()
    }

    #[test]
    fn a_shop_is_found_by_its_domain_and_any_of_its_secrets() {
        let (shops, acme) = (shops(), shop("acme"));
        for (domain, key) in
            [("acme.myshopify.com", "new"), ("ACME.MyShopify.com", "old"), ("acme.myshopify.com.", "new")]
        {
            let signature = sign(b"{}", &secret(key));
            assert_eq!(shops.authenticate(Some(domain), &signature, b"{}"), Signer::Shop(&acme), "{domain} {key}");
        }
    }

    #[test]
    fn another_shops_secret_does_not_sign_for_a_configured_shop() {
        let signature = sign(b"{}", &secret("theirs"));
        assert_eq!(shops().authenticate(Some("acme.myshopify.com"), &signature, b"{}"), Signer::Nobody);
    }

    #[test]
    fn an_authentic_delivery_of_no_configured_shop_is_of_an_unknown_one() {
        let (shops, signature) = (shops(), sign(b"{}", &secret("theirs")));
        let strangers = ["evil.com", "acme.myshopify.com.evil.com", "nobody.myshopify.com", "аcme.myshopify.com", ""];
        for domain in strangers.map(Some).into_iter().chain([None]) {
            assert_eq!(shops.authenticate(domain, &signature, b"{}"), Signer::Unknown, "{domain:?}");
            assert_eq!(shops.authenticate(domain, &signature, b"[]"), Signer::Nobody, "{domain:?}");
        }
    }

    #[test]
    fn what_replaces_the_shops_counts_for_all_who_hold_them() {
        let current = CurrentShops::from(shops());
        let door = current.clone();
        let keys = vec![ShopKeys { shop: shop("acme"), secrets: vec![secret("newest")] }];
        current.replace(Shops::new(keys).unwrap());
        let signed = |key| {
            matches!(
                door.now().authenticate(Some("acme.myshopify.com"), &sign(b"{}", &secret(key)), b"{}"),
                Signer::Shop(_)
            )
        };
        assert!(signed("newest") && !signed("old"));
    }

    #[test]
    fn a_shop_without_a_secret_is_refused() {
        let keys = vec![ShopKeys { shop: shop("acme"), secrets: Vec::new() }];
        assert_eq!(Shops::new(keys).err(), Some(NoSecret(shop("acme"))));
    }
}
