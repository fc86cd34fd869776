use events::{AggregateKey, AggregateKind, Personal, Piece, pieces};

use super::{OrderCommand, OrderSnapshot};

/// What an order says of people is its customer's, or its own when a guest placed it. What is said of a refund is
/// always the order's: it comes with the order and without.
pub(super) fn personal<'c>(key: &AggregateKey, command: &'c mut OrderCommand) -> Vec<Piece<'c>> {
    match command {
        OrderCommand::Snapshot(snapshot) => of_snapshot(key, snapshot),
        OrderCommand::Refund(refund) => pieces(key, refund.words()),
        _ => Vec::new(),
    }
}

fn of_snapshot<'c>(key: &AggregateKey, snapshot: &'c mut OrderSnapshot) -> Vec<Piece<'c>> {
    let OrderSnapshot { contact, addresses, note, refunds, .. } = snapshot;
    let customer = contact.customer_id.map(|id| AggregateKey::new(AggregateKind::Customer, &key.shop, id));
    let mut words = contact.words();
    words.extend(addresses.words());
    words.push(("note", note));
    let mut found = pieces(customer.as_ref().unwrap_or(key), words);
    found.extend(refunds.iter_mut().flat_map(|refund| pieces(key, refund.words())));
    found
}
