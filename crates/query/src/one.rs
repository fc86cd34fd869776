use events::{AggregateKey, AggregateKind, Event, Recorded};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::call::{Call, Position};
use crate::problem::Problem;

/// The parameters of a read by id.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct One {
    /// Waits until the answer holds at this position of the log.
    pub min_position: Option<Position>,
}

/// The parameters of a read by id that can also go back in time.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OneThen {
    /// Waits until the answer holds at this position of the log.
    pub min_position: Option<Position>,
    /// As it was at this position of the log; waits for one that is still to come.
    pub as_of: Option<Position>,
}

impl<Q> Call<Q> {
    /// An aggregate's own events up to a position, once the log has come to it.
    pub(crate) async fn events_until(
        &self,
        kind: AggregateKind,
        id: u64,
        until: Position,
    ) -> Result<Vec<Recorded<Event>>, Problem> {
        self.log_position(Some(until)).await?;
        let key = AggregateKey::new(kind, &self.shop, id);
        let events = self.state.events.events(&key).await.map_err(|error| Problem::unavailable(&error))?;
        Ok(events.into_iter().take_while(|event| event.position <= until.0).collect())
    }
}
