//! JetStream: the only crate that speaks to it.
//!
//! [`topology`] provisions, [`Inbox`] and [`EventStore`] append, [`Subscription`] and
//! [`EventReader`] read. Services never create or change anything on the broker.

mod api;
mod backoff;
mod bench;
mod broker;
mod cause;
mod dead_letters;
mod denials;
mod header_block;
mod inbox;
mod inbox_reader;
mod publish;
mod pull;
mod quarantine;
mod raw;
mod reader;
pub mod status;
mod store;
mod stream;
mod subscribers;
mod subscription;
mod timers;
pub mod topology;
mod wire;

pub use api::ReadError;
pub use bench::{BareError, BareLog, BarePublisher, BareReactor};
pub use broker::{Broker, BrokerSettings, ConnectError, Durability};
pub use cause::Cause;
pub use dead_letters::{
    DeadLetter, DeadLetters, ErrorClass, Fate, Filed, LetterFilter, LetterGroup, MoveError, Pointed, Redriven, grouped,
    pointed_at,
};
pub use inbox::{AppendError, Appended, Inbox, InboxDelivery, InboxMessage};
pub use inbox_reader::{InboxReader, InboxSpan, inbox_span};
pub use quarantine::{Quarantine, Quarantined, SettleError, Settlement};
pub use raw::{FromDelivery, Raw, Unreadable};
pub use reader::{Entry, EventReader, event_at, events_head, stream_epoch};
pub use store::{AggregateStore, EventStore, KeptSnapshot, Loaded, Receipt, SnapshotStore, StoreError};
pub use stream::Stream;
pub use subscribers::{OperatorError, PausedShop, Subscribers};
pub use subscription::{
    Drained, Failure, OpenError, RetrySchedule, Step, Subscriber, Subscription, SubscriptionSettings,
};
pub use timers::{Due, TimerError, Timers};
pub use topology::Durable;
