//! What changes, as it changes: one reader of the log for all who listen.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use events::{Event, Recorded, Shop};
use projections::{ALL, Projection, ReadModel, WaitError, customers, loyalty, notifications, orders, products, stock};
use schemars::JsonSchema;
use serde::Serialize;
use streams::{Entry, EventReader, ReadError, events_head};
use tokio::sync::broadcast::{self, Receiver, Sender};
use tokio::time::sleep;

use crate::QueryState;

/// Stretches that a listener may be behind before it reads the log itself.
const KEPT: usize = 256;
/// Entries of a stretch.
pub(crate) const BATCH: usize = 500;
/// How long a quiet log is listened to before the reader looks up.
pub(crate) const WAIT: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_secs(1);

/// The read models whose rows are resources of the interface.
const MODELS: [&str; 6] = [
    orders::Orders::NAME,
    products::Products::NAME,
    customers::Customers::NAME,
    stock::Stock::NAME,
    loyalty::Loyalty::NAME,
    notifications::Notifications::NAME,
];

/// One event, and the rows that it reached.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct Change {
    /// Of the event; reads at this position or later show it.
    pub position: u64,
    #[serde(skip)]
    pub shop: Shop,
    /// The event's type.
    #[serde(rename = "type")]
    pub kind: String,
    pub rows: Vec<ChangedRow>,
}

#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct ChangedRow {
    /// `orders`, `products`, `customers`, `stock`, `loyalty` or `notifications`.
    pub resource: &'static str,
    pub id: String,
}

/// All changes after `from` up to `to`; the read models have come to `to`.
#[derive(Debug)]
pub(crate) struct Stretch {
    pub from: u64,
    pub to: u64,
    pub changes: Vec<Change>,
}

/// The one reader; it runs while somebody listens.
#[derive(Debug, Default)]
pub(crate) struct Feed(Mutex<Option<Sender<Arc<Stretch>>>>);

impl Feed {
    /// Everything from some moment before the answer on.
    pub(crate) fn join(&self, state: &Arc<QueryState>) -> Receiver<Arc<Stretch>> {
        let mut live = self.lock();
        if let Some(sender) = &*live {
            return sender.subscribe();
        }
        let (sender, receiver) = broadcast::channel(KEPT);
        *live = Some(sender.clone());
        tokio::spawn(follow(Arc::clone(state), sender));
        receiver
    }

    /// Under the lock, so that nobody joins a feed that ends.
    fn ends(&self, sender: &Sender<Arc<Stretch>>) -> bool {
        let mut live = self.lock();
        let alone = sender.receiver_count() == 0;
        if alone {
            *live = None;
        }
        alone
    }

    fn lock(&self) -> MutexGuard<'_, Option<Sender<Arc<Stretch>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn follow(state: Arc<QueryState>, sender: Sender<Arc<Stretch>>) {
    let mut reader = None;
    while !state.feed.ends(&sender) {
        match step(&state, &mut reader).await {
            // The last listener may just have gone.
            Ok(Some(stretch)) => drop(sender.send(Arc::new(stretch))),
            Ok(None) => {}
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "changes cannot be read");
                sleep(PAUSE).await;
            }
        }
    }
}

async fn step(state: &QueryState, reader: &mut Option<EventReader>) -> Result<Option<Stretch>, ReadError> {
    if let Some(reader) = reader {
        return state.next_stretch(reader).await;
    }
    let head = events_head(&state.broker).await?;
    *reader = Some(EventReader::open(&state.broker, head).await?);
    // Who joined before this head was known learns from it what was missed.
    Ok(Some(Stretch { from: head, to: head, changes: Vec::new() }))
}

impl QueryState {
    /// What the reader finds next, once the read models have it too; none when the log is quiet.
    pub(crate) async fn next_stretch(&self, reader: &mut EventReader) -> Result<Option<Stretch>, ReadError> {
        let from = reader.position();
        let entries = reader.next_batch(BATCH, WAIT).await?;
        let Some(to) = entries.last().map(|entry| entry.position) else { return Ok(None) };
        self.rows_reach(to).await;
        Ok(Some(Stretch { from, to, changes: entries.into_iter().filter_map(change).collect() }))
    }

    /// Until the rows are there, however long that takes: a change is told when it can be read.
    async fn rows_reach(&self, position: u64) {
        loop {
            match projections::wait_for(&self.database, &MODELS, position, self.patience).await {
                Ok(_) => return,
                Err(WaitError::TimedOut { .. }) => {}
                Err(WaitError::Database(error)) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "changes wait for the read models");
                    sleep(PAUSE).await;
                }
            }
        }
    }
}

/// None for what reaches no resource.
fn change(entry: Entry) -> Option<Change> {
    let event: Recorded<Event> = entry.event?;
    let shown = |model: &&ReadModel| MODELS.contains(&model.name);
    let rows = ALL
        .iter()
        .filter(shown)
        .flat_map(|model| model.reached(&event).into_iter().map(|id| ChangedRow { resource: model.name, id }));
    let rows: Vec<ChangedRow> = rows.collect();
    let shop = event.envelope.key.shop;
    (!rows.is_empty()).then_some(Change { position: entry.position, shop, kind: event.envelope.wire_type, rows })
}
