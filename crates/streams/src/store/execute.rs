use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::time::Duration;

use aggregates::Decider;
use events::{AggregateKey, Piece};
use tokio::sync::oneshot::error::TryRecvError;

use super::append::{Outcome, Tip};
use super::batch::Addressed;
use super::cache::{Kept, Slot, Waiting};
use super::{EventStore, Loaded, Receipt, StoreError, check_kind};
use crate::Cause;
use crate::backoff::pause;

const ATTEMPTS: u32 = 40;
const FIRST_WAIT: Duration = Duration::from_millis(2);
const LONGEST_WAIT: Duration = Duration::from_millis(250);

/// How many commands are decided together at most.
const TOGETHER: usize = 256;
/// From so many events on, one atomic batch is faster than one append after the other.
const BATCH_FROM: usize = 12;

impl EventStore {
    /// Decides on the newest state and appends what was decided, each event once; what the command says of people is
    /// sealed before.
    ///
    /// Commands for one aggregate wait for each other; those that wait together are decided together, by
    /// the one whose turn it is, and appended together. The state may come from the cache, and what is not there is
    /// taken for new: the append checks it. A decision that changes nothing appends nothing, so then the log's leader
    /// is asked instead. When others come first it is decided again.
    pub async fn execute<A: Decider>(
        &self,
        key: &AggregateKey,
        command: A::Command,
        cause: &Cause,
    ) -> Result<Receipt, StoreError> {
        self.execute_unless_newer::<A>(key, command, cause, u64::MAX).await
    }

    /// Likewise, but only if no event of the aggregate after `known_to` may have been written by others: it may have
    /// come of something that whoever gives the command does not know. Appends of this store itself do not count.
    pub async fn execute_unless_newer<A: Decider>(
        &self,
        key: &AggregateKey,
        mut command: A::Command,
        cause: &Cause,
        known_to: u64,
    ) -> Result<Receipt, StoreError> {
        check_kind::<A>(key)?;
        self.seal(A::personal(key, &mut command)).await?;
        let slot = self.cache.slot(key);
        loop {
            let mut answer = slot.ask::<A>(command.clone(), cause.clone(), known_to);
            let mut kept = slot.kept.lock().await;
            loop {
                match answer.try_recv() {
                    Ok(result) => return result,
                    Err(TryRecvError::Empty) => self.lead::<A>(key, &slot, &mut kept).await,
                    // Whoever had taken it on was torn down, or failed for a reason of its own.
                    Err(TryRecvError::Closed) => break,
                }
            }
        }
    }

    async fn seal(&self, pieces: Vec<Piece<'_>>) -> Result<(), StoreError> {
        match &self.sealer {
            Some(sealer) if !pieces.is_empty() => {
                sealer.seal(pieces).await.map_err(|error| StoreError::Unavailable(error.to_string()))
            }
            _ => Ok(()),
        }
    }

    /// Carries out the commands that wait, and answers them.
    async fn lead<A: Decider>(&self, key: &AggregateKey, slot: &Slot, kept: &mut Kept) {
        let mut batch = slot.take::<A>(TOGETHER);
        let (known, guessed) = match kept.take::<A>() {
            Some(loaded) => (Ok(loaded), false),
            // Nothing refuses an append that is only rehearsed.
            None if self.broker.rehearses => (self.fresh(key).await, false),
            None => (self.begin(key).await, true),
        };
        let carried_out = match known {
            Ok(loaded) => self.carry_out(key, loaded, guessed, &mut batch).await,
            Err(error) => Err(error),
        };
        match carried_out {
            Ok(loaded) => kept.put(loaded),
            Err(error) => refuse(batch, error),
        }
    }

    /// A state that was only `guessed` was in nobody's way.
    async fn carry_out<A: Decider>(
        &self,
        key: &AggregateKey,
        mut loaded: Loaded<A>,
        mut guessed: bool,
        batch: &mut VecDeque<Waiting<A>>,
    ) -> Result<Loaded<A>, StoreError> {
        let mut checked = false;
        for attempt in 0..ATTEMPTS {
            if self.round(key, &mut loaded, batch, checked).await? {
                self.keep_snapshot(key, &mut loaded);
                return Ok(loaded);
            }
            let version = loaded.version;
            self.catch_up(key, &mut loaded).await?;
            if !guessed && (checked || loaded.version != version) {
                self.conflicts.fetch_add(1, Ordering::Relaxed);
                metrics::counter!("tillstream_append_conflicts_total", "aggregate" => key.kind.as_str()).increment(1);
                pause((FIRST_WAIT * attempt * attempt).min(LONGEST_WAIT)).await;
                self.catch_up(key, &mut loaded).await?;
            }
            (checked, guessed) = (true, false);
        }
        Err(StoreError::Contended { key: key.clone(), attempts: ATTEMPTS })
    }

    /// Decides everything once; false when it has to be decided again, on a newer state. Unless the state
    /// was `checked` just now, a decision that appends nothing is such.
    async fn round<A: Decider>(
        &self,
        key: &AggregateKey,
        loaded: &mut Loaded<A>,
        batch: &mut VecDeque<Waiting<A>>,
        checked: bool,
    ) -> Result<bool, StoreError> {
        turn_away(key, loaded, batch);
        let mut after = loaded.state.clone();
        let decisions: Vec<_> = batch.iter().map(|waiting| after.decide(waiting.command.clone())).collect();
        if !checked && decisions.iter().any(|decision| decision.as_ref().map_or(true, Vec::is_empty)) {
            return Ok(false);
        }
        let mut events = Vec::new();
        for (decision, waiting) in decisions.iter().zip(&*batch) {
            let decided = decision.iter().flatten();
            events.extend(decided.map(|event| Addressed { event, cause: &waiting.cause }));
        }
        let version = loaded.version;
        if events.len() >= BATCH_FROM
            && let Some(first) = self.append_batch::<A>(key, loaded.tip(), &events).await
        {
            loaded.state = after;
            let mut next = first;
            for (decision, mut waiting) in decisions.into_iter().zip(batch.drain(..)) {
                waiting.appended += decision.as_ref().map_or(0, Vec::len);
                next += decision.as_ref().map_or(0, Vec::len) as u64;
                (loaded.version, loaded.position) =
                    (version + (next - first), if next > first { next - 1 } else { loaded.position });
                answer(key, waiting, decision, loaded.position);
            }
            return Ok(true);
        }
        for decision in decisions {
            let Some(waiting) = batch.front_mut() else { break };
            if let Ok(events) = &decision
                && !self.append_all(key, loaded, events, waiting).await?
            {
                return Ok(false);
            }
            if let Some(waiting) = batch.pop_front() {
                answer(key, waiting, decision, loaded.position);
            }
        }
        Ok(true)
    }

    /// One by one; false when another event came between, or may have. The state holds what is appended, no more.
    async fn append_all<A: Decider>(
        &self,
        key: &AggregateKey,
        loaded: &mut Loaded<A>,
        events: &[A::Event],
        waiting: &mut Waiting<A>,
    ) -> Result<bool, StoreError> {
        for event in events {
            let outcome = self.append::<A>(key, loaded.tip(), event, &waiting.cause).await?;
            let (Outcome::Appended(position) | Outcome::Found(position)) = outcome else { return Ok(false) };
            loaded.add(event.clone(), position);
            waiting.appended += 1;
            if matches!(outcome, Outcome::Found(_)) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl<A> Loaded<A> {
    fn tip(&self) -> Tip {
        Tip { version: self.version, position: self.position }
    }
}

/// Those who know less than what others may have written are told so.
fn turn_away<A: Decider>(key: &AggregateKey, loaded: &Loaded<A>, batch: &mut VecDeque<Waiting<A>>) {
    if batch.iter().all(|waiting| waiting.known_to >= loaded.learned) {
        return;
    }
    let outdated: VecDeque<Waiting<A>>;
    (*batch, outdated) = std::mem::take(batch).into_iter().partition(|waiting| waiting.known_to >= loaded.learned);
    for waiting in outdated {
        let newer = StoreError::Newer { key: key.clone(), position: loaded.learned };
        // Nobody may wait for it any more.
        let _ = waiting.answer.send(Err(newer));
    }
}

/// Nobody may wait for it any more.
fn answer<A: Decider>(
    key: &AggregateKey,
    waiting: Waiting<A>,
    decision: Result<Vec<A::Event>, A::Error>,
    position: u64,
) {
    let receipt = Receipt { appended: waiting.appended, position };
    let result = decision.map(|_| receipt);
    let _ =
        waiting.answer.send(result.map_err(|source| StoreError::Refused { key: key.clone(), source: source.into() }));
}

/// What concerns the broker concerns all of them. Anything else is told to the first; the others find out
/// for themselves what becomes of them.
fn refuse<A: Decider>(batch: VecDeque<Waiting<A>>, error: StoreError) {
    let mut batch = batch.into_iter();
    let first = batch.next();
    if let StoreError::Unavailable(reason) = &error {
        for waiting in batch {
            let _ = waiting.answer.send(Err(StoreError::Unavailable(reason.clone())));
        }
    }
    if let Some(first) = first {
        let _ = first.answer.send(Err(error));
    }
}
