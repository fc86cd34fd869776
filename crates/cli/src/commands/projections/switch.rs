use db::{Build, BuildState, Database};
use projections::ReadModel;

use super::chosen::Chosen;
use crate::cli::Common;
use crate::failure::{Exit, Failure, Outcome};
use crate::output;

#[derive(Debug, clap::Args)]
pub(super) struct SwitchArgs {
    #[command(flatten)]
    chosen: Chosen,
    /// Although rows differ, as they do when the code has changed.
    #[arg(long)]
    accept_differences: bool,
    /// Why; kept in the log of this process.
    #[arg(long, default_value = "")]
    reason: String,
    /// Only says what would be done.
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn switch(common: &Common, args: &SwitchArgs) -> Outcome {
    let (database, pairs) = find(common, args, "nothing compared", |build| build.state == BuildState::Compared).await?;
    let differing = |build: &&Build| build.differences.is_some_and(|differences| differences > 0);
    if let Some(build) = pairs.iter().map(|(_, build)| build).find(differing).filter(|_| !args.accept_differences) {
        let message = format!("{} rows of {} differ", build.differences.unwrap_or_default(), build.name);
        return Err(
            Failure::new(Exit::Mismatch, message).hint("see `projections compare`; --accept-differences switches")
        );
    }
    act(&database, args, &pairs, "live").await
}

/// To what this code folded: at the same position. To what other code folded: wherever that ended.
pub(super) async fn rollback(common: &Common, args: &SwitchArgs) -> Outcome {
    let (database, pairs) =
        find(common, args, "nothing to go back to", |build| build.state == BuildState::Warm).await?;
    act(&database, args, &pairs, "live").await
}

pub(super) async fn abort(common: &Common, args: &SwitchArgs) -> Outcome {
    let (database, pairs) = find(common, args, "nothing under way", |build| build.state.is_under_way()).await?;
    for (_, build) in &pairs {
        if !args.dry_run {
            database.abort(build).await?;
        }
        say(args, build, "aborted")?;
    }
    Ok(())
}

async fn find(
    common: &Common,
    args: &SwitchArgs,
    without: &str,
    fits: fn(&Build) -> bool,
) -> Outcome<(Database, Vec<(ReadModel, Build)>)> {
    let (models, database) = (args.chosen.models()?, args.chosen.database(common).await?);
    let builds = database.builds().await?;
    let mut pairs = Vec::new();
    for model in models {
        match builds.iter().rfind(|build| build.name == model.name && fits(build)) {
            Some(build) => pairs.push((model, build.clone())),
            None => {
                let failure = Failure::new(Exit::Precondition, format!("{}: {without}", model.name));
                return Err(failure.hint("see `tillstream projections status`"));
            }
        }
    }
    Ok((database, pairs))
}

async fn act(database: &Database, args: &SwitchArgs, pairs: &[(ReadModel, Build)], becomes: &str) -> Outcome {
    tracing::info!(models = args.chosen.said(), reason = args.reason, "switching");
    for (model, build) in pairs {
        if !args.dry_run {
            projections::switch(database, build, build.code != model.code()).await?;
        }
        say(args, build, becomes)?;
    }
    Ok(())
}

fn say(args: &SwitchArgs, build: &Build, becomes: &str) -> Outcome {
    let verb = if args.dry_run { "would be" } else { "is" };
    Ok(output::line(format!("build {} of {} {verb} {becomes}", build.number, build.name))?)
}
