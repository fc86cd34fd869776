//! `tillstream replay`: events of the past once more: to a handler, to a file, to another stream.

mod file;
mod handler;
mod ledger;
mod plan;
mod progress;
mod run;

pub(super) use file::Archive;
pub(super) use run::explain;

use std::num::NonZeroU32;
use std::path::PathBuf;

use handlers::replay::REPLAYED;

use super::events::filter::Filter;
use crate::cli::Common;
use crate::failure::{Exit, Failure, Outcome};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum ReplayCommand {
    /// Counts what would be replayed, and does nothing.
    Plan(Box<Selection>),
    /// Replays. A handler's effects are off unless --effects says otherwise: then it tells what it would do.
    Run(Box<RunArgs>),
    /// The replays that were run here, with their reasons and how far they came.
    Ls,
}

/// Which events, and where to.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Selection {
    #[command(flatten)]
    filter: Filter,
    #[command(flatten)]
    target: Target,
    /// Put before the subjects in the other stream.
    #[arg(long, default_value = "copy", value_name = "TOKEN")]
    prefix: String,
}

#[derive(Debug, Clone, clap::Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Target {
    /// A handler of events, by the name of its subscriber.
    #[arg(long, value_name = "NAME")]
    handler: Option<String>,
    /// A new file: one event a line, as JSON; `events import` reads it.
    #[arg(long, value_name = "PATH")]
    file: Option<PathBuf>,
    /// A stream of your own on the same broker that takes <prefix>.events.>.
    #[arg(long, value_name = "NAME")]
    stream: Option<String>,
}

#[derive(Debug, Clone, clap::Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    selection: Selection,
    /// What the handler may do.
    #[arg(long, value_enum, default_value_t)]
    effects: Effects,
    /// At most so many events a second.
    #[arg(long, value_name = "EVENTS")]
    rate: Option<NonZeroU32>,
    /// Why; kept with the replay. Needed when something is changed.
    #[arg(long)]
    reason: Option<String>,
    /// Only says what would be done.
    #[arg(long)]
    dry_run: bool,
    /// Goes on where that replay stopped; everything else must be said as it was then.
    #[arg(long, value_name = "ID")]
    resume: Option<String>,
}

/// What a handler may do with events that it has had before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Effects {
    /// Nothing: it decides, and what it would do is printed.
    #[default]
    None,
    /// What is still missing. What was done is known, and not done again.
    NewOnly,
    /// Also what was done: messages are sent once more. For send_notifications only.
    Force,
}

pub(crate) async fn run(common: &Common, command: &ReplayCommand) -> Outcome {
    match command {
        ReplayCommand::Plan(selection) => {
            selection.check()?;
            plan::run(common, selection).await
        }
        ReplayCommand::Run(args) => {
            args.check()?;
            match (args.dry_run, &args.selection.target.handler) {
                (true, None) => plan::run(common, &args.selection).await,
                _ => run::run(common, args).await,
            }
        }
        ReplayCommand::Ls => ledger::list(common).await,
    }
}

impl Selection {
    fn check(&self) -> Outcome {
        self.filter.refuse_contradictions()?;
        match &self.target.handler {
            Some(name) if !REPLAYED.contains(&name.as_str()) => {
                let failure = Failure::new(Exit::Usage, format!("there is no handler {name:?} of events"));
                Err(failure.hint(format!("there are: {}", REPLAYED.join(", "))))
            }
            _ => Ok(()),
        }
    }
}

impl RunArgs {
    fn check(&self) -> Outcome {
        self.selection.check()?;
        let usage = |message: &str| Err(Failure::new(Exit::Usage, message));
        let handler = self.selection.target.handler.as_deref();
        match (handler, self.effects) {
            (None, Effects::NewOnly | Effects::Force) => return usage("effects are a handler's: --handler names it"),
            (Some(name), Effects::Force) if name != "send_notifications" => {
                let failure = Failure::new(Exit::Usage, format!("{name} sets targets: there is nothing to force"));
                return Err(failure.hint("--effects new-only does what is missing"));
            }
            _ => {}
        }
        let changes = self.changes() && self.selection.target.file.is_none();
        if changes && self.reason.as_ref().is_none_or(|reason| reason.trim().is_empty()) {
            return usage("say why with --reason: it is kept with the replay");
        }
        if self.resume.is_some() && !self.changes() {
            return usage("a replay without effects leaves nothing to resume");
        }
        Ok(())
    }

    /// Whether anything is written; then it is in the ledger, and can be resumed.
    fn changes(&self) -> bool {
        !self.dry_run && (self.selection.target.handler.is_none() || self.effects != Effects::None)
    }
}
