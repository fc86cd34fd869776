//! `tillstream demo`: the demo shop alone, against an ingress elsewhere.

use crate::cli::{Common, DemoArgs};
use crate::config::load;
use crate::demo_shop;
use crate::failure::{Exit, Failure, Outcome};
use crate::host::Host;
use crate::telemetry;

pub(crate) async fn run(common: &Common, args: &DemoArgs) -> Outcome {
    let loaded = load(common.config.as_deref(), &common.flags(None))?;
    let spans = telemetry::start_logs(&loaded.config, "demo")?;
    let first = loaded.shops()?.into_iter().next();
    let none = || {
        Failure::new(Exit::Precondition, "no shop is configured")
            .hint("the demo plays the first of [[shops]] and signs with its secret")
    };
    let shop = first.ok_or_else(none)?;
    let mut host = Host::start(spans)?;
    let base = args.url.trim_end_matches('/').to_owned();
    let play = demo_shop::play(shop, loaded.config.simulator, base, host.shutdown());
    host.spawn("demo shop", play);
    host.run().await
}
