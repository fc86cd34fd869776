use db::Database;
use projections::{Comparison, EngineError, ReadModel, Rebuild};
use streams::{Broker, Durability, events_head};

use super::bar::Bar;
use super::chosen::Chosen;
use super::{instance, report};
use crate::cli::Common;
use crate::failure::{Exit, Failure, Outcome};
use crate::output::{self, Format};
use crate::roles;

/// Rows that are shown of each comparison.
const SHOWN: usize = 20;

#[derive(Debug, clap::Args)]
pub(super) struct RebuildArgs {
    #[command(flatten)]
    chosen: Chosen,
    /// Make it what readers see as soon as it is compared.
    #[arg(long)]
    switch: bool,
    /// Switch although rows differ, as they do when the code has changed.
    #[arg(long, requires = "switch")]
    accept_differences: bool,
    /// Why; kept in the log of this process.
    #[arg(long, default_value = "")]
    reason: String,
    /// Only says what would be done.
    #[arg(long)]
    dry_run: bool,
}

/// What is worked on.
struct Ground {
    models: Vec<ReadModel>,
    database: Database,
    broker: Broker,
}

impl Ground {
    async fn of(common: &Common, chosen: &Chosen) -> Outcome<Self> {
        let models = chosen.models()?;
        let broker = roles::connect(&instance::nats_url(common)?, "projections", Durability::Unknown).await?;
        Ok(Self { models, database: chosen.database(common).await?, broker })
    }
}

pub(super) async fn run(common: &Common, args: &RebuildArgs) -> Outcome {
    let ground = Ground::of(common, &args.chosen).await?;
    if args.dry_run {
        return plan(common, &ground).await;
    }
    tracing::info!(models = args.chosen.said(), reason = args.reason, "rebuilding");
    let mut rebuild = Rebuild::open(&ground.database, &ground.broker, &ground.models).await.map_err(explain)?;
    let comparisons = compared(&mut rebuild).await?;
    rebuild.settle(&comparisons).await?;
    report::comparisons(common, &ground.broker, &comparisons).await?;
    let differences: u64 = comparisons.iter().map(|comparison| comparison.differences).sum();
    if differences > 0 && !args.accept_differences {
        let hint =
            format!("`tillstream projections switch {} --accept-differences` if they should", args.chosen.said());
        return Err(Failure::new(Exit::Mismatch, format!("{differences} rows differ from the live ones")).hint(hint));
    }
    if args.switch {
        for build in rebuild.builds() {
            projections::switch(&ground.database, build, false).await?;
        }
    }
    Ok(())
}

/// Once more, with what was rebuilt before.
pub(super) async fn compare(common: &Common, chosen: &Chosen) -> Outcome {
    let ground = Ground::of(common, chosen).await?;
    let builds = chosen.builds(&ground.database).await?;
    for model in &ground.models {
        if !builds.iter().any(|build| build.name == model.name && build.state.is_under_way()) {
            let failure = Failure::new(Exit::Precondition, format!("nothing was rebuilt of {}", model.name));
            return Err(failure.hint(format!("`tillstream projections rebuild {}` first", model.name)));
        }
    }
    let mut rebuild = Rebuild::open(&ground.database, &ground.broker, &ground.models).await.map_err(explain)?;
    let comparisons = compared(&mut rebuild).await?;
    rebuild.settle(&comparisons).await?;
    report::comparisons(common, &ground.broker, &comparisons).await?;
    same(&comparisons)
}

/// Folded again from the log, compared, and thrown away.
pub(super) async fn verify(common: &Common, chosen: &Chosen) -> Outcome {
    let ground = Ground::of(common, chosen).await?;
    let opened = Rebuild::open_to_verify(&ground.database, &ground.broker, &ground.models).await;
    let mut rebuild = opened.map_err(explain)?;
    let comparisons = compared(&mut rebuild).await?;
    rebuild.discard().await?;
    report::comparisons(common, &ground.broker, &comparisons).await?;
    same(&comparisons)
}

async fn compared(rebuild: &mut Rebuild) -> Outcome<Vec<Comparison>> {
    let mut bar = Bar::new();
    rebuild.run(&mut |progress| bar.tell(progress)).await.map_err(explain)?;
    rebuild.compare(SHOWN).await.map_err(explain)
}

fn same(comparisons: &[Comparison]) -> Outcome {
    let differences: u64 = comparisons.iter().map(|comparison| comparison.differences).sum();
    let broken: Vec<&str> = comparisons.iter().filter(|one| !one.checksum_holds).map(|one| one.name).collect();
    match (differences, broken.is_empty()) {
        (0, true) => Ok(()),
        (0, false) => {
            let message = format!("the checksum of {} does not hold", broken.join(", "));
            Err(Failure::new(Exit::Mismatch, message))
        }
        _ => Err(Failure::new(Exit::Mismatch, format!("{differences} rows are not as the log says"))
            .hint("somebody wrote to the table, or the code changed: `tillstream projections rebuild NAME --switch --accept-differences` mends it")),
    }
}

async fn plan(common: &Common, ground: &Ground) -> Outcome {
    let head = events_head(&ground.broker).await.map_err(EngineError::from).map_err(explain)?;
    let builds = ground.database.builds().await?;
    let row = |model: &ReadModel| {
        let mine = || builds.iter().filter(|build| build.name == model.name);
        let live = mine().find(|build| build.state == db::BuildState::Live);
        let begun = mine().rfind(|build| build.state.is_under_way() && build.code == model.code());
        let from = begun.map_or(0, |build| build.position);
        [
            model.name.to_owned(),
            live.map_or_else(String::new, |live| live.position.to_string()),
            from.to_string(),
            head.to_string(),
        ]
    };
    let rows: Vec<[String; 4]> = ground.models.iter().map(row).collect();
    match common.output {
        Format::Json => {
            let plan = rows.iter().map(|[name, live, from, head]| {
                serde_json::json!({ "projection": name, "live_position": live, "from": from, "head": head })
            });
            Ok(output::json(&plan.collect::<Vec<_>>())?)
        }
        Format::Table => Ok(output::table(["PROJECTION", "LIVE AT", "WOULD READ FROM", "TO"], rows)?),
    }
}

fn explain(error: EngineError) -> Failure {
    match error {
        EngineError::Log(error) => roles::explain(error),
        EngineError::Resume(_) => Failure::from(error).or_exit(Exit::Precondition),
        EngineError::Database(db::Error::Moved(_)) => Failure::from(error)
            .hint("another process rebuilds it, or it was aborted: see `tillstream projections status`"),
        error => Failure::from(error),
    }
}
