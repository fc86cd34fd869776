use std::sync::Arc;

use bytes::Bytes;
use events::{Shop, Timestamp};
use shopify::Secret;

/// One webhook, as it is posted.
#[derive(Debug, Clone)]
pub struct Delivery {
    pub topic: &'static str,
    pub shop: Shop,
    /// Names this delivery; a duplicate has the same.
    pub webhook_id: String,
    /// Names the action that caused it; shared by all deliveries of the action.
    pub event_id: String,
    pub triggered_at: Timestamp,
    pub body: Bytes,
    pub(crate) secret: Arc<Secret>,
}

pub(crate) const API_VERSION: &str = "2026-07";

impl Delivery {
    /// All headers that Shopify sends with it. The signature is made here, because it is the dearest part.
    pub fn headers(&self) -> [(&'static str, String); 9] {
        [
            ("Content-Type", "application/json".to_owned()),
            ("X-Shopify-Topic", self.topic.to_owned()),
            ("X-Shopify-Hmac-Sha256", self.signature()),
            ("X-Shopify-Shop-Domain", self.shop.domain()),
            ("X-Shopify-API-Version", API_VERSION.to_owned()),
            ("X-Shopify-Webhook-Id", self.webhook_id.clone()),
            ("X-Shopify-Event-Id", self.event_id.clone()),
            ("X-Shopify-Triggered-At", format!("{:.9}", self.triggered_at)),
            ("User-Agent", "Shopify-Captain-Hook".to_owned()),
        ]
    }

    /// Base64 of the HMAC over the body.
    pub fn signature(&self) -> String {
        shopify::sign(&self.body, &self.secret)
    }
}
