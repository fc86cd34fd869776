//! `tillstream projections`: the role, and what it keeps.

mod bar;
mod chosen;
mod rebuild;
mod report;
mod switch;

use self::chosen::Chosen;
use self::rebuild::RebuildArgs;
use self::switch::SwitchArgs;
use super::{instance, role, status};
use crate::cli::{Common, NamedRoleArgs};
use crate::failure::Outcome;
use crate::output::{self, Format};

/// The role when names or nothing follow; otherwise one of its subcommands.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct ProjectionsArgs {
    #[command(subcommand)]
    command: Option<ProjectionsCommand>,
    #[command(flatten)]
    role: NamedRoleArgs,
}

#[derive(Debug, clap::Subcommand)]
enum ProjectionsCommand {
    /// The read models and how far each has come.
    Ls {
        /// Where tillstream runs [default: the `up` on the data directory, else the configured listen address].
        #[arg(long)]
        url: Option<String>,
    },
    /// The builds of each read model: what readers see, what is being made, what is kept for the way back.
    Status(Chosen),
    /// Folds read models again from the start of the log, beside the live ones, and compares them. Goes on where an
    /// earlier one ended, however that was.
    Rebuild(RebuildArgs),
    /// Compares what was rebuilt with what is live, row by row; exit code 5 when rows differ.
    Compare(Chosen),
    /// Makes what was rebuilt what readers see; the old one is kept.
    Switch(SwitchArgs),
    /// Makes the old one what readers see again.
    Rollback(SwitchArgs),
    /// Gives up what is being rebuilt.
    Abort(SwitchArgs),
    /// Proves on a running system that the live rows are those of the log; exit code 5 when they are not.
    Verify(Chosen),
}

pub(crate) async fn run(common: &Common, args: &ProjectionsArgs) -> Outcome {
    let Some(command) = &args.command else { return role::projections(common, &args.role).await };
    match command {
        ProjectionsCommand::Ls { url } => list(common, url.as_deref()).await,
        ProjectionsCommand::Status(chosen) => report::status(common, chosen).await,
        ProjectionsCommand::Rebuild(args) => rebuild::run(common, args).await,
        ProjectionsCommand::Compare(chosen) => rebuild::compare(common, chosen).await,
        ProjectionsCommand::Switch(args) => switch::switch(common, args).await,
        ProjectionsCommand::Rollback(args) => switch::rollback(common, args).await,
        ProjectionsCommand::Abort(args) => switch::abort(common, args).await,
        ProjectionsCommand::Verify(chosen) => rebuild::verify(common, chosen).await,
    }
}

async fn list(common: &Common, url: Option<&str>) -> Outcome {
    let status = instance::get(&instance::url(common, url)?, "/v1/status").await?;
    let projections = &status["projections"];
    match common.output {
        Format::Json => output::json(projections)?,
        Format::Table => {
            let rows = status::rows(projections, ["name", "version", "position", "lag", "heartbeat_at", "error"]);
            output::table(["PROJECTION", "VERSION", "POSITION", "LAG", "HEARTBEAT", "ERROR"], rows)?;
        }
    }
    Ok(())
}
