//! `tillstream healthcheck`: for containers that have no shell and no curl.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use crate::cli::{Common, HealthcheckArgs};
use crate::config::load;
use crate::failure::{Exit, Failure, OrExit, Outcome};

const PATIENCE: Duration = Duration::from_secs(3);

pub(crate) async fn run(common: &Common, args: &HealthcheckArgs) -> Outcome {
    let url = match &args.url {
        Some(url) => url.clone(),
        None => format!(
            "http://{}/readyz",
            reachable(load(common.config.as_deref(), &common.flags(None))?.config.server.listen)
        ),
    };
    let client = reqwest::Client::builder().timeout(PATIENCE).build()?;
    let response = client.get(&url).send().await.or_exit(Exit::Unavailable)?;
    let status = response.status();
    if status.is_success() { Ok(()) } else { Err(Failure::new(Exit::Unavailable, format!("{url} answers {status}"))) }
}

/// Where a server that listens on every address can be reached from its own machine.
pub(crate) fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = if listen.ip().is_unspecified() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { listen.ip() };
    SocketAddr::new(ip, listen.port())
}
