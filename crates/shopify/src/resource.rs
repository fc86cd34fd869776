//! Resources that are only observed: how their snapshots are read, one file per group.

mod app_charge;
mod collection;
mod company;
mod draft_order;
mod location;
mod payment;
mod selling;
mod subscription;

use aggregates::{Command, Observable, ObserveCommand};
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::wire::{Text, number_of};
use crate::{Reading, Topic, Unreadable};

/// A resource whose body can be read.
pub(crate) trait Snapshot: Observable {
    fn read(topic: &Topic, reading: &Reading<'_>) -> Result<Self, Unreadable>;
}

/// The whole resource, as it is.
pub(crate) fn observed<R: Snapshot>(topic: &Topic, reading: &Reading<'_>) -> Result<Vec<Command>, Unreadable> {
    let snapshot = Box::new(R::read(topic, reading)?);
    let as_of = reading.as_of(topic.version.time(reading)?);
    command(topic, reading, ObserveCommand::<R>::Observe { as_of, snapshot })
}

/// The whole resource, as it was when it ended.
pub(crate) fn ended<R: Snapshot>(topic: &Topic, reading: &Reading<'_>) -> Result<Vec<Command>, Unreadable> {
    R::read(topic, reading)?;
    command(topic, reading, ObserveCommand::<R>::Delete { at: topic.version.time(reading)? })
}

/// Little more than an id. A body that says more than an end would be believed just as well, so it is refused.
pub(crate) fn deleted<R: Snapshot>(topic: &Topic, reading: &Reading<'_>) -> Result<Vec<Command>, Unreadable> {
    let body: EndBody<'_> = reading.decode()?;
    if body.created_at.is_some() || body.updated_at.is_some() {
        return Err(Unreadable::Shape("a resource, not its end".to_owned()));
    }
    let gid = body.admin_graphql_api_id;
    if gid.is_some_and(|gid| number_of(gid.as_str()) != reading.id(topic.key).ok().as_deref()) {
        return Err(Unreadable::Shape("two ids".to_owned()));
    }
    command(topic, reading, ObserveCommand::<R>::Delete { at: topic.version.time(reading)? })
}

fn command<R: Observable>(
    topic: &Topic,
    reading: &Reading<'_>,
    command: ObserveCommand<R>,
) -> Result<Vec<Command>, Unreadable> {
    Ok(vec![Command::Resource(reading.id(topic.key)?, R::command(command))])
}

#[derive(Deserialize)]
struct EndBody<'a> {
    #[serde(borrow)]
    admin_graphql_api_id: Option<Text<'a>>,
    created_at: Option<IgnoredAny>,
    updated_at: Option<IgnoredAny>,
}
