use events::{Shop, subject};
use http::HeaderMap;
use sha2::{Digest, Sha256};
use shopify::{Topic, WebhookHeaders, parse_block};
use streams::InboxDelivery;

/// What a delivery says of itself, beside its body.
#[derive(Debug, Default)]
pub(crate) struct Envelope {
    /// The shop in whose inbox it lies.
    pub(crate) shop: Option<Shop>,
    /// None: there is no such topic.
    pub(crate) topic: Option<&'static Topic>,
    /// As the header spells it.
    pub(crate) topic_name: Option<String>,
    pub(crate) webhook_id: Option<String>,
    pub(crate) event_id: Option<String>,
    pub(crate) api_version: Option<String>,
    /// A digest of the signature.
    pub(crate) signature: Option<String>,
    /// The HTTP headers; none when they cannot be read.
    pub(crate) headers: Option<HeaderMap>,
}

impl Envelope {
    pub(crate) fn read(delivery: &InboxDelivery) -> Self {
        let shop = shop_of(&delivery.subject);
        let Ok(headers) = parse_block(&delivery.headers) else { return Self { shop, ..Self::default() } };
        let webhook = WebhookHeaders::read(&headers);
        let text = |header: Option<&str>| header.map(str::to_owned);
        Self {
            shop,
            topic: webhook.topic.and_then(Topic::find),
            topic_name: text(webhook.topic),
            webhook_id: text(webhook.webhook_id),
            event_id: text(webhook.event_id),
            api_version: text(webhook.api_version),
            signature: webhook.hmac.map(|signature| hex::encode(&Sha256::digest(signature)[..16])),
            headers: Some(headers),
        }
    }
}

/// Ingress has put it there after it verified the signature with this shop's secrets; the header is only a claim.
fn shop_of(inbox_subject: &str) -> Option<Shop> {
    subject::decode(inbox_subject.split('.').nth(1)?)?.parse().ok()
}
