use std::fmt;
use std::str::FromStr;

use events::Timestamp;

use crate::Digest;

/// One table of a projection, of the several that may stand beside each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build {
    /// The projection's name.
    pub name: String,
    /// Counts the projection's builds from 1; the table is `<name>_v<number>`.
    pub number: u32,
    pub code: Code,
    pub state: BuildState,
    /// Every event up to here is in the rows.
    pub position: u64,
    pub digest: Digest,
    /// Rows that differ from those of the live build, when they were last compared.
    pub differences: Option<u64>,
    pub started_at: Timestamp,
    /// The last sign of life of what folds it; none before the first.
    pub heartbeat_at: Option<Timestamp>,
    /// Why it stands still.
    pub error: Option<String>,
}

/// What folded a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    /// The projection's version.
    pub version: u32,
    /// Of the rows that this code makes of a fixed log.
    pub fingerprint: String,
}

/// Where a build stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BuildState {
    /// Its table is made.
    Prepared,
    /// It is folded from the start of the log; it has no indexes yet.
    Replaying,
    /// It has its indexes and follows the live one.
    CatchingUp,
    /// It was compared with the live one, and is kept up to date with it.
    Compared,
    /// It is what readers see. One build of a projection at most.
    Live,
    /// It was live, and is kept for the way back.
    Warm,
    /// It could not be folded.
    Failed,
    /// Somebody gave it up.
    Aborted,
}

impl BuildState {
    const ALL: [Self; 8] = [
        Self::Prepared,
        Self::Replaying,
        Self::CatchingUp,
        Self::Compared,
        Self::Live,
        Self::Warm,
        Self::Failed,
        Self::Aborted,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Prepared => "prepared",
            Self::Replaying => "replaying",
            Self::CatchingUp => "catching_up",
            Self::Compared => "compared",
            Self::Live => "live",
            Self::Warm => "warm",
            Self::Failed => "failed",
            Self::Aborted => "aborted",
        }
    }

    /// A rebuild goes on from here.
    pub fn is_under_way(self) -> bool {
        matches!(self, Self::Prepared | Self::Replaying | Self::CatchingUp | Self::Compared)
    }

    /// The engine that folds the live build keeps it up to date.
    pub fn is_followed(self) -> bool {
        matches!(self, Self::Compared | Self::Live | Self::Warm)
    }
}

impl fmt::Display for BuildState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for BuildState {
    type Err = UnknownState;

    fn from_str(text: &str) -> Result<Self, UnknownState> {
        Self::ALL.into_iter().find(|state| state.as_str() == text).ok_or(UnknownState)
    }
}

/// A newer binary wrote it.
#[derive(Debug, thiserror::Error)]
#[error("the state of a build is not known to this binary")]
pub struct UnknownState;
