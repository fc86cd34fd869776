//! The users of the broker: one per role, with what it declares.

use events::AggregateKind;
use handlers::{SERVICES, Service};
use recorder::{ForgetCustomers, Recorder};
use streams::{Durable, Stream, Subscriber, User};

use super::durables;

/// Every user, the roles first.
pub(crate) fn users() -> Vec<User> {
    let durables = durables();
    let mut users = vec![User::new("ingress").publishes("inbox.>"), recorder(&durables)];
    users.extend(SERVICES.iter().map(|declared| service(declared, &durables)));
    users.extend([
        User::new("projections").reads(Stream::Events, &durables),
        User::new("query").gets(Stream::Events).reads(Stream::Events, &durables),
        User::new("commands").appends([AggregateKind::Stock, AggregateKind::Loyalty]),
        User::new("provisioner").provisions(&durables),
        User::new("operator").operates(&durables).appends(AggregateKind::ALL).publishes("timers.*.*"),
        User::new("backup").backs_up(),
    ]);
    users
}

/// Shopify tells of everything but of what we make ourselves.
fn recorder(durables: &[Durable]) -> User {
    let ours = [AggregateKind::Loyalty, AggregateKind::Notification];
    User::new("recorder")
        .subscribes(&Recorder::durable())
        .subscribes(&ForgetCustomers::durable())
        .reads(Stream::Inbox, durables)
        .reads(Stream::Events, durables)
        .appends(AggregateKind::ALL.into_iter().filter(|kind| !ours.contains(kind)))
        .gets(Stream::Quarantine)
        .publishes("quarantine.>")
}

fn service(declared: &Service, all: &[Durable]) -> User {
    let own = (declared.durables)();
    let mut user = own.iter().fold(User::new(declared.name), User::subscribes);
    user = user.appends(declared.appends.iter().copied());
    if own.iter().any(|durable| durable.stream == Stream::Timers) {
        user = user.sets_timers(declared.name);
    }
    if declared.has_starts {
        user = user.notes_starts(declared.name);
    }
    if declared.copies.is_empty() { user } else { user.reads(Stream::Events, all) }
}
