//! INBOX → EVENTS: each delivery is read, translated, decided on its aggregate, and appended.
//!
//! The recorder keeps nothing of its own. What was recorded before is in the aggregates' states, so
//! a delivery that comes again, or the whole inbox run again after a fix, appends only what is missing.

mod outcome;
mod recorder;
mod webhook;

pub use recorder::Recorder;
pub use webhook::Webhook;
