//! `tillstream events trace --row`: the events behind a row of a read model.

use std::collections::BTreeSet;
use std::str::FromStr;

use db::RowKey;
use projections::{ALL, ReadModel, lineage};
use serde_json::json;
use streams::Broker;

use crate::cli::Common;
use crate::config::load;
use crate::failure::{Exit, Failure, Outcome};
use crate::output::{self, Format};
use crate::roles;

/// `orders/1042`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RowName {
    model: &'static str,
    id: String,
}

impl FromStr for RowName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, id) = text.split_once('/').filter(|(_, id)| !id.is_empty()).ok_or("not of the form orders/1042")?;
        let model = ALL.iter().find(|model| model.name == name).ok_or_else(|| {
            let names: Vec<&str> = ALL.iter().map(|model| model.name).collect();
            format!("there is no read model {name:?}; there are: {}", names.join(", "))
        })?;
        Ok(Self { model: model.name, id: id.to_owned() })
    }
}

/// In every configured shop.
pub(super) async fn run(common: &Common, broker: &Broker, head: u64, row: &RowName) -> Outcome {
    let found = in_shops(common, broker, head, row).await?;
    if found.is_empty() {
        let message = format!("no event reaches row {} of {}", row.id, row.model);
        return Err(Failure::new(Exit::Precondition, message));
    }
    match common.output {
        Format::Json => Ok(output::json(&found)?),
        Format::Table => {
            let cells = found.iter().map(|event| {
                ["position", "time", "type", "aggregate", "shop", "id"].map(|name| match &event[name] {
                    serde_json::Value::String(text) => text.clone(),
                    other => other.to_string(),
                })
            });
            Ok(output::table(["POSITION", "TIME", "TYPE", "AGGREGATE", "SHOP", "EVENT"], cells)?)
        }
    }
}

async fn in_shops(common: &Common, broker: &Broker, head: u64, row: &RowName) -> Outcome<Vec<serde_json::Value>> {
    let loaded = load(common.config.as_deref(), &common.flags(None))?;
    let shops = loaded.shops()?.into_iter().map(|known| known.shop);
    let keys: BTreeSet<RowKey> = shops.map(|shop| RowKey { shop, id: row.id.clone() }).collect();
    let model: Option<&ReadModel> = ALL.iter().find(|model| model.name == row.model);
    let Some(model) = model else { return Ok(Vec::new()) };
    let behind = lineage(broker, model, &keys, head).await.map_err(roles::explain)?;
    let events = behind.iter().flat_map(|(key, events)| events.iter().map(move |event| (key, event)));
    let mut found: Vec<serde_json::Value> = events
        .map(|(key, event)| {
            json!({
                "position": event.position, "time": event.time, "type": event.wire_type, "id": event.id,
                "aggregate": event.aggregate, "shop": key.shop,
            })
        })
        .collect();
    found.sort_by_key(|event| event["position"].as_u64());
    Ok(found)
}
