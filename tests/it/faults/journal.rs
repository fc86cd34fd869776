//! What was answered, noted by whoever asked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use simulator::Answer;
use streams::{Bodies, Broker, InboxReader};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout};

use super::PATIENCE;

pub(crate) struct Journal {
    answers: Arc<Mutex<Vec<Answer>>>,
    counts: watch::Receiver<Counts>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    accepted: usize,
    refused: usize,
}

impl Journal {
    /// And where it is told of answers.
    pub(crate) fn new() -> (Self, mpsc::UnboundedSender<Answer>) {
        let (sender, mut told) = mpsc::unbounded_channel::<Answer>();
        let (answers, (count, counts)) = (Arc::new(Mutex::new(Vec::new())), watch::channel(Counts::default()));
        let noted = Arc::clone(&answers);
        tokio::spawn(async move {
            while let Some(answer) = told.recv().await {
                let accepted = answer.accepted;
                noted.lock().unwrap().push(answer);
                count.send_modify(|counts| *if accepted { &mut counts.accepted } else { &mut counts.refused } += 1);
            }
        });
        (Self { answers, counts }, sender)
    }

    /// Answers of 200.
    pub(crate) fn accepted(&self) -> usize {
        self.counts.borrow().accepted
    }

    /// Other answers, and none at all.
    pub(crate) fn refused(&self) -> usize {
        self.counts.borrow().refused
    }

    /// Returns when so many were accepted.
    pub(crate) async fn reaches(&self, accepted: usize) {
        self.wait_for(|counts| counts.accepted >= accepted).await;
    }

    /// Returns when so many more were accepted.
    pub(crate) async fn goes_on(&self, more: usize) {
        self.reaches(self.accepted() + more).await;
    }

    /// Returns when one more was refused.
    pub(crate) async fn refuses_one(&self) {
        let before = self.refused();
        self.wait_for(|counts| counts.refused > before).await;
    }

    async fn wait_for(&self, enough: impl FnMut(&Counts) -> bool) {
        let mut counts = self.counts.clone();
        let waited = timeout(PATIENCE, counts.wait_for(enough)).await;
        assert!(waited.is_ok(), "nothing more than {:?}", self.counts.borrow());
    }

    /// The longest time from one answer of 200 to the next, since then.
    pub(crate) fn longest_gap(&self, since: Instant) -> Duration {
        let answers = self.answers();
        let accepted: Vec<Instant> =
            answers.iter().filter(|answer| answer.accepted && answer.at >= since).map(|answer| answer.at).collect();
        let gaps = accepted.windows(2).map(|pair| pair[1].duration_since(pair[0]));
        let first = accepted.first().map(|first| first.duration_since(since));
        gaps.chain(first).max().unwrap_or_default()
    }

    /// Whatever was answered 200 is in the inbox where the answer says, and opens to the same bytes. Gives how many that
    /// are.
    pub(crate) async fn is_kept(&self, broker: &Broker, bodies: Bodies) -> usize {
        let mut kept = BTreeMap::new();
        let (mut reader, since) = (InboxReader::new(broker, 0).opened_by(bodies), Instant::now());
        loop {
            match reader.rest(5_000).await {
                Ok(deliveries) if deliveries.is_empty() => break,
                Ok(deliveries) => kept.extend(deliveries.into_iter().map(|delivery| (delivery.sequence, delivery))),
                // A cluster that was hurt a moment ago; the reader goes on from where it was.
                Err(error) => assert!(since.elapsed() < PATIENCE, "{error}"),
            }
        }
        let mut answered = BTreeSet::new();
        for answer in self.answers().iter().filter(|answer| answer.accepted) {
            let id = answer.delivery.webhook_id.as_str();
            let sequence = answer.sequence.unwrap_or_else(|| panic!("{id} was answered without a place"));
            let delivery = kept.get(&sequence).unwrap_or_else(|| panic!("{id} is not kept at {sequence}"));
            let named = String::from_utf8_lossy(&delivery.headers).contains(id);
            assert!(named && delivery.body == answer.delivery.body, "{id} is not what is kept at {sequence}");
            answered.insert(id.to_owned());
        }
        answered.len()
    }

    fn answers(&self) -> MutexGuard<'_, Vec<Answer>> {
        self.answers.lock().unwrap()
    }
}
