//! The command line: what can be said, not what it does.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::commands::{
    bench, config, dead_letters, events, inventory, keys, loyalty, notify, privacy, projections, quarantine, replay,
    schemas, shopify, status, streams, subscribers,
};
use crate::config::{Flags, Origin};
use crate::nats::ChildArgs;
use crate::output::Format;

/// The event-sourced back end of a Shopify merchant, on NATS JetStream.
#[derive(Debug, Parser)]
#[command(name = "tillstream", version, propagate_version = true, max_term_width = 110)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command understands.
#[derive(Debug, Args)]
pub(crate) struct Common {
    /// Configuration file [default: ./tillstream.toml if it is there].
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Where `up` keeps everything [default: data].
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// NATS servers, separated by commas.
    #[arg(long, global = true, value_name = "URL")]
    nats_url: Option<String>,
    /// How reads are printed.
    #[arg(long, global = true, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) output: Format,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Everything in one process, with its own nats-server unless --nats-url names one.
    Up(UpArgs),
    /// Takes webhooks in: HTTP → INBOX.
    Ingress(RoleArgs),
    /// Makes events of webhooks: INBOX → EVENTS.
    Recorder(RoleArgs),
    /// Services that react to events; all of them when none is named.
    Handlers(NamedRoleArgs),
    /// Folds events into read models; all of them when none is named.
    Projections(projections::ProjectionsArgs),
    /// Answers reads from the read models over HTTP.
    Query(RoleArgs),
    /// Takes commands over HTTP: stock adjustments and the like.
    Commands(RoleArgs),
    /// A demo shop that sends signed webhooks to a running ingress.
    Demo(DemoArgs),
    /// How far everything has come.
    Status(status::StatusArgs),
    /// The events that are kept.
    #[command(subcommand)]
    Events(events::EventsCommand),
    /// What stands where, what moved it, and where an order would be taken from.
    #[command(subcommand)]
    Inventory(inventory::InventoryCommand),
    /// What is told to customers, and to the merchant's own people.
    #[command(subcommand)]
    Notify(notify::NotifyCommand),
    /// Who may read and command over HTTP.
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// Who is to be forgotten, and whether it is done.
    #[command(subcommand)]
    Privacy(privacy::PrivacyCommand),
    /// Authentic webhooks that could not be recorded.
    #[command(subcommand)]
    Quarantine(quarantine::QuarantineCommand),
    /// Events of the past once more: to a handler, a file, another stream.
    #[command(subcommand)]
    Replay(replay::ReplayCommand),
    /// Customers' points.
    #[command(subcommand)]
    Loyalty(loyalty::LoyaltyCommand),
    /// What subscribers gave up, and the ways out.
    #[command(subcommand)]
    DeadLetters(dead_letters::DeadLettersCommand),
    /// What reads the streams: pause, resume, drain.
    #[command(subcommand)]
    Subscribers(subscribers::SubscribersCommand),
    /// The streams on NATS.
    #[command(subcommand)]
    Streams(streams::StreamsCommand),
    /// The published schemas of events and of the HTTP interface.
    #[command(subcommand)]
    Schemas(schemas::SchemasCommand),
    /// What Shopify has to be told.
    #[command(subcommand)]
    Shopify(shopify::ShopifyCommand),
    /// The configuration.
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// What is missing on this machine, and how to get it.
    Doctor,
    /// Measurements, each beside its bare limit.
    #[command(subcommand)]
    Bench(bench::BenchCommand),
    /// Whether a role answers; for container health checks.
    Healthcheck(HealthcheckArgs),
    /// Prints the version.
    Version,
    #[command(hide = true)]
    NatsChild(ChildArgs),
}

#[derive(Debug, Args)]
pub(crate) struct UpArgs {
    #[command(flatten)]
    pub(crate) role: RoleArgs,
    /// Add the shop demo.myshopify.com and let it live.
    #[arg(long)]
    pub(crate) demo: bool,
}

/// What every role understands.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct RoleArgs {
    /// Address to serve on [default: 127.0.0.1:8080].
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Where the read models are [default: SQLite files in the data directory].
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct NamedRoleArgs {
    #[command(flatten)]
    pub(crate) role: RoleArgs,
    /// Which ones.
    pub(crate) names: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// The ingress.
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    pub(crate) url: String,
}

#[derive(Debug, Args)]
pub(crate) struct HealthcheckArgs {
    /// What has to answer 200 [default: /readyz on the configured listen address].
    #[arg(long)]
    pub(crate) url: Option<String>,
}

impl Common {
    /// What a role is configured by.
    pub(crate) fn origin(&self, role: &RoleArgs) -> Origin {
        Origin { file: self.config.clone(), flags: self.flags(Some(role)) }
    }

    /// The keys that flags override.
    pub(crate) fn flags(&self, role: Option<&RoleArgs>) -> Flags {
        Flags {
            listen: role.and_then(|role| role.listen),
            data_dir: self.data_dir.clone(),
            nats_url: self.nats_url.clone(),
            database_url: role.and_then(|role| role.database_url.clone()),
        }
    }
}
