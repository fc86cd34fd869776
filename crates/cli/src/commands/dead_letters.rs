//! `tillstream dead-letters`: what subscribers gave up, and the ways out.

mod chosen;
mod page;
mod redrive;

use streams::{DeadLetters, Durability, Filed};

use self::chosen::{Chosen, Filter};
use super::instance;
use crate::cli::Common;
use crate::failure::{Exit, Failure, Outcome};
use crate::output::{self, Format};
use crate::roles;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum DeadLettersCommand {
    /// What failed, letters of the same failure together.
    Ls {
        #[command(flatten)]
        filter: Filter,
        /// Every letter by itself, oldest first.
        #[arg(long)]
        each: bool,
        #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
    },
    /// One letter with all it says, and the message that it points to.
    Show {
        #[arg(value_parser = clap::value_parser!(u64).range(1..))]
        id: u64,
    },
    /// Gives messages back to their handlers, as they were and in their order.
    Redrive {
        #[command(flatten)]
        chosen: Chosen,
        /// The oldest one first, and the others only if its handler can handle it.
        #[arg(long)]
        canary: bool,
        /// How long to wait for the canary, in seconds.
        #[arg(long, default_value_t = 60, value_name = "SECONDS")]
        wait: u64,
        /// Why it should work now; kept with the request.
        #[arg(long, default_value = "")]
        reason: String,
        /// Only says what would be redriven.
        #[arg(long)]
        dry_run: bool,
    },
    /// Gives messages up for good. The record of who and why stays.
    Drop {
        #[command(flatten)]
        chosen: Chosen,
        /// Why nobody needs them handled.
        #[arg(long)]
        reason: String,
        /// Only says what would be dropped.
        #[arg(long)]
        dry_run: bool,
    },
}

pub(crate) async fn run(common: &Common, command: &DeadLettersCommand) -> Outcome {
    let broker = roles::connect(&instance::nats_url(common)?, "dead-letters", Durability::Unknown).await?;
    let dead = DeadLetters::new(&broker);
    match command {
        DeadLettersCommand::Ls { filter, each, limit } => {
            let letters = dead.find(&filter.read()?, *limit as usize).await.map_err(roles::explain)?;
            if *each {
                page::each(common, &letters)?
            } else {
                page::grouped(common, &letters)?
            }
            Ok(())
        }
        DeadLettersCommand::Show { id } => {
            let filed = dead.get(*id).await.map_err(roles::explain)?.ok_or_else(|| unknown(*id))?;
            page::one(common, &broker, &filed).await
        }
        DeadLettersCommand::Redrive { chosen, canary, wait, reason, dry_run } => {
            let letters = chosen.find(&dead).await?;
            if *dry_run {
                return Ok(page::each(common, &letters)?);
            }
            redrive::run(common, &dead, &letters, reason, canary.then_some(*wait)).await
        }
        DeadLettersCommand::Drop { chosen, reason, dry_run } => {
            let letters = chosen.find(&dead).await?;
            if *dry_run {
                return Ok(page::each(common, &letters)?);
            }
            drop_all(common, &dead, &letters, reason).await
        }
    }
}

async fn drop_all(common: &Common, dead: &DeadLetters, letters: &[Filed], reason: &str) -> Outcome {
    for filed in letters {
        dead.drop_letter(filed, reason).await.map_err(redrive::explain)?;
    }
    match common.output {
        Format::Json => output::json(&serde_json::json!({ "dropped": letters.len() }))?,
        Format::Table => output::line(format!("{} dropped", letters.len()))?,
    }
    Ok(())
}

fn unknown(id: u64) -> Failure {
    let failure = Failure::new(Exit::Precondition, format!("there is no dead letter {id}"));
    failure.hint("`tillstream dead-letters ls --each` shows those that there are")
}
