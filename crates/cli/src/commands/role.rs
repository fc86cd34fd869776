//! The single roles: one job per process, on NATS servers that are there already.

use axum::Router;
use query::Watched;
use streams::Durability;
use tokio::sync::OnceCell;

use crate::cli::{Common, NamedRoleArgs, RoleArgs};
use crate::failure::{Exit, Failure, Outcome};
use crate::host::{self, Host};
use crate::roles::{self, Ground};
use crate::telemetry;

pub(crate) async fn ingress(common: &Common, args: &RoleArgs) -> Outcome {
    let (mut host, ground) = begin(common, args, "ingress").await?;
    let router = ground.ingress(&mut host).await?;
    serve(host, &ground, router, Vec::new()).await
}

pub(crate) async fn recorder(common: &Common, args: &RoleArgs) -> Outcome {
    let (mut host, ground) = begin(common, args, "recorder").await?;
    ground.recorder(&mut host).await?;
    serve(host, &ground, Router::new(), Vec::new()).await
}

pub(crate) async fn handlers(common: &Common, args: &NamedRoleArgs) -> Outcome {
    roles::refuse_unknown_services(&args.names)?;
    let (mut host, ground) = begin(common, &args.role, "handlers").await?;
    let copies = ground.handlers(&mut host, &args.names).await?;
    serve(host, &ground, Router::new(), copies).await
}

pub(crate) async fn projections(common: &Common, args: &NamedRoleArgs) -> Outcome {
    roles::refuse_unknown_models(&args.names)?;
    let (mut host, ground) = begin(common, &args.role, "projections").await?;
    let models = ground.projections(&mut host, &args.names).await?;
    serve(host, &ground, Router::new(), vec![models]).await
}

pub(crate) async fn query(common: &Common, args: &RoleArgs) -> Outcome {
    let (mut host, ground) = begin(common, args, "query").await?;
    let models = ground.read_models().await?;
    let router = ground.query(&mut host, models.clone(), Vec::new(), ground.access().await?).await?;
    serve(host, &ground, router, vec![models]).await
}

pub(crate) async fn commands(common: &Common, args: &RoleArgs) -> Outcome {
    let (host, ground) = begin(common, args, "commands").await?;
    let router = ground.commands(ground.access().await?);
    serve(host, &ground, router, Vec::new()).await
}

/// Configuration, logs, metrics, NATS.
async fn begin(common: &Common, args: &RoleArgs, role: &'static str) -> Outcome<(Host, Ground)> {
    let origin = common.origin(args);
    let loaded = origin.load()?;
    let spans = telemetry::start_logs(&loaded.config, role)?;
    let shops = loaded.shops()?;
    let Some(url) = &loaded.config.nats.url else {
        let failure = Failure::new(Exit::Precondition, "a single role needs NATS servers that are there already");
        return Err(failure.hint("name them with --nats-url or nats.url; `tillstream up` brings its own"));
    };
    let host = Host::start(spans)?;
    let metrics = telemetry::start_metrics()?;
    let broker = roles::connect(url, role, Durability::Unknown).await?;
    roles::require_streams(&broker, &loaded.config.nats).await?;
    Ok((
        host,
        Ground {
            config: loaded.config,
            origin,
            shops,
            broker,
            metrics,
            demo: false,
            keys: OnceCell::new(),
            vault: OnceCell::new(),
        },
    ))
}

async fn serve(mut host: Host, ground: &Ground, router: Router, watched: Vec<Watched>) -> Outcome {
    let (listener, address) = host::bind(ground.config.server.listen).await?;
    host.serve(listener, router.merge(ground.operations(watched)), &ground.config.server);
    tracing::info!(%address, "ready");
    host.run().await
}
