//! What another API version would make of the same bodies: events and rows, field by field.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use events::{AggregateKey, Envelope, Event, EventId, Piece, Recorded, Sealed, Shop, Timestamp, subject};
use privacy::DataKey;
use serde::Serialize;
use serde_json::Value;
use shopify::{ApiVersion, Delivery, Topic, Translation, translate};

use crate::failure::{Exit, Failure, Outcome};
use crate::output::{self, Format};

/// A field that comes out otherwise. `None` is one that is not there.
#[derive(Debug, Serialize)]
struct Difference {
    file: String,
    topic: &'static str,
    /// An event by its type and place, a row by `<model>/<shop>/<id>`, or the delivery's outcome.
    of: String,
    field: String,
    from: Option<Value>,
    to: Option<Value>,
}

#[derive(Debug, Serialize)]
struct Report {
    from: String,
    to: String,
    bodies: usize,
    /// Files whose name is no topic's.
    passed_over: Vec<String>,
    differences: Vec<Difference>,
}

/// What one body leads to: documents by name, each a map of its leaves.
type Meaning = BTreeMap<String, BTreeMap<String, Value>>;

pub(super) fn run(dir: &Path, from: ApiVersion, to: ApiVersion, format: Format) -> Outcome {
    let mut report = Report {
        from: from.to_string(),
        to: to.to_string(),
        bodies: 0,
        passed_over: Vec::new(),
        differences: Vec::new(),
    };
    let key = DataKey::generate()?;
    for path in bodies(dir)? {
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let Some(topic) = path.file_stem().and_then(|stem| Topic::of_file(stem.to_str()?)) else {
            report.passed_over.push(file);
            continue;
        };
        let body = fs::read(&path)?;
        let (before, after) = (meaning(topic, from, &body, &key)?, meaning(topic, to, &body, &key)?);
        report.bodies += 1;
        report.differences.extend(differences(&file, topic, &before, &after));
    }
    print(&report, format)?;
    if report.differences.is_empty() {
        return Ok(());
    }
    let files: BTreeSet<&str> = report.differences.iter().map(|difference| difference.file.as_str()).collect();
    let message = format!("{} of {} bodies mean something else in {to} than in {from}", files.len(), report.bodies);
    Err(Failure::new(Exit::Mismatch, message).hint("a step in the upcasters of the crate shopify keeps what they mean"))
}

fn bodies(dir: &Path) -> Outcome<Vec<PathBuf>> {
    let entries = fs::read_dir(dir)
        .map_err(|error| Failure::from(error).or_exit(Exit::Usage).context(format!("cannot read {}", dir.display())))?;
    let mut paths = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    match paths.is_empty() {
        true => Err(Failure::new(Exit::Precondition, format!("no *.json in {}", dir.display()))
            .hint("a body of orders/create is a file named orders__create.json or orders__create--anything.json")),
        false => Ok(paths),
    }
}

/// Decided as if nothing had happened before.
fn meaning(topic: &Topic, version: ApiVersion, body: &[u8], key_of_run: &DataKey) -> Outcome<Meaning> {
    let shop: Shop = "payloads".parse()?;
    let version = version.to_string();
    let delivery = Delivery {
        topic: Some(topic.name),
        shop: &shop,
        api_version: Some(&version),
        triggered_at: Some(Timestamp::UNIX_EPOCH),
        received_at: events::Timestamp::UNIX_EPOCH,
        body,
    };
    let outcome = |text: String| Ok(Meaning::from([("outcome".to_owned(), leaves(&Value::String(text)))]));
    let commands = match translate(&delivery) {
        Ok(Translation::Commands(commands)) => commands,
        Ok(Translation::Kept(reason)) => return outcome(format!("kept: {reason}")),
        Err(unreadable) => return outcome(format!("quarantined: {}", unreadable.reason())),
    };
    let mut log = Vec::new();
    for mut command in commands {
        // Under a key that nobody keeps: what differs is printed.
        for Piece { subject, field, value } in command.personal(&shop) {
            if let Some(Sealed::Open(text)) = value {
                *value = Some(Sealed::Shut(key_of_run.seal(&subject, field, text)?));
            }
        }
        let key = command.key(&shop);
        for event in command.first_events() {
            log.push(recorded(log.len() as u64 + 1, key.clone(), event));
        }
    }
    let mut meaning = Meaning::new();
    for recorded in &log {
        let name = format!("{} (event {})", recorded.envelope.wire_type, recorded.position);
        meaning.insert(name, leaves(&serde_json::from_slice(&recorded.event.encode()?)?));
    }
    meaning.extend(projections::rows_of(&log)?.into_iter().map(|(name, row)| (name, leaves(&row))));
    Ok(meaning)
}

fn recorded(position: u64, key: AggregateKey, event: Event) -> Recorded<Event> {
    let envelope = Envelope {
        id: EventId::derive("check", &subject::event(&key), position),
        wire_type: event.wire_type().to_owned(),
        schema_version: events::spec(event.wire_type()).map_or(1, |spec| spec.version),
        time: event.at(),
        key,
        aggregate_version: position,
        correlation_id: "check".to_owned(),
        causation_id: "check".to_owned(),
        trace_parent: None,
    };
    Recorded { position, recorded_at: event.at(), envelope, event }
}

fn leaves(document: &Value) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    walk(String::new(), document, &mut found);
    found
}

fn walk(path: String, value: &Value, found: &mut BTreeMap<String, Value>) {
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            fields.iter().for_each(|(name, value)| walk(below(name), value, found));
        }
        Value::Array(items) if !items.is_empty() => {
            items.iter().enumerate().for_each(|(index, item)| walk(below(&index.to_string()), item, found));
        }
        leaf => drop(found.insert(path, leaf.clone())),
    }
}

fn differences(file: &str, topic: &Topic, before: &Meaning, after: &Meaning) -> Vec<Difference> {
    let nothing = BTreeMap::new();
    let mut differences = Vec::new();
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for name in names {
        let (one, other) = (before.get(name).unwrap_or(&nothing), after.get(name).unwrap_or(&nothing));
        let fields: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
        for field in fields.into_iter().filter(|field| one.get(*field) != other.get(*field)) {
            differences.push(Difference {
                file: file.to_owned(),
                topic: topic.name,
                of: name.clone(),
                field: field.clone(),
                from: one.get(field).cloned(),
                to: other.get(field).cloned(),
            });
        }
    }
    differences
}

fn print(report: &Report, format: Format) -> Outcome {
    if format == Format::Json {
        return Ok(output::json(report)?);
    }
    let text = |value: &Option<Value>| value.as_ref().map_or_else(|| "-".to_owned(), Value::to_string);
    let rows = report.differences.iter().map(|difference| {
        let Difference { file, of, field, from, to, .. } = difference;
        [file.clone(), of.clone(), field.clone(), text(from), text(to)]
    });
    output::table(["FILE", "OF", "FIELD", &report.from, &report.to], rows)?;
    output::line(format!(
        "{} bodies compared, {} passed over, {} differences",
        report.bodies,
        report.passed_over.len(),
        report.differences.len()
    ))?;
    Ok(())
}
