use db::{BuildState, Database};
use events::Timestamp;
use projections::ReadModel;
use schemars::JsonSchema;
use serde::Serialize;

/// Projections whose progress is shown: those of the API, or a service's local copies.
#[derive(Debug, Clone)]
pub struct Watched {
    /// The service whose copies they are; none for the read models of the API.
    pub service: Option<&'static str>,
    pub database: Database,
    pub models: Vec<ReadModel>,
}

/// How far a projection has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Progress {
    /// `orders`, or `inventory.variants` for a service's copy.
    name: String,
    version: u32,
    position: u64,
    /// Events behind the head of the log.
    lag: u64,
    /// The last sign of life of its engine; none when it never ran.
    heartbeat_at: Option<Timestamp>,
    /// Why it stands still.
    error: Option<String>,
}

impl Progress {
    pub(crate) fn is_settled(&self) -> bool {
        self.lag == 0 && self.error.is_none()
    }
}

impl Watched {
    /// `head` must be older than the positions read here, or the lag would come out too small.
    pub(crate) async fn progress(&self, head: u64) -> Result<Vec<Progress>, db::Error> {
        let builds = self.database.builds().await?;
        let of = |model: &ReadModel| {
            let live = builds.iter().find(|build| build.name == model.name && build.state == BuildState::Live);
            let position = live.map_or(0, |live| live.position);
            Progress {
                name: self.service.map_or(model.name.to_owned(), |service| format!("{service}.{}", model.name)),
                version: live.map_or(model.version, |live| live.code.version),
                position,
                lag: head.saturating_sub(position),
                heartbeat_at: live.and_then(|live| live.heartbeat_at),
                error: live.and_then(|live| live.error.clone()),
            }
        };
        Ok(self.models.iter().map(of).collect())
    }
}
