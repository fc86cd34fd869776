//! `tillstream events trace`: from webhooks to events to reactions to rows.

pub(super) mod subject;
mod tree;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use db::Database;
use events::{AggregateKey, AggregateKind, Event, Recorded, Shop};
use recorder::{TraceError, Traced, Tracer};
use streams::{Broker, Cause, DeadLetters, EventReader};

use self::subject::Subject;
use self::tree::{Row, Tree};
use super::filter::shop;
use crate::cli::Common;
use crate::config::load;
use crate::failure::{Exit, Failure, Outcome};
use crate::output::{self, Format};
use crate::roles;

const BATCH: usize = 5_000;
const WAIT: Duration = Duration::from_secs(2);
const MOST_DEAD_LETTERS: usize = 100_000;

#[derive(Debug, clap::Args)]
pub(crate) struct TraceArgs {
    /// An order's id, order/ID (or product, customer, stock, …), inbox:SEQUENCE, position:POSITION, or the id
    /// of a webhook.
    #[arg(value_name = "WHAT")]
    what: Subject,
    /// The shop's myshopify.com name, with or without the suffix [default: all configured shops].
    #[arg(long, value_parser = shop)]
    shop: Option<Shop>,
}

/// Where a trace begins.
#[derive(Default)]
struct Roots {
    deliveries: Vec<Traced>,
    /// All events of these aggregates belong to it.
    aggregates: BTreeSet<AggregateKey>,
    /// These events belong to it.
    positions: BTreeSet<u64>,
    /// No event of it is before.
    from: Option<u64>,
}

pub(super) async fn run(common: &Common, broker: &Broker, head: u64, args: &TraceArgs) -> Outcome {
    let config = load(common.config.as_deref(), &common.flags(None))?;
    let shops = match &args.shop {
        Some(shop) => vec![shop.clone()],
        None => config.shops()?.into_iter().map(|known| known.shop).collect(),
    };
    let tracer = Tracer::open(broker).await.map_err(explain)?;
    let roots = find(broker, &tracer, head, args, &shops).await?;
    let events = follow(broker, head, &roots).await?;
    let dead = DeadLetters::new(broker).list(None, MOST_DEAD_LETTERS).await.map_err(roles::explain)?;
    let database = roles::open_database(&config.config, roles::READ_MODELS).await?;
    let rows = rows(&database, &events).await?;
    let tree = Tree::grow(&roots.deliveries, events, &dead, rows)?;
    match common.output {
        Format::Json => output::json(&tree)?,
        Format::Table => output::text(&tree.drawn())?,
    }
    Ok(())
}

async fn find(broker: &Broker, tracer: &Tracer, head: u64, args: &TraceArgs, shops: &[Shop]) -> Outcome<Roots> {
    let nothing = || Failure::new(Exit::Precondition, format!("nothing is known of {}", args.what));
    let mut roots = Roots::default();
    match &args.what {
        Subject::Aggregate(kind, id) => {
            for shop in shops {
                roots.aggregate(tracer, AggregateKey::new(*kind, shop, id)).await?;
            }
        }
        Subject::Inbox(sequence) => {
            let delivery = tracer.delivery(*sequence).await.map_err(explain)?.ok_or_else(nothing)?;
            roots.delivery(tracer, delivery).await?;
        }
        Subject::Position(position) => {
            super::refuse_past_end(*position, head)?;
            roots.event(broker, tracer, *position).await?;
        }
        Subject::Webhook(id) => {
            for delivery in tracer.webhook(id, args.shop.as_ref()).await.map_err(explain)? {
                roots.delivery(tracer, delivery).await?;
            }
        }
    }
    if roots.deliveries.is_empty() && roots.from.is_none() {
        let hint = match (&args.what, &args.shop) {
            (Subject::Aggregate(..), None) => "name the shop with --shop; only configured shops were looked at",
            _ => "INBOX keeps deliveries for 14 days",
        };
        return Err(nothing().hint(hint));
    }
    Ok(roots)
}

impl Roots {
    async fn aggregate(&mut self, tracer: &Tracer, key: AggregateKey) -> Outcome {
        let history = tracer.events(&key).await.map_err(explain)?;
        self.from = history.first().map(|event| event.position).into_iter().chain(self.from).min();
        self.deliveries.extend(tracer.aggregate(&key).await.map_err(explain)?);
        self.aggregates.insert(key);
        Ok(())
    }

    async fn delivery(&mut self, tracer: &Tracer, delivery: Traced) -> Outcome {
        let cause = Cause::inbox_id(delivery.sequence);
        for key in &delivery.keys {
            let history = tracer.events(key).await.map_err(explain)?;
            let caused = history.iter().find(|event| event.envelope.causation_id == cause);
            self.from = caused.map(|event| event.position).into_iter().chain(self.from).min();
        }
        self.deliveries.push(delivery);
        Ok(())
    }

    /// Climbs from an event to the delivery that led to it.
    async fn event(&mut self, broker: &Broker, tracer: &Tracer, position: u64) -> Outcome {
        let mut earlier: HashMap<String, Recorded<Event>> = HashMap::new();
        let mut reader = EventReader::open(broker, 0).await.map_err(roles::explain)?;
        let mut found = None;
        while found.is_none() && reader.position() < position {
            for entry in reader.next_batch(BATCH, WAIT).await.map_err(roles::explain)? {
                match entry.event {
                    Some(event) if entry.position == position => found = Some(event),
                    Some(event) if entry.position < position => {
                        earlier.insert(event.envelope.id.to_string(), event);
                    }
                    _ => {}
                }
            }
        }
        let unknown =
            || Failure::new(Exit::Precondition, format!("position {position} holds no event this binary knows"));
        let mut event = found.ok_or_else(unknown)?;
        while let Some(cause) = earlier.remove(&event.envelope.causation_id) {
            event = cause;
        }
        self.from = Some(event.position);
        self.positions.insert(event.position);
        let sequence = event.envelope.causation_id.strip_prefix("inbox:").and_then(|sequence| sequence.parse().ok());
        if let Some(sequence) = sequence {
            self.deliveries.extend(tracer.delivery(sequence).await.map_err(explain)?);
        }
        Ok(())
    }
}

/// All events that belong to the roots, or were caused by one that does: causes come before effects, so
/// one pass over the log finds them.
async fn follow(broker: &Broker, head: u64, roots: &Roots) -> Outcome<Vec<Recorded<Event>>> {
    let Some(from) = roots.from else { return Ok(Vec::new()) };
    let mut causes: BTreeSet<String> = roots.deliveries.iter().map(|it| Cause::inbox_id(it.sequence)).collect();
    let mut events = Vec::new();
    let mut reader = EventReader::open(broker, from - 1).await.map_err(roles::explain)?;
    while reader.position() < head {
        for entry in reader.next_batch(BATCH, WAIT).await.map_err(roles::explain)? {
            let Some(event) = entry.event else { continue };
            let envelope = &event.envelope;
            if causes.contains(&envelope.causation_id)
                || roots.aggregates.contains(&envelope.key)
                || roots.positions.contains(&entry.position)
            {
                causes.insert(envelope.id.to_string());
                events.push(event);
            }
        }
    }
    Ok(events)
}

/// The rows of the read models that these events reached.
async fn rows(database: &Database, events: &[Recorded<Event>]) -> Outcome<Vec<Row>> {
    let mut rows = Vec::new();
    for model in projections::ALL {
        let mut reached: BTreeMap<(Shop, String), u64> = BTreeMap::new();
        for event in events {
            for id in model.reached(event) {
                reached.insert((event.envelope.key.shop.clone(), id), event.position);
            }
        }
        for ((shop, id), last) in reached {
            match database.get(&model.table, &shop, &id).await {
                Ok(found) => rows.push(Row::new(model.name, shop, id, found.map(|row| row.position), last)),
                // No projection ever ran on this database.
                Err(db::Error::NoTable(_)) => break,
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(rows)
}

fn explain(error: TraceError) -> Failure {
    match error {
        TraceError::Read(error) => roles::explain(error),
        other => Failure::from(other),
    }
}

/// What an order's number alone stands for.
const ORDER: AggregateKind = AggregateKind::Order;
