//! `tillstream bench`: measurements, each beside its bare limit in the same run on the same machine.

mod ingest;
mod load;
mod measure;
mod prototype;
mod stage;
mod webhooks;

use crate::cli::Common;
use crate::failure::Outcome;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum BenchCommand {
    /// Webhooks per second, beside a minimal receiver and a bare publisher.
    Ingest(ingest::IngestArgs),
    /// The minimal receiver.
    #[command(hide = true)]
    Prototype(prototype::PrototypeArgs),
}

pub(crate) async fn run(common: &Common, command: &BenchCommand) -> Outcome {
    match command {
        BenchCommand::Ingest(args) => ingest::run(common, args).await,
        BenchCommand::Prototype(args) => prototype::run(args).await,
    }
}
