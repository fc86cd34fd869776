use events::Timestamp;

/// How far a projection has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    pub name: String,
    pub version: u32,
    /// Which log the position is of.
    pub epoch: String,
    /// Every event up to here is in the rows.
    pub position: u64,
    /// The last sign of life of the engine, also when nothing happens in the log.
    pub heartbeat_at: Timestamp,
    /// Why the engine stands still; none while it runs.
    pub error: Option<String>,
}

/// The log as a projection finds it when it starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// Tells this log from one that was made anew in its place.
    pub epoch: String,
    /// Its last position, 0 when it is empty.
    pub head: u64,
}

/// Where a projection was before a step: all events after `from` are in the batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Advance<'a> {
    pub name: &'a str,
    pub version: u32,
    pub from: u64,
}
