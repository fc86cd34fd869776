use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use super::wire::Phase;

/// How often a full house is looked over for a connection that has become idle.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// The places for connections.
///
/// Idle ones cost nothing to their peers, so they must not keep others out: when no place is
/// free, the oldest connection without a request under way loses its own.
pub(super) struct Slots {
    free: Arc<Semaphore>,
    taken: Arc<Taken>,
    shutdown: CancellationToken,
}

/// In the order they were taken.
type Taken = Mutex<Register>;

#[derive(Default)]
struct Register {
    next: u64,
    slots: BTreeMap<u64, (Arc<Phase>, CancellationToken)>,
}

/// One place; dropping it gives it back.
pub(super) struct Slot {
    number: u64,
    taken: Arc<Taken>,
    pub(super) phase: Arc<Phase>,
    /// Cancelled when the place is wanted for another, or the server stops. A token of its own:
    /// every connection asks it at every turn, and they must not meet at one lock.
    pub(super) ended: CancellationToken,
    _permit: OwnedSemaphorePermit,
}

impl Slots {
    pub(super) fn new(places: usize, shutdown: &CancellationToken) -> Self {
        Self { free: Arc::new(Semaphore::new(places)), taken: Arc::default(), shutdown: shutdown.clone() }
    }

    pub(super) async fn take(&self) -> Slot {
        loop {
            if let Ok(permit) = self.free.clone().try_acquire_owned() {
                return self.register(permit);
            }
            self.evict();
            let freed = tokio::time::timeout(LOOK_AGAIN, self.free.clone().acquire_owned()).await;
            if let Ok(Ok(permit)) = freed {
                return self.register(permit);
            }
        }
    }

    /// Ends the oldest connection that is not answering a request.
    pub(super) fn evict(&self) {
        let taken = lock(&self.taken);
        let idle = taken.slots.values().find(|(phase, ended)| !phase.is_busy() && !ended.is_cancelled());
        if let Some((_, ended)) = idle {
            ended.cancel();
        }
    }

    fn register(&self, permit: OwnedSemaphorePermit) -> Slot {
        let (phase, ended) = (Arc::new(Phase::default()), self.shutdown.child_token());
        let mut taken = lock(&self.taken);
        let number = taken.next;
        taken.next += 1;
        taken.slots.insert(number, (phase.clone(), ended.clone()));
        metrics::gauge!("tillstream_http_connections").set(taken.slots.len() as f64);
        Slot { number, taken: self.taken.clone(), phase, ended, _permit: permit }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut taken = lock(&self.taken);
        taken.slots.remove(&self.number);
        metrics::gauge!("tillstream_http_connections").set(taken.slots.len() as f64);
    }
}

/// The register is whole after every statement, so a panic elsewhere does not spoil it.
fn lock(taken: &Taken) -> MutexGuard<'_, Register> {
    taken.lock().unwrap_or_else(PoisonError::into_inner)
}
