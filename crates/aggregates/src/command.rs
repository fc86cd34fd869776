use events::{
    AggregateKey, AggregateKind, CustomerId, DomainEvents, Event, InventoryItemId, OrderId, Piece, ProductId, ReturnId,
    Shop,
};

use crate::{
    Checkout, CheckoutCommand, Customer, CustomerCommand, Decider, FulfillmentOrderCommand, FulfillmentOrderState,
    Order, OrderCommand, Product, ProductCommand, ResourceCommand, ReturnCommand, ReturnState, ShopCommand, ShopState,
    Stock, StockCommand,
};

/// A command and the aggregate it is for.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    Order(OrderId, OrderCommand),
    Product(ProductId, ProductCommand),
    Customer(CustomerId, CustomerCommand),
    Stock(InventoryItemId, StockCommand),
    Shop(ShopCommand),
    FulfillmentOrder(FulfillmentOrderCommand),
    /// By its token.
    Checkout(String, CheckoutCommand),
    Return(ReturnId, ReturnCommand),
    /// The id is unique among resources of its kind.
    Resource(String, ResourceCommand),
}

/// What is done with a command by the aggregate that decides it, whichever it is.
pub trait Execute {
    type Output;

    fn execute<A: Decider>(self, command: A::Command) -> Self::Output;
}

impl Command {
    /// The aggregate that decides it.
    pub fn key(&self, shop: &Shop) -> AggregateKey {
        match self {
            Self::Order(id, _) => AggregateKey::new(AggregateKind::Order, shop, id),
            Self::Product(id, _) => AggregateKey::new(AggregateKind::Product, shop, id),
            Self::Customer(id, _) => AggregateKey::new(AggregateKind::Customer, shop, id),
            Self::Stock(id, _) => AggregateKey::new(AggregateKind::Stock, shop, id),
            Self::Shop(_) => AggregateKey::new(AggregateKind::Shop, shop, shop),
            Self::Resource(id, command) => AggregateKey::new(command.kind(), shop, id),
            Self::Return(id, _) => AggregateKey::new(AggregateKind::Return, shop, id),
            Self::Checkout(token, _) => AggregateKey::new(AggregateKind::Checkout, shop, token),
            Self::FulfillmentOrder(command) => AggregateKey::new(AggregateKind::FulfillmentOrder, shop, command.id),
        }
    }

    /// Gives it to `executor`, together with the type of its aggregate.
    pub fn dispatch<E: Execute>(self, executor: E) -> E::Output {
        match self {
            Self::Order(_, command) => executor.execute::<Order>(command),
            Self::Product(_, command) => executor.execute::<Product>(command),
            Self::Customer(_, command) => executor.execute::<Customer>(command),
            Self::Stock(_, command) => executor.execute::<Stock>(command),
            Self::Shop(command) => executor.execute::<ShopState>(command),
            Self::FulfillmentOrder(command) => executor.execute::<FulfillmentOrderState>(command),
            Self::Checkout(_, command) => executor.execute::<Checkout>(command),
            Self::Return(_, command) => executor.execute::<ReturnState>(command),
            Self::Resource(_, command) => command.dispatch(executor),
        }
    }

    /// The words of a person in it.
    pub fn personal(&mut self, shop: &Shop) -> Vec<Piece<'_>> {
        let key = self.key(shop);
        match self {
            Self::Order(_, command) => Order::personal(&key, command),
            Self::Customer(_, command) => Customer::personal(&key, command),
            Self::Checkout(_, command) => Checkout::personal(&key, command),
            Self::Resource(_, command) => command.personal(&key),
            Self::Product(..) | Self::Stock(..) | Self::Shop(_) | Self::FulfillmentOrder(_) | Self::Return(..) => {
                Vec::new()
            }
        }
    }

    /// What it leads to when nothing has happened before; a command that is refused leads to nothing.
    pub fn first_events(self) -> Vec<Event> {
        self.dispatch(OnNothing)
    }
}

struct OnNothing;

impl Execute for OnNothing {
    type Output = Vec<Event>;

    fn execute<A: Decider>(self, command: A::Command) -> Vec<Event> {
        let events = A::default().decide(command).unwrap_or_default();
        events.into_iter().map(DomainEvents::into_event).collect()
    }
}
