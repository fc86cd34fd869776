//! The bare limit that the ingress is measured against: async-nats as it comes, nothing of ours around it.

use async_nats::HeaderMap;
use async_nats::jetstream::{self, Context};
use bytes::Bytes;
use events::{Shop, subject};

/// Publishes bodies to `INBOX` without what our own writer adds.
#[derive(Debug, Clone)]
pub struct BarePublisher {
    jetstream: Context,
    subject: String,
}

impl BarePublisher {
    pub async fn connect(url: &str, shop: &Shop) -> Result<Self, async_nats::ConnectError> {
        let jetstream = jetstream::new(async_nats::connect(url).await?);
        Ok(Self { jetstream, subject: subject::inbox(Some(shop), "orders/create") })
    }

    /// Returns when the broker has stored it.
    pub async fn publish(&self, message_id: &str, body: Bytes) -> Result<(), jetstream::context::PublishError> {
        let mut headers = HeaderMap::new();
        headers.insert("Nats-Msg-Id", message_id);
        self.jetstream.publish_with_headers(self.subject.clone(), headers, body).await?.await?;
        Ok(())
    }
}
