//! Calls to the outside: bounded in time and rate, known by a key, and not made while the other side is down.

mod breaker;
mod key;
mod pace;

use std::fmt::Display;
use std::num::NonZeroU32;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use streams::{Failure, traces};
use tokio::time::{Instant, sleep, timeout};
use tracing::Instrument;

pub use key::IdempotencyKey;

use breaker::Breaker;
use pace::Pace;

/// One other side: a mail server, an HTTP interface. Shared by all who call it.
#[derive(Debug)]
pub struct Port {
    /// Of the metrics and the log.
    name: &'static str,
    timeout: Duration,
    breaker: Mutex<Breaker>,
    pace: Mutex<Pace>,
}

/// How a port deals with its other side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortSettings {
    /// For one call. What became of a call that took longer is not known.
    pub timeout: Duration,
    /// Calls that may be made at once after a quiet time.
    pub burst: u32,
    /// From then on one call may begin each of these.
    pub gap: Duration,
    /// So many failures in a row open the breaker.
    pub failures: u32,
    /// How long the breaker is open before one call is tried; doubled when that fails too.
    pub open: Duration,
    pub open_at_most: Duration,
}

impl PortSettings {
    /// So many calls a second, all of them at once after a quiet time.
    pub fn paced(per_second: NonZeroU32) -> Self {
        let per_second = per_second.get();
        Self { burst: per_second, gap: Duration::from_secs(1) / per_second, ..Self::default() }
    }
}

impl Default for PortSettings {
    /// Ten calls a second, ten seconds each; after five failures none for five seconds to five minutes.
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(10),
            burst: 10,
            gap: Duration::from_millis(100),
            failures: 5,
            open: Duration::from_secs(5),
            open_at_most: Duration::from_secs(300),
        }
    }
}

/// Why a call did not do what it was for. Nothing personal belongs in a reason: it is logged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The other side works, and will never do this.
    #[error("refused: {0}")]
    Refused(String),
    /// The other side works, and asks to come again.
    #[error("told to wait: {reason}")]
    Busy { reason: String, after: Option<Duration> },
    /// This call failed; others may not.
    #[error("failed: {0}")]
    Failed(String),
    /// The other side cannot be reached: no call would work now.
    #[error("not reachable: {0}")]
    Down(String),
}

impl CallError {
    pub fn refused(reason: impl Display) -> Self {
        Self::Refused(reason.to_string())
    }

    /// For a `Retry-After`.
    pub fn busy(reason: impl Display, after: Option<Duration>) -> Self {
        Self::Busy { reason: reason.to_string(), after }
    }

    pub fn failed(reason: impl Display) -> Self {
        Self::Failed(reason.to_string())
    }

    pub fn down(reason: impl Display) -> Self {
        Self::Down(reason.to_string())
    }
}

impl Port {
    pub fn new(name: &'static str, settings: &PortSettings) -> Self {
        metrics::gauge!("tillstream_port_open", "port" => name).set(0.0);
        Self {
            name,
            timeout: settings.timeout,
            breaker: Mutex::new(Breaker::new(settings.failures, settings.open, settings.open_at_most)),
            pace: Mutex::new(Pace::new(settings.burst, settings.gap)),
        }
    }

    /// Makes a call when its turn has come, or none while the breaker is open.
    ///
    /// The key goes to the other side with the call: the same call made again, because its outcome was not
    /// known, is then no second one.
    ///
    /// # Errors
    /// What the subscriber is to return: a call that failed is tried again and counts as a try; while the
    /// other side is down the subscriber is paused, fetches nothing and burns no try.
    pub async fn call<T, F>(&self, key: &IdempotencyKey, call: impl FnOnce(IdempotencyKey) -> F) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, CallError>>,
    {
        self.admit()?;
        let turn = lock(&self.pace).turn(Instant::now());
        sleep(turn).await;
        let span = tracing::debug_span!(target: traces::TARGET, "call", otel.kind = "client", port = self.name);
        let ended = timeout(self.timeout, call(key.clone()).instrument(span)).await;
        let ended = ended.unwrap_or_else(|_| Err(CallError::Failed(format!("no answer in {:?}", self.timeout))));
        self.take_note(&ended);
        ended.map_err(|error| {
            let reason = format!("{}: {error}", self.name);
            match error {
                CallError::Refused(_) => Failure::reject(reason),
                CallError::Busy { after: Some(after), .. } => Failure::retry_after(reason, after),
                CallError::Busy { after: None, .. } | CallError::Failed(_) => Failure::retry(reason),
                CallError::Down(_) => Failure::unavailable(reason),
            }
        })
    }

    fn admit(&self) -> Result<(), Failure> {
        // The one call that tries an open breaker may end without a word; then another may.
        let admitted = lock(&self.breaker).admit(Instant::now(), self.timeout * 2);
        admitted.map_err(|open| {
            self.count("held_back");
            Failure::unavailable(format!("{}: not called for another {open:?}, after failures in a row", self.name))
        })
    }

    fn take_note<T>(&self, ended: &Result<T, CallError>) {
        let mut breaker = lock(&self.breaker);
        let was_open = breaker.is_open();
        match ended {
            Ok(_) | Err(CallError::Refused(_) | CallError::Busy { .. }) => breaker.worked(),
            Err(CallError::Failed(_) | CallError::Down(_)) => breaker.failed(Instant::now()),
        }
        let open = breaker.is_open();
        drop(breaker);
        metrics::gauge!("tillstream_port_open", "port" => self.name).set(if open { 1.0 } else { 0.0 });
        match (was_open, open) {
            (false, true) => tracing::error!(port = self.name, "no more calls for a while: too many failed in a row"),
            (true, false) => tracing::info!(port = self.name, "calls work again"),
            _ => {}
        }
        self.count(match ended {
            Ok(_) => "done",
            Err(CallError::Refused(_)) => "refused",
            Err(CallError::Busy { .. }) => "busy",
            Err(CallError::Failed(_)) => "failed",
            Err(CallError::Down(_)) => "down",
        });
    }

    fn count(&self, outcome: &'static str) {
        metrics::counter!("tillstream_port_calls_total", "port" => self.name, "outcome" => outcome).increment(1);
    }
}

/// Nothing that holds these locks can panic half way.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    fn port() -> Port {
        let settings = PortSettings { failures: 3, burst: 100, ..PortSettings::default() };
        Port::new("test", &settings)
    }

    fn key() -> IdempotencyKey {
        IdempotencyKey::derive(&["event", "rule"])
    }

    async fn fail(port: &Port, error: CallError) -> Failure {
        port.call(&key(), async |_| Err::<(), _>(error)).await.unwrap_err()
    }

    #[tokio::test(start_paused = true)]
    async fn each_kind_of_failure_is_the_subscribers_own() {
        let port = port();
        assert!(matches!(fail(&port, CallError::refused("no such box")).await, Failure::Reject { .. }));
        assert!(matches!(fail(&port, CallError::down("refused")).await, Failure::Unavailable { .. }));
        assert!(matches!(fail(&port, CallError::failed("500")).await, Failure::Retry { after: None, .. }));
        let minute = Some(Duration::from_secs(60));
        let told = fail(&port, CallError::busy("429", minute)).await;
        assert!(matches!(&told, Failure::Retry { after, .. } if *after == minute), "{told:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_hangs_ends_at_the_timeout() {
        let started = Instant::now();
        let hung = port().call(&key(), async |_| std::future::pending::<Result<(), CallError>>().await).await;
        assert!(matches!(hung, Err(Failure::Retry { .. })), "{hung:?}");
        assert_eq!(started.elapsed(), Duration::from_secs(10));
    }

    #[tokio::test(start_paused = true)]
    async fn after_failures_in_a_row_nothing_is_called_until_one_trial_works() {
        let (port, calls) = (port(), Arc::new(AtomicU32::new(0)));
        let call = async |outcome: Result<(), CallError>| {
            let called = async |_| {
                calls.fetch_add(1, Ordering::SeqCst);
                outcome
            };
            port.call(&key(), called).await
        };
        for _ in 0..3 {
            call(Err(CallError::failed("500"))).await.unwrap_err();
        }
        assert!(matches!(call(Ok(())).await, Err(Failure::Unavailable { .. })));
        assert_eq!(calls.load(Ordering::SeqCst), 3, "an open breaker calls nobody");
        sleep(Duration::from_secs(6)).await;
        call(Err(CallError::failed("500"))).await.unwrap_err();
        sleep(Duration::from_secs(6)).await;
        call(Ok(())).await.unwrap_err();
        assert_eq!(calls.load(Ordering::SeqCst), 4, "a failed trial doubles the wait");
        sleep(Duration::from_secs(5)).await;
        call(Ok(())).await.unwrap();
        call(Ok(())).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_is_an_answer_and_opens_nothing() {
        let port = port();
        for _ in 0..10 {
            fail(&port, CallError::refused("bad address")).await;
        }
        port.call(&key(), async |_| Ok(())).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn calls_keep_the_pace_and_carry_their_key() {
        let settings = PortSettings::paced(NonZeroU32::new(2).unwrap());
        let (port, started) = (Port::new("test", &settings), Instant::now());
        for _ in 0..5 {
            let carried = port.call(&key(), async |key| Ok(key)).await.unwrap();
            assert_eq!(carried, key());
        }
        assert_eq!(started.elapsed(), Duration::from_millis(1_500));
    }
}
