use aggregates::{LoyaltyAccount, Order, Reckoning};
use events::{AggregateKey, AggregateKind, CustomerId, LinePoints, OrderId, Shop, Terms};
use rust_decimal::Decimal;
use serde::Serialize;
use streams::{EventStore, StoreError};

use super::Program;

/// What an order gives under a program, and why.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Simulation {
    pub order_id: OrderId,
    /// None for a guest: nobody gets the points.
    pub customer_id: Option<CustomerId>,
    /// Paid, and neither cancelled, deleted nor a test.
    pub counts: bool,
    /// Those that were fixed when it first gave points, else those of the program.
    pub terms: Terms,
    /// Before anything was refunded.
    pub earned: i64,
    pub clawed_back: i64,
    pub points: i64,
    /// What was paid for what earns, and not refunded; in the shop's currency.
    pub spent: Decimal,
    pub lines: Vec<LinePoints>,
    /// What the account has recorded for it.
    pub recorded: i64,
}

/// Works out what an order gives as it stands, and changes nothing; none for an unknown order.
pub async fn simulate(
    store: &EventStore,
    shop: &Shop,
    order_id: OrderId,
    program: &Program,
) -> Result<Option<Simulation>, StoreError> {
    let order = store.load::<Order>(&AggregateKey::new(AggregateKind::Order, shop, order_id), 0).await?;
    let Some(worth) = order.state.worth() else { return Ok(None) };
    let account = match worth.customer_id {
        Some(customer) => store.load(&super::accounts::key(shop, customer), 0).await?.state,
        None => LoyaltyAccount::default(),
    };
    let terms = account.terms(order_id, program);
    let reckoning = Reckoning::of(&worth, &terms);
    let points = reckoning.points();
    let Reckoning { earned, clawed_back, lines, spent } = reckoning;
    Ok(Some(Simulation {
        order_id,
        customer_id: worth.customer_id,
        counts: worth.counts,
        terms,
        earned,
        clawed_back,
        points,
        spent,
        lines,
        recorded: account.lot(order_id).map_or(0, |lot| lot.granted),
    }))
}
