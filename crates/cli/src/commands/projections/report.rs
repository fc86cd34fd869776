use std::collections::BTreeSet;

use db::Build;
use projections::{ALL, Comparison, Difference, DifferenceKind, RowEvent, lineage};
use serde_json::{Value, json};
use streams::Broker;

use super::chosen::Chosen;
use crate::cli::Common;
use crate::failure::Outcome;
use crate::output::{self, Format};
use crate::roles;

pub(super) async fn status(common: &Common, chosen: &Chosen) -> Outcome {
    let builds = chosen.builds(&chosen.database(common).await?).await?;
    match common.output {
        Format::Json => Ok(output::json(&builds.iter().map(build).collect::<Vec<_>>())?),
        Format::Table => {
            let row = |build: &Build| {
                [
                    build.name.clone(),
                    build.number.to_string(),
                    build.code.version.to_string(),
                    build.state.to_string(),
                    build.position.to_string(),
                    build.digest.rows.to_string(),
                    build.differences.map_or_else(String::new, |differences| differences.to_string()),
                    build.heartbeat_at.map_or_else(String::new, |at| at.to_string()),
                    build.error.clone().unwrap_or_default(),
                ]
            };
            let header =
                ["PROJECTION", "BUILD", "VERSION", "STATE", "POSITION", "ROWS", "DIFFER", "HEARTBEAT", "ERROR"];
            Ok(output::table(header, builds.iter().map(row))?)
        }
    }
}

fn build(build: &Build) -> Value {
    json!({
        "projection": build.name, "build": build.number, "version": build.code.version,
        "fingerprint": build.code.fingerprint, "state": build.state.as_str(), "position": build.position,
        "rows": build.digest.rows, "checksum": build.digest.to_string(), "differences": build.differences,
        "started_at": build.started_at, "heartbeat_at": build.heartbeat_at, "error": build.error,
    })
}

/// What was found, and the events behind every row that is shown.
pub(super) async fn comparisons(common: &Common, broker: &Broker, comparisons: &[Comparison]) -> Outcome {
    let mut told = Vec::new();
    for comparison in comparisons {
        told.push((comparison, differing(broker, comparison).await?));
    }
    if common.output == Format::Json {
        let documents: Vec<Value> = told.iter().map(|(comparison, rows)| document(comparison, rows)).collect();
        return Ok(output::json(&documents)?);
    }
    let row = |comparison: &Comparison| {
        [
            comparison.name.to_owned(),
            comparison.position.to_string(),
            comparison.live_rows.to_string(),
            comparison.rows.to_string(),
            comparison.differences.to_string(),
            if comparison.checksum_holds { "holds" } else { "BROKEN" }.to_owned(),
        ]
    };
    output::table(["PROJECTION", "POSITION", "LIVE ROWS", "ROWS", "DIFFER", "CHECKSUM"], comparisons.iter().map(row))?;
    for (comparison, rows) in &told {
        for (difference, events) in rows {
            output::line(format!("\n{}: {}", name(comparison, difference), what(difference)))?;
            for event in events {
                output::line(format!("  {:>8}  {}  {}  {}", event.position, event.time, event.wire_type, event.id))?;
            }
        }
    }
    Ok(())
}

async fn differing<'a>(broker: &Broker, found: &'a Comparison) -> Outcome<Vec<(&'a Difference, Vec<RowEvent>)>> {
    let Some(model) = ALL.iter().find(|model| model.name == found.name) else { return Ok(Vec::new()) };
    let keys: BTreeSet<_> = found.shown.iter().map(|difference| difference.key.clone()).collect();
    let mut events = lineage(broker, model, &keys, found.position).await.map_err(roles::explain)?;
    let rows = found.shown.iter().map(|row| (row, events.remove(&row.key).unwrap_or_default()));
    Ok(rows.collect())
}

fn document(comparison: &Comparison, rows: &[(&Difference, Vec<RowEvent>)]) -> Value {
    let rows = rows.iter().map(|(difference, events)| {
        json!({
            "shop": difference.key.shop, "row": format!("{}/{}", comparison.name, difference.key.id),
            "what": what(difference), "live_position": difference.live_position, "position": difference.position,
            "events": events,
        })
    });
    json!({
        "projection": comparison.name, "position": comparison.position, "live_build": comparison.live,
        "build": comparison.number, "live_rows": comparison.live_rows, "rows": comparison.rows,
        "differences": comparison.differences, "checksum_holds": comparison.checksum_holds,
        "shown": rows.collect::<Vec<_>>(),
    })
}

fn name(comparison: &Comparison, difference: &Difference) -> String {
    format!("{}/{} of {}", comparison.name, difference.key.id, difference.key.shop)
}

fn what(difference: &Difference) -> String {
    match &difference.kind {
        DifferenceKind::Missing => "is not there, but should be".to_owned(),
        DifferenceKind::Surplus => "is there, but should not be".to_owned(),
        DifferenceKind::Other(fields) => format!("differs in {}", fields.join(", ")),
    }
}
