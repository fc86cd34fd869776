use std::pin::Pin;

use aggregates::{Command, Decider, Execute};
use events::AggregateKey;

use super::{EventStore, Receipt, StoreError};
use crate::Cause;

impl EventStore {
    /// [`execute`](Self::execute) for the aggregate that the command is for, whichever it is.
    pub async fn tell(&self, key: &AggregateKey, command: Command, cause: &Cause) -> Result<Receipt, StoreError> {
        command.dispatch(Tell { store: self, key, cause }).await
    }
}

struct Tell<'a> {
    store: &'a EventStore,
    key: &'a AggregateKey,
    cause: &'a Cause,
}

impl<'a> Execute for Tell<'a> {
    type Output = Pin<Box<dyn Future<Output = Result<Receipt, StoreError>> + Send + 'a>>;

    fn execute<A: Decider>(self, command: A::Command) -> Self::Output {
        Box::pin(async move { self.store.execute::<A>(self.key, command, self.cause).await })
    }
}
