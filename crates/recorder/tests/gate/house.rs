//! An inbox, the recorder that reads it, and its journal.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use db::Database;
use events::{AggregateKey, AggregateKind, Envelope, Shop, subject};
use http::{HeaderMap, HeaderName};
use recorder::{Firsts, Journal, Recorder, Traced, Tracer};
use shopify::encode_block;
use streams::{
    Bodies, EventStore, Inbox, InboxMessage, Quarantine, Subscriber, Subscription, SubscriptionSettings,
    status::{self, Status},
};
use tempfile::TempDir;
use testkit::{Fixture, Unsealed};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub(crate) struct House {
    pub(crate) fixture: Fixture,
    pub(crate) store: EventStore,
    pub(crate) quarantine: Quarantine,
    pub(crate) firsts: Firsts,
    subscription: Subscription<Recorder>,
    folder: TempDir,
    journal: Running,
    sent: u32,
}

/// A journal at work.
struct Running {
    task: JoinHandle<()>,
    shutdown: CancellationToken,
}

/// What is delivered. The signature stands for the body, as it does when a body is captured.
pub(crate) struct Sent<'a> {
    pub(crate) shop: Option<&'a str>,
    pub(crate) topic: &'a str,
    pub(crate) webhook_id: &'a str,
    pub(crate) body: &'a str,
}

pub(crate) fn acme<'a>(topic: &'a str, webhook_id: &'a str, body: &'a str) -> Sent<'a> {
    Sent { shop: Some("acme"), topic, webhook_id, body }
}

pub(crate) const SHOPS: [&str; 2] = ["acme", "other"];

impl House {
    pub(crate) async fn open() -> Self {
        let fixture = Fixture::single(&[Recorder::durable()]).await;
        let folder = TempDir::new().unwrap();
        let (journal, firsts) = start_journal(&fixture, &folder.path().join("recorder.db")).await;
        let quarantine = Quarantine::new(&fixture.broker);
        let store = EventStore::new(&fixture.broker).sealed_by(Arc::new(Unsealed));
        let recorder = recorder(&fixture, &SHOPS).guarded_by(firsts.clone());
        let settings = SubscriptionSettings::default();
        let subscription = Subscription::open(&fixture.broker, recorder, settings).await.unwrap();
        Self { fixture, store, quarantine, firsts, subscription, folder, journal, sent: 0 }
    }

    /// A recorder of its own, as the command line has it.
    pub(crate) fn recorder(&self, shops: &[&str]) -> Recorder {
        recorder(&self.fixture, shops).guarded_by(self.firsts.clone())
    }

    /// As ingress stores it once the broker has forgotten that it knows it: under a new message id.
    pub(crate) async fn deliver(&mut self, sent: Sent<'_>) -> u64 {
        self.sent += 1;
        let shop: Option<Shop> = sent.shop.map(|shop| shop.parse().unwrap());
        let signature = shopify::sign(sent.body.as_bytes(), &shopify::Secret::new("the app's").unwrap());
        let headers = [
            ("x-shopify-topic", sent.topic),
            ("x-shopify-webhook-id", sent.webhook_id),
            ("x-shopify-hmac-sha256", &signature),
        ];
        let headers = headers.into_iter().filter(|(_, value)| !value.is_empty());
        let headers = headers.map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()));
        let message = InboxMessage {
            subject: subject::inbox(shop.as_ref(), sent.topic),
            message_id: self.sent.to_string(),
            headers: encode_block(&HeaderMap::from_iter(headers)),
            body: Bytes::copy_from_slice(sent.body.as_bytes()),
            trace_parent: None,
        };
        Inbox::new(&self.fixture.broker).append(message).await.unwrap().sequence
    }

    /// Handles all that is there; fails when anything is left.
    pub(crate) async fn record(&mut self) -> Status {
        let step = self.subscription.step().await.unwrap();
        assert_eq!((step.retried, step.dead, step.unavailable, step.parked), (0, 0, None, 0));
        let status = self.status().await;
        assert!(status.is_settled(), "{status:?}");
        status
    }

    /// One try, whatever comes of it.
    pub(crate) async fn try_to_record(&mut self) -> Status {
        let _ = self.subscription.step().await;
        self.status().await
    }

    pub(crate) async fn status(&self) -> Status {
        status::read(&self.fixture.broker, &[Recorder::durable()]).await.unwrap()
    }

    pub(crate) async fn stop_journal(&mut self) {
        self.journal.shutdown.cancel();
        while !self.journal.task.is_finished() {
            tokio::task::yield_now().await;
        }
    }

    /// The journal's file is gone: another one takes its place.
    pub(crate) async fn lose_journal(&mut self, name: &str) {
        self.stop_journal().await;
        let (journal, firsts) = start_journal(&self.fixture, &self.folder.path().join(name)).await;
        self.journal = journal;
        self.firsts = firsts.clone();
        let recorder = recorder(&self.fixture, &SHOPS).guarded_by(firsts);
        let settings = SubscriptionSettings::default();
        self.subscription = Subscription::open(&self.fixture.broker, recorder, settings).await.unwrap();
    }

    /// What the trace says of a delivery, in one word.
    pub(crate) async fn outcome(&self, sequence: u64) -> String {
        let traced = self.tracer().await.delivery(sequence).await.unwrap().unwrap();
        word(&traced)
    }

    pub(crate) async fn tracer(&self) -> Tracer {
        Tracer::open(&self.fixture.broker, self.firsts.clone(), Bodies::default()).await.unwrap()
    }

    pub(crate) async fn events(&self, kind: AggregateKind, id: u64) -> Vec<Envelope> {
        let key = AggregateKey::new(kind, &SHOPS[0].parse().unwrap(), id);
        self.store.events(&key).await.unwrap().into_iter().map(|recorded| recorded.envelope).collect()
    }
}

async fn start_journal(fixture: &Fixture, file: &std::path::Path) -> (Running, Firsts) {
    let db = Database::open(&format!("sqlite://{}", file.display())).await.unwrap();
    let journal = Journal::open(db, &fixture.broker).await.unwrap();
    let (firsts, shutdown) = (journal.firsts(), CancellationToken::new());
    (Running { task: tokio::spawn(journal.run(shutdown.clone())), shutdown }, firsts)
}

pub(crate) fn recorder(fixture: &Fixture, shops: &[&str]) -> Recorder {
    let shops = shops.iter().map(|shop| shop.parse().unwrap());
    Recorder::new(
        EventStore::new(&fixture.broker).sealed_by(Arc::new(Unsealed)),
        Quarantine::new(&fixture.broker),
        shops,
    )
}

pub(crate) fn word(traced: &Traced) -> String {
    let reason = traced.reason.as_deref().map_or_else(String::new, |reason| format!(": {reason}"));
    format!("{}{reason}", traced.outcome)
}

pub(crate) fn order(id: u64, updated_at: &str, status: &str) -> String {
    format!(
        r##"{{"id":{id},"name":"#1","created_at":"2026-03-29T20:00:26+02:00","updated_at":"{updated_at}",
            "currency":"EUR","financial_status":"{status}","fulfillment_status":null,"total_price":"10.00",
            "current_total_price":"10.00","subtotal_price":"10.00","total_tax":"0.00","total_discounts":"0.00",
            "shipping_lines":[],"line_items":[{{"id":1,"title":"Tea","quantity":1,"price":"10.00"}}]}}"##
    )
}

pub(crate) const AT: &str = "2026-03-29T20:00:26+02:00";
pub(crate) const LATER: &str = "2026-03-29T20:00:40+02:00";
/// Longer than anything takes that is going to happen.
pub(crate) const LONG: Duration = Duration::from_secs(120);
