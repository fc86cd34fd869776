//! `tillstream config`: what is configured, and why.

use serde_json::{Map, Value, json};

use crate::cli::Common;
use crate::config::{DEFAULT_FILE, load};
use crate::failure::{Exit, OrExit, Outcome};
use crate::output::{self, Format};
use crate::roles;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum ConfigCommand {
    /// The values in force; secrets are stars.
    Show {
        /// Also where each comes from.
        #[arg(long)]
        sources: bool,
    },
    /// Reads everything, secrets too, and says what is wrong.
    Validate,
    /// A commented file with every key, to start from.
    Default,
}

pub(crate) fn run(common: &Common, command: &ConfigCommand) -> Outcome {
    match command {
        ConfigCommand::Show { sources } => show(common, *sources),
        ConfigCommand::Validate => validate(common),
        ConfigCommand::Default => Ok(output::text(DEFAULT_FILE)?),
    }
}

fn show(common: &Common, sources: bool) -> Outcome {
    let loaded = load(common.config.as_deref(), &common.flags(None))?;
    if sources {
        return show_sources(common, loaded.explain()?);
    }
    let shown = loaded.config.without_passwords();
    match common.output {
        Format::Table => output::text(&toml::to_string(&shown).or_exit(Exit::Failed)?)?,
        Format::Json => output::json(&shown)?,
    }
    Ok(())
}

fn show_sources(common: &Common, rows: Vec<(String, String, String)>) -> Outcome {
    match common.output {
        Format::Table => {
            let rows = rows.into_iter().map(|(key, value, source)| [key, value, source]);
            output::table(["KEY", "VALUE", "SOURCE"], rows)?;
        }
        Format::Json => {
            let entry = |(key, value, source)| (key, json!({"value": value, "source": source}));
            output::json(&rows.into_iter().map(entry).collect::<Map<String, Value>>())?;
        }
    }
    Ok(())
}

fn validate(common: &Common) -> Outcome {
    let loaded = load(common.config.as_deref(), &common.flags(None))?;
    let shops = loaded.shops()?;
    roles::notification_settings(&loaded.config, &shops)?;
    output::line(format!("the configuration is good: {} shop(s)", shops.len()))?;
    Ok(())
}
