use std::any::Any;
use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use events::header;
use futures::FutureExt;
use tracing::Instrument;

use super::delivery::Delivery;
use super::{Failure, RetrySchedule, Subscriber};
use crate::dead_letters::{DeadLetter, DeadLetters, ErrorClass};
use crate::raw::Raw;
use crate::topology::redrive_name;
use crate::tries::{Tried, Tries};
use crate::{ReadError, Stream, Unreadable, traces};

/// What every handling of a subscription needs.
pub(super) struct Handling<S> {
    pub(super) subscriber: S,
    pub(super) stream: Stream,
    pub(super) retry: RetrySchedule,
    pub(super) dead_letters: DeadLetters,
    pub(super) tries: Tries,
}

/// A message on its way through its lane.
pub(super) struct Item<M> {
    pub(super) delivery: Delivery,
    pub(super) raw: Raw,
    pub(super) content: Result<M, Unreadable>,
    /// Failed tries. The server's own count is another: of what it delivered, to processes that died too.
    pub(super) attempts: u32,
    /// It was handed out before: the tries of a process before this one are asked for before the first one here. A first
    /// delivery was tried by nobody.
    pub(super) again: bool,
    /// The request that brought a dead letter back.
    pub(super) request: Option<u64>,
}

impl<M> Item<M> {
    pub(super) fn new(delivery: Delivery, raw: Raw, content: Result<M, Unreadable>, again: bool) -> Self {
        Self { delivery, raw, content, attempts: 0, again, request: None }
    }

    /// The consumer that delivered it, and its sequence there: a dead letter comes back as another message.
    fn delivered_as<S: Subscriber>(&self) -> (Cow<'static, str>, u64) {
        match self.request {
            None => (S::NAME.into(), self.raw.sequence),
            Some(request) => (redrive_name(S::NAME).into(), request),
        }
    }
}

/// How a handling ended.
pub(super) enum Finished<I> {
    Settled(Settled),
    /// Not tried: a process before this one noted that its time has not come.
    NotYet(I, Duration),
    /// To be tried again after a while.
    Retry(I, Duration),
    /// To be tried again when the reason is gone.
    Unavailable(I, String),
}

/// The server has been told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Settled {
    Handled,
    Dead,
}

impl Settled {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Handled => "handled",
            Self::Dead => "dead",
        }
    }
}

impl<S: Subscriber> Handling<S> {
    /// The lane that the subscriber names; `None` when it panics over the message, which it will again
    /// when it handles it.
    pub(super) fn lane(&self, message: &S::Message) -> Option<String> {
        catch_unwind(AssertUnwindSafe(|| self.subscriber.lane(message))).ok()
    }

    /// A subscriber that panics here has not heard it.
    pub(super) fn hear(&self, message: &S::Message) {
        let _ = catch_unwind(AssertUnwindSafe(|| self.subscriber.hear(message)));
    }

    /// Handles one message and settles it, or says why it cannot be settled yet.
    pub(super) async fn run(&self, mut item: Item<S::Message>, confirm: bool) -> Finished<Item<S::Message>> {
        let earlier = match self.earlier_tries(&item).await {
            Ok(earlier) => earlier,
            Err(error) => return Finished::Unavailable(item, error.to_string()),
        };
        item.again = false;
        if let Some(tried) = earlier {
            item.attempts = tried.attempts;
            let wait = tried.wait();
            if !wait.is_zero() {
                return Finished::NotYet(item, wait);
            }
        }
        let span =
            tracing::debug_span!(target: traces::TARGET, "handle", subscriber = S::NAME, sequence = item.raw.sequence);
        traces::follow(&span, item.raw.header(header::TRACE_PARENT));
        match self.call(&item.content).instrument(span).await {
            Ok(()) => {
                item.delivery.ack(confirm).await;
                Finished::Settled(Settled::Handled)
            }
            Err(Ended::Failed(Failure::Unavailable { reason })) => Finished::Unavailable(item, reason),
            Err(Ended::Failed(Failure::Retry { reason, after })) => {
                item.attempts += 1;
                let Some(delay) = self.retry.delay(item.attempts, after) else {
                    return self.bury(item, ErrorClass::Exhausted, reason, confirm).await;
                };
                let (sequence, attempts) = (item.raw.sequence, item.attempts);
                tracing::warn!(subscriber = S::NAME, sequence, attempts, reason, ?delay, "to be tried again");
                self.note(&item, delay).await;
                Finished::Retry(item, delay)
            }
            Err(Ended::Failed(Failure::Reject { reason })) => {
                item.attempts += 1;
                self.bury(item, ErrorClass::Rejected, reason, confirm).await
            }
            Err(Ended::Panicked(reason)) => {
                item.attempts += 1;
                self.bury(item, ErrorClass::Panicked, reason, confirm).await
            }
            Err(Ended::Unreadable(reason)) => self.bury(item, ErrorClass::Unreadable, reason, confirm).await,
        }
    }

    async fn earlier_tries(&self, item: &Item<S::Message>) -> Result<Option<Tried>, ReadError> {
        let (consumer, sequence) = item.delivered_as::<S>();
        if item.again { self.tries.of(&consumer, sequence).await } else { Ok(None) }
    }

    /// A note that is not written costs tries once more, if this process dies: never the message.
    async fn note(&self, item: &Item<S::Message>, delay: Duration) {
        let (consumer, sequence) = item.delivered_as::<S>();
        let noted = self.tries.note(&consumer, sequence, &Tried::until(item.attempts, delay)).await;
        if let Err(error) = noted {
            tracing::warn!(subscriber = S::NAME, sequence, %error, "a failed try is not noted");
        }
    }

    async fn call(&self, content: &Result<S::Message, Unreadable>) -> Result<(), Ended> {
        match content {
            Ok(message) => match AssertUnwindSafe(self.subscriber.handle(message)).catch_unwind().await {
                Ok(handled) => handled.map_err(Ended::Failed),
                Err(panic) => Err(Ended::Panicked(panic_text(&*panic))),
            },
            // Everything that follows may be meant for the newer binary too.
            Err(newer) if newer.is_newer_version() => Err(Ended::Failed(Failure::unavailable(newer))),
            Err(garbage) => Err(Ended::Unreadable(garbage.to_string())),
        }
    }

    /// The dead letter first: a message is never neither.
    async fn bury(
        &self,
        item: Item<S::Message>,
        class: ErrorClass,
        reason: String,
        confirm: bool,
    ) -> Finished<Item<S::Message>> {
        let letter = DeadLetter::new(S::NAME, self.stream, &item.raw, class, item.attempts, &reason);
        if let Err(error) = self.dead_letters.put(&letter, item.request).await {
            return Finished::Unavailable(item, format!("dead letter not stored: {error}"));
        }
        tracing::error!(subscriber = S::NAME, sequence = item.raw.sequence, %class, reason, "dead letter");
        item.delivery.terminate(class.as_str(), confirm).await;
        Finished::Settled(Settled::Dead)
    }
}

enum Ended {
    Failed(Failure),
    Panicked(String),
    Unreadable(String),
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("panicked: {}", text.unwrap_or("without a message"))
}
