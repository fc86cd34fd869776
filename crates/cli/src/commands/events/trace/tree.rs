//! The trace as a tree: deliveries, their events, the events those led to; then the rows.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use events::{Event, Recorded, Shop, Timestamp};
use recorder::Traced;
use serde::Serialize;
use streams::{Cause, DeadLetter};

use crate::failure::Outcome;

/// All that is known of the subject.
#[derive(Debug, Serialize)]
pub(super) struct Tree {
    deliveries: Vec<DeliveryNode>,
    /// Events whose delivery is not shown: it is no longer in `INBOX`, or is not about the subject.
    events: Vec<EventNode>,
    rows: Vec<Row>,
}

#[derive(Debug, Serialize)]
struct DeliveryNode {
    #[serde(flatten)]
    delivery: Traced,
    events: Vec<EventNode>,
}

#[derive(Debug, Serialize)]
struct EventNode {
    position: u64,
    id: String,
    #[serde(rename = "type")]
    wire_type: String,
    aggregate: String,
    aggregate_version: u64,
    time: Timestamp,
    recorded_at: Timestamp,
    correlation_id: String,
    causation_id: String,
    /// Handlers that gave it up.
    dead_letters: Vec<DeadLetter>,
    /// What it led to.
    events: Vec<EventNode>,
}

/// A row of a read model that one of the events reached.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    model: &'static str,
    shop: Shop,
    id: String,
    /// Of the event that last reached it; none when there is no such row (any more).
    position: Option<u64>,
    /// The last of the shown events that reaches it.
    last_shown: u64,
    /// It does not hold all of them yet.
    behind: bool,
}

impl Row {
    pub(super) fn new(model: &'static str, shop: Shop, id: String, position: Option<u64>, last_shown: u64) -> Self {
        let behind = position.is_some_and(|position| position < last_shown);
        Self { model, shop, id, position, last_shown, behind }
    }
}

impl Tree {
    pub(super) fn grow(
        deliveries: &[Traced],
        events: Vec<Recorded<Event>>,
        dead: &[DeadLetter],
        rows: Vec<Row>,
    ) -> Outcome<Self> {
        let mut caused: BTreeMap<String, Vec<EventNode>> = BTreeMap::new();
        let ids: Vec<String> = events.iter().map(|event| event.envelope.id.to_string()).collect();
        // Effects stand behind their causes: from the end on, each node finds all of its own.
        for event in events.into_iter().rev() {
            let effects = caused.remove(event.envelope.id.as_str()).unwrap_or_default();
            let node = EventNode::new(event, effects, dead);
            caused.entry(node.causation_id.clone()).or_default().insert(0, node);
        }
        let deliveries = deliveries.iter().map(|delivery| DeliveryNode {
            events: caused.remove(&Cause::inbox_id(delivery.sequence)).unwrap_or_default(),
            delivery: delivery.clone(),
        });
        let deliveries = deliveries.collect();
        debug_assert!(!ids.iter().any(|id| caused.contains_key(id)), "a cause is shown before its effects");
        let mut orphans: Vec<EventNode> = caused.into_values().flatten().collect();
        orphans.sort_by_key(|node| node.position);
        Ok(Self { deliveries, events: orphans, rows })
    }

    /// For a person.
    pub(super) fn drawn(&self) -> String {
        let mut lines = Vec::new();
        for DeliveryNode { delivery, events } in &self.deliveries {
            lines.push((0, said(delivery)));
            events.iter().for_each(|event| event.draw(1, &mut lines));
        }
        for event in &self.events {
            lines.push((0, format!("{}  (not among the deliveries above)", event.causation_id)));
            event.draw(1, &mut lines);
        }
        let mut text = branches(&lines);
        if !self.rows.is_empty() {
            text += "\nrows\n";
            text += &branches(&self.rows.iter().map(|row| (1, row.line())).collect::<Vec<_>>());
        }
        text
    }
}

impl EventNode {
    fn new(recorded: Recorded<Event>, events: Vec<Self>, dead: &[DeadLetter]) -> Self {
        let Recorded { position, recorded_at, envelope, .. } = recorded;
        let of_it = |letter: &&DeadLetter| letter.stream == "EVENTS" && letter.sequence == position;
        Self {
            position,
            id: envelope.id.to_string(),
            aggregate: envelope.key.to_string(),
            wire_type: envelope.wire_type,
            aggregate_version: envelope.aggregate_version,
            time: envelope.time,
            recorded_at,
            correlation_id: envelope.correlation_id,
            causation_id: envelope.causation_id,
            dead_letters: dead.iter().filter(of_it).cloned().collect(),
            events,
        }
    }

    fn draw(&self, depth: usize, lines: &mut Vec<(usize, String)>) {
        let Self { position, wire_type, aggregate, aggregate_version, time, .. } = self;
        lines.push((depth, format!("{position}  {wire_type}  {aggregate} v{aggregate_version}  {time}")));
        for letter in &self.dead_letters {
            let DeadLetter { handler, class, attempts, .. } = letter;
            lines.push((depth + 1, format!("dead letter of {handler}: {class} after {attempts} tries")));
        }
        self.events.iter().for_each(|event| event.draw(depth + 1, lines));
    }
}

impl Row {
    fn line(&self) -> String {
        let Self { model, shop, id, last_shown, .. } = self;
        match self.position {
            None => format!("{model}  {shop}/{id}  is not there"),
            Some(position) if self.behind => format!("{model}  {shop}/{id}  at {position}, not yet at {last_shown}"),
            Some(position) => format!("{model}  {shop}/{id}  at {position}"),
        }
    }
}

fn said(delivery: &Traced) -> String {
    let Traced { sequence, received_at, topic, webhook_id, outcome, reason, .. } = delivery;
    let mut line = format!("inbox:{sequence}  {}  {received_at:.3}", topic.as_deref().unwrap_or("(no topic)"));
    if let Some(id) = webhook_id {
        let _ = write!(line, "  webhook {id}");
    }
    let _ = write!(line, "  {outcome}");
    if let Some(reason) = reason {
        let _ = write!(line, ": {reason}");
    }
    line
}

/// Draws lines of these depths with the branches of a tree.
fn branches(lines: &[(usize, String)]) -> String {
    let mut text = String::new();
    for (index, (depth, line)) in lines.iter().enumerate() {
        let later = |level: usize| {
            let rest = lines[index + 1..].iter().map(|(depth, _)| *depth).take_while(|depth| *depth >= level);
            rest.into_iter().any(|depth| depth == level)
        };
        for level in 1..=*depth {
            text += match (level == *depth, later(level)) {
                (true, true) => "├─ ",
                (true, false) => "└─ ",
                (false, true) => "│  ",
                (false, false) => "   ",
            };
        }
        text += line;
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::branches;

    #[test]
    fn a_tree_is_drawn_with_its_branches() {
        let lines = [(0, "a"), (1, "b"), (2, "c"), (3, "d"), (1, "e"), (2, "f"), (0, "g"), (1, "h")];
        let lines = lines.map(|(depth, line)| (depth, line.to_owned()));
        let drawn = "a\n├─ b\n│  └─ c\n│     └─ d\n└─ e\n   └─ f\ng\n└─ h\n";
        assert_eq!(branches(&lines), drawn);
    }
}
