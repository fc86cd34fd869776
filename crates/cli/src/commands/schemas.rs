//! `tillstream schemas`: the published contract as files.
//!
//! Only the current version of each event is written; the files of older versions stay as they were published.

mod compare;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use events::CATALOGUE;
use serde::Serialize;
use shopify::ApiVersion;

use crate::cli::Common;
use crate::failure::{Exit, Failure, OrExit, Outcome};
use crate::output;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum SchemasCommand {
    /// Writes what this binary speaks.
    Export(Place),
    /// Compares what is there with what this binary speaks; with --payloads, what two API versions make of the same bodies.
    Check(CheckArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Place {
    /// Where the files are.
    #[arg(long, default_value = "schemas")]
    dir: PathBuf,
}

#[derive(Debug, clap::Args)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    place: Place,
    /// Bodies of webhooks, each in a file named by its topic: orders__create--anything.json.
    #[arg(long, value_name = "DIR", requires_all = ["from", "to"])]
    payloads: Option<PathBuf>,
    /// An API version, such as 2026-01.
    #[arg(long, value_name = "VERSION", requires = "payloads")]
    from: Option<ApiVersion>,
    #[arg(long, value_name = "VERSION", requires = "payloads")]
    to: Option<ApiVersion>,
}

pub(crate) fn run(common: &Common, command: &SchemasCommand) -> Outcome {
    match command {
        SchemasCommand::Export(place) => export(&place.dir),
        SchemasCommand::Check(CheckArgs { payloads: Some(payloads), from: Some(from), to: Some(to), .. }) => {
            compare::run(payloads, *from, *to, common.output)
        }
        SchemasCommand::Check(args) => check(&args.place.dir),
    }
}

fn export(dir: &Path) -> Outcome {
    let documents = documents()?;
    for (name, text) in &documents {
        let path = dir.join(name);
        fs::create_dir_all(path.parent().unwrap_or(dir))?;
        fs::write(path, text)?;
    }
    Ok(output::line(format!("{} files written to {}", documents.len(), dir.display()))?)
}

fn check(dir: &Path) -> Outcome {
    let documents = documents()?;
    let differs = |(name, text): &(&PathBuf, &String)| fs::read_to_string(dir.join(name)).ok().as_ref() != Some(*text);
    let different: Vec<String> = documents.iter().filter(differs).map(|(name, _)| name.display().to_string()).collect();
    if different.is_empty() {
        return Ok(output::line(format!("{} files agree", documents.len()))?);
    }
    let message = format!("{} differ from what this binary speaks: {}", different.len(), different.join(", "));
    Err(Failure::new(Exit::Mismatch, message).hint("a published version never changes: give the event a new one"))
}

/// Every file, by its name under the directory.
fn documents() -> Outcome<BTreeMap<PathBuf, String>> {
    let mut documents = BTreeMap::from([("openapi.json".into(), pretty(&commands::openapi())?)]);
    for spec in CATALOGUE.iter().copied().flatten() {
        let name = format!("events/{}/v{}.json", spec.wire_type, spec.version);
        documents.insert(name.into(), pretty(&(spec.schema)())?);
    }
    Ok(documents)
}

fn pretty(document: &impl Serialize) -> Outcome<String> {
    // through a value, so that keys are sorted and a file changes only when its content does
    let value = serde_json::to_value(document).or_exit(Exit::Failed)?;
    serde_json::to_string_pretty(&value).map(|text| text + "\n").or_exit(Exit::Failed)
}
