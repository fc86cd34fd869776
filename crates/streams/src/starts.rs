use events::{Shop, Timestamp, subject};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::api::ReadError;
use crate::inbox::AppendError;
use crate::publish::{EXPECTED_LAST, wrong_last};
use crate::{Broker, Unreadable, note};

const LOOKS: u32 = 6;

/// Since when a service acts for a shop: kept on the broker, on `TIMERS`, so it is the same for every replica and
/// outlives their databases.
#[derive(Debug, Clone)]
pub struct Starts {
    broker: Broker,
    service: &'static str,
}

/// What came before it is not the service's business.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Start {
    /// The log's last position then.
    pub position: u64,
    pub at: Timestamp,
}

/// Why a start is not known to be noted or forgotten. Doing it again is always right.
#[derive(Debug, thiserror::Error)]
pub enum StartsError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Append(#[from] AppendError),
}

impl Starts {
    pub fn new(broker: &Broker, service: &'static str) -> Self {
        Self { broker: broker.clone(), service }
    }

    pub async fn of(&self, shop: &Shop) -> Result<Option<Start>, ReadError> {
        Ok(self.noted(shop).await?.0)
    }

    /// The start that holds: this one, unless there is one before it. Of several who begin at once one is first, and all
    /// get its start.
    pub async fn begin(&self, shop: &Shop, start: Start) -> Result<Start, StartsError> {
        let mut looked = 0;
        loop {
            let (held, last) = self.noted(shop).await?;
            if let Some(held) = held {
                return Ok(held);
            }
            looked += 1;
            let expected = (EXPECTED_LAST, last.to_string());
            match note::write(&self.broker, self.subject(shop), expected, json!(start).to_string()).await {
                Ok(()) => return Ok(start),
                Err(AppendError::Refused { code, .. }) if wrong_last(code) && looked < LOOKS => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The next to begin is the first again.
    pub async fn forget(&self, shop: &Shop) -> Result<(), StartsError> {
        match self.of(shop).await? {
            Some(_) => Ok(note::remove(&self.broker, self.subject(shop)).await?),
            None => Ok(()),
        }
    }

    /// And the sequence of what stands there; 0 of nothing.
    async fn noted(&self, shop: &Shop) -> Result<(Option<Start>, u64), ReadError> {
        let Some(raw) = note::read(&self.broker, &self.subject(shop)).await? else { return Ok((None, 0)) };
        let position = raw.sequence();
        if raw.body().is_empty() {
            return Ok((None, position));
        }
        let unreadable = |_| ReadError::Unreadable { position, source: Unreadable::Body("start") };
        Ok((Some(serde_json::from_slice(raw.body()).map_err(unreadable)?), position))
    }

    fn subject(&self, shop: &Shop) -> String {
        subject::start(self.service, shop)
    }
}
