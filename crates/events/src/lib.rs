//! The contract: what an event says, how it travels, and where it is found.
//!
//! Pure by law: no clock, no I/O, no async. Everything else in the house may import this crate,
//! and it imports none of ours.

mod catalogue;
mod envelope;
mod event;
mod ids;
mod key;
mod money;
mod sealed;
pub mod subject;
mod upcast;

mod address;
mod checkout;
mod customer;
mod fulfillment_order;
mod loyalty;
mod notification;
mod order;
mod product;
mod resource;
mod returns;
mod shop;
mod stock;

pub use address::Address;
pub use catalogue::{CATALOGUE, EventSpec, spec};
pub use checkout::*;
pub use customer::*;
pub use envelope::{DecodeError, Envelope, EventId, Recorded, decode, header};
pub use event::{AsOf, DomainEvents, Event};
pub use fulfillment_order::*;
pub use ids::*;
pub use key::{AggregateKey, AggregateKind};
pub use loyalty::*;
pub use money::{Currency, Money, MoneyError, MoneySet};
pub use notification::*;
pub use order::*;
pub use product::*;
pub use resource::*;
pub use returns::*;
pub use sealed::{Personal, Piece, Sealed, Token, Words, pieces};
pub use shop::*;
pub use stock::*;
pub use upcast::upcast;

/// An instant, always UTC; RFC 3339 on every border.
pub type Timestamp = jiff::Timestamp;
