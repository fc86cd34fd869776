use std::collections::BTreeMap;

use events::{AggregateKey, Event, Recorded, Shop};
use recorder::{Traced, Tracer};
use streams::Cause;

use super::actions::Actions;
use super::subject::Subject;
use super::{TraceArgs, explain};
use crate::failure::{Exit, Failure, Outcome};

/// Where a trace begins.
#[derive(Default)]
pub(super) struct Roots {
    pub(super) deliveries: Vec<Traced>,
    /// By position: these belong to it, whatever led to them.
    pub(super) events: BTreeMap<u64, Recorded<Event>>,
}

impl Roots {
    pub(super) async fn find(
        tracer: &Tracer,
        actions: &Actions<'_>,
        args: &TraceArgs,
        shops: &[Shop],
    ) -> Outcome<Self> {
        let nothing = || Failure::new(Exit::Precondition, format!("nothing is known of {}", args.what));
        let mut roots = Self::default();
        match &args.what {
            Subject::Aggregate(kind, id) => {
                for shop in shops {
                    roots.aggregate(tracer, &AggregateKey::new(*kind, shop, id)).await?;
                }
            }
            Subject::Inbox(sequence) => {
                let delivery = tracer.delivery(*sequence).await.map_err(explain)?.ok_or_else(nothing)?;
                roots.delivery(tracer, delivery).await?;
            }
            Subject::Position(position) => {
                roots.event(tracer, actions, actions.event(*position).await?).await?;
            }
            Subject::Webhook(id) => {
                for delivery in tracer.webhook(id, args.shop.as_ref()).await.map_err(explain)? {
                    roots.delivery(tracer, delivery).await?;
                }
            }
        }
        if roots.deliveries.is_empty() && roots.events.is_empty() {
            let hint = match (&args.what, &args.shop) {
                (Subject::Aggregate(..), None) => "name the shop with --shop; only configured shops were looked at",
                _ => "INBOX keeps deliveries for 14 days",
            };
            return Err(nothing().hint(hint));
        }
        Ok(roots)
    }

    async fn aggregate(&mut self, tracer: &Tracer, key: &AggregateKey) -> Outcome {
        let history = tracer.events(key).await.map_err(explain)?;
        self.events.extend(history.into_iter().map(|event| (event.position, event)));
        self.deliveries.extend(tracer.aggregate(key).await.map_err(explain)?);
        Ok(())
    }

    async fn delivery(&mut self, tracer: &Tracer, delivery: Traced) -> Outcome {
        let cause = Cause::inbox_id(delivery.sequence);
        for key in &delivery.keys {
            let history = tracer.events(key).await.map_err(explain)?;
            let caused = history.into_iter().filter(|event| event.envelope.causation_id == cause);
            self.events.extend(caused.map(|event| (event.position, event)));
        }
        self.deliveries.push(delivery);
        Ok(())
    }

    /// Climbs from an event to the delivery that led to it.
    async fn event(&mut self, tracer: &Tracer, actions: &Actions<'_>, mut event: Recorded<Event>) -> Outcome {
        while let Some(cause) = actions.cause(&event).await? {
            event = cause;
        }
        let sequence = Cause::inbox_sequence(&event.envelope.causation_id);
        self.events.insert(event.position, event);
        if let Some(sequence) = sequence
            && let Some(delivery) = tracer.delivery(sequence).await.map_err(explain)?
        {
            self.delivery(tracer, delivery).await?;
        }
        Ok(())
    }
}
