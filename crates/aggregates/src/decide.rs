use cqrs_es::Aggregate;
use events::DomainEvents;

/// A pure aggregate: what cqrs-es calls `handle`, without its sink and without async.
pub trait Decider:
    Aggregate<Services = (), Event: DomainEvents, Command: Clone + Send + Sync + 'static, Error: Send + Sync + 'static>
    + Clone
    + 'static
{
    /// Decides and applies; returns the events in order. Deciding the same command again gives none.
    fn decide(&mut self, command: Self::Command) -> Result<Vec<Self::Event>, Self::Error>;
}

/// Makes a [`Decider`] a cqrs-es aggregate. The sink applies what it is given, so the decision is
/// taken on a copy.
macro_rules! aggregate {
    ($name:ident $(<$generic:ident: $bound:path>)?, $command:ty, $event:ty) => {
        impl $(<$generic: $bound>)? cqrs_es::Aggregate for $name $(<$generic>)? {
            const TYPE: &'static str = <$event as events::DomainEvents>::KIND.as_str();
            type Command = $command;
            type Event = $event;
            type Error = std::convert::Infallible;
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
