//! The composition root: the command line, the configuration, and the roles put together.

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command};
use failure::{Exit, OrExit, Outcome};

mod cli;
mod commands;
mod config;
mod data_dir;
mod demo_shop;
mod failure;
mod host;
mod nats;
mod output;
mod roles;
mod telemetry;

/// Does what the command line says.
#[must_use]
pub fn main() -> ExitCode {
    match Cli::try_parse() {
        Ok(cli) => dispatch(cli).map_or_else(|failure| failure.report(), |()| ExitCode::SUCCESS),
        Err(misuse) => {
            // its output is for a reader who may have gone
            let _ = misuse.print();
            ExitCode::from(if misuse.use_stderr() { Exit::Usage as u8 } else { 0 })
        }
    }
}

fn dispatch(cli: Cli) -> Outcome {
    // before there is any other thread: it becomes another program
    if let Command::NatsChild(child) = &cli.command {
        return nats::become_nats_server(child);
    }
    tokio::runtime::Builder::new_multi_thread().enable_all().build().or_exit(Exit::Failed)?.block_on(run(cli))
}

async fn run(Cli { common, command }: Cli) -> Outcome {
    match command {
        Command::Up(args) => commands::up::run(&common, &args).await,
        Command::Ingress(args) => commands::role::ingress(&common, &args).await,
        Command::Recorder(args) => commands::role::recorder(&common, &args).await,
        Command::Handlers(args) => commands::role::handlers(&common, &args).await,
        Command::Projections(args) => commands::projections::run(&common, &args).await,
        Command::Query(args) => commands::role::query(&common, &args).await,
        Command::Commands(args) => commands::role::commands(&common, &args).await,
        Command::Demo(args) => commands::demo::run(&common, &args).await,
        Command::Status(args) => commands::status::run(&common, &args).await,
        Command::Events(command) => commands::events::run(&common, &command).await,
        Command::Inventory(command) => commands::inventory::run(&common, &command).await,
        Command::Keys(command) => commands::keys::run(&common, &command).await,
        Command::Privacy(command) => commands::privacy::run(&common, &command).await,
        Command::Quarantine(command) => commands::quarantine::run(&common, &command).await,
        Command::Replay(command) => commands::replay::run(&common, &command).await,
        Command::Loyalty(command) => commands::loyalty::run(&common, &command).await,
        Command::DeadLetters(command) => commands::dead_letters::run(&common, &command).await,
        Command::Subscribers(command) => commands::subscribers::run(&common, &command).await,
        Command::Notify(command) => commands::notify::run(&common, &command).await,
        Command::Streams(command) => commands::streams::run(&common, &command).await,
        Command::Schemas(command) => commands::schemas::run(&common, &command),
        Command::Shopify(command) => commands::shopify::run(&common, &command),
        Command::Config(command) => commands::config::run(&common, &command),
        Command::Doctor => commands::doctor::run(&common).await,
        Command::Bench(command) => commands::bench::run(&common, &command).await,
        Command::Healthcheck(args) => commands::healthcheck::run(&common, &args).await,
        Command::Version => Ok(output::line(concat!("tillstream ", env!("CARGO_PKG_VERSION")))?),
        Command::NatsChild(child) => nats::become_nats_server(&child),
    }
}
