//! `tillstream events diff`: two states of one aggregate, field by field.

use std::collections::{BTreeMap, BTreeSet};

use events::{AggregateKey, Shop};
use serde::Serialize;
use serde_json::Value;
use streams::{Broker, EventStore};

use super::filter::shop;
use super::trace::subject::Subject;
use crate::cli::Common;
use crate::failure::{Exit, Failure, Outcome};
use crate::output::{self, Format};

#[derive(Debug, clap::Args)]
pub(crate) struct DiffArgs {
    /// An order's id, or order/ID, product/ID, customer/ID, stock/ID.
    #[arg(value_name = "AGGREGATE")]
    what: Subject,
    /// The shop's myshopify.com name, with or without the suffix.
    #[arg(long, value_parser = shop)]
    shop: Shop,
    /// The earlier position [default: before its first event].
    #[arg(long, value_name = "POSITION", default_value_t = 0)]
    from: u64,
    /// The later position [default: the last].
    #[arg(long, value_name = "POSITION")]
    to: Option<u64>,
}

/// One field that differs.
#[derive(Debug, PartialEq, Serialize)]
struct Change {
    /// A JSON pointer.
    path: String,
    before: Value,
    after: Value,
}

pub(super) async fn run(common: &Common, broker: &Broker, head: u64, args: &DiffArgs) -> Outcome {
    let Subject::Aggregate(kind, id) = &args.what else {
        return Err(Failure::new(Exit::Usage, format!("{} is not an aggregate", args.what)));
    };
    let to = args.to.unwrap_or(head);
    if args.from > to && args.to.is_some() {
        return Err(Failure::new(Exit::Usage, "the range ends before it begins"));
    }
    super::refuse_past_end(args.from.max(to), head)?;
    let key = AggregateKey::new(*kind, &args.shop, id);
    let events = EventStore::new(broker).events(&key).await?;
    if events.is_empty() {
        return Err(Failure::new(Exit::Precondition, format!("nothing is known of {key}")));
    }
    let until = |position| &events[..events.partition_point(|event| event.position <= position)];
    let changes = changes(&recorder::state_after(until(args.from))?, &recorder::state_after(until(to))?);
    match common.output {
        Format::Json => output::json(&changes)?,
        Format::Table => {
            let cells = changes.iter().map(|change| [change.path.clone(), told(&change.before), told(&change.after)]);
            output::table(["FIELD", "BEFORE", "AFTER"], cells)?;
        }
    }
    Ok(())
}

fn changes(before: &Value, after: &Value) -> Vec<Change> {
    let (mut earlier, mut later) = (BTreeMap::new(), BTreeMap::new());
    flatten(String::new(), before, &mut earlier);
    flatten(String::new(), after, &mut later);
    let paths: BTreeSet<_> = earlier.keys().chain(later.keys()).cloned().collect();
    let at = |fields: &BTreeMap<String, Value>, path: &str| fields.get(path).cloned().unwrap_or_default();
    let changes = paths.into_iter().map(|path| Change { before: at(&earlier, &path), after: at(&later, &path), path });
    changes.filter(|change| change.before != change.after).collect()
}

/// Every leaf by its JSON pointer; what is empty is no leaf.
fn flatten(path: String, value: &Value, fields: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                flatten(format!("{path}/{name}"), member, fields);
            }
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, item)| flatten(format!("{path}/{at}"), item, fields));
        }
        leaf => drop(fields.insert(path, leaf.clone())),
    }
}

fn told(value: &Value) -> String {
    if value.is_null() { "-".to_owned() } else { value.to_string() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_differs_is_told_by_its_path() {
        let before = json!({ "a": 1, "b": { "c": [1, 2] }, "gone": true, "same/as": "x" });
        let after = json!({ "a": 1, "b": { "c": [1, 3] }, "came": null, "new~": { "d": "e" }, "same/as": "x" });
        let told: Vec<_> = changes(&before, &after).into_iter().map(|it| (it.path, it.before, it.after)).collect();
        let expected = [
            ("/b/c/1", json!(2), json!(3)),
            ("/gone", json!(true), json!(null)),
            ("/new~0/d", json!(null), json!("e")),
        ];
        assert_eq!(told, expected.map(|(path, before, after)| (path.to_owned(), before, after)));
    }
}
