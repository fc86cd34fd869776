//! `tillstream projections`: the role, and what it keeps.

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
}

pub(crate) async fn run(common: &Common, args: &ProjectionsArgs) -> Outcome {
    match &args.command {
        None => role::projections(common, &args.role).await,
        Some(ProjectionsCommand::Ls { url }) => list(common, url.as_deref()).await,
    }
}

async fn list(common: &Common, url: Option<&str>) -> Outcome {
    let status = instance::get(&instance::url(common, url)?, "/v1/status").await?;
    let projections = &status["projections"];
    match common.output {
        Format::Json => output::json(projections)?,
        Format::Table => {
            let rows = status::rows(projections, ["name", "version", "position", "lag", "heartbeat_at"]);
            output::table(["PROJECTION", "VERSION", "POSITION", "LAG", "HEARTBEAT"], rows)?;
        }
    }
    Ok(())
}
