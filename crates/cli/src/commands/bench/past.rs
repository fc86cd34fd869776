//! A log to fold: orders with what happens to them, and the products, customers and stock beside them.

use std::fmt;

use events::*;
use privacy::DataKey;
use rust_decimal::Decimal;
use serde::Serialize;
use streams::BareLog;

use crate::failure::{Exit, Failure, Outcome};

/// Events of one order.
const OF_AN_ORDER: u64 = 5;
/// Orders that are under way at once: their events lie between each other's.
const CROWD: u64 = 200;
/// Every so many orders, one event of something else for each kind of it.
const ORDERS_PER_OTHER: u64 = 10;

/// The shop whose past it is.
pub(super) const SHOP: &str = "bench";

/// What people say in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Words {
    /// Customers have an address for mail, sealed, and orders nothing.
    Few,
    /// Orders have contacts and addresses as well.
    Sealed,
    /// The same, in clear.
    Clear,
}

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Few => "few",
            Self::Sealed => "sealed",
            Self::Clear => "clear",
        })
    }
}

/// Fills an empty log with so many events.
pub(super) async fn fill(nats_url: &str, events: u64, words: Words) -> Outcome {
    let (mut log, mut history) = (BareLog::connect(nats_url).await?, History::new(words)?);
    for _ in 0..events {
        let (subject, headers, body) = history.message()?;
        log.append(subject, headers, body).await?;
    }
    Ok(log.flush().await?)
}

/// A message as it is appended: subject, headers, body.
type Message = (String, Vec<(&'static str, String)>, Vec<u8>);

/// The log from its first event on.
struct History {
    shop: Shop,
    currency: Currency,
    written: u64,
    /// What is about to be written, the last first.
    next: Vec<(AggregateKey, u64, Event)>,
    orders: u64,
    words: Words,
    /// Nobody opens what it seals.
    key: DataKey,
}

impl History {
    fn new(words: Words) -> Outcome<Self> {
        let (shop, currency, key) = (SHOP.parse()?, "EUR".parse()?, DataKey::from([0; 32]));
        Ok(Self { shop, currency, written: 0, next: Vec::new(), orders: 0, words, key })
    }

    fn message(&mut self) -> Outcome<Message> {
        if self.next.is_empty() {
            self.plan()?;
        }
        let (key, version, event) = self.next.pop().ok_or_else(|| Failure::new(Exit::Failed, "no event is left"))?;
        self.written += 1;
        let envelope = Envelope {
            id: EventId::derive("bench", &subject::event(&key), self.written),
            wire_type: event.wire_type().to_owned(),
            schema_version: event.schema_version(),
            time: event.at(),
            key,
            aggregate_version: version,
            correlation_id: format!("inbox:{}", self.written),
            causation_id: format!("inbox:{}", self.written),
            trace_parent: None,
        };
        Ok((envelope.subject(), envelope.headers(), event.encode()?))
    }

    /// The events of the next crowd of orders, each step of all of them before the next one.
    fn plan(&mut self) -> Outcome {
        let crowd = self.orders + 1..=self.orders + CROWD;
        self.orders += CROWD;
        for step in 1..=OF_AN_ORDER {
            for order in crowd.clone() {
                let key = AggregateKey::new(AggregateKind::Order, &self.shop, order);
                self.next.push((key, step, self.step(order, step)?));
            }
        }
        for number in crowd.filter(|order| order % ORDERS_PER_OTHER == 0) {
            self.next.extend(self.others(number)?);
        }
        self.next.reverse();
        Ok(())
    }

    fn step(&self, order: u64, step: u64) -> Outcome<Event> {
        let (at, as_of) = (at(order, step), as_of(order, step));
        Ok(match step {
            1 => OrderEvent::from(self.placed(order)?).into_event(),
            2 => OrderEvent::from(OrderPaid { at, as_of, status: FinancialStatus::Paid }).into_event(),
            3 => OrderEvent::from(OrderFulfilled { at, fulfillment: fulfillment(order)? }).into_event(),
            4 => OrderEvent::from(OrderTagged { at, as_of, tags: vec!["packed".to_owned()] }).into_event(),
            _ => OrderEvent::from(OrderClosed { at, as_of }).into_event(),
        })
    }

    fn others(&self, number: u64) -> Outcome<[(AggregateKey, u64, Event); 3]> {
        let key = |kind| AggregateKey::new(kind, &self.shop, number);
        let (at, as_of) = (at(number, 0), as_of(number, 0));
        let description = ProductDescription { title: format!("Cup {number}"), ..ProductDescription::default() };
        let product = ProductCreated { at, as_of: as_of.clone(), description };
        let email = self.word(number, "email", &format!("c{number}@example.com"))?;
        let profile = CustomerProfile { email, ..CustomerProfile::default() };
        let customer = CustomerRegistered { at, as_of, profile };
        let observation = Observation { at, triggered_at: None, available: 100 };
        let stock = StockObserved { at, location_id: id(LocationId::new(7))?, observation, levels: Vec::new() };
        Ok([
            (key(AggregateKind::Stock), 1, StockEvent::from(stock).into_event()),
            (key(AggregateKind::Customer), 1, CustomerEvent::from(customer).into_event()),
            (key(AggregateKind::Product), 1, ProductEvent::from(product).into_event()),
        ])
    }

    fn placed(&self, order: u64) -> Outcome<OrderPlaced> {
        let money = |cents: u64| MoneySet::same(Money::new(Decimal::new(cents.cast_signed(), 2), self.currency));
        let line = Line {
            id: id(LineId::new(order))?,
            product_id: ProductId::new(1 + order % 1_000),
            variant_id: VariantId::new(1 + order % 1_000),
            sku: Some("CUP-1".to_owned()),
            title: "Cup".to_owned(),
            quantity: 1,
            current_quantity: 1,
            price: money(1_250),
            discount: money(0),
            gift_card: false,
            tracked: true,
        };
        let (total, customer) = (money(1_250), 1 + order % 5_000);
        let mut contact = OrderContact { customer_id: CustomerId::new(customer), ..OrderContact::default() };
        let mut addresses = OrderAddresses::default();
        if self.words != Words::Few {
            contact.email = self.word(customer, "email", &format!("c{customer}@example.com"))?;
            contact.phone = self.word(customer, "phone", &format!("+336{customer:08}"))?;
            addresses.billing = Some(Box::new(self.address(customer)?));
            addresses.shipping.clone_from(&addresses.billing);
        }
        Ok(OrderPlaced {
            at: at(order, 1),
            as_of: as_of(order, 1),
            name: format!("#{order}"),
            test: false,
            currency: self.currency,
            source_name: Some("web".to_owned()),
            locale: None,
            contact,
            addresses,
            tags: Vec::new(),
            note: None,
            lines: vec![line],
            totals: Totals {
                total,
                current_total: total,
                subtotal: total,
                tax: money(0),
                discounts: money(0),
                shipping: money(0),
            },
        })
    }
}

impl History {
    /// Of a customer.
    fn word(&self, customer: u64, field: &str, text: &str) -> Outcome<Option<Sealed>> {
        if self.words == Words::Clear {
            return Ok(Some(Sealed::Clear(text.to_owned())));
        }
        let whose = AggregateKey::new(AggregateKind::Customer, &self.shop, customer);
        Ok(Some(Sealed::Shut(self.key.seal(&whose, field, text)?)))
    }

    fn address(&self, customer: u64) -> Outcome<Address> {
        let word = |field, text: &str| self.word(customer, field, text);
        Ok(Address {
            first_name: word("first_name", "Camille")?,
            last_name: word("last_name", &format!("Durand-{customer}"))?,
            company: None,
            address1: word("address1", &format!("{customer} rue de la Paix"))?,
            address2: None,
            city: word("city", "Paris")?,
            zip: word("zip", "75002")?,
            district: Some("75".to_owned()),
            province_code: None,
            country_code: Some("FR".to_owned()),
            phone: word("phone", &format!("+336{customer:08}"))?,
        })
    }
}

fn fulfillment(order: u64) -> Outcome<Fulfillment> {
    Ok(Fulfillment {
        id: id(FulfillmentId::new(order))?,
        status: FulfillmentState::Success,
        created_at: at(order, 3),
        updated_at: at(order, 3),
        location_id: LocationId::new(7),
        tracking_company: None,
        tracking_number: None,
        tracking_url: None,
        shipment_status: None,
        lines: vec![FulfillmentLine { line_id: id(LineId::new(order))?, quantity: 1 }],
    })
}

fn id<T>(id: Option<T>) -> Outcome<T> {
    id.ok_or_else(|| Failure::new(Exit::Failed, "not an id"))
}

fn as_of(order: u64, step: u64) -> AsOf {
    AsOf { updated_at: at(order, step), triggered_at: None, digest: String::new() }
}

/// Ten orders share a second, and each step is an hour after the one before.
fn at(order: u64, step: u64) -> Timestamp {
    Timestamp::from_second(1_767_625_200 + (order / 10 + step * 3_600).cast_signed()).unwrap_or_default()
}
