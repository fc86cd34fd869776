use std::collections::BTreeMap;

use async_nats::header::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use events::{Shop, Timestamp, header, subject};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::api::ReadError;
use crate::bodies::{Bodies, seal_of};
use crate::broker::Broker;
use crate::header_block;
use crate::inbox::{AppendError, Appended, HTTP_HEADERS, InboxDelivery, append, readable};
use crate::publish::{MESSAGE_ID, put};
use crate::raw::Raw;
use crate::{Opened, Stream, Unreadable};

const INBOX_SEQUENCE: &str = "Inbox-Sequence";
const INBOX_SUBJECT: &str = "Inbox-Subject";
const INBOX_TIME: &str = "Inbox-Time";
const SETTLED_REASON: &str = "Settled-Reason";
const SETTLED_OUTCOME: &str = "Settled-Outcome";
const SETTLED_WHY: &str = "Settled-Why";
/// In the place of a reason: what was there and is settled.
const SETTLED: &str = "settled";

/// `QUARANTINE`, where authentic deliveries are kept that could not be read.
#[derive(Debug, Clone)]
pub struct Quarantine {
    broker: Broker,
    bodies: Bodies,
}

/// A delivery in quarantine, as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantined {
    /// Its sequence in `QUARANTINE`.
    pub sequence: u64,
    pub at: Timestamp,
    /// None when it came in for no shop of ours.
    pub shop: Option<Shop>,
    /// A stable token.
    pub reason: String,
    /// As it stood in `INBOX`; its own sequence there is the cause of what it leads to.
    pub delivery: InboxDelivery,
    /// None while it is open.
    pub settled: Option<Settlement>,
}

/// How a delivery left the quarantine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Settlement {
    /// How it ended: `recorded`, or why nothing was left to record.
    pub outcome: String,
    /// The operator's words.
    pub why: String,
}

impl Quarantine {
    pub fn new(broker: &Broker) -> Self {
        Self { broker: broker.clone(), bodies: Bodies::default() }
    }

    /// Bodies are sealed here under keys that live longer than those of the inbox, and opened when they are read;
    /// without this, sealed ones are read as empty.
    #[must_use]
    pub fn sealed_by(self, bodies: Bodies) -> Self {
        Self { bodies, ..self }
    }

    /// Keeps a copy under a stable token for the reason; the same delivery is kept once while the
    /// broker remembers its id, and is listed once for ever after.
    pub async fn put(
        &self,
        shop: Option<&Shop>,
        reason: &str,
        delivery: &InboxDelivery,
    ) -> Result<Appended, AppendError> {
        let mut headers = copied(delivery);
        put(&mut headers, MESSAGE_ID, format!("inbox:{}", delivery.sequence));
        self.append(shop, reason, headers, delivery).await
    }

    /// The open deliveries, in the order they came to the inbox; with `settled` those too that have left.
    /// A delivery that was put here more than once is one.
    pub async fn list(&self, shop: Option<&Shop>, settled: bool, limit: usize) -> Result<Vec<Quarantined>, ReadError> {
        let filter =
            shop.map_or_else(|| "quarantine.>".to_owned(), |shop| format!("quarantine.{}.>", encode(Some(shop))));
        let mut items: BTreeMap<u64, Quarantined> = BTreeMap::new();
        let mut next = 1;
        while let Some(raw) = self.broker.next_message(Stream::Quarantine, &filter, next).await? {
            next = raw.sequence + 1;
            let item = read(&self.bodies.open_with_keys(raw).await?)?;
            let held = items.get(&item.delivery.sequence);
            if held.is_none() || item.settled.is_some() {
                items.insert(item.delivery.sequence, item);
            }
        }
        let shown = items.into_values().filter(|item| settled || item.settled.is_none());
        Ok(shown.take(limit).collect())
    }

    /// Every message of a shop, copies and settled ones too.
    pub async fn every(&self, shop: &Shop) -> Result<Vec<Quarantined>, ReadError> {
        let filter = format!("quarantine.{}.>", encode(Some(shop)));
        let (mut items, mut next) = (Vec::new(), 1);
        while let Some(raw) = self.broker.next_message(Stream::Quarantine, &filter, next).await? {
            next = raw.sequence + 1;
            items.push(read(&self.bodies.open_with_keys(raw).await?)?);
        }
        Ok(items)
    }

    /// One message of the quarantine; none when there is none at that sequence.
    pub async fn get(&self, sequence: u64) -> Result<Option<Quarantined>, ReadError> {
        let Some(raw) = self.broker.message(Stream::Quarantine, sequence).await? else { return Ok(None) };
        read(&self.bodies.open_with_keys(raw).await?).map(Some)
    }

    /// Marks an open delivery as settled: a copy with the mark comes in its place. Does nothing the
    /// second time, and finishes what a crash left half done.
    pub async fn settle(&self, item: &Quarantined, settlement: &Settlement) -> Result<(), SettleError> {
        let delivery = &item.delivery;
        let mut headers = copied(delivery);
        put(&mut headers, MESSAGE_ID, format!("settled:{}", delivery.sequence));
        put(&mut headers, SETTLED_REASON, &item.reason);
        put(&mut headers, SETTLED_OUTCOME, &settlement.outcome);
        put(&mut headers, SETTLED_WHY, STANDARD.encode(&settlement.why));
        if self.is_open(item).await? {
            self.append(item.shop.as_ref(), SETTLED, headers, delivery).await?;
        }
        self.remove(item.sequence).await?;
        Ok(())
    }

    /// The server's refusal does not tell a message that is gone from one that may not be deleted.
    async fn remove(&self, sequence: u64) -> Result<(), ReadError> {
        if self.broker.message(Stream::Quarantine, sequence).await?.is_none() {
            return Ok(());
        }
        let removed: Result<Removed, _> =
            self.broker.ask("STREAM.MSG.DELETE.QUARANTINE", &json!({ "seq": sequence })).await;
        match removed {
            Err(_) if self.broker.message(Stream::Quarantine, sequence).await?.is_none() => Ok(()),
            other => other.map(drop),
        }
    }

    /// How many open deliveries there are, by reason.
    pub async fn counts(&self) -> Result<BTreeMap<String, u64>, ReadError> {
        let info: WithSubjects =
            self.broker.ask("STREAM.INFO.QUARANTINE", &json!({ "subjects_filter": "quarantine.>" })).await?;
        let mut counts = BTreeMap::new();
        for (subject, count) in info.state.subjects {
            let reason = subject.split('.').nth(2).and_then(subject::decode).unwrap_or(subject);
            if reason != SETTLED {
                *counts.entry(reason).or_default() += count;
            }
        }
        Ok(counts)
    }

    async fn is_open(&self, item: &Quarantined) -> Result<bool, ReadError> {
        let subject = subject::quarantine(item.shop.as_ref(), SETTLED);
        let mut next = item.sequence;
        while let Some(raw) = self.broker.next_message(Stream::Quarantine, &subject, next).await? {
            next = raw.sequence + 1;
            if raw.header(INBOX_SEQUENCE) == Some(&item.delivery.sequence.to_string()) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn append(
        &self,
        shop: Option<&Shop>,
        reason: &str,
        mut headers: HeaderMap,
        delivery: &InboxDelivery,
    ) -> Result<Appended, AppendError> {
        let size = delivery.body.len() + delivery.headers.len();
        let body = self.bodies.seal(Stream::Quarantine, shop.cloned(), delivery.body.clone(), &mut headers).await?;
        append(&self.broker, subject::quarantine(shop, reason), headers, body, size).await
    }
}

/// Why a delivery was not marked as settled.
#[derive(Debug, thiserror::Error)]
pub enum SettleError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Append(#[from] AppendError),
}

/// The headers that make a delivery whole again.
fn copied(delivery: &InboxDelivery) -> HeaderMap {
    let mut headers = HeaderMap::new();
    put(&mut headers, INBOX_SEQUENCE, delivery.sequence.to_string());
    put(&mut headers, INBOX_SUBJECT, &delivery.subject);
    put(&mut headers, INBOX_TIME, delivery.received_at.to_string());
    put(&mut headers, HTTP_HEADERS, header_block::encode(&delivery.headers));
    if let Some(parent) = &delivery.trace_parent {
        put(&mut headers, header::TRACE_PARENT, parent);
    }
    headers
}

fn read(raw: &Raw) -> Result<Quarantined, ReadError> {
    let malformed = |name| ReadError::Unreadable { position: raw.sequence, source: Unreadable::Header(name) };
    let mut tokens = raw.subject().split('.').skip(1).map(|token| subject::decode(token).unwrap_or_default());
    let shop = tokens.next().and_then(|shop| shop.parse().ok());
    let reason = tokens.next().unwrap_or_default();
    let block = raw.header(HTTP_HEADERS).and_then(header_block::decode);
    let delivery = InboxDelivery {
        sequence: raw.header(INBOX_SEQUENCE).and_then(|it| it.parse().ok()).ok_or_else(|| malformed(INBOX_SEQUENCE))?,
        received_at: raw.header(INBOX_TIME).and_then(|it| it.parse().ok()).unwrap_or(raw.recorded_at),
        subject: raw.header(INBOX_SUBJECT).map_or_else(|| subject::inbox(shop.as_ref(), ""), str::to_owned),
        headers: block.ok_or_else(|| malformed(HTTP_HEADERS))?,
        body: readable(raw).unwrap_or_default(),
        seal: seal_of(raw).map(str::to_owned),
        forgotten: raw.opened == Some(Opened::Forgotten),
        trace_parent: raw.header(header::TRACE_PARENT).map(str::to_owned),
    };
    let settled = raw.header(SETTLED_OUTCOME).map(|outcome| Settlement {
        outcome: outcome.to_owned(),
        why: text(raw.header(SETTLED_WHY).unwrap_or_default()),
    });
    let reason = raw.header(SETTLED_REASON).map_or(reason, str::to_owned);
    Ok(Quarantined { sequence: raw.sequence, at: raw.recorded_at, shop, reason, delivery, settled })
}

/// An operator's words may be anything, so they are not a header as they are.
fn text(base64: &str) -> String {
    STANDARD.decode(base64).ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
}

fn encode(shop: Option<&Shop>) -> String {
    subject::encode(shop.map_or("", Shop::as_str))
}

#[derive(Deserialize)]
struct Removed {}

#[derive(Deserialize)]
struct WithSubjects {
    state: Subjects,
}

#[derive(Deserialize)]
struct Subjects {
    #[serde(default)]
    subjects: BTreeMap<String, u64>,
}
