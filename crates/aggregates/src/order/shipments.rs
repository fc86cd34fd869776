use std::collections::BTreeMap;

use events::{AsOf, FulfillmentEventId, Waypoint};
use serde::{Deserialize, Serialize};

use crate::latest::Latest;

/// The way of a fulfilment's goods: waypoints come in any order, and may be taken back.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Shipment(BTreeMap<FulfillmentEventId, Latest<Waypoint>>);

impl Shipment {
    /// What was taken back stays so: a body that shows it as it was may come later, and claim the same moment.
    pub(super) fn hear(&mut self, as_of: &AsOf, waypoint: Waypoint) {
        let held = self.0.entry(waypoint.id).or_default();
        let withdrawn = held.get().is_some_and(|held| held.withdrawn) || waypoint.withdrawn;
        held.hear(as_of, waypoint);
        held.amend(|held| held.withdrawn |= withdrawn);
    }

    /// Of the latest waypoint that stands.
    pub(super) fn status(&self) -> Option<String> {
        let standing = self.0.values().filter_map(Latest::get).filter(|waypoint| !waypoint.withdrawn);
        standing.max_by_key(|waypoint| (waypoint.happened_at, waypoint.id)).map(|waypoint| waypoint.status.clone())
    }
}
