use events::{Collection, Timestamp};
use serde::Deserialize;

use super::Snapshot;
use crate::wire::{Field, Text, nonempty};
use crate::{Reading, Topic, Unreadable};

#[derive(Deserialize)]
struct CollectionBody<'a> {
    #[serde(borrow)]
    title: Text<'a>,
    handle: Option<Text<'a>>,
    published_at: Option<Timestamp>,
    published_scope: Option<Text<'a>>,
    /// Null or not, always there: this is how the body shows that it is a collection's.
    #[serde(default)]
    sort_order: Field<Text<'a>>,
}

impl Snapshot for Collection {
    fn read(_: &Topic, reading: &Reading<'_>) -> Result<Self, Unreadable> {
        let body: CollectionBody<'_> = reading.decode()?;
        Ok(Self {
            title: body.title.as_str().to_owned(),
            handle: nonempty(body.handle),
            published_at: body.published_at,
            published_scope: nonempty(body.published_scope),
            sort_order: match body.sort_order {
                Field::Value(order) => nonempty(Some(order)),
                Field::Null => None,
                Field::Missing => return Err(Unreadable::missing("sort_order")),
            },
        })
    }
}
