//! Resources that are only observed: the newest snapshot wins.

use events::*;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::decide::aggregate;
use crate::{Decider, Execute};

/// A resource as its snapshots show it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound(deserialize = "R: DeserializeOwned"))]
pub struct Observed<R> {
    /// None before the first snapshot.
    newest: Option<(AsOf, R)>,
    deleted: bool,
}

/// What a delivery says of a resource.
#[derive(Debug, Clone, PartialEq)]
pub enum ObserveCommand<R> {
    Observe { as_of: AsOf, snapshot: Box<R> },
    Delete { at: Timestamp },
}

impl<R> Default for Observed<R> {
    fn default() -> Self {
        Self { newest: None, deleted: false }
    }
}

aggregate!(Observed<R: Resource>, ObserveCommand<R>, ResourceEvent<R>);

impl<R: Resource> Decider for Observed<R> {
    fn decide(&mut self, command: ObserveCommand<R>) -> Result<Vec<ResourceEvent<R>>, Self::Error> {
        let event = match command {
            ObserveCommand::Observe { as_of, snapshot } if self.is_news(&as_of, &snapshot) => {
                ResourceEvent::Observed(ResourceObserved { at: as_of.updated_at, as_of, snapshot: *snapshot })
            }
            ObserveCommand::Delete { at } if !self.deleted => ResourceEvent::Deleted(ResourceDeleted { at }),
            _ => return Ok(Vec::new()),
        };
        self.evolve(event.clone());
        Ok(vec![event])
    }

    fn personal<'c>(key: &AggregateKey, command: &'c mut ObserveCommand<R>) -> Vec<Piece<'c>> {
        let ObserveCommand::Observe { snapshot, .. } = command else { return Vec::new() };
        let (customer, words) = snapshot.personal();
        let customer = customer.map(|id| AggregateKey::new(AggregateKind::Customer, &key.shop, id));
        pieces(customer.as_ref().unwrap_or(key), words)
    }

    fn knows_newer(&self, command: &ObserveCommand<R>) -> bool {
        let held = self.newest.as_ref().map(|(as_of, _)| as_of);
        matches!(command, ObserveCommand::Observe { as_of, .. } if held > Some(as_of))
    }
}

impl<R: Resource> Observed<R> {
    /// A snapshot that differs in nothing but its age is recorded too: it is the mark that an older one meets.
    fn is_news(&self, as_of: &AsOf, snapshot: &R) -> bool {
        let Some((held_as_of, held)) = &self.newest else { return true };
        let known = (held.revision(), held_as_of, held.rank());
        let shown = (snapshot.revision(), as_of, snapshot.rank());
        // The same body may be read better than the last time.
        shown > known || (shown == known && snapshot != held)
    }

    fn evolve(&mut self, event: ResourceEvent<R>) {
        match event {
            ResourceEvent::Observed(ResourceObserved { as_of, snapshot, .. }) => self.newest = Some((as_of, snapshot)),
            ResourceEvent::Deleted(_) => self.deleted = true,
        }
    }
}

/// A resource that commands can be given for.
pub trait Observable: Resource {
    /// Widens to the command of any resource.
    fn command(command: ObserveCommand<Self>) -> ResourceCommand;
}

/// Declares [`ResourceCommand`]: one variant for each [`Resource`].
macro_rules! resource_commands {
    ($($name:ident;)*) => {
        /// A command for a resource of any kind.
        #[derive(Debug, Clone, PartialEq)]
        pub enum ResourceCommand {
            $($name(ObserveCommand<$name>),)*
        }

        impl ResourceCommand {
            pub const fn kind(&self) -> AggregateKind {
                match self { $(Self::$name(_) => AggregateKind::$name,)* }
            }

            pub(crate) fn personal(&mut self, key: &AggregateKey) -> Vec<Piece<'_>> {
                match self { $(Self::$name(command) => Observed::<$name>::personal(key, command),)* }
            }

            pub(crate) fn dispatch<E: Execute>(self, executor: E) -> E::Output {
                match self { $(Self::$name(command) => executor.execute::<Observed<$name>>(command),)* }
            }
        }

        $(impl Observable for $name {
            fn command(command: ObserveCommand<Self>) -> ResourceCommand {
                ResourceCommand::$name(command)
            }
        })*
    };
}

resource_commands! {
    Location;
    Collection;
    DraftOrder;
    Company;
    CompanyLocation;
    CompanyContact;
    CompanyContactRole;
    Dispute;
    SubscriptionContract;
    SubscriptionBillingAttempt;
    SubscriptionBillingCycle;
    AppSubscription;
    AppPurchase;
    Discount;
    DiscountCode;
    Market;
    Segment;
    SellingPlanGroup;
    PaymentTerms;
    PaymentSchedule;
    TenderTransaction;
    CustomerPaymentMethod;
}
