use std::collections::HashMap;
use std::marker::PhantomData;

use aggregates::Decider;
use cqrs_es::{AggregateContext, AggregateError, EventEnvelope};
use events::{AggregateKey, DomainEvents, Shop};

use super::append::{Outcome, Tip};
use super::{EventStore, Loaded, StoreError, unreadable};
use crate::Cause;

/// The aggregates of one kind in one shop, as a store of cqrs-es; ids are those inside the shop.
///
/// Metadata of a commit: `causation_id` (needed: the events' ids are made of it), `correlation_id`,
/// `traceparent`. cqrs-es applies events as they are decided, so they are not applied here again.
#[derive(Clone)]
pub struct AggregateStore<A> {
    store: EventStore,
    shop: Shop,
    kind: PhantomData<fn() -> A>,
}

/// An aggregate on its way from load to commit.
pub struct Context<A> {
    key: AggregateKey,
    loaded: Loaded<A>,
}

impl<A: Decider> AggregateContext<A> for Context<A> {
    fn aggregate(&mut self) -> &mut A {
        &mut self.loaded.state
    }
}

impl<A: Decider> AggregateStore<A> {
    pub(super) fn new(store: EventStore, shop: Shop) -> Self {
        Self { store, shop, kind: PhantomData }
    }

    fn key(&self, id: &str) -> AggregateKey {
        AggregateKey::new(<A::Event as DomainEvents>::KIND, &self.shop, id)
    }
}

impl<A: Decider> cqrs_es::EventStore<A> for AggregateStore<A> {
    type AC = Context<A>;

    async fn load_events(&self, id: &str) -> Result<Vec<EventEnvelope<A>>, AggregateError<A::Error>> {
        let key = self.key(id);
        let history = self.store.history(&key, 0).await.map_err(outside)?;
        let read = |raw: &crate::Raw| {
            let envelope = raw.envelope().map_err(unreadable(&key))?;
            let payload = events::decode(&envelope, raw.body()).map_err(|error| unreadable(&key)(error.into()))?;
            let sequence = usize::try_from(envelope.aggregate_version).unwrap_or(usize::MAX);
            let metadata = HashMap::from([
                ("causation_id".to_owned(), envelope.causation_id),
                ("correlation_id".to_owned(), envelope.correlation_id),
                ("position".to_owned(), raw.sequence().to_string()),
            ]);
            Ok(EventEnvelope { aggregate_id: id.to_owned(), sequence, payload, metadata })
        };
        history.iter().map(read).collect::<Result<_, _>>().map_err(outside)
    }

    async fn load_aggregate(&self, id: &str) -> Result<Context<A>, AggregateError<A::Error>> {
        let key = self.key(id);
        let loaded = self.store.load(&key, 0).await.map_err(outside)?;
        Ok(Context { key, loaded })
    }

    async fn commit(
        &self,
        events: Vec<A::Event>,
        context: Context<A>,
        metadata: HashMap<String, String>,
    ) -> Result<Vec<EventEnvelope<A>>, AggregateError<A::Error>> {
        let Context { key, loaded } = context;
        let cause = cause(&metadata)?;
        let mut tip = Tip { version: loaded.version, position: loaded.position };
        let mut committed = Vec::with_capacity(events.len());
        for event in events {
            let (Outcome::Appended(position) | Outcome::Found(position)) =
                self.store.append::<A>(&key, tip, &event, &cause).await.map_err(outside)?
            else {
                return Err(AggregateError::AggregateConflict);
            };
            tip = Tip { version: tip.version + 1, position };
            let mut metadata = metadata.clone();
            metadata.insert("position".to_owned(), position.to_string());
            let sequence = usize::try_from(tip.version).unwrap_or(usize::MAX);
            committed.push(EventEnvelope { aggregate_id: key.id.clone(), sequence, payload: event, metadata });
        }
        Ok(committed)
    }
}

fn cause<E: std::error::Error>(metadata: &HashMap<String, String>) -> Result<Cause, AggregateError<E>> {
    let id = metadata.get("causation_id").cloned();
    let id = id.ok_or_else(|| AggregateError::UnexpectedError("metadata has no causation_id".into()))?;
    let correlation_id = metadata.get("correlation_id").unwrap_or(&id).clone();
    Ok(Cause { id, correlation_id, trace_parent: metadata.get("traceparent").cloned() })
}

fn outside<E: std::error::Error>(error: StoreError) -> AggregateError<E> {
    match error {
        StoreError::Unavailable(_) => AggregateError::DatabaseConnectionError(Box::new(error)),
        StoreError::Unreadable { .. } => AggregateError::DeserializationError(Box::new(error)),
        StoreError::Contended { .. } => AggregateError::AggregateConflict,
        other => AggregateError::UnexpectedError(Box::new(other)),
    }
}
