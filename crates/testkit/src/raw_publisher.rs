use async_nats::HeaderMap;
use async_nats::jetstream::{self, Context};

/// Writes to a stream what none of our own writers would.
pub struct RawPublisher(Context);

impl RawPublisher {
    pub async fn connect(url: &str) -> Self {
        Self(jetstream::new(async_nats::connect(url).await.expect("nats-server answers")))
    }

    /// Returns the message's sequence, once it is stored.
    pub async fn publish(&self, subject: String, headers: &[(&'static str, String)], body: Vec<u8>) -> u64 {
        let mut map = HeaderMap::new();
        headers.iter().for_each(|(name, value)| map.insert(*name, value.as_str()));
        let sent = self.0.publish_with_headers(subject, map, body.into()).await.expect("the message is sent");
        sent.await.expect("the message is stored").sequence
    }
}
