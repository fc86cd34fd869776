//! `tillstream status`: what `/v1/status` says, once or again and again.

use std::io::IsTerminal;
use std::time::Duration;

use events::Timestamp;
use projections::redactions::{self, Due};
use serde_json::Value;

use super::instance;
use crate::cli::Common;
use crate::failure::Outcome;
use crate::output::{self, Format};

const CLEAR_SCREEN: &str = "\x1b[2J\x1b[H";

#[derive(Debug, clap::Args)]
pub(crate) struct StatusArgs {
    /// Where it runs [default: the `up` on the data directory, else the configured listen address].
    #[arg(long)]
    url: Option<String>,
    /// Again every second, until interrupted.
    #[arg(long)]
    watch: bool,
}

pub(crate) async fn run(common: &Common, args: &StatusArgs) -> Outcome {
    let base = instance::url(common, args.url.as_deref())?;
    loop {
        let status = instance::get(&base, "/v1/status").await?;
        if args.watch && common.output == Format::Table && std::io::stdout().is_terminal() {
            output::text(CLEAR_SCREEN)?;
        }
        match common.output {
            Format::Table => print(&status)?,
            Format::Json if args.watch => output::json_line(&status)?,
            Format::Json => output::json(&status)?,
        }
        if !args.watch {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

fn print(status: &Value) -> std::io::Result<()> {
    let number = |path: &str| cell(status.pointer(path));
    output::line(format!(
        "inbox {} ({} to record), events {}, {}\n",
        number("/inbox/last"),
        number("/recorder/pending"),
        number("/events/head"),
        if status["settled"] == true { "settled" } else { "working" },
    ))?;
    for (section, words) in [("redactions", "to be forgotten"), ("reports", "to be told what is held of them")] {
        if let Some(open) = open(&status[section], words) {
            output::line(open)?;
        }
    }
    let subscribers = rows(&status["subscribers"], ["name", "pending", "ack_pending", "dead", "paused"]);
    output::table(["SUBSCRIBER", "PENDING", "UNACKED", "DEAD", "PAUSED"], subscribers)?;
    output::line("")?;
    let projections = rows(&status["projections"], ["name", "version", "position", "lag", "heartbeat_at", "error"]);
    output::table(["PROJECTION", "VERSION", "POSITION", "LAG", "HEARTBEAT", "ERROR"], projections)
}

/// Who still waits; red when the first deadline is near. None when there is nobody.
fn open(waiting: &Value, words: &str) -> Option<String> {
    let open = waiting.get("open")?.as_u64().filter(|open| *open > 0)?;
    let due_at: Timestamp = waiting.get("due_at")?.as_str()?.parse().ok()?;
    let text = format!("{open} {words}, the first by {due_at:.0}\n");
    Some(output::alarmed(&text, matches!(redactions::due(due_at, Timestamp::now()), Due::Near | Due::Overdue)))
}

/// The list's objects as rows of the named fields.
pub(super) fn rows<const N: usize>(list: &Value, fields: [&str; N]) -> Vec<[String; N]> {
    let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter().map(|entry| fields.map(|field| cell(entry.get(field)))).collect()
}

fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}
