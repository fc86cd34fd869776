//! `tillstream events trace`: from webhooks to events to reactions to rows.

mod actions;
mod roots;
pub(super) mod subject;
mod tree;

use std::collections::{BTreeMap, BTreeSet};

use db::Database;
use events::{Event, Recorded, Shop};
use recorder::{Firsts, TraceError, Tracer};
use streams::{Broker, Cause, DeadLetters};

use self::actions::Actions;
use self::roots::Roots;
use self::subject::Subject;
use self::tree::{Row, Tree};
use super::filter::shop;
use crate::cli::Common;
use crate::config::load;
use crate::failure::{Failure, Outcome};
use crate::output::{self, Format};
use crate::roles;

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

pub(super) async fn run(common: &Common, broker: &Broker, head: u64, args: &TraceArgs) -> Outcome {
    let config = load(common.config.as_deref(), &common.flags(None))?;
    let shops = match &args.shop {
        Some(shop) => vec![shop.clone()],
        None => config.shops()?.into_iter().map(|known| known.shop).collect(),
    };
    let journal = roles::open_database(&config.config, roles::JOURNAL).await?;
    let database = roles::open_database(&config.config, roles::READ_MODELS).await?;
    let bodies = roles::open_vault(&config.config).await?.for_bodies();
    let tracer = Tracer::open(broker, Firsts::read(journal).await?, bodies).await.map_err(explain)?;
    let actions = Actions::open(broker, &database, head).await?;
    let roots = Roots::find(&tracer, &actions, args, &shops).await?;
    let events = follow(&actions, &roots).await?;
    let dead = DeadLetters::new(broker).list(None, MOST_DEAD_LETTERS).await.map_err(roles::explain)?;
    let rows = rows(&database, &events).await?;
    let tree = Tree::grow(&roots.deliveries, events, &dead, rows)?;
    match common.output {
        Format::Json => output::json(&tree)?,
        Format::Table => output::text(&tree.drawn())?,
    }
    Ok(())
}

/// The roots' events, and all that was caused by one of them: causes come before effects, so one pass over
/// what their actions led to finds them.
async fn follow(actions: &Actions<'_>, roots: &Roots) -> Outcome<Vec<Recorded<Event>>> {
    let mut known = actions.events(roots.events.values()).await?;
    known.extend(roots.events.iter().map(|(position, event)| (*position, event.clone())));
    let mut causes: BTreeSet<String> = roots.deliveries.iter().map(|it| Cause::inbox_id(it.sequence)).collect();
    let mut events = Vec::new();
    for (position, event) in known {
        let envelope = &event.envelope;
        if causes.contains(&envelope.causation_id) || roots.events.contains_key(&position) {
            causes.insert(envelope.id.to_string());
            events.push(event);
        }
    }
    Ok(events)
}

/// The rows of the read models that these events reached.
async fn rows(database: &Database, events: &[Recorded<Event>]) -> Outcome<Vec<Row>> {
    let mut rows = Vec::new();
    for model in projections::ALL.iter().filter(|model| !projections::conversations::READS.contains(&model.name)) {
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
