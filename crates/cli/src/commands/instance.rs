//! Finding the running tillstream that a command is about.

use std::time::Duration;

use serde_json::Value;

use super::healthcheck::reachable;
use crate::cli::Common;
use crate::config::{Secret, load};
use crate::data_dir::Running;
use crate::failure::{Exit, Failure, OrExit, Outcome};

const PATIENCE: Duration = Duration::from_secs(5);

/// Where it answers HTTP: the one named, else the `up` on the data directory, else the configured address.
pub(super) fn url(common: &Common, named: Option<&str>) -> Outcome<String> {
    if let Some(url) = named {
        return Ok(url.trim_end_matches('/').to_owned());
    }
    let config = load(common.config.as_deref(), &common.flags(None))?.config;
    let running = Running::find(&config.data.dir);
    Ok(running.map_or_else(|| format!("http://{}", reachable(config.server.listen)), |running| running.url))
}

/// The NATS servers: the configured ones, else those of the `up` on the data directory.
pub(super) fn nats_url(common: &Common) -> Outcome<String> {
    let config = load(common.config.as_deref(), &common.flags(None))?.config;
    let found = config.nats.url.or_else(|| Running::find(&config.data.dir).map(|running| running.nats_url));
    found.ok_or_else(|| {
        let message = format!("no NATS is configured and no `tillstream up` runs on {}", config.data.dir.display());
        Failure::new(Exit::Precondition, message).hint("name one with --nats-url, or the directory with --data-dir")
    })
}

/// Reads one JSON document that everybody may see.
pub(super) async fn get(base: &str, path: &str) -> Outcome<Value> {
    ask(base, path, None).await
}

/// Reads one JSON document of a shop, with the key that is configured.
pub(super) async fn get_with_key(common: &Common, base: &str, path: &str) -> Outcome<Value> {
    let config = load(common.config.as_deref(), &common.flags(None))?.config;
    ask(base, path, config.access.key.as_ref().map(Secret::reveal)).await
}

async fn ask(base: &str, path: &str, key: Option<&str>) -> Outcome<Value> {
    let hint = "is it running? `tillstream up` starts it; --url says where it is";
    let unavailable = |e: Failure| e.hint(hint);
    let client = reqwest::Client::builder().timeout(PATIENCE).build()?;
    let request = client.get(format!("{base}{path}"));
    let request = match key {
        Some(key) => request.bearer_auth(key),
        None => request,
    };
    let response = request.send().await.or_exit(Exit::Unavailable).map_err(unavailable)?;
    if response.status() == reqwest::StatusCode::UNAUTHORIZED {
        let failure = Failure::new(Exit::Precondition, "it asks for a key");
        return Err(failure.hint("`keys create` makes one; give it as TILLSTREAM_ACCESS_KEY or access.key"));
    }
    let response = response.error_for_status().or_exit(Exit::Unavailable)?;
    response.json().await.or_exit(Exit::Failed)
}
