use std::collections::BTreeMap;
use std::time::Duration;

use async_nats::{Message, Subject};
use tokio::time::{Instant, timeout};

use super::delivery::Delivery;
use super::{Subscriber, Subscription};
use crate::raw::ReplySubject;

/// How often it is asked what is missing: the reader before may yet settle some of it.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
const ANSWER: Duration = Duration::from_secs(1);
/// Messages asked for at once. While those of the reader before come back one by one, the server fills the rest of a
/// request with what is new.
const AT_ONCE: usize = 64;

/// A reader that has taken the place over keeps all messages until those that the reader before did not settle
/// are among them, for the server may hand out new ones before it has missed the old. Then their order is known.
pub(super) struct Succession<T = Message> {
    arrived: BTreeMap<u64, T>,
    before: Option<Before>,
    /// How many to ask for. Of new ones no more than it takes to notice them: they take the room of the old.
    wanted: usize,
    next_look: Instant,
    patience: Instant,
}

/// What had been delivered when the place was taken over.
struct Before {
    last: u64,
    /// At most so many are not settled.
    unsettled: usize,
}

impl<T> Succession<T> {
    /// Whoever lost the place and does not let go of a message holds its successor up for as long as `patience`.
    pub(super) fn new(now: Instant, patience: Duration) -> Self {
        Self { arrived: BTreeMap::new(), before: None, wanted: 0, next_look: now, patience: now + patience }
    }

    fn add(&mut self, sequence: u64, message: T) {
        self.arrived.insert(sequence, message);
        let is_old = self.before.as_ref().is_some_and(|before| sequence <= before.last);
        self.wanted = if is_old { self.missing().min(AT_ONCE) } else { 0 };
    }

    /// The server says what it delivered last, and how many messages are not settled.
    fn learn(&mut self, delivered: u64, unsettled: usize) {
        let before = self.before.get_or_insert(Before { last: delivered, unsettled });
        let new = self.arrived.range(before.last + 1..).count();
        before.unsettled = before.unsettled.min(unsettled.saturating_sub(new));
        self.wanted = self.wanted.max(1);
    }

    /// How many messages of the reader before have yet to come.
    fn missing(&self) -> usize {
        let Some(before) = &self.before else { return usize::MAX };
        before.unsettled.saturating_sub(self.arrived.range(..=before.last).count())
    }

    pub(super) fn len(&self) -> usize {
        self.arrived.len()
    }

    pub(super) const fn wanted(&self) -> usize {
        self.wanted
    }

    pub(super) const fn next_look(&self) -> Instant {
        self.next_look
    }
}

impl Succession {
    pub(super) fn replies(&self) -> impl Iterator<Item = Subject> {
        self.arrived.values().filter_map(|message| message.reply.clone())
    }
}

impl<S: Subscriber> Subscription<S> {
    /// Takes a message in, or keeps it until its turn is known.
    pub(super) async fn receive(&mut self, message: Message) {
        if self.place.as_ref().is_some_and(|place| place.is_new()) {
            self.succession = Some(Succession::new(Instant::now(), self.keep_alive * 6));
        }
        let Some(succession) = &mut self.succession else { return self.take_in(message).await };
        let Some(sequence) = message.reply.as_deref().and_then(ReplySubject::parse).map(|reply| reply.sequence) else {
            return self.take_in(message).await;
        };
        succession.add(sequence, message);
        self.succeed().await;
    }

    /// Begins to handle once nothing is missing, and what was under way here when the place was lost has ended.
    pub(super) async fn succeed(&mut self) {
        let (now, room) = (Instant::now(), self.room());
        let Some(succession) = &mut self.succession else { return };
        if succession.missing() > 0 && succession.next_look <= now {
            let info = timeout(ANSWER, self.broker.consumer_info(self.durable.stream, self.durable.name)).await;
            if let Ok(Ok(Some(info))) = info {
                succession.learn(info.delivered.stream_sequence, info.num_ack_pending);
            }
        }
        succession.next_look = now + LOOK_AGAIN;
        let missing = succession.missing();
        let complete = missing == 0 && self.held.is_empty();
        if !complete && room > 0 && now < succession.patience {
            return;
        }
        if !complete {
            tracing::warn!(subscriber = S::NAME, missing, "begins without messages that another reader still holds");
        }
        for message in self.succession.take().into_iter().flat_map(|succession| succession.arrived.into_values()) {
            self.take_in(message).await;
        }
    }

    /// Lets go of everything that is not under way: another has the place.
    pub(super) async fn make_way(&mut self) -> usize {
        let mut waiting: BTreeMap<u64, Delivery> =
            self.lanes.drain().into_iter().map(|item| (item.raw.sequence, item.delivery)).collect();
        self.held.retain(|sequence, _| !waiting.contains_key(sequence));
        let kept = self.succession.take().into_iter().flat_map(|succession| succession.arrived);
        waiting.extend(
            kept.filter_map(|(sequence, message)| Some((sequence, Delivery::new(&self.broker, message.reply?)))),
        );
        let count = waiting.len();
        // In order, so that it comes again in order.
        for delivery in waiting.into_values() {
            delivery.give_back().await;
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn succession() -> Succession<()> {
        Succession::new(Instant::now(), Duration::from_secs(1))
    }

    #[test]
    fn what_is_new_is_not_counted_for_what_is_missing() {
        let mut succession = succession();
        succession.add(7, ());
        assert_eq!((succession.missing(), succession.wanted()), (usize::MAX, 0), "nobody knows yet");
        // 7 and two more are not settled.
        succession.learn(9, 3);
        assert_eq!((succession.missing(), succession.wanted()), (2, 1));
        succession.add(10, ());
        assert_eq!((succession.missing(), succession.wanted()), (2, 0), "no more of what is new");
        succession.learn(10, 4);
        assert_eq!((succession.missing(), succession.wanted()), (2, 1));
        succession.add(5, ());
        assert_eq!((succession.missing(), succession.wanted()), (1, 1));
        succession.add(9, ());
        assert_eq!(succession.missing(), 0);
        assert_eq!(succession.arrived.into_keys().collect::<Vec<_>>(), [5, 7, 9, 10]);
    }

    #[test]
    fn what_the_reader_before_settles_late_is_not_waited_for() {
        let mut succession = succession();
        succession.add(7, ());
        succession.learn(9, 3);
        succession.add(10, ());
        succession.learn(10, 2);
        assert_eq!(succession.missing(), 0);
    }

    #[test]
    fn whoever_has_no_predecessor_waits_for_nothing() {
        let mut succession = succession();
        succession.add(1, ());
        succession.learn(1, 1);
        assert_eq!(succession.missing(), 0);
    }
}
