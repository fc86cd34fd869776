//! The headers of a delivery, and the header block as it is kept beside the body.

use bytes::Bytes;
use events::Timestamp;
use http::{HeaderMap, HeaderName, HeaderValue};

/// What a delivery's headers say. Only the body is signed, so all of it is hints to check.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WebhookHeaders<'a> {
    pub topic: Option<&'a str>,
    /// The signature; None when there is not exactly one.
    pub hmac: Option<&'a str>,
    pub shop_domain: Option<&'a str>,
    pub api_version: Option<&'a str>,
    /// Names this delivery; the same when Shopify tries again.
    pub webhook_id: Option<&'a str>,
    /// Names the merchant's action; shared by all deliveries it caused.
    pub event_id: Option<&'a str>,
    /// None also when it is not RFC 3339.
    pub triggered_at: Option<Timestamp>,
    /// Of the subscription.
    pub name: Option<&'a str>,
    /// A notification that the merchant sent to try the subscription out.
    pub test: bool,
}

impl<'a> WebhookHeaders<'a> {
    /// Reads both families: webhooks have `x-shopify-`, the newer event deliveries `shopify-`.
    pub fn read(headers: &'a HeaderMap) -> Self {
        let mut said = Said::default();
        for (name, value) in headers {
            let name = name.as_str();
            if let Some(name) = name.strip_prefix("x-").unwrap_or(name).strip_prefix("shopify-") {
                said.hear(name, value);
            }
        }
        Self {
            topic: said.topic.agreed(),
            hmac: said.hmac.only(),
            shop_domain: said.shop_domain.agreed(),
            api_version: said.api_version.agreed(),
            webhook_id: said.webhook_id.agreed(),
            event_id: said.event_id.agreed(),
            triggered_at: said.triggered_at.agreed().and_then(|text| text.parse().ok()),
            name: said.name.agreed(),
            test: said.test.agreed() == Some("true"),
        }
    }
}

#[derive(Default)]
struct Said<'a> {
    topic: Hint<'a>,
    hmac: Hint<'a>,
    shop_domain: Hint<'a>,
    api_version: Hint<'a>,
    webhook_id: Hint<'a>,
    event_id: Hint<'a>,
    triggered_at: Hint<'a>,
    name: Hint<'a>,
    test: Hint<'a>,
}

impl<'a> Said<'a> {
    fn hear(&mut self, name: &str, value: &'a HeaderValue) {
        let hint = match name {
            "topic" => &mut self.topic,
            "hmac-sha256" => &mut self.hmac,
            "shop-domain" => &mut self.shop_domain,
            "api-version" => &mut self.api_version,
            "webhook-id" => &mut self.webhook_id,
            "event-id" => &mut self.event_id,
            "triggered-at" => &mut self.triggered_at,
            "name" => &mut self.name,
            "test" => &mut self.test,
            _ => return,
        };
        hint.hear(value);
    }
}

/// All that headers of one name said.
#[derive(Default)]
struct Hint<'a> {
    first: Option<&'a HeaderValue>,
    repeated: bool,
    contradicted: bool,
}

impl<'a> Hint<'a> {
    fn hear(&mut self, value: &'a HeaderValue) {
        match self.first {
            None => self.first = Some(value),
            Some(first) => {
                self.repeated = true;
                self.contradicted |= value != first;
            }
        }
    }

    /// The one value that all of them have; None when they differ, are empty, or are not ASCII.
    fn agreed(&self) -> Option<&'a str> {
        let text = self.first?.to_str().ok()?;
        (!self.contradicted && !text.is_empty()).then_some(text)
    }

    fn only(&self) -> Option<&'a str> {
        self.first.filter(|_| !self.repeated)?.to_str().ok()
    }
}

/// The whole header block, `name: value` and CR LF, as it is kept. A value's bytes stay as they came.
pub fn encode_block(headers: &HeaderMap) -> Bytes {
    let mut block = Vec::with_capacity(headers.len() * 64);
    for (name, value) in headers {
        block.extend_from_slice(name.as_str().as_bytes());
        block.extend_from_slice(b": ");
        block.extend_from_slice(value.as_bytes());
        block.extend_from_slice(b"\r\n");
    }
    block.into()
}

/// The block is not one that [`encode_block`] writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a header block")]
pub struct BlockError;

/// Reads a kept header block back.
pub fn parse_block(block: &[u8]) -> Result<HeaderMap, BlockError> {
    let mut headers = HeaderMap::new();
    let mut rest = block;
    while !rest.is_empty() {
        let end = find(rest, b"\r\n").ok_or(BlockError)?;
        let colon = find(&rest[..end], b": ").ok_or(BlockError)?;
        let name = HeaderName::from_bytes(&rest[..colon]).map_err(|_| BlockError)?;
        let value = HeaderValue::from_bytes(&rest[colon + 2..end]).map_err(|_| BlockError)?;
        headers.try_append(name, value).map_err(|_| BlockError)?;
        rest = &rest[end + 2..];
    }
    Ok(headers)
}

fn find(bytes: &[u8], pattern: &[u8]) -> Option<usize> {
    bytes.windows(pattern.len()).position(|window| window == pattern)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn map(headers: &[(&str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap());
        }
        map
    }

    #[test]
    fn both_families_are_read_in_any_case() {
        for family in ["X-Shopify-", "x-shopify-", "X-SHOPIFY-", "shopify-", "Shopify-"] {
            let name = |name: &str| format!("{family}{name}");
            let headers = map(&[
                (&name("Topic"), "orders/create"),
                (&name("Hmac-Sha256"), "c2ln"),
                (&name("Shop-Domain"), "acme.myshopify.com"),
                (&name("API-Version"), "2026-07"),
                (&name("Webhook-Id"), "b54557e4"),
                (&name("Event-Id"), "98880550"),
                (&name("Triggered-At"), "2026-03-29T18:00:27.877041743Z"),
                (&name("Name"), "orders-v1"),
                (&name("Test"), "true"),
            ]);
            let expected = WebhookHeaders {
                topic: Some("orders/create"),
                hmac: Some("c2ln"),
                shop_domain: Some("acme.myshopify.com"),
                api_version: Some("2026-07"),
                webhook_id: Some("b54557e4"),
                event_id: Some("98880550"),
                triggered_at: Some("2026-03-29T18:00:27.877041743Z".parse().unwrap()),
                name: Some("orders-v1"),
                test: true,
            };
            assert_eq!(WebhookHeaders::read(&headers), expected, "{family}");
        }
    }

    #[test]
    fn two_signatures_are_none() {
        let twice = map(&[("x-shopify-hmac-sha256", "c2ln"), ("x-shopify-hmac-sha256", "c2ln")]);
        let both_families = map(&[("x-shopify-hmac-sha256", "c2ln"), ("shopify-hmac-sha256", "c2ln")]);
        assert_eq!(WebhookHeaders::read(&twice).hmac, None);
        assert_eq!(WebhookHeaders::read(&both_families).hmac, None);
    }

    #[test]
    fn headers_that_contradict_each_other_say_nothing() {
        let differ = map(&[("x-shopify-topic", "orders/create"), ("shopify-topic", "orders/delete")]);
        let agree = map(&[("x-shopify-topic", "orders/create"), ("shopify-topic", "orders/create")]);
        assert_eq!(WebhookHeaders::read(&differ).topic, None);
        assert_eq!(WebhookHeaders::read(&agree).topic, Some("orders/create"));
    }

    #[test]
    fn what_is_missing_or_garbage_is_none() {
        assert_eq!(WebhookHeaders::read(&HeaderMap::new()), WebhookHeaders::default());
        let garbage = map(&[("x-shopify-triggered-at", "yesterday"), ("x-shopify-topic", ""), ("x-shopify-test", "1")]);
        assert_eq!(WebhookHeaders::read(&garbage), WebhookHeaders::default());
    }

    #[test]
    fn a_broken_block_is_refused() {
        for block in ["a", "a\r\n", "a: b", "a: b\n", ": b\r\n", "a b: c\r\n", "a: b\r\n\r\n"] {
            assert_eq!(parse_block(block.as_bytes()), Err(BlockError), "{block:?}");
        }
    }

    proptest! {
        #[test]
        fn any_headers_survive_the_block(headers in prop::collection::vec(("[a-z][a-z0-9-]{0,20}", prop::collection::vec(any::<u8>(), 0..30)), 0..12)) {
            let mut map = HeaderMap::new();
            for (name, value) in headers {
                if let Ok(value) = HeaderValue::from_bytes(&value) {
                    map.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), value);
                }
            }
            let block = encode_block(&map);
            let read = parse_block(&block).unwrap();
            prop_assert_eq!(&read, &map);
            let _ = WebhookHeaders::read(&read);
        }

        #[test]
        fn no_block_panics(block in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse_block(&block);
        }
    }
}
