//! Histories: any events of any aggregates, some of which no aggregate would record.

use std::collections::BTreeMap;

use db::{Change, Document};
use events::*;
use proptest::prelude::*;
use proptest::sample::Index;
use rust_decimal::Decimal;

use super::loyalty;

pub(super) const SHOPS: [&str; 2] = ["acme", "beta"];

/// One event, in numbers that shrink.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    /// Which aggregate.
    who: u8,
    /// Which of its events.
    what: u8,
    /// Which part of it, and how much.
    part: u8,
    amount: u8,
}

impl From<u32> for Step {
    fn from(number: u32) -> Self {
        let [a, b, c, d] = number.wrapping_mul(2_654_435_761).to_be_bytes();
        Self { who: a, what: b, part: c, amount: d }
    }
}

impl Step {
    /// Which event, of which part, and how much.
    pub(super) fn numbers(self) -> (u8, u8, u8) {
        (self.what, self.part, self.amount)
    }
}

pub(super) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = any::<(u8, u8, u8, u8)>().prop_map(|(who, what, part, amount)| Step { who, what, part, amount });
    prop::collection::vec(step, 1..120)
}

/// The same events, in the same order for each aggregate, but otherwise mixed.
pub(super) fn interleaved(steps: &[Step], seed: &[Index]) -> Vec<Step> {
    let mut queues: Vec<Vec<Step>> = Vec::new();
    for step in steps.iter().rev() {
        match queues.iter_mut().find(|queue| key(queue[0]) == key(*step)) {
            Some(queue) => queue.push(*step),
            None => queues.push(vec![*step]),
        }
    }
    let mut mixed = Vec::with_capacity(steps.len());
    let mut seed = seed.iter().cycle();
    while !queues.is_empty() {
        let chosen = seed.next().map_or(0, |index| index.index(queues.len()));
        mixed.extend(queues[chosen].pop());
        queues.retain(|queue| !queue.is_empty());
    }
    mixed
}

/// The steps as a log with gaps.
pub(super) fn log(steps: &[Step]) -> Vec<Recorded<Event>> {
    let positions = steps.iter().scan(0, |position, step| {
        *position += 1 + u64::from(step.amount % 3);
        Some(*position)
    });
    let mut versions = BTreeMap::new();
    let numbered = |(position, step): (u64, &Step)| {
        let mut recorded = recorded(position, key(*step), event(*step));
        let version: &mut u64 = versions.entry(key(*step)).or_default();
        *version += 1;
        recorded.envelope.aggregate_version = *version;
        recorded
    };
    positions.zip(steps).map(numbered).collect()
}

pub(super) fn recorded(position: u64, key: AggregateKey, event: Event) -> Recorded<Event> {
    let (wire_type, time) = (event.wire_type(), event.at());
    let envelope = Envelope {
        id: EventId::derive("test", &subject::event(&key), position),
        wire_type: wire_type.to_owned(),
        schema_version: event.schema_version(),
        time,
        key,
        aggregate_version: position,
        correlation_id: "test".to_owned(),
        causation_id: "test".to_owned(),
        trace_parent: None,
    };
    Recorded { position, recorded_at: time, envelope, event }
}

/// A change as the row it leaves.
pub(super) fn stored(change: &Change) -> Option<Document> {
    let data = change.content.as_ref()?.data.clone();
    Some(Document { key: change.key.clone(), data, position: change.position })
}

fn key(step: Step) -> AggregateKey {
    let shop: Shop = SHOPS[usize::from(step.who % 2)].parse().unwrap();
    let number = 1 + step.who / 2 % 2;
    match step.who / 4 % 13 {
        0..=3 => AggregateKey::new(AggregateKind::Order, &shop, number),
        4 | 5 => AggregateKey::new(AggregateKind::Product, &shop, number),
        6 => AggregateKey::new(AggregateKind::Customer, &shop, number),
        // The items of product 1.
        7 => AggregateKey::new(AggregateKind::Stock, &shop, 10 + number),
        8 => AggregateKey::new(AggregateKind::Loyalty, &shop, number),
        10 => AggregateKey::new(AggregateKind::FulfillmentOrder, &shop, number),
        9 => AggregateKey::new(AggregateKind::Checkout, &shop, number),
        11 => AggregateKey::new(AggregateKind::Notification, &shop, number),
        _ => AggregateKey::new(AggregateKind::Shop, &shop, "shop"),
    }
}

fn event(step: Step) -> Event {
    let key = key(step);
    match key.kind {
        AggregateKind::Order => order(step).into_event(),
        AggregateKind::Product => product(step, key.id.parse().unwrap()).into_event(),
        AggregateKind::Customer => customer(step, key.id.parse().unwrap()).into_event(),
        AggregateKind::Stock => stock(step).into_event(),
        AggregateKind::Loyalty => loyalty::event(step).into_event(),
        AggregateKind::Checkout => {
            CheckoutEvent::from(CheckoutTouched { at: at(step), as_of: as_of(step) }).into_event()
        }
        AggregateKind::FulfillmentOrder => fulfillment_order(step, key.id.parse().unwrap()).into_event(),
        AggregateKind::Notification => notification(step).into_event(),
        _ => ShopEvent::from(ShopUninstalled { at: at(step) }).into_event(),
    }
}

fn notification(step: Step) -> NotificationEvent {
    let (at, attempt) = (at(step), u32::from(step.amount));
    match step.what % 4 {
        0 => {
            let trigger = Trigger { event_id: EventId::derive("test", "test", 1), position: 1 };
            let notice = Notice {
                rule: "refund".to_owned(),
                channel: Channel::Email,
                recipient: Recipient::Operations,
                trigger,
                order_id: OrderId::new(u64::from(step.part)),
                customer_id: None,
                expires_at: at,
            };
            NotificationRequested { at, attempt, notice, reason: None }.into()
        }
        1 => NotificationSuppressed { at, attempt, reason: Suppression::NoConsent }.into(),
        2 => NotificationFailed { at, attempt, provider: None, reason: step.part.to_string() }.into(),
        _ => NotificationSent {
            at,
            attempt,
            provider: "smtp".to_owned(),
            message_id: step.part.to_string(),
            to: "a***@e***.com".to_owned(),
            locale: "en".to_owned(),
            template: String::new(),
        }
        .into(),
    }
}

fn order(step: Step) -> OrderEvent {
    let (at, as_of) = (at(step), as_of(step));
    let word = step.part.to_string();
    let fulfillment = fulfillment(step);
    match step.what % 25 {
        0..=3 => OrderPlaced {
            at,
            as_of,
            name: format!("#{word}"),
            test: step.amount.is_multiple_of(4),
            currency: euro(),
            source_name: None,
            locale: None,
            contact: contact(step),
            addresses: OrderAddresses::default(),
            tags: vec![word],
            note: None,
            lines: lines(step),
            totals: totals(step),
        }
        .into(),
        4 => {
            let removed = vec![line_id(step.amount / 4)];
            OrderEdited {
                at,
                as_of: Some(as_of),
                edit: None,
                lines: lines(step),
                removed,
                totals: Some(totals(step)),
                lacking: Vec::new(),
            }
            .into()
        }
        5 => OrderEdited {
            at,
            as_of: None,
            edit: None,
            lines: lines(step),
            removed: Vec::new(),
            totals: None,
            lacking: Vec::new(),
        }
        .into(),
        6 => OrderContactChanged { at, as_of, contact: contact(step) }.into(),
        7 => OrderAddressChanged { at, as_of, addresses: OrderAddresses::default() }.into(),
        8 => OrderTagged { at, as_of, tags: vec![word] }.into(),
        9 => OrderNoted { at, as_of, note: Some(Sealed::Clear(word)) }.into(),
        10 => OrderPaid { at, as_of, status: FinancialStatus::Paid }.into(),
        11 => OrderPaymentVoided { at, as_of, status: FinancialStatus::Voided }.into(),
        12 => OrderPaymentStatusChanged { at, as_of, status: FinancialStatus::PartiallyRefunded }.into(),
        13 => OrderTransactionRecorded { at, transaction: transaction(step) }.into(),
        14 | 15 => OrderRefunded { at, refund: refund(step), quantities: quantities(step), lacking: Vec::new() }.into(),
        16 => OrderFulfilled { at, fulfillment }.into(),
        17 => OrderFulfillmentUpdated { at, fulfillment }.into(),
        18 => OrderFulfillmentCancelled { at, fulfillment }.into(),
        19 => OrderFulfillmentStatusChanged { at, as_of, status: FulfillmentStatus::Partial }.into(),
        20 => OrderCancelled { at, as_of, reason: Some(word) }.into(),
        21 => OrderClosed { at, as_of }.into(),
        22 => OrderReopened { at, as_of }.into(),
        23 => OrderTouched { at, as_of }.into(),
        _ => OrderDeleted { at }.into(),
    }
}

fn product(step: Step, product: u64) -> ProductEvent {
    let (at, as_of) = (at(step), as_of(step));
    let number = product * 10 + u64::from(step.part % 3);
    let variant = Variant {
        id: VariantId::new(number).unwrap(),
        inventory_item_id: InventoryItemId::new(number),
        sku: (!step.amount.is_multiple_of(4)).then(|| format!("sku-{}", step.amount)),
        title: "Small".to_owned(),
        price: Decimal::new(step.amount.into(), 2),
        compare_at_price: None,
    };
    let description = ProductDescription { title: format!("Cup {}", step.amount), ..ProductDescription::default() };
    match step.what % 10 {
        0 => ProductCreated { at, as_of, description }.into(),
        1 => ProductDescribed { at, as_of, description }.into(),
        2 | 3 => VariantAdded { at, as_of, variant }.into(),
        4 => VariantChanged { at, as_of, variant }.into(),
        5 => VariantRemoved { at, last_shown: as_of.clone(), as_of, variant }.into(),
        6 => ProductPublished { at, as_of }.into(),
        7 => ProductUnpublished { at, as_of }.into(),
        8 => ProductTouched { at, as_of }.into(),
        _ => ProductDeleted { at }.into(),
    }
}

fn customer(step: Step, id: DataRequestId) -> CustomerEvent {
    let (at, as_of) = (at(step), as_of(step));
    let profile =
        CustomerProfile { first_name: Some(Sealed::Clear(step.part.to_string())), ..CustomerProfile::default() };
    match step.what % 9 {
        0 => CustomerRegistered { at, as_of, profile }.into(),
        1 => CustomerProfileChanged { at, as_of, profile }.into(),
        2 => CustomerAddressChanged { at, as_of, default_address: Some(Address::default()) }.into(),
        3 => {
            CustomerTagged { at, as_of, told: TagsTold::Added { tags: Vec::new() }, tags: vec![step.part.to_string()] }
                .into()
        }
        4 => CustomerEnabled { at, as_of }.into(),
        5 => CustomerDisabled { at, as_of }.into(),
        6 => CustomerRedactionRequested { at, orders: Vec::new(), due_at: at, reason: None }.into(),
        // Shopify gives no number to two people.
        7 => CustomerDataRequested { at, as_of, request_id: id, orders: Vec::new(), due_at: at }.into(),
        _ => CustomerDeleted { at }.into(),
    }
}

fn fulfillment_order(step: Step, id: FulfillmentOrderId) -> FulfillmentOrderEvent {
    let (at, as_of, location_id) = (at(step), as_of(step), Some(location(step)));
    let told = FulfillmentOrderTold { location_id, ..FulfillmentOrderTold::default() };
    let fulfillment_order = FulfillmentOrder {
        id,
        order_id: None,
        status: None,
        request_status: None,
        location_id,
        lines: None,
        fulfill_at: None,
        holds: Vec::new(),
        replaced_by: Vec::new(),
        replaces: Vec::new(),
    };
    FulfillmentOrderRouted { at, as_of, told, fulfillment_order }.into()
}

fn stock(step: Step) -> StockEvent {
    let (at, location_id) = (at(step), location(step));
    let (claim, levels) = (claim(step), vec![level(step)]);
    let (quantity, short) = (u32::from(step.amount), u32::from(step.amount));
    match step.what % 9 {
        0 => StockDescribed { at, as_of: as_of(step), sku: Some("own".to_owned()), tracked: true }.into(),
        1 => StockObserved { at, location_id, observation: observation(step), levels }.into(),
        2 => StockDisconnected { at, location_id, levels }.into(),
        3..=5 => StockAllocated { at, location_id: Some(location_id), quantity, decision: None, claim, levels }.into(),
        6 => StockShipped { at, location_id: Some(location_id), quantity, claim, levels }.into(),
        7 => {
            let (order_id, line_id) = (claim.order_id, claim.line_id);
            StockOversold { at, order_id, line_id, location_id: None, short }.into()
        }
        _ => StockRetired { at }.into(),
    }
}

fn level(step: Step) -> Level {
    let available = i64::from(step.amount);
    Level {
        location_id: location(step),
        connected: !step.what.is_multiple_of(2),
        available,
        allocated: 1,
        on_hand: available + 1,
        observation: Some(observation(step)),
        drift: 0,
    }
}

fn observation(step: Step) -> Observation {
    Observation { at: at(step), triggered_at: None, available: step.amount.into() }
}

fn claim(step: Step) -> Claim {
    let part = |fate, location_id| ClaimPart {
        location_id,
        guessed: true,
        taken_at: at(step),
        fate,
        quantity: u32::from(step.amount % 5),
    };
    let parts = vec![part(Fate::Wanted, Some(location(step))), part(Fate::Shipped, None), part(Fate::Wanted, None)];
    let order_id = OrderId::new(1 + u64::from(step.part % 2)).unwrap();
    Claim { order_id, line_id: line_id(step.part), parts, returns: Vec::new() }
}

fn lines(step: Step) -> Vec<Line> {
    let line = |number: u8| Line {
        id: line_id(number),
        product_id: ProductId::new(1),
        variant_id: VariantId::new(10 + u64::from(number % 3)),
        sku: None,
        title: "Cup".to_owned(),
        quantity: u32::from(step.amount),
        current_quantity: u32::from(step.amount),
        price: MoneySet::same(money(step.amount)),
        discount: MoneySet::same(money(0)),
        gift_card: false,
        tracked: true,
    };
    (0..=step.part % 3).map(line).collect()
}

fn totals(step: Step) -> Totals {
    let [total, current_total, subtotal, tax, discounts, shipping] = [MoneySet::same(money(step.amount)); 6];
    Totals { total, current_total, subtotal, tax, discounts, shipping }
}

fn contact(step: Step) -> OrderContact {
    OrderContact { customer_id: CustomerId::new(u64::from(step.part % 3)), email: None, phone: None }
}

fn refund(step: Step) -> Refund {
    let id = RefundId::new(1 + u64::from(step.part % 2)).unwrap();
    let line =
        RefundLine { line_id: line_id(step.amount), quantity: 1, restock_type: RestockType::Cancel, location_id: None };
    Refund { id, created_at: at(step), note: None, lines: vec![line], transactions: vec![transaction(step)] }
}

fn quantities(step: Step) -> Vec<LineQuantity> {
    vec![LineQuantity { line_id: line_id(step.amount), current_quantity: u32::from(step.part) }]
}

fn transaction(step: Step) -> Transaction {
    let status = [TransactionStatus::Pending, TransactionStatus::Success][usize::from(step.amount % 2)];
    Transaction {
        id: TransactionId::new(1 + u64::from(step.part % 3)).unwrap(),
        kind: [TransactionKind::Refund, TransactionKind::Sale][usize::from(step.amount / 2 % 2)],
        status,
        amount: money(step.amount),
        gateway: None,
        processed_at: at(step),
    }
}

fn fulfillment(step: Step) -> Fulfillment {
    Fulfillment {
        id: FulfillmentId::new(1 + u64::from(step.part % 2)).unwrap(),
        status: [FulfillmentState::Success, FulfillmentState::Cancelled][usize::from(step.amount % 2)],
        created_at: at(step),
        updated_at: at(step),
        location_id: None,
        tracking_company: None,
        tracking_number: Some(step.amount.to_string()),
        tracking_url: None,
        shipment_status: None,
        lines: vec![FulfillmentLine { line_id: line_id(step.part), quantity: 1 }],
    }
}

fn at(step: Step) -> Timestamp {
    Timestamp::from_second(1_767_225_600 + 60 * i64::from(step.part)).unwrap()
}

fn as_of(step: Step) -> AsOf {
    AsOf { updated_at: at(step), triggered_at: None, digest: String::new() }
}

fn line_id(number: u8) -> LineId {
    LineId::new(1 + u64::from(number % 3)).unwrap()
}

fn location(step: Step) -> LocationId {
    LocationId::new(1 + u64::from(step.part % 2)).unwrap()
}

fn euro() -> Currency {
    "EUR".parse().unwrap()
}

pub(super) fn money(cents: u8) -> Money {
    Money::new(Decimal::new(cents.into(), 2), euro())
}
