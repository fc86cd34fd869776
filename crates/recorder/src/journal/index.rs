//! Which deliveries speak of what: so a trace finds them without reading the inbox.

use db::{Change, Column, Content, Database, Filter, Order, RowKey, Select, Table, Value};
use events::{AggregateKey, AggregateKind};
use streams::InboxDelivery;

use super::every_shop;
use crate::envelope::Envelope;

/// A row per delivery; it has nothing but its columns.
pub(super) const TABLE: Table = Table {
    name: "deliveries",
    version: 1,
    columns: &[Column::integer("sequence"), Column::text(ABOUT), Column::text(WEBHOOK_ID)],
    indexes: &[&["sequence"], &[ABOUT], &[WEBHOOK_ID]],
};
const ABOUT: &str = "about";
const WEBHOOK_ID: &str = "webhook_id";

/// Shopify's ids are 36 characters; who sends others may look for them in the inbox.
const MAX_WEBHOOK_ID: usize = 128;

pub(super) fn row(delivery: &InboxDelivery, envelope: &Envelope) -> Change {
    let about = about(envelope, &delivery.body).map(|key| key.to_string());
    let webhook_id = envelope.webhook_id.clone().filter(|id| id.len() <= MAX_WEBHOOK_ID);
    let columns = vec![delivery.sequence.cast_signed().into(), about.into(), webhook_id.into()];
    let content = Some(Content { data: "null".to_owned(), columns });
    // Padded, so that rows are in the order of the inbox.
    let key = RowKey { shop: every_shop(), id: format!("{:020}", delivery.sequence) };
    Change { key, content, position: delivery.sequence }
}

/// The aggregate that the body names, whatever becomes of it; a body that speaks of several names one.
pub(crate) fn about(envelope: &Envelope, body: &[u8]) -> Option<AggregateKey> {
    let (shop, topic) = (envelope.shop.as_ref()?, envelope.topic?);
    let kind: AggregateKind = topic.resource.parse().ok()?;
    let id = if topic.key.is_empty() { shop.to_string() } else { topic.id_of(body).ok()? };
    Some(AggregateKey::new(kind, shop, id))
}

/// The sequences of the deliveries whose body names this aggregate, oldest first.
pub(super) async fn naming(db: &Database, key: &AggregateKey) -> Result<Vec<u64>, db::Error> {
    sequences(db, ABOUT, key.to_string()).await
}

/// The sequences of the deliveries with this `X-Shopify-Webhook-Id`, oldest first.
pub(super) async fn of_webhook(db: &Database, id: &str) -> Result<Vec<u64>, db::Error> {
    sequences(db, WEBHOOK_ID, id.to_owned()).await
}

async fn sequences(db: &Database, column: &'static str, value: String) -> Result<Vec<u64>, db::Error> {
    let shop = every_shop();
    let filters = vec![Filter::Equals(column, Value::Text(value))];
    let select = Select { shop: &shop, filters, order: Order::Id, after: None, limit: u32::MAX };
    Ok(db.select(&TABLE, select).await?.documents.into_iter().map(|document| document.position).collect())
}
