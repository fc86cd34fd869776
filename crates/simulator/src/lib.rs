//! A shop that behaves like Shopify: for the demo, for tests, for benches.
//!
//! A [`Store`] lives from a seed: customers order, the merchant ships, refunds, edits and restocks, and
//! every change leaves as signed webhooks. The same settings give the same bytes. [`Disorder`] makes of
//! the true sequence what arrives: repeated, late, shuffled. The store's own state at the end is the
//! [`Truth`] that the read models must show. [`Runner`] posts deliveries as Shopify does, and [`demo`]
//! does so for ever.

mod body;
mod catalogue;
mod chance;
mod clock;
mod delivery;
mod demo;
mod disorder;
mod market;
mod merchant;
mod order;
mod people;
mod runner;
mod settings;
mod stock;
mod store;
mod truth;

pub use delivery::Delivery;
pub use demo::{DemoSettings, demo};
pub use disorder::Disorder;
pub use runner::{Answer, Report, Runner, RunnerError, RunnerSettings};
pub use settings::Settings;
pub use store::Store;
pub use truth::{Expectation, Expected, ExpectedMessages, StockTotals, Truth};
