//! INBOX → EVENTS: each delivery is read, translated, decided on its aggregate, and appended.
//!
//! The recorder keeps no truth of its own. What was recorded before is in the aggregates' states, so
//! a delivery that comes again, or the whole inbox run again after a fix, appends only what is missing.
//! Its journal, a copy of the inbox by signature, only tells whether a body came before, and as what.

mod decide;
mod envelope;
mod erase;
mod forget;
mod journal;
mod ledger;
mod outcome;
mod recorder;
mod trace;
mod webhook;

pub use decide::state_after;
pub use forget::ForgetCustomers;
pub use journal::{Firsts, Journal, JournalError};
pub use ledger::{replay_bodies, replay_ledger};
pub use outcome::{Outcome, Reason};
pub use recorder::Recorder;
pub use trace::{TraceError, Traced, Tracer};
pub use webhook::Webhook;
