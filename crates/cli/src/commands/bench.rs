//! `tillstream bench`: measurements, each beside its bare limit in the same run on the same machine.

mod bare_reads;
mod flash_sale;
mod handlers;
mod history;
mod ingest;
mod load;
mod measure;
mod orders;
mod past;
mod plain_ingress;
mod proof;
mod prototype;
mod query;
mod rebuild;
mod replay;
mod seed;
mod service;
mod stage;
mod visible;
mod webhooks;

use crate::cli::Common;
use crate::failure::Outcome;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum BenchCommand {
    /// Webhooks per second, beside a minimal receiver and a bare publisher.
    Ingest(ingest::IngestArgs),
    /// Events per second through the inventory service, beside a bare subscriber that appends.
    Handlers(handlers::HandlersArgs),
    /// Orders per second on one item, beside the serial appends of one subject.
    FlashSale(flash_sale::FlashSaleArgs),
    /// Loading one item with a long history, with its snapshot and without.
    History(history::HistoryArgs),
    /// The whole log into a file, beside a bare read.
    Replay(replay::ReplayArgs),
    /// Reads by id beside a bare handler, and from a webhook to its row.
    Query(query::QueryArgs),
    /// The minimal reader.
    #[command(hide = true)]
    BareReads(bare_reads::BareReadsArgs),
    /// Read models folded from the start of the log, beside a bare read of it.
    Rebuild(rebuild::RebuildArgs),
    /// All read models rebuilt beside the live ones while they are read, killed on the way, and compared with them.
    Proof(proof::ProofArgs),
    /// The minimal receiver.
    #[command(hide = true)]
    Prototype(stage::ReceiverArgs),
    /// The ingress without seals.
    #[command(hide = true)]
    PlainIngress(stage::ReceiverArgs),
}

pub(crate) async fn run(common: &Common, command: &BenchCommand) -> Outcome {
    match command {
        BenchCommand::Ingest(args) => ingest::run(common, args).await,
        BenchCommand::Handlers(args) => handlers::run(common, args).await,
        BenchCommand::History(args) => history::run(common, args).await,
        BenchCommand::FlashSale(args) => flash_sale::run(common, args).await,
        BenchCommand::Replay(args) => replay::run(common, args).await,
        BenchCommand::Query(args) => query::run(common, args).await,
        BenchCommand::BareReads(args) => bare_reads::run(args).await,
        BenchCommand::Rebuild(args) => rebuild::run(common, args).await,
        BenchCommand::Proof(args) => proof::run(common, args).await,
        BenchCommand::Prototype(args) => prototype::run(args).await,
        BenchCommand::PlainIngress(args) => plain_ingress::run(args).await,
    }
}
