use events::{AggregateKey, AggregateKind, CustomerEvent, CustomerRedactionRequested, DomainEvents};

use super::fixtures::acme;
use super::history::recorded;
use crate::Projection;
use crate::redactions::Redactions;

#[test]
fn a_reason_stays_when_more_is_asked_for_without_one() {
    let key = AggregateKey::new(AggregateKind::Customer, &acme(), 7);
    let at = "2026-06-01T00:00:00Z".parse().unwrap();
    let told = |row, reason: Option<&str>| {
        let reason = reason.map(str::to_owned);
        let event = CustomerRedactionRequested { at, orders: Vec::new(), due_at: at, reason };
        Redactions::project("customer/7", row, &recorded(1, key.clone(), CustomerEvent::from(event).into_event()))
    };
    let row = told(told(told(None, None), Some("ticket 7")), None).unwrap();
    assert_eq!(row.reason.as_deref(), Some("ticket 7"));
    assert_eq!(told(Some(row), Some("ticket 8")).unwrap().reason.as_deref(), Some("ticket 8"));
}
