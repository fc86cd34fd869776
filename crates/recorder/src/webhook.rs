//! What a delivery says, without touching anything.

use aggregates::Command;
use events::Shop;
use sha2::{Digest, Sha256};
use shopify::{Delivery, StatedVersion, Translation, WebhookHeaders, translate};
use streams::{Cause, FromDelivery, InboxDelivery, Raw, Stream, Unreadable};

use crate::envelope::Envelope;

/// A delivery, and what is understood of it.
#[derive(Debug)]
pub struct Webhook {
    pub(crate) delivery: InboxDelivery,
    /// The shop in whose inbox it lies.
    pub(crate) shop: Option<Shop>,
    /// For labels and logs: a topic of Shopify's, else `other`.
    pub(crate) topic: &'static str,
    pub(crate) version: StatedVersion,
    pub(crate) correlation_id: String,
    pub(crate) meaning: Meaning,
}

/// In the place of what a body said.
pub(crate) const FORGOTTEN: &str = "forgotten";

#[derive(Debug, PartialEq)]
pub(crate) enum Meaning {
    Commands(Vec<Command>),
    Kept(&'static str),
    /// A stable reason, and words for the log that quote nothing of the body.
    Unreadable(&'static str, String),
}

impl From<InboxDelivery> for Webhook {
    fn from(delivery: InboxDelivery) -> Self {
        let envelope = Envelope::read(&delivery);
        let meaning = Meaning::read(&envelope, &delivery);
        let topic = envelope.topic.map_or("other", |topic| topic.name);
        let correlation_id = correlation_id(envelope.event_id.as_deref(), delivery.sequence);
        let version = StatedVersion::of(envelope.api_version.as_deref());
        Self { shop: envelope.shop, topic, version, correlation_id, meaning, delivery }
    }
}

impl Meaning {
    fn read(envelope: &Envelope, delivery: &InboxDelivery) -> Self {
        if delivery.forgotten {
            return Self::Kept(FORGOTTEN);
        }
        let Some(shop) = &envelope.shop else {
            return Self::Unreadable("unknown_shop", "it came in for no shop".to_owned());
        };
        let Some(headers) = &envelope.headers else {
            return Self::Unreadable("bad_headers", "its headers are not a header block".to_owned());
        };
        let headers = WebhookHeaders::read(headers);
        Self::of(&Delivery {
            topic: headers.topic,
            shop,
            api_version: headers.api_version,
            triggered_at: headers.triggered_at,
            received_at: delivery.received_at,
            body: &delivery.body,
        })
    }

    fn of(delivery: &Delivery<'_>) -> Self {
        match translate(delivery) {
            Ok(Translation::Commands(commands)) => Self::Commands(commands),
            Ok(Translation::Kept(reason)) => Self::Kept(reason),
            Err(error) => Self::Unreadable(error.reason(), error.to_string()),
        }
    }
}

impl FromDelivery for Webhook {
    const STREAM: Stream = Stream::Inbox;

    fn read(raw: &Raw) -> Result<Self, Unreadable> {
        InboxDelivery::read(raw).map(Self::from)
    }

    /// The aggregate it speaks of: one at a time, and none waits for another. What nothing is decided on waits
    /// for nothing: a flood of carts is no lane.
    fn lane(&self) -> String {
        match (&self.meaning, &self.shop) {
            (Meaning::Commands(commands), Some(shop)) if !commands.is_empty() => commands[0].key(shop).to_string(),
            _ => Cause::inbox_id(self.delivery.sequence),
        }
    }
}

/// The merchant's action, when the header names one: as it is, or its hash when it is no plain token.
fn correlation_id(event_id: Option<&str>, sequence: u64) -> String {
    let plain = |id: &str| id.len() <= 64 && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    match event_id {
        Some(id) if plain(id) => id.to_owned(),
        Some(id) => hex::encode(&Sha256::digest(id)[..16]),
        None => Cause::inbox_id(sequence),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn webhook(subject: &str, headers: &'static str, body: &'static str) -> Webhook {
        Webhook::from(InboxDelivery {
            sequence: 7,
            received_at: events::Timestamp::UNIX_EPOCH,
            subject: subject.to_owned(),
            headers: headers.into(),
            body: body.into(),
            seal: None,
            forgotten: false,
            trace_parent: None,
        })
    }

    #[test]
    fn a_webhook_runs_in_the_lane_of_its_aggregate() {
        let order = webhook("inbox.acme.orders.delete", "x-shopify-topic: orders/delete\r\n", r#"{"id":5}"#);
        assert_eq!((order.lane().as_str(), order.topic), ("order/acme/5", "orders/delete"));
        let other = webhook("inbox.acme.carts.abandon", "x-shopify-topic: carts/abandon\r\n", "{}");
        assert_eq!((other.lane().as_str(), other.topic), ("inbox:7", "other"));
        assert!(matches!(other.meaning, Meaning::Unreadable("unknown_topic", _)));
    }

    #[test]
    fn what_cannot_be_read_has_a_reason() {
        let reason = |webhook: Webhook| match webhook.meaning {
            Meaning::Unreadable(reason, _) => reason,
            other => panic!("{other:?}"),
        };
        let topic = "x-shopify-topic: orders/delete\r\n";
        assert_eq!(reason(webhook("inbox.acme.orders.delete", topic, "{")), "not_json");
        assert_eq!(reason(webhook("inbox.acme.orders.delete", topic, "{}")), "wrong_shape");
        assert_eq!(reason(webhook("inbox.acme.=.=", "", r#"{"id":5}"#)), "no_topic");
        assert_eq!(reason(webhook("inbox.acme.orders.delete", "nonsense", r#"{"id":5}"#)), "bad_headers");
        assert_eq!(reason(webhook("inbox.=.orders.delete", topic, r#"{"id":5}"#)), "unknown_shop");
    }

    #[test]
    fn a_correlation_id_is_always_a_plain_token() {
        assert_eq!(correlation_id(Some("98880550-7158-44d4"), 7), "98880550-7158-44d4");
        assert_eq!(correlation_id(None, 7), "inbox:7");
        for hostile in ["a b", "a\tb", "x.y", ">", "{{7*7}}", &"a".repeat(65)] {
            let id = correlation_id(Some(hostile), 7);
            assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{hostile}: {id}");
        }
    }
}
