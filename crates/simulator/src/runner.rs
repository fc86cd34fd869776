use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::StreamExt;
use futures::stream;
use reqwest::{Client, Response, StatusCode, Url};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::Delivery;

/// Posts deliveries as Shopify does, and tries again what was not answered 200.
#[derive(Debug, Clone)]
pub struct Runner {
    client: Client,
    url: Url,
    settings: RunnerSettings,
    answers: Option<mpsc::UnboundedSender<Answer>>,
}

#[derive(Debug, Clone, Copy)]
pub struct RunnerSettings {
    /// Deliveries in flight at once; with 1 they arrive in order.
    pub concurrency: usize,
    /// Of one delivery, the first included. Shopify makes 9.
    pub attempts: u32,
    /// Before the second attempt; doubled for each further one.
    pub backoff: Duration,
    pub backoff_at_most: Duration,
    /// For the whole request. Shopify waits 5 s.
    pub timeout: Duration,
}

impl Default for RunnerSettings {
    fn default() -> Self {
        Self {
            concurrency: 16,
            attempts: 9,
            backoff: Duration::from_millis(100),
            backoff_at_most: Duration::from_secs(60),
            timeout: Duration::from_secs(5),
        }
    }
}

/// What one request came to.
#[derive(Debug, Clone)]
pub struct Answer {
    pub delivery: Delivery,
    pub at: Instant,
    /// It was answered 200.
    pub accepted: bool,
    /// Where the ingress says that the delivery is kept.
    pub sequence: Option<u64>,
}

/// What became of deliveries.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Report {
    /// Requests made.
    pub sent: u64,
    /// Deliveries answered 200.
    pub accepted: u64,
    /// Requests that were another attempt.
    pub retried: u64,
    /// Deliveries that no attempt brought home.
    pub given_up: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum RunnerError {
    #[error("the ingress address is not a URL")]
    Url(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("no HTTP client could be made")]
    Client(#[from] reqwest::Error),
}

#[derive(Debug, Default)]
struct Counts {
    sent: AtomicU64,
    accepted: AtomicU64,
    retried: AtomicU64,
    given_up: AtomicU64,
}

impl Runner {
    /// `url` is the ingress: `http://127.0.0.1:8080/webhooks/shopify`.
    pub fn new(url: &str, settings: RunnerSettings) -> Result<Self, RunnerError> {
        let url = Url::parse(url).map_err(|error| RunnerError::Url(Box::new(error)))?;
        let client = Client::builder().timeout(settings.timeout).redirect(reqwest::redirect::Policy::none()).build()?;
        Ok(Self { client, url, settings, answers: None })
    }

    /// Tells of every request what it came to.
    pub fn telling(self, answers: mpsc::UnboundedSender<Answer>) -> Self {
        Self { answers: Some(answers), ..self }
    }

    /// Ends when every delivery is accepted or given up.
    pub async fn run(&self, deliveries: impl IntoIterator<Item = Delivery>) -> Report {
        let counts = Counts::default();
        let concurrency = self.settings.concurrency.max(1);
        stream::iter(deliveries).for_each_concurrent(concurrency, |delivery| self.deliver(delivery, &counts)).await;
        counts.report()
    }

    async fn deliver(&self, delivery: Delivery, counts: &Counts) {
        for attempt in 1..=self.settings.attempts.max(1) {
            if attempt > 1 {
                add(&counts.retried);
                tokio::time::sleep(self.backoff(attempt)).await;
            }
            add(&counts.sent);
            if self.post(&delivery).await {
                return add(&counts.accepted);
            }
        }
        tracing::warn!(topic = delivery.topic, "a delivery was given up");
        add(&counts.given_up);
    }

    fn backoff(&self, attempt: u32) -> Duration {
        let doubled = self.settings.backoff.saturating_mul(1 << attempt.saturating_sub(2).min(16));
        doubled.min(self.settings.backoff_at_most)
    }

    /// Whether it was answered 200.
    async fn post(&self, delivery: &Delivery) -> bool {
        let mut request = self.client.post(self.url.clone()).body(delivery.body.clone());
        for (name, value) in delivery.headers() {
            request = request.header(name, value);
        }
        let response = request.send().await.ok().filter(|response| response.status() == StatusCode::OK);
        let accepted = response.is_some();
        if let Some(answers) = &self.answers {
            let sequence = response.as_ref().and_then(sequence);
            // Who has stopped listening wants to know no more.
            let _ = answers.send(Answer { delivery: delivery.clone(), at: Instant::now(), accepted, sequence });
        }
        accepted
    }
}

impl Counts {
    fn report(&self) -> Report {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Report {
            sent: read(&self.sent),
            accepted: read(&self.accepted),
            retried: read(&self.retried),
            given_up: read(&self.given_up),
        }
    }
}

impl std::ops::AddAssign for Report {
    fn add_assign(&mut self, other: Self) {
        self.sent += other.sent;
        self.accepted += other.accepted;
        self.retried += other.retried;
        self.given_up += other.given_up;
    }
}

fn sequence(response: &Response) -> Option<u64> {
    response.headers().get("x-inbox-sequence")?.to_str().ok()?.parse().ok()
}

fn add(count: &AtomicU64) {
    count.fetch_add(1, Ordering::Relaxed);
}
