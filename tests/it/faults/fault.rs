//! What fails, how it is seen to have failed, and how it is repaired.

use streams::Stream;

use super::ground::Ground;
use super::journal::Journal;

/// So many more webhooks are answered 200 before it counts as going on: more than were under way.
const GOES_ON: usize = 10;
/// Bytes that a stream may still take: a few messages.
const ROOM: i64 = 16 << 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The node that leads a stream dies; the other two go on.
    LeaderKilled,
    /// It stops and keeps its connections, and comes back when another leads.
    LeaderStopped,
    /// All three die, and are started again.
    AllKilled,
    /// Nothing comes through to any node, and nobody is told.
    LineCut,
    DatabaseDown,
    InboxFull,
    LogFull,
}

/// A fault that has shown itself.
pub(crate) enum Broken {
    Nodes,
    Stopped(usize),
    Line,
    Database,
    Limited(Stream, i64),
}

impl Fault {
    pub(crate) const ALL: [Self; 7] = [
        Self::LeaderKilled,
        Self::LeaderStopped,
        Self::AllKilled,
        Self::LineCut,
        Self::DatabaseDown,
        Self::InboxFull,
        Self::LogFull,
    ];

    /// Returns when it is felt, or when everything goes on in spite of it.
    pub(crate) async fn strike(self, ground: &mut Ground, journal: &Journal, round: usize) -> Broken {
        // The one that webhooks wait for, and the one that everything else does.
        let led = if round % 2 == 1 { Stream::Inbox } else { Stream::Events };
        match self {
            Self::LeaderKilled => {
                let leader = ground.cluster.leader(led).await;
                ground.cluster.nodes[leader].kill();
                journal.goes_on(GOES_ON).await;
                Broken::Nodes
            }
            Self::LeaderStopped => {
                let leader = ground.cluster.leader(led).await;
                ground.cluster.nodes[leader].pause();
                journal.goes_on(GOES_ON).await;
                Broken::Stopped(leader)
            }
            Self::AllKilled => {
                ground.cluster.nodes.iter_mut().for_each(testkit::NatsServer::kill);
                journal.refuses_one().await;
                Broken::Nodes
            }
            Self::LineCut => {
                ground.lines.iter().for_each(testkit::Proxy::cut);
                journal.refuses_one().await;
                Broken::Line
            }
            // Webhooks need none.
            Self::DatabaseDown => {
                ground.postgres.kill();
                journal.goes_on(GOES_ON).await;
                ground.reads_fail().await;
                Broken::Database
            }
            Self::InboxFull => {
                let limit = ground.cluster.nodes[0].leave_room(Stream::Inbox, ROOM).await;
                journal.refuses_one().await;
                Broken::Limited(Stream::Inbox, limit)
            }
            // The inbox goes on.
            Self::LogFull => {
                let limit = ground.cluster.nodes[0].leave_room(Stream::Events, ROOM).await;
                ground.recorder_pauses().await;
                Broken::Limited(Stream::Events, limit)
            }
        }
    }
}

impl Broken {
    /// Of nodes, until the next one may fail.
    pub(crate) async fn repair(self, ground: &mut Ground) {
        match self {
            Self::Nodes => {
                ground.cluster.start_again().await;
                ground.is_whole().await;
            }
            Self::Stopped(node) => {
                ground.cluster.nodes[node].resume();
                ground.is_whole().await;
            }
            Self::Line => ground.lines.iter().for_each(testkit::Proxy::mend),
            Self::Database => ground.postgres.start_again(),
            Self::Limited(stream, limit) => ground.cluster.nodes[0].set_limit(stream, limit).await,
        }
    }
}
