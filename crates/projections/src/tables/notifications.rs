//! `notifications`: one row per notification, as `GET /v1/{shop}/notifications` lists it.

use db::{Column, Database, Filter, Order, Select, Value};
use events::{
    AggregateKind, Channel, CustomerId, Event, Notice, NotificationEvent, NotificationKey, OrderId, Recorded, Shop,
    Timestamp,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::id_column;
use crate::read::{every, one, page};
use crate::{Found, Listed, PageRequest, Projection, ReadError};

/// What its readers wait for.
pub const READS: &[&str] = &[Notifications::NAME];

pub struct Notifications;

/// A notification as it is stored and shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NotificationRow {
    pub key: String,
    /// `order_confirmation`, for one.
    pub rule: String,
    pub channel: Channel,
    /// By reference: `order/1042`, `customer/7`, `checkout/<token>`, `operations`.
    pub recipient: String,
    pub status: NotificationStatus,
    /// Why it was suppressed or has failed.
    pub reason: Option<String>,
    /// When it became what it is.
    pub at: Timestamp,
    /// When it was first asked for.
    pub requested_at: Timestamp,
    /// From 1.
    pub attempt: u32,
    /// Masked; none until it was sent.
    pub to: Option<String>,
    /// The provider that took it, or refused it.
    pub provider: Option<String>,
    pub order_id: Option<OrderId>,
    pub customer_id: Option<CustomerId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NotificationStatus {
    /// To be sent: now, after quiet hours, or when a provider answers again.
    Requested,
    Suppressed,
    Sent,
    Failed,
}

/// Which notifications to list; none of a kind means all.
#[derive(Debug, Clone, Default)]
pub struct NotificationFilter {
    pub order_id: Option<OrderId>,
    pub customer_id: Option<CustomerId>,
}

impl Projection for Notifications {
    const NAME: &'static str = "notifications";
    const VERSION: u32 = 1;
    const COLUMNS: &'static [Column] =
        &[Column::integer("requested_at"), Column::integer("order_id"), Column::integer("customer_id")];
    const INDEXES: &'static [&'static [&'static str]] =
        &[&["requested_at"], &["order_id", "requested_at"], &["customer_id", "requested_at"]];
    const KINDS: &'static [AggregateKind] = &[AggregateKind::Notification];

    type Row = NotificationRow;

    fn keys(event: &Recorded<Event>) -> Vec<String> {
        match &event.event {
            Event::Notification(_) => vec![event.envelope.key.id.clone()],
            _ => Vec::new(),
        }
    }

    fn project(id: &str, row: Option<NotificationRow>, event: &Recorded<Event>) -> Option<NotificationRow> {
        let Event::Notification(event) = &event.event else { return row };
        match event {
            NotificationEvent::Requested(event) => {
                let requested_at = row.map_or(event.at, |row| row.requested_at);
                let fresh = requested(id, event.at, &event.notice);
                Some(NotificationRow { requested_at, attempt: event.attempt, ..fresh })
            }
            NotificationEvent::Suppressed(event) => row.map(|row| NotificationRow {
                status: NotificationStatus::Suppressed,
                reason: Some(event.reason.as_str().to_owned()),
                at: event.at,
                ..row
            }),
            NotificationEvent::Sent(event) => row.map(|row| NotificationRow {
                status: NotificationStatus::Sent,
                at: event.at,
                to: Some(event.to.clone()),
                provider: Some(event.provider.clone()),
                ..row
            }),
            NotificationEvent::Failed(event) => row.map(|row| NotificationRow {
                status: NotificationStatus::Failed,
                reason: Some(event.reason.clone()),
                at: event.at,
                provider: event.provider.clone(),
                ..row
            }),
        }
    }

    fn columns(row: &NotificationRow) -> Vec<Value> {
        vec![
            row.requested_at.as_microsecond().into(),
            row.order_id.map_or(Value::Null, |id| id_column(id.get())),
            row.customer_id.map_or(Value::Null, |id| id_column(id.get())),
        ]
    }
}

pub async fn get(
    db: &Database,
    shop: &Shop,
    key: &NotificationKey,
) -> Result<Option<Found<NotificationRow>>, ReadError> {
    one::<Notifications>(db, shop, key).await
}

/// Newest first.
pub async fn list(
    db: &Database,
    shop: &Shop,
    filter: &NotificationFilter,
    request: PageRequest,
) -> Result<Listed<NotificationRow>, ReadError> {
    let PageRequest { limit, after } = request;
    let order = filter.order_id.map(|id| Filter::Equals("order_id", id_column(id.get())));
    let customer = filter.customer_id.map(|id| Filter::Equals("customer_id", id_column(id.get())));
    let filters = order.into_iter().chain(customer).collect();
    let select = Select { shop, filters, order: Order::Descending("requested_at"), after, limit };
    page::<Notifications, _>(db, select, Some).await
}

/// The keys of all that tell of a customer.
pub async fn of_customer(db: &Database, shop: &Shop, id: CustomerId) -> Result<Vec<String>, ReadError> {
    keys_with(db, shop, "customer_id", id.get()).await
}

/// The keys of all that tell of an order.
pub async fn of_order(db: &Database, shop: &Shop, id: OrderId) -> Result<Vec<String>, ReadError> {
    keys_with(db, shop, "order_id", id.get()).await
}

async fn keys_with(db: &Database, shop: &Shop, column: &'static str, id: u64) -> Result<Vec<String>, ReadError> {
    let rows = every::<Notifications>(db, Select::all_with(shop, column, id_column(id))).await?;
    Ok(rows.into_iter().map(|row| row.view.key).collect())
}

fn requested(key: &str, at: Timestamp, notice: &Notice) -> NotificationRow {
    NotificationRow {
        key: key.to_owned(),
        rule: notice.rule.clone(),
        channel: notice.channel,
        recipient: notice.recipient.to_string(),
        status: NotificationStatus::Requested,
        reason: None,
        at,
        requested_at: at,
        attempt: 1,
        to: None,
        provider: None,
        order_id: notice.order_id,
        customer_id: notice.customer_id,
    }
}
