use cqrs_es::Aggregate;
use events::{AggregateKey, DomainEvents, Piece};

/// A pure aggregate: what cqrs-es calls `handle`, without its sink and without async.
pub trait Decider:
    Aggregate<Services = (), Event: DomainEvents, Command: Clone + Send + Sync + 'static, Error: Send + Sync + 'static>
    + Clone
    + 'static
{
    /// Decides and applies; returns the events in order. Deciding the same command again gives none; one
    /// that is refused leaves the state as it was.
    fn decide(&mut self, command: Self::Command) -> Result<Vec<Self::Event>, Self::Error>;

    /// The words of a person in a command for the aggregate `key`: they are sealed before it is decided.
    fn personal<'c>(_key: &AggregateKey, _command: &'c mut Self::Command) -> Vec<Piece<'c>> {
        Vec::new()
    }

    /// Whether the command tells of an earlier moment than the state: what it leaves unchanged is then
    /// not confirmed but out of date.
    fn knows_newer(&self, _command: &Self::Command) -> bool {
        false
    }

    /// The state written down, to begin a later load with; none where histories are short.
    fn snapshot(&self) -> Option<Snapshot> {
        None
    }

    /// None for one of another shape: then the history is folded from its beginning.
    fn restore(_: &Snapshot) -> Option<Self> {
        None
    }
}

/// A state written down. It is a cache: what it says also follows from the events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Which shape, and which way of folding, it was made with.
    pub shape: u32,
    pub body: String,
}

/// Makes a [`Decider`] a cqrs-es aggregate. The sink applies what it is given, so the decision is
/// taken on a copy.
macro_rules! aggregate {
    ($name:ident $(<$generic:ident: $bound:path>)?, $command:ty, $event:ty) => {
        crate::decide::aggregate!($name $(<$generic: $bound>)?, $command, $event, std::convert::Infallible);
    };
    ($name:ident $(<$generic:ident: $bound:path>)?, $command:ty, $event:ty, $error:ty) => {
        impl $(<$generic: $bound>)? cqrs_es::Aggregate for $name $(<$generic>)? {
            const TYPE: &'static str = <$event as events::DomainEvents>::KIND.as_str();
            type Command = $command;
            type Event = $event;
            type Error = $error;
            type Services = ();

            async fn handle(
                &mut self,
                command: Self::Command,
                (): &(),
                sink: &cqrs_es::event_sink::EventSink<Self>,
            ) -> Result<(), Self::Error> {
                for event in crate::Decider::decide(&mut self.clone(), command)? {
                    sink.write(event, self).await;
                }
                Ok(())
            }

            fn apply(&mut self, event: Self::Event) {
                self.evolve(event);
            }
        }
    };
}
pub(crate) use aggregate;
