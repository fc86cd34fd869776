use events::{Event, Recorded};

use crate::{Found, Projection};

/// The row `id` as it was after these events, folded over `start`; `None` when nothing had reached it.
///
/// No database is touched: the past is the log's alone.
pub(crate) fn folded<P: Projection>(
    id: &str,
    start: Option<P::Row>,
    events: &[Recorded<Event>],
) -> Option<Found<P::Row>> {
    let reached = |event: &&Recorded<Event>| {
        P::KINDS.contains(&event.envelope.key.kind) && P::keys(event).iter().any(|key| key == id)
    };
    let mut reaching = events.iter().filter(reached).peekable();
    reaching.peek()?;
    let (mut row, mut position) = (start, 0);
    for event in reaching {
        row = P::project(id, row, event);
        position = event.position;
    }
    row.map(|view| Found { view, position })
}
