//! The shops' secrets, which may change while webhooks are taken.

use ingress::{CurrentShops, ShopKeys, Shops};
use tokio::signal::unix::{SignalKind, signal};

use super::Ground;
use crate::config::{KnownShop, Origin};
use crate::failure::{Exit, OrExit, Outcome};
use crate::host::Host;

impl Ground {
    /// Those whose webhooks are taken. On SIGHUP their secrets are read again; shops come and go with a restart.
    ///
    /// # Errors
    /// A secret that cannot be used: usage.
    pub(super) fn door(&self, host: &mut Host) -> Outcome<CurrentShops> {
        let current = CurrentShops::from(shops(&self.shops)?);
        let (mut known, origin, replaced) = (self.shops.clone(), self.origin.clone(), current.clone());
        let (mut hangups, shutdown) = (signal(SignalKind::hangup())?, host.shutdown());
        host.spawn("secrets", async move {
            while shutdown.run_until_cancelled(hangups.recv()).await.flatten().is_some() {
                match again(&origin, &mut known) {
                    Ok(shops) => {
                        replaced.replace(shops);
                        tracing::info!("the shops' secrets were read again");
                    }
                    // What is wrong may be told with the line that it is in, and so with a secret: not in the log.
                    Err(_) => tracing::error!(
                        "the configuration is not understood and the secrets stay as they were: `tillstream config \
                         validate` says why"
                    ),
                }
            }
            Ok(())
        });
        Ok(current)
    }
}

/// A shop that is not configured any more keeps what it had.
fn again(origin: &Origin, known: &mut [KnownShop]) -> Outcome<Shops> {
    let mut newer = origin.load()?.shops()?;
    for shop in known.iter_mut() {
        if let Some(found) = newer.iter_mut().find(|found| found.shop == shop.shop) {
            shop.secrets = std::mem::take(&mut found.secrets);
        }
    }
    shops(known)
}

fn shops(known: &[KnownShop]) -> Outcome<Shops> {
    let keys = known.iter().map(KnownShop::keys).collect::<Result<Vec<ShopKeys>, _>>().or_exit(Exit::Usage)?;
    Shops::new(keys).or_exit(Exit::Usage)
}
