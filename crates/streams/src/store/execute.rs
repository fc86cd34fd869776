use std::time::Duration;

use aggregates::Decider;
use events::AggregateKey;

use super::append::{Outcome, Tip};
use super::{EventStore, Loaded, Receipt, StoreError, check_kind};
use crate::Cause;
use crate::backoff::pause;

const ATTEMPTS: u32 = 40;
const FIRST_WAIT: Duration = Duration::from_millis(2);
const LONGEST_WAIT: Duration = Duration::from_millis(250);

impl EventStore {
    /// Decides on the newest state and appends what was decided, each event once.
    ///
    /// The state may come from the cache: the append checks it. A decision that changes nothing appends
    /// nothing, so then the log's leader is asked instead. When others come first it is decided again.
    pub async fn execute<A: Decider>(
        &self,
        key: &AggregateKey,
        command: A::Command,
        cause: &Cause,
    ) -> Result<Receipt, StoreError> {
        check_kind::<A>(key)?;
        let slot = self.cache.slot(key);
        let mut slot = slot.lock().await;
        let mut loaded = match slot.take::<A>() {
            Some(loaded) => loaded,
            None => self.fresh(key).await?,
        };
        let mut checked = false;
        let mut appended = 0;
        for attempt in 0..ATTEMPTS {
            let decision = loaded.state.clone().decide(command.clone());
            if !checked && decision.as_ref().map_or(true, Vec::is_empty) {
                checked = true;
                let version = loaded.version;
                self.catch_up(key, &mut loaded).await?;
                if loaded.version != version {
                    continue;
                }
            }
            let events = decision.map_err(|source| StoreError::Refused { key: key.clone(), source: source.into() })?;
            if self.append_all(key, &mut loaded, events, cause, &mut appended).await? {
                let position = loaded.position;
                slot.put(loaded);
                return Ok(Receipt { appended, position });
            }
            metrics::counter!("tillstream_append_conflicts_total", "aggregate" => key.kind.as_str()).increment(1);
            pause((FIRST_WAIT * attempt * attempt).min(LONGEST_WAIT)).await;
            self.catch_up(key, &mut loaded).await?;
            checked = true;
        }
        Err(StoreError::Contended { key: key.clone(), attempts: ATTEMPTS })
    }

    /// One by one; false when another event came between. The state holds what is appended, no more.
    async fn append_all<A: Decider>(
        &self,
        key: &AggregateKey,
        loaded: &mut Loaded<A>,
        events: Vec<A::Event>,
        cause: &Cause,
        appended: &mut usize,
    ) -> Result<bool, StoreError> {
        for event in events {
            let tip = Tip { version: loaded.version, position: loaded.position };
            match self.append::<A>(key, tip, &event, cause).await? {
                Outcome::Conflict => return Ok(false),
                Outcome::Appended(position) => {
                    loaded.state.apply(event);
                    loaded.version += 1;
                    loaded.position = position;
                    *appended += 1;
                }
            }
        }
        Ok(true)
    }
}
