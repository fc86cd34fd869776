//! JetStream: the only crate that speaks to it.
//!
//! [`topology`] provisions, [`Inbox`] and [`EventStore`] append, [`Subscription`] and
//! [`EventReader`] read. Services never create or change anything on the broker.

mod api;
mod archive;
mod backoff;
mod backup;
mod bench;
mod bodies;
mod broker;
mod cause;
mod copy;
mod dead_letters;
mod denials;
mod header_block;
mod inbox;
mod inbox_reader;
mod note;
mod permissions;
mod place;
mod publish;
mod pull;
mod quarantine;
mod raw;
mod reader;
mod rehearsal;
mod sealer;
mod starts;
pub mod status;
mod store;
mod stream;
mod subscribers;
mod subscription;
mod timers;
pub mod topology;
pub mod traces;
mod tries;
mod wire;

pub use api::ReadError;
pub use archive::{ArchiveError, Archived};
pub use backoff::Backoff;
pub use backup::{Backup, Manifest, Restore, RestoreError};
pub use bench::{BareError, BareLog, BarePublisher, BareReactor, BareReader};
pub use bodies::{Bodies, BodySealer, Opened, SealedBody};
pub use broker::{Broker, BrokerSettings, ConnectError, Durability};
pub use cause::Cause;
pub use copy::{CopyError, LogImport, StreamCopy};
pub use dead_letters::{
    DeadLetter, DeadLetters, ErrorClass, Fate, Filed, LetterFilter, LetterGroup, MoveError, Pointed, Redriven, grouped,
    pointed_at,
};
pub use inbox::{AppendError, Appended, Inbox, InboxDelivery, InboxMessage};
pub use inbox_reader::{InboxReader, InboxSpan, inbox_span};
pub use permissions::{User, authorization};
pub use quarantine::{Quarantine, Quarantined, SettleError, Settlement};
pub use raw::{FromDelivery, Raw, Unreadable};
pub use reader::{Entry, EventReader, event_at, events_head, stream_epoch};
pub use rehearsal::{Rehearsal, WouldBe};
pub use sealer::{SealError, Sealer};
pub use starts::{Start, Starts, StartsError};
pub use store::{AggregateStore, EventStore, KeptSnapshot, Loaded, Receipt, SnapshotStore, StoreError};
pub use stream::Stream;
pub use subscribers::{OperatorError, PausedShop, Subscribers};
pub use subscription::{
    Drained, Failure, OpenError, RetrySchedule, Step, Subscriber, Subscription, SubscriptionSettings,
};
pub use timers::{Due, TimerError, Timers};
pub use topology::Durable;
