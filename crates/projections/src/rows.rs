use std::collections::BTreeMap;

use events::{Event, Recorded};
use serde_json::Value;

use crate::{ALL, RowError, conversations};

/// The rows of all read models after these events and no others, by `<model>/<shop>/<id>`.
///
/// For comparisons: no database is touched, and the index of the log is left out, for it says how events were
/// told and not what they amount to.
pub fn rows_of(events: &[Recorded<Event>]) -> Result<BTreeMap<String, Value>, RowError> {
    let mut rows = BTreeMap::new();
    for model in ALL.iter().filter(|model| !conversations::READS.contains(&model.name)) {
        for change in model.fold(events, model.touched(events, 0), Vec::new())?.born {
            let content = change.content.and_then(|content| serde_json::from_str(&content.data).ok());
            let name = format!("{}/{}/{}", model.name, change.key.shop, change.key.id);
            rows.extend(content.map(|row| (name, row)));
        }
    }
    Ok(rows)
}
