//! Deciders: a state, a command, and the events that take the one to what the other says.
//!
//! Pure by law: no clock, no I/O, no async of their own. Every command says a *target* (a
//! snapshot, a set of refunds, a demand); the decider records only the difference to what it
//! already knows. So a command repeated, late or out of order ends in the same state.

mod checkout;
mod command;
mod customer;
mod decide;
mod due;
mod fulfillment_order;
mod latest;
mod loyalty;
mod notification;
mod order;
mod product;
mod resource;
mod returns;
mod shop;
mod stock;

pub use checkout::{Checkout, CheckoutCommand, CheckoutSnapshot};
pub use command::{Command, Execute};
pub use customer::{Customer, CustomerCommand, CustomerSnapshot};
pub use decide::{Decider, Snapshot};
pub use fulfillment_order::{FulfillmentOrderCommand, FulfillmentOrderNews, FulfillmentOrderState};
pub use loyalty::{LoyaltyAccount, LoyaltyCommand, Program, Reckoning, RedemptionError, Tier, TierBasis};
pub use notification::{End, Notification, NotificationCommand, Receipt};
pub use order::{Cancellation, DemandPart, LineDemand, LineWorth, Order, OrderCommand, OrderSnapshot, OrderWorth};
pub use product::{Product, ProductCommand, ProductSnapshot};
pub use resource::{Observable, ObserveCommand, Observed, ResourceCommand};
pub use returns::{ReturnCommand, ReturnState};
pub use shop::{ShopCommand, ShopState};
pub use stock::{Adjustment, Routing, Rule, Simulated, Simulation, Stock, StockCommand, StockError};
