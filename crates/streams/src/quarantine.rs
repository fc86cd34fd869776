use async_nats::header::HeaderMap;
use events::{Shop, header, subject};

use crate::broker::Broker;
use crate::header_block;
use crate::inbox::{AppendError, Appended, HTTP_HEADERS, InboxDelivery, append};
use crate::publish::{MESSAGE_ID, put};

const INBOX_SEQUENCE: &str = "Inbox-Sequence";

/// `QUARANTINE`, where authentic deliveries are kept that could not be read.
#[derive(Debug, Clone)]
pub struct Quarantine {
    broker: Broker,
}

impl Quarantine {
    pub fn new(broker: &Broker) -> Self {
        Self { broker: broker.clone() }
    }

    /// Keeps a copy under a stable token for the reason; the same delivery is kept once.
    pub async fn put(
        &self,
        shop: Option<&Shop>,
        reason: &str,
        delivery: &InboxDelivery,
    ) -> Result<Appended, AppendError> {
        let mut headers = HeaderMap::new();
        put(&mut headers, MESSAGE_ID, &format!("inbox:{}", delivery.sequence));
        put(&mut headers, INBOX_SEQUENCE, &delivery.sequence.to_string());
        put(&mut headers, HTTP_HEADERS, &header_block::encode(&delivery.headers));
        if let Some(parent) = &delivery.trace_parent {
            put(&mut headers, header::TRACE_PARENT, parent);
        }
        let size = delivery.body.len() + delivery.headers.len();
        append(&self.broker, subject::quarantine(shop, reason), headers, delivery.body.clone(), size).await
    }
}
