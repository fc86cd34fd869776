//! The gate before reads and commands, from what is configured.

use std::fs;
use std::sync::Arc;

use access::{Access, Issuer, IssuerSettings, JwksSource, Keys, Rate};

use super::{Ground, open_database};
use crate::config::{Config, Jwt};
use crate::failure::{Exit, Failure, OrExit, Outcome};

impl Ground {
    /// Who is let in. A demo on this machine's own address asks nobody.
    ///
    /// # Errors
    /// It is to be open where others can reach it, or the issuer's keys cannot be read: a precondition.
    pub(crate) async fn access(&self) -> Outcome<Arc<Access>> {
        let (config, demo) = (&self.config, self.demo);
        let loopback = config.server.listen.ip().is_loopback();
        if config.access.open && !loopback {
            let message = format!("access.open is set, and {} can be reached from outside", config.server.listen);
            let failure = Failure::new(Exit::Precondition, message);
            return Err(failure.hint("listen on 127.0.0.1, or make keys: `tillstream keys create`"));
        }
        if config.access.open || (demo && loopback) {
            return Ok(Arc::new(Access::open()));
        }
        let issuer = config.access.jwt.as_ref().map(issuer).transpose()?;
        let rate = Rate { per_second: config.access.per_second, burst: config.access.burst };
        Ok(Arc::new(Access::guarded(open_keys(config).await?, issuer, rate)))
    }
}

/// The keys of all shops.
///
/// # Errors
/// Their database cannot be opened: a precondition.
pub(crate) async fn open_keys(config: &Config) -> Outcome<Keys> {
    Keys::open(open_database(config, access::DATABASE).await?).await.or_exit(Exit::Precondition)
}

fn issuer(jwt: &Jwt) -> Outcome<Issuer> {
    let doing = |e: Failure| e.context("access.jwt");
    let keys = match (&jwt.jwks_url, &jwt.jwks_file) {
        (Some(url), None) => JwksSource::Url(url.clone()),
        (None, Some(path)) => {
            let text = fs::read_to_string(path).or_exit(Exit::Precondition);
            JwksSource::Text(text.map_err(|e| doing(e.context(path.display())))?)
        }
        _ => return Err(doing(Failure::new(Exit::Usage, "exactly one of jwks_url and jwks_file is needed"))),
    };
    let settings = IssuerSettings { issuer: jwt.issuer.clone(), audience: jwt.audience.clone(), keys };
    Issuer::new(settings).or_exit(Exit::Precondition).map_err(doing)
}
