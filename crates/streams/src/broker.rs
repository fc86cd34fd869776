use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_nats::connection::State;
use async_nats::{Client, ConnectOptions, Event};
use percent_encoding::percent_decode_str;
use tokio::sync::{mpsc, watch};

use crate::denials::{self, Denials};
use crate::permissions::inbox_prefix;
use crate::publish::Outgoing;
use crate::wire;

pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// After three without an answer the connection is given up: a server that is stopped, or behind a line that is cut, says
/// nothing.
const PING: Duration = Duration::from_secs(2);
const LONGEST_RECONNECT_DELAY: Duration = Duration::from_secs(2);
/// Atomic batches, message schedules and `persist_mode` came with it.
const OLDEST_SERVER: (i64, i64) = (2, 12);

/// Where the broker is, and who we are to it.
#[derive(Debug, Clone)]
pub struct BrokerSettings {
    /// `nats://[user:password@]host:port`, several separated by commas.
    pub url: String,
    /// The connection's name, shown by the server.
    pub name: String,
    /// Replies come to `<prefix>.>`; each service has its own, so that none can read another's. None: it is
    /// made of the user's name, where the URL has one.
    pub inbox_prefix: Option<String>,
    /// What is known of the server's `sync_interval`; the protocol does not tell it.
    pub durability: Durability,
    /// For one request and its answer.
    pub request_timeout: Duration,
}

impl Default for BrokerSettings {
    fn default() -> Self {
        Self {
            url: "nats://127.0.0.1:4222".to_owned(),
            name: "tillstream".to_owned(),
            inbox_prefix: None,
            durability: Durability::default(),
            request_timeout: Duration::from_secs(5),
        }
    }
}

impl BrokerSettings {
    pub fn new(url: impl Into<String>, name: impl Into<String>) -> Self {
        Self { url: url.into(), name: name.into(), ..Self::default() }
    }
}

/// What an acknowledged message survives.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Durability {
    /// `sync_interval: always`: a power cut.
    PowerCut,
    /// Synced at intervals: a crash of the process, not of the machine.
    ProcessCrash,
    /// A server that is not ours to know.
    #[default]
    Unknown,
}

impl fmt::Display for Durability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PowerCut => "synced before the answer: survives a power cut",
            Self::ProcessCrash => "synced at intervals: survives a crash of the process, not a power cut",
            Self::Unknown => "unknown: the server's sync_interval decides",
        })
    }
}

/// A connection to the broker. Cheap to clone; reconnects by itself, for ever.
#[derive(Clone)]
pub struct Broker {
    pub(crate) client: Client,
    /// Counts connections made: whoever waits for a server's answer asks again after each.
    pub(crate) connections: watch::Receiver<u64>,
    pub(crate) denials: Denials,
    pub(crate) outgoing: mpsc::Sender<Outgoing>,
    /// What it is given goes to a [`Rehearsal`](crate::Rehearsal), not to the server.
    pub(crate) rehearses: bool,
    shared: Arc<Shared>,
}

/// Who we are to the broker.
pub(crate) struct Login {
    pub(crate) user: String,
    pub(crate) password: String,
}

struct Shared {
    url: String,
    login: Option<Login>,
    durability: Durability,
    request_timeout: Duration,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    #[error("no NATS server answers at {url}")]
    Unreachable { url: String, source: async_nats::ConnectError },
    #[error("the NATS server at {url} did not answer within {} s", CONNECT_TIMEOUT.as_secs())]
    TimedOut { url: String },
    #[error("the NATS server at {url} refuses these credentials")]
    Denied { url: String, source: async_nats::ConnectError },
    #[error("the NATS server at {url} is version {version}: {}.{} or later is needed", OLDEST_SERVER.0, OLDEST_SERVER.1)]
    TooOld { url: String, version: String },
    #[error("no thread for the connection")]
    Thread(#[source] std::io::Error),
    #[error("the NATS server at {url} runs without JetStream: start it with --jetstream")]
    NoJetStream { url: String },
}

impl Broker {
    /// Connects now or fails within seconds; a connection once made is restored for ever.
    pub async fn connect(settings: &BrokerSettings) -> Result<Self, ConnectError> {
        let url = without_password(&settings.url);
        let (made, connections) = watch::channel(0);
        let (denied, denials) = Denials::channel();
        let servers: Vec<String> = settings.url.split(',').map(str::to_owned).collect();
        let connecting = options(settings, made, denied).connect(servers);
        let (client, outgoing) = wire::open(url.clone(), connecting).await?;
        let info = client.server_info();
        if !client.is_server_compatible(OLDEST_SERVER.0, OLDEST_SERVER.1, 0) {
            return Err(ConnectError::TooOld { url, version: info.version });
        }
        if !info.jetstream {
            return Err(ConnectError::NoJetStream { url });
        }
        tracing::info!(url, server = info.server_name, version = info.version, "connected to the broker");
        let login = credentials(&settings.url).map(|(user, password)| Login { user, password });
        let (durability, request_timeout) = (settings.durability, settings.request_timeout);
        let shared = Arc::new(Shared { url, login, durability, request_timeout });
        Ok(Self { client, connections, denials, outgoing, rehearses: false, shared })
    }

    /// The largest message, headers included, in bytes.
    pub fn max_payload(&self) -> usize {
        self.client.max_payload()
    }

    /// Whether there is a connection just now.
    pub fn is_connected(&self) -> bool {
        self.client.connection_state() == State::Connected
    }

    /// What an acknowledged append survives, as far as it is known.
    pub fn durability(&self) -> Durability {
        self.shared.durability
    }

    /// The address, without credentials.
    pub fn url(&self) -> &str {
        &self.shared.url
    }

    /// `host:port` of each server, as they were given.
    pub(crate) fn addresses(&self) -> Vec<String> {
        let bare = |one: &str| one.rsplit_once("://").map_or(one, |(_, rest)| rest).trim_end_matches('/').to_owned();
        let with_port = |one: String| if one.rsplit_once(':').is_some() { one } else { format!("{one}:4222") };
        self.shared.url.split(',').map(|one| with_port(bare(one))).collect()
    }

    pub(crate) fn login(&self) -> Option<&Login> {
        self.shared.login.as_ref()
    }

    pub(crate) fn request_timeout(&self) -> Duration {
        self.shared.request_timeout
    }

    pub fn server_version(&self) -> String {
        self.client.server_info().version
    }

    /// Sends what is still buffered; for the end of a process.
    pub async fn flush(&self) {
        if self.is_connected() {
            let _ = tokio::time::timeout(self.request_timeout(), self.client.flush()).await;
        }
    }
}

impl fmt::Debug for Broker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Broker").field("url", &self.shared.url).finish_non_exhaustive()
    }
}

fn options(
    settings: &BrokerSettings,
    connections: watch::Sender<u64>,
    denied: watch::Sender<HashMap<String, u64>>,
) -> ConnectOptions {
    let mut options = ConnectOptions::new()
        .name(&settings.name)
        .connection_timeout(CONNECT_TIMEOUT)
        .request_timeout(Some(settings.request_timeout))
        .ping_interval(PING)
        .reconnect_delay_callback(reconnect_delay)
        .event_callback(move |event| {
            observe(&event, &connections, &denied);
            std::future::ready(())
        });
    let mut prefix = settings.inbox_prefix.clone();
    if let Some((user, password)) = credentials(&settings.url) {
        prefix = prefix.or_else(|| Some(inbox_prefix(&user)));
        options = options.user_and_password(user, password);
    }
    if let Some(prefix) = prefix {
        options = options.custom_inbox_prefix(prefix);
    }
    options
}

fn reconnect_delay(attempt: usize) -> Duration {
    let base = Duration::from_millis(100).saturating_mul(u32::try_from(attempt).unwrap_or(u32::MAX));
    crate::backoff::full_jitter(base.min(LONGEST_RECONNECT_DELAY))
}

/// The server tells a denied permission only here; to the caller it looks like a timeout.
fn observe(event: &Event, connections: &watch::Sender<u64>, denied: &watch::Sender<HashMap<String, u64>>) {
    match event {
        Event::Connected => {
            connections.send_modify(|count| *count += 1);
            metrics::gauge!("tillstream_broker_connected").set(1.0);
            tracing::debug!("connection to the broker made");
        }
        Event::Disconnected => {
            metrics::gauge!("tillstream_broker_connected").set(0.0);
            tracing::warn!("connection to the broker lost");
        }
        Event::ServerError(error) if denials::note(error, denied) => {
            metrics::counter!("tillstream_broker_denied_total").increment(1);
            tracing::error!(%error, "the broker denies a permission: the credentials do not fit this role");
        }
        Event::SlowConsumer(_) => {
            metrics::counter!("tillstream_broker_slow_consumer_total").increment(1);
            tracing::error!("a message from the broker was dropped: its reader is too slow");
        }
        Event::ServerError(_) | Event::ClientError(_) => tracing::error!(%event, "broker"),
        Event::LameDuckMode | Event::Draining | Event::Closed => tracing::info!(%event, "broker"),
    }
}

pub(crate) fn refused(url: &str, source: async_nats::ConnectError) -> ConnectError {
    use async_nats::ConnectErrorKind::{Authentication, AuthorizationViolation};
    let url = url.to_owned();
    match source.kind() {
        Authentication | AuthorizationViolation => ConnectError::Denied { url, source },
        _ => ConnectError::Unreachable { url, source },
    }
}

/// What stands before the `@` of the first URL: the client itself does not look at it.
fn credentials(url: &str) -> Option<(String, String)> {
    let first = url.split(',').next()?;
    let (_, address) = first.split_once("://").unwrap_or(("", first));
    let (user, password) = address.rsplit_once('@')?.0.split_once(':')?;
    let decode = |text| percent_decode_str(text).decode_utf8_lossy().into_owned();
    Some((decode(user), decode(password)))
}

/// A URL is logged and shown; what stands before its `@` is not.
fn without_password(url: &str) -> String {
    let strip = |one: &str| match (one.find("://"), one.rfind('@')) {
        (Some(scheme), Some(at)) if scheme < at => format!("{}{}", &one[..scheme + 3], &one[at + 1..]),
        (None, Some(at)) => one[at + 1..].to_owned(),
        _ => one.to_owned(),
    };
    url.split(',').map(strip).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::{credentials, without_password};

    #[test]
    fn credentials_are_those_before_the_address() {
        let of = |url| credentials(url).map(|(user, password)| format!("{user} {password}"));
        assert_eq!(of("nats://me:se%40cret@a:4222,nats://b:4222").as_deref(), Some("me se@cret"));
        assert_eq!(of("me:a:b@a").as_deref(), Some("me a:b"));
        assert_eq!(of("nats://a:4222"), None);
    }

    #[test]
    fn a_password_is_never_shown() {
        assert_eq!(without_password("nats://me:secret@a:4222,nats://b:4222"), "nats://a:4222,nats://b:4222");
        assert_eq!(without_password("me:secret@a"), "a");
        assert_eq!(without_password("127.0.0.1:4222"), "127.0.0.1:4222");
    }
}
