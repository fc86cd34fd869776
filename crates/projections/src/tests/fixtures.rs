//! Events by hand, with defaults for what a test does not care about.

use events::*;
use rust_decimal::Decimal;

use super::history::recorded;
use super::world::World;

pub(super) fn acme() -> Shop {
    "acme".parse().unwrap()
}

pub(super) fn minute(minute: i64) -> Timestamp {
    Timestamp::from_second(1_767_225_600 + 60 * minute).unwrap()
}

pub(super) fn as_of(at: i64) -> AsOf {
    AsOf { updated_at: minute(at), triggered_at: None, digest: "0".to_owned() }
}

pub(super) fn money(amount: &str) -> Money {
    Money::new(amount.parse::<Decimal>().unwrap(), "EUR".parse().unwrap())
}

pub(super) fn page(limit: u32, after: Option<String>) -> crate::PageRequest {
    crate::PageRequest { limit, after: after.map(|cursor| cursor.parse().unwrap()) }
}

impl World {
    /// Folds events of one aggregate of the shop `acme`, after all before them.
    pub(super) async fn tell<E: DomainEvents>(&mut self, id: u64, events: impl IntoIterator<Item = E>) {
        let start = 1 + self.position().await;
        let key = AggregateKey::new(E::KIND, &acme(), id);
        let events = events.into_iter().zip(start..);
        let events: Vec<_> =
            events.map(|(event, position)| recorded(position, key.clone(), event.into_event())).collect();
        self.write(&events).await;
    }

    pub(super) async fn position(&self) -> u64 {
        let names: Vec<&str> = crate::ALL.iter().map(|model| model.name).collect();
        crate::position(&self.db, &names).await.unwrap()
    }
}

/// An order of two lines: 2 × 12.50 of variant 71, and 1 × 5 of variant 72, 1 off.
pub(super) fn placed(at: i64, customer: Option<u64>) -> OrderPlaced {
    OrderPlaced {
        at: minute(at),
        as_of: as_of(at),
        name: "#1001".to_owned(),
        test: false,
        currency: "EUR".parse().unwrap(),
        source_name: None,
        locale: None,
        contact: OrderContact {
            customer_id: customer.and_then(CustomerId::new),
            email: Some(Sealed::Clear("jane@example.com".to_owned())),
            phone: None,
        },
        addresses: OrderAddresses::default(),
        tags: vec!["vip".to_owned()],
        note: None,
        lines: vec![line(12, 72, 1, "5", "1"), line(11, 71, 2, "12.50", "0")],
        totals: totals("29", "29"),
    }
}

pub(super) fn line(id: u64, variant: u64, quantity: u32, price: &str, discount: &str) -> Line {
    Line {
        id: LineId::new(id).unwrap(),
        product_id: ProductId::new(7),
        variant_id: VariantId::new(variant),
        sku: Some(format!("CUP-{variant}")),
        title: "Cup".to_owned(),
        quantity,
        current_quantity: quantity,
        price: MoneySet::same(money(price)),
        discount: MoneySet::same(money(discount)),
        gift_card: false,
        tracked: true,
    }
}

pub(super) fn totals(total: &str, current: &str) -> Totals {
    let same = |amount| MoneySet::same(money(amount));
    Totals {
        total: same(total),
        current_total: same(current),
        subtotal: same(total),
        tax: same("4.63"),
        discounts: same("1"),
        shipping: same("0"),
    }
}

pub(super) fn paid(at: i64, status: FinancialStatus) -> OrderPaymentStatusChanged {
    OrderPaymentStatusChanged { at: minute(at), as_of: as_of(at), status }
}

/// A refund of one unit of line 11, with one transaction.
pub(super) fn refunded(at: i64, id: u64, transaction: Transaction) -> OrderRefunded {
    let line_id = LineId::new(11).unwrap();
    let line = RefundLine { line_id, quantity: 1, restock_type: RestockType::Return, location_id: LocationId::new(3) };
    OrderRefunded {
        at: minute(at),
        refund: Refund {
            id: RefundId::new(id).unwrap(),
            created_at: minute(at),
            note: None,
            lines: vec![line],
            transactions: vec![transaction],
        },
        quantities: vec![LineQuantity { line_id, current_quantity: 1 }],
        lacking: Vec::new(),
    }
}

pub(super) fn transaction(id: u64, kind: TransactionKind, status: TransactionStatus, amount: &str) -> Transaction {
    Transaction {
        id: TransactionId::new(id).unwrap(),
        kind,
        status,
        amount: money(amount),
        gateway: None,
        processed_at: minute(0),
    }
}

pub(super) fn fulfillment(id: u64, status: FulfillmentState, line: u64, quantity: u32) -> Fulfillment {
    Fulfillment {
        id: FulfillmentId::new(id).unwrap(),
        status,
        created_at: minute(1),
        updated_at: minute(1),
        location_id: LocationId::new(3),
        tracking_company: Some("DHL".to_owned()),
        tracking_number: Some("JD01".to_owned()),
        tracking_url: None,
        shipment_status: None,
        lines: vec![FulfillmentLine { line_id: LineId::new(line).unwrap(), quantity }],
    }
}
