use std::pin::Pin;

use aggregates::{
    Checkout, Command, Customer, Decider, Execute, FulfillmentOrderState, Order, Product, ReturnState, ShopState, Stock,
};
use events::{AggregateKey, Event, Recorded};
use serde_json::Value;
use streams::{Cause, EventStore, Failure};

/// What a command came to.
pub(crate) struct Told {
    pub(crate) appended: usize,
    /// The aggregate knows of a later moment than the command tells of.
    pub(crate) stale: bool,
}

/// Decides a command and appends what is new.
pub(crate) async fn decide(
    store: &EventStore,
    key: &AggregateKey,
    command: Command,
    cause: &Cause,
) -> Result<Told, Failure> {
    let receipt = store.tell(key, command.clone(), cause).await?;
    let stale = receipt.appended == 0 && command.dispatch(Ask { store, key, at_least: receipt.position }).await?;
    Ok(Told { appended: receipt.appended, stale })
}

/// Whether the aggregate knows of a later moment than the command tells of.
pub(crate) async fn is_stale(store: &EventStore, key: &AggregateKey, command: Command) -> Result<bool, Failure> {
    command.dispatch(Ask { store, key, at_least: 0 }).await
}

struct Ask<'a> {
    store: &'a EventStore,
    key: &'a AggregateKey,
    /// The position that the state has to have reached; 0 for the newest.
    at_least: u64,
}

impl<'a> Execute for Ask<'a> {
    type Output = Pin<Box<dyn Future<Output = Result<bool, Failure>> + Send + 'a>>;

    fn execute<A: Decider>(self, command: A::Command) -> Self::Output {
        Box::pin(async move {
            let loaded = self.store.load::<A>(self.key, self.at_least).await?;
            Ok(loaded.state.knows_newer(&command))
        })
    }
}

/// What these events of one aggregate make of it, as JSON; null when there are none.
pub fn state_after(events: &[Recorded<Event>]) -> serde_json::Result<Value> {
    macro_rules! fold {
        ($kind:ident, $aggregate:ty) => {
            fold::<$aggregate>(events, |event| match event {
                Event::$kind(event) => Some(event.clone()),
                _ => None,
            })
        };
    }
    match events.last().map(|last| &last.event) {
        None => Ok(Value::Null),
        Some(Event::Order(_)) => fold!(Order, Order),
        Some(Event::Product(_)) => fold!(Product, Product),
        Some(Event::Customer(_)) => fold!(Customer, Customer),
        Some(Event::Stock(_)) => fold!(Stock, Stock),
        Some(Event::Shop(_)) => fold!(Shop, ShopState),
        Some(Event::FulfillmentOrder(_)) => fold!(FulfillmentOrder, FulfillmentOrderState),
        Some(Event::Return(_)) => fold!(Return, ReturnState),
        Some(Event::Checkout(_)) => fold!(Checkout, Checkout),
        // What is only observed is what was observed last.
        Some(observed) => serde_json::from_slice(&observed.encode()?),
    }
}

fn fold<A: Decider>(events: &[Recorded<Event>], own: impl Fn(&Event) -> Option<A::Event>) -> serde_json::Result<Value> {
    let mut state = A::default();
    events.iter().filter_map(|recorded| own(&recorded.event)).for_each(|event| state.apply(event));
    serde_json::to_value(&state)
}
