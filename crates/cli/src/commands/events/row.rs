//! An event as it is shown.

use events::{Event, Recorded, Timestamp};
use privacy::Vault;
use serde::Serialize;
use serde_json::Value;

use crate::failure::{Exit, OrExit, Outcome};

/// The same fields as the HTTP interface, and which aggregate it is.
#[derive(Debug, Serialize)]
pub(in crate::commands) struct Row {
    position: u64,
    id: String,
    #[serde(rename = "type")]
    wire_type: String,
    version: u32,
    shop: String,
    aggregate: &'static str,
    aggregate_id: String,
    aggregate_version: u64,
    time: Timestamp,
    recorded_at: Timestamp,
    correlation_id: String,
    causation_id: String,
    data: Value,
}

impl Row {
    pub(super) const HEADER: [&'static str; 6] = ["POSITION", "RECORDED", "TYPE", "SHOP", "AGGREGATE", "VERSION"];

    pub(in crate::commands) fn new(recorded: Recorded<Event>) -> serde_json::Result<Self> {
        let Recorded { position, recorded_at, envelope, event } = recorded;
        Ok(Self {
            position,
            id: envelope.id.to_string(),
            wire_type: envelope.wire_type,
            version: envelope.schema_version,
            shop: envelope.key.shop.to_string(),
            aggregate: envelope.key.kind.as_str(),
            aggregate_id: envelope.key.id,
            aggregate_version: envelope.aggregate_version,
            time: envelope.time,
            recorded_at,
            correlation_id: envelope.correlation_id,
            causation_id: envelope.causation_id,
            data: serde_json::from_slice(&event.encode()?)?,
        })
    }

    /// With what is sealed in it opened.
    pub(in crate::commands) async fn opened(mut self, vault: &Vault) -> Outcome<Self> {
        let shop = self.shop.parse().or_exit(Exit::Failed)?;
        vault.open_json(&shop, &mut self.data).await.or_exit(Exit::Precondition)?;
        Ok(self)
    }

    pub(super) fn cells(&self) -> [String; 6] {
        [
            self.position.to_string(),
            format!("{:.3}", self.recorded_at),
            self.wire_type.clone(),
            self.shop.clone(),
            format!("{}/{}", self.aggregate, self.aggregate_id),
            self.aggregate_version.to_string(),
        ]
    }

    pub(super) fn line(&self) -> String {
        self.cells().join("  ")
    }

    /// All of it, for a person.
    pub(super) fn page(&self) -> serde_json::Result<String> {
        let Self { position, id, wire_type, version, shop, aggregate, aggregate_id, aggregate_version, .. } = self;
        let Self { time, recorded_at, correlation_id, causation_id, data, .. } = self;
        let data = serde_json::to_string_pretty(data)?;
        Ok(format!(
            "position     {position}\nid           {id}\ntype         {wire_type} (version {version})\n\
             aggregate    {aggregate}/{shop}/{aggregate_id} (event {aggregate_version})\ntime         {time}\n\
             recorded     {recorded_at}\ncorrelation  {correlation_id}\ncausation    {causation_id}\n\n{data}\n"
        ))
    }
}
