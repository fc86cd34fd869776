//! What the seals of bodies cost is measured against: our own ingress, which stores them as they come. No role does.

use ingress::server::{ServerLimits, serve};
use ingress::{CurrentShops, IngressSettings, IngressState, ShopKeys, Shops};
use shopify::Secret;
use streams::Durability;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::stage::ReceiverArgs;
use crate::failure::Outcome;
use crate::{roles, telemetry};

pub(super) async fn run(args: &ReceiverArgs) -> Outcome {
    // The role counts as well.
    let _metrics = telemetry::start_metrics()?;
    let broker = roles::connect(&args.nats_url, "ingress", Durability::Unknown).await?;
    let keys = ShopKeys { shop: args.shop.clone(), secrets: vec![Secret::new(&args.secret)?] };
    let shops = CurrentShops::from(Shops::new(vec![keys])?);
    let router = ingress::router(IngressState::new(&broker, shops, &IngressSettings::default()));
    let listener = TcpListener::bind(args.listen).await?;
    serve(listener, router, ServerLimits::default(), CancellationToken::new()).await;
    Ok(())
}
