//! The bare limits that the ingress and the services are measured against: async-nats as it comes, nothing of ours around it.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use async_nats::header::{HeaderMap, HeaderName};
use async_nats::jetstream::consumer::pull;
use async_nats::jetstream::context::PublishAckFuture;
use async_nats::jetstream::{self, Context};
use bytes::Bytes;
use events::{AggregateKind, Shop, subject};
use futures::StreamExt;

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

/// What the reactions of a service are measured against, on a stream of its own beside `EVENTS`.
#[derive(Debug, Clone)]
pub struct BareReactor {
    jetstream: Context,
}

/// Why a measurement ended early.
#[derive(Debug, thiserror::Error)]
#[error("the bare measurement failed: {0}")]
pub struct BareError(String);

impl BareReactor {
    const STREAM: &'static str = "BARE";

    pub async fn connect(url: &str) -> Result<Self, BareError> {
        let jetstream = jetstream::new(async_nats::connect(url).await.map_err(failed)?);
        let config = jetstream::stream::Config {
            name: Self::STREAM.to_owned(),
            subjects: vec!["bare.>".to_owned()],
            allow_direct: true,
            ..Default::default()
        };
        jetstream.get_or_create_stream(config).await.map_err(failed)?;
        Ok(Self { jetstream })
    }

    /// Receives `count` order events and appends one message for each, `in_flight` at once.
    pub async fn react(&self, count: u64, in_flight: usize) -> Result<Duration, BareError> {
        let events = self.jetstream.get_stream_no_info("EVENTS").await.map_err(failed)?;
        let config = pull::Config {
            filter_subject: subject::events_of(AggregateKind::Order),
            max_ack_pending: 2048,
            ..Default::default()
        };
        let consumer = events.create_consumer(config).await.map_err(failed)?;
        let started = Instant::now();
        let messages = consumer.messages().await.map_err(failed)?.take(count as usize);
        let react = |(number, message): (usize, Result<_, pull::MessagesError>)| async move {
            let message: jetstream::Message = message.map_err(failed)?;
            self.append(format!("bare.{number}"), 0, message.payload.clone()).await?;
            message.ack().await.map_err(failed)
        };
        let mut reactions = messages.enumerate().map(react).buffer_unordered(in_flight);
        while let Some(reaction) = reactions.next().await {
            reaction?;
        }
        Ok(started.elapsed())
    }

    /// Appends to one subject, each under the sequence of the one before.
    pub async fn append_serially(&self, count: u64, body: Bytes) -> Result<Duration, BareError> {
        let started = Instant::now();
        let mut last = 0;
        for _ in 0..count {
            last = self.append("bare.one".to_owned(), last, body.clone()).await?;
        }
        Ok(started.elapsed())
    }

    async fn append(&self, subject: String, last: u64, body: Bytes) -> Result<u64, BareError> {
        let mut headers = HeaderMap::new();
        headers.insert("Nats-Msg-Id", format!("{subject}-{last}").as_str());
        headers.insert("Nats-Expected-Last-Subject-Sequence", last.to_string().as_str());
        let sent = self.jetstream.publish_with_headers(subject, headers, body).await.map_err(failed)?;
        Ok(sent.await.map_err(failed)?.sequence)
    }
}

/// Fills `EVENTS` without a decision.
pub struct BareLog {
    jetstream: Context,
    unconfirmed: VecDeque<PublishAckFuture>,
}

impl BareLog {
    /// Appended messages whose confirmation is not waited for.
    const WINDOW: usize = 1_000;

    pub async fn connect(url: &str) -> Result<Self, BareError> {
        let jetstream = jetstream::new(async_nats::connect(url).await.map_err(failed)?);
        Ok(Self { jetstream, unconfirmed: VecDeque::new() })
    }

    pub async fn append(
        &mut self,
        subject: String,
        headers: Vec<(&'static str, String)>,
        body: Vec<u8>,
    ) -> Result<(), BareError> {
        let headers: HeaderMap =
            headers.iter().map(|(name, value)| (HeaderName::from_static(name), value.as_str().into())).collect();
        let sent = self.jetstream.publish_with_headers(subject, headers, body.into()).await.map_err(failed)?;
        self.unconfirmed.push_back(sent);
        if self.unconfirmed.len() > Self::WINDOW
            && let Some(oldest) = self.unconfirmed.pop_front()
        {
            oldest.await.map_err(failed)?;
        }
        Ok(())
    }

    /// Waits for all confirmations.
    pub async fn flush(&mut self) -> Result<(), BareError> {
        for sent in self.unconfirmed.drain(..) {
            sent.await.map_err(failed)?;
        }
        Ok(())
    }
}

/// What readers of the log are measured against.
#[derive(Debug, Clone)]
pub struct BareReader {
    jetstream: Context,
}

impl BareReader {
    pub async fn connect(url: &str) -> Result<Self, BareError> {
        Ok(Self { jetstream: jetstream::new(async_nats::connect(url).await.map_err(failed)?) })
    }

    /// Receives `count` messages of `EVENTS` and looks at none.
    pub async fn read(&self, count: u64) -> Result<Duration, BareError> {
        let events = self.jetstream.get_stream_no_info("EVENTS").await.map_err(failed)?;
        let config = pull::Config {
            ack_policy: jetstream::consumer::AckPolicy::None,
            memory_storage: true,
            ..Default::default()
        };
        let consumer = events.create_consumer(config).await.map_err(failed)?;
        let started = Instant::now();
        let messages = consumer.stream().max_messages_per_batch(10_000).messages().await.map_err(failed)?;
        let mut messages = messages.take(count as usize);
        while let Some(message) = messages.next().await {
            message.map_err(failed)?;
        }
        Ok(started.elapsed())
    }
}

fn failed(error: impl std::fmt::Display) -> BareError {
    BareError(error.to_string())
}
