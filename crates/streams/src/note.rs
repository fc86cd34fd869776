//! Notes on `TIMERS`: each is the one message of its subject, in place of the one before.

use async_nats::header::HeaderMap;

use crate::api::ReadError;
use crate::inbox::{AppendError, append};
use crate::publish::put;
use crate::raw::Raw;
use crate::{Broker, Stream};

/// For how long the server keeps a note.
pub(crate) const KEPT_FOR: &str = "Nats-TTL";
/// In place of everything else on its subject.
const ROLLUP: (&str, &str) = ("Nats-Rollup", "sub");
/// The mark that stands for a while where a note was.
const MARK_KEPT: &str = "1h";

/// With one header of its own.
pub(crate) async fn write(
    broker: &Broker,
    subject: String,
    (name, value): (&'static str, String),
    body: String,
) -> Result<(), AppendError> {
    let mut headers = HeaderMap::new();
    put(&mut headers, ROLLUP.0, ROLLUP.1);
    put(&mut headers, name, value);
    let size = body.len();
    append(broker, subject, headers, body.into(), size).await.map(drop)
}

/// Leaves a mark, which is empty, in its place.
pub(crate) async fn remove(broker: &Broker, subject: String) -> Result<(), AppendError> {
    write(broker, subject, (KEPT_FOR, MARK_KEPT.to_owned()), String::new()).await
}

/// What stands there: the note, or its mark.
pub(crate) async fn read(broker: &Broker, subject: &str) -> Result<Option<Raw>, ReadError> {
    broker.next_message(Stream::Timers, subject, 1).await
}
