//! Bodies of deliveries on their way into a stream and out of it.

use std::fmt;
use std::sync::Arc;

use async_nats::header::HeaderMap;
use bytes::Bytes;
use events::Shop;
use futures::future::BoxFuture;

use crate::publish::put;
use crate::raw::Raw;
use crate::{SealError, Stream};

/// By what the body is sealed; without it the body is as it came.
const BODY_SEAL: &str = "Body-Seal";

/// Seals whole bodies, which nobody has read yet, and opens them.
pub trait BodySealer: Send + Sync + 'static {
    /// Under a key of the stream, the shop and the day.
    fn seal_body(
        &self,
        stream: Stream,
        shop: Option<Shop>,
        body: Bytes,
    ) -> BoxFuture<'_, Result<SealedBody, SealError>>;

    fn open_body<'a>(&'a self, seal: &'a str, body: Bytes) -> BoxFuture<'a, Result<Opened, SealError>>;
}

/// A body that can be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedBody {
    /// Names the key; plain text that tells nothing of the body.
    pub seal: String,
    pub bytes: Bytes,
}

/// What has become of a sealed body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opened {
    Body(Bytes),
    /// Its key is destroyed.
    Forgotten,
    /// It is not what was sealed, or this is not its key.
    Foreign,
    /// Its key is not there, and was not destroyed.
    Lost,
}

/// How bodies are sealed and opened. By default they are stored as they come, and what is sealed stays shut.
#[derive(Clone, Default)]
pub struct Bodies(Option<Arc<dyn BodySealer>>);

impl Bodies {
    pub fn sealed_by(sealer: Arc<dyn BodySealer>) -> Self {
        Self(Some(sealer))
    }

    /// What is stored in the place of the body; its seal becomes a header.
    pub(crate) async fn seal(
        &self,
        stream: Stream,
        shop: Option<Shop>,
        body: Bytes,
        headers: &mut HeaderMap,
    ) -> Result<Bytes, SealError> {
        let Some(sealer) = &self.0 else { return Ok(body) };
        let sealed = sealer.seal_body(stream, shop, body).await?;
        put(headers, BODY_SEAL, &sealed.seal);
        Ok(sealed.bytes)
    }

    /// Makes the body of a stored message readable.
    pub async fn open(&self, raw: Raw) -> Result<Raw, SealError> {
        if self.0.is_none() && seal_of(&raw).is_some() {
            return Err(SealError::new(&Unopened));
        }
        let raw = self.open_with_keys(raw).await?;
        if raw.opened == Some(Opened::Lost) { Err(SealError::new(&NoKey)) } else { Ok(raw) }
    }

    /// Likewise; without keys, and without its own, what is sealed stays shut.
    pub(crate) async fn open_with_keys(&self, mut raw: Raw) -> Result<Raw, SealError> {
        if let (Some(sealer), Some(seal)) = (&self.0, seal_of(&raw)) {
            raw.opened = Some(sealer.open_body(seal, raw.body.clone()).await?);
        }
        Ok(raw)
    }
}

impl fmt::Debug for Bodies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "sealed" } else { "as they come" })
    }
}

/// Names the key of a stored body.
pub(crate) fn seal_of(raw: &Raw) -> Option<&str> {
    raw.header(BODY_SEAL)
}

#[derive(Debug, thiserror::Error)]
#[error("bodies are sealed, and whoever reads them was given no keys")]
struct Unopened;

#[derive(Debug, thiserror::Error)]
#[error("there is no key of a body, and none was destroyed: is this the right key database?")]
struct NoKey;
