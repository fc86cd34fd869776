//! `tillstream streams`: provisioning. The only commands that make or change anything on NATS.

mod backup;

use std::path::PathBuf;

use streams::Durability;
use streams::topology::{Finding, Report};

use super::instance;
use crate::cli::Common;
use crate::config::load;
use crate::failure::{Exit, Failure, Outcome};
use crate::output::{self, Format};
use crate::roles;

const GENERATED: &str = "\
# The users of tillstream's roles. Made by `tillstream streams permissions`; a test compares.
# Each password is a variable of nats-server's environment: letters and digits, a letter first.
";

#[derive(Debug, clap::Subcommand)]
pub(crate) enum StreamsCommand {
    /// Makes the streams and consumers that are missing; refuses what would lose data.
    Ensure {
        /// Only says what would be done.
        #[arg(long)]
        dry_run: bool,
    },
    /// What is there, and where it differs from what should be.
    Report,
    /// Copies every stream, with how far its consumers are, into a new folder; appends go on meanwhile.
    Backup { dir: PathBuf },
    /// Makes the streams of a backup again, on a broker that has none of them.
    Restore {
        dir: PathBuf,
        /// Only looks whether it could be done.
        #[arg(long)]
        dry_run: bool,
    },
    /// The users of the roles with the least permissions that each needs, as nats-server reads them.
    Permissions,
}

pub(crate) async fn run(common: &Common, command: &StreamsCommand) -> Outcome {
    if matches!(command, StreamsCommand::Permissions) {
        return Ok(output::text(&format!("{GENERATED}{}", streams::authorization(&roles::users())))?);
    }
    let nats = load(common.config.as_deref(), &common.flags(None))?.config.nats;
    let broker = roles::connect(&instance::nats_url(common)?, "streams", Durability::Unknown).await?;
    let report = match command {
        StreamsCommand::Ensure { dry_run: false } => roles::ensure_streams(&broker, &nats).await?,
        StreamsCommand::Backup { dir } => return backup::back_up(common, &broker, dir).await,
        StreamsCommand::Restore { dir, dry_run } => return backup::restore(common, &broker, dir, *dry_run).await,
        _ => roles::report_streams(&broker, &nats).await?,
    };
    print(common, &report)?;
    if report.is_in_order() || matches!(command, StreamsCommand::Ensure { .. }) {
        return Ok(());
    }
    Err(Failure::new(Exit::Mismatch, "not all is as it should be").hint("`tillstream streams ensure` puts it right"))
}

fn print(common: &Common, report: &Report) -> std::io::Result<()> {
    if common.output == Format::Json {
        return output::json(report);
    }
    let row = |kind: &str, finding: &Finding| {
        let differences = finding
            .differences
            .iter()
            .map(|d| format!("{} is {}, not {}", d.field, d.found, d.wanted))
            .collect::<Vec<_>>()
            .join("; ");
        [kind.to_owned(), finding.name.clone(), format!("{:?}", finding.state).to_lowercase(), differences]
    };
    let streams = report.streams.iter().map(|finding| row("stream", finding));
    let durables = report.durables.iter().map(|finding| row("consumer", finding));
    output::table(["KIND", "NAME", "STATE", "DIFFERENCES"], streams.chain(durables))
}
