#![allow(clippy::unwrap_used, clippy::print_stdout)]
use std::sync::Arc;
use std::time::Instant;
use events::*;
use projections::*;
use rust_decimal::Decimal;
use testkit::{Fixture, RawPublisher};

#[tokio::main]
async fn main() {
    let orders: u64 = std::env::args().nth(1).unwrap().parse().unwrap();
    let fixture = Fixture::single(&[]).await;
    let publisher = Arc::new(RawPublisher::connect(&fixture.url()).await);
    let start = Instant::now();
    let mut set = tokio::task::JoinSet::new();
    let mut bytes = 0;
    for round in 0..5u64 {
        for order in 1..=orders {
            let event = event(order, round);
            let key = AggregateKey::new(AggregateKind::Order, &"acme".parse().unwrap(), order);
            let envelope = Envelope { id: EventId::derive("m", &subject::event(&key), round), wire_type: event.wire_type().to_owned(), schema_version: 1, time: at(), key, aggregate_version: round + 1, correlation_id: "m".into(), causation_id: "inbox:1".into(), trace_parent: None };
            let body = event.encode();
            bytes += body.len();
            let publisher = publisher.clone();
            set.spawn(async move { publisher.publish(envelope.subject(), &envelope.headers(), body).await });
            if set.len() > 1000 { set.join_next().await; }
        }
    }
    while set.join_next().await.is_some() {}
    let n = orders * 5;
    println!("published {n} events, {} B each, {:?}", bytes / n as usize, start.elapsed());
    let folder = tempfile::tempdir().unwrap();
    for kinds in [1, 0] {
        let mut reader = streams::EventReader::open(&fixture.broker, 0).await.unwrap();
        if kinds == 0 { reader = reader.only([AggregateKind::Shop]); }
        let start = Instant::now();
        let mut seen = 0;
        while seen < n { seen += reader.next_batch(5000, std::time::Duration::from_secs(1)).await.unwrap().len() as u64; }
        println!("reader {}: {:.0}/s", if kinds == 1 { "parsing" } else { "bare" }, n as f64 / start.elapsed().as_secs_f64());
    }
    for (name, models) in [("orders", vec![ReadModel::of::<orders::Orders>()]), ("lines", vec![ReadModel::of::<order_lines::OrderLines>()]), ("all", ALL.to_vec())] {
        let db = db::Database::open(&format!("sqlite://{}/{name}.db", folder.path().display())).await.unwrap();
        let mut engine = Engine::open(db.clone(), fixture.broker.clone(), &models).await.unwrap();
        let start = Instant::now();
        engine.step().await.unwrap();
        println!("{name}: {:.0} events/s", n as f64 / start.elapsed().as_secs_f64());
    }
    // live latency
    let db = db::Database::open(&format!("sqlite://{}/all.db", folder.path().display())).await.unwrap();
    let shutdown = tokio_util::sync::CancellationToken::new();
    let engine = Engine::open(db.clone(), fixture.broker.clone(), ALL).await.unwrap();
    let run = tokio::spawn(engine.run(shutdown.clone()));
    let mut times = Vec::new();
    for i in 0..300u64 {
        let key = AggregateKey::new(AggregateKind::Order, &"acme".parse().unwrap(), 1 + i % orders);
        let event = event(1 + i % orders, 4);
        let envelope = Envelope { id: EventId::derive("x", &subject::event(&key), i), wire_type: event.wire_type().to_owned(), schema_version: 1, time: at(), key, aggregate_version: 9, correlation_id: "m".into(), causation_id: "inbox:1".into(), trace_parent: None };
        let start = Instant::now();
        let position = publisher.publish(envelope.subject(), &envelope.headers(), event.encode()).await;
        while projections::position(&db, orders::READS).await.unwrap() < position { }
        times.push(start.elapsed());
    }
    times.sort();
    println!("append -> row p50 {:?} p99 {:?}", times[150], times[297]);
    shutdown.cancel();
    run.await.unwrap();
    let start = Instant::now();
    for i in 0..5000u64 { orders::get(&db, &"acme".parse().unwrap(), OrderId::new(1 + i % orders).unwrap()).await.unwrap().unwrap(); }
    println!("get: {:?} each", start.elapsed() / 5000);
}

fn at() -> Timestamp { Timestamp::from_second(1_767_225_600).unwrap() }
fn money(a: i64) -> MoneySet { MoneySet::same(Money::new(Decimal::new(a, 2), "EUR".parse().unwrap())) }
fn as_of() -> AsOf { AsOf { updated_at: at(), triggered_at: Some(at()), digest: "0123456789abcdef".into() } }
fn event(order: u64, round: u64) -> OrderEvent {
    let line = |id: u64| Line { id: LineId::new(order * 10 + id).unwrap(), product_id: ProductId::new(7000 + id), variant_id: VariantId::new(9000 + order % 500), sku: Some("CUP-BLUE-L".into()), title: "A blue cup".into(), quantity: 2, current_quantity: 2, price: money(1250), discount: money(0), gift_card: false, tracked: true };
    let totals = Totals { total: money(5000), current_total: money(5000), subtotal: money(5000), tax: money(800), discounts: money(0), shipping: money(0) };
    let f = Fulfillment { id: FulfillmentId::new(order).unwrap(), status: FulfillmentState::Success, created_at: at(), updated_at: at(), location_id: LocationId::new(3), tracking_company: Some("DHL".into()), tracking_number: Some("JD0123".into()), tracking_url: None, shipment_status: None, lines: vec![FulfillmentLine { line_id: LineId::new(order * 10 + 1).unwrap(), quantity: 2 }] };
    match round {
        0 => OrderPlaced { at: at(), as_of: as_of(), name: format!("#{order}"), test: false, currency: "EUR".parse().unwrap(), source_name: Some("web".into()), contact: OrderContact { customer_id: CustomerId::new(1 + order % 1000), email: Some("a@example.com".into()), phone: None }, addresses: OrderAddresses::default(), tags: vec![], note: None, lines: vec![line(1), line(2)], totals }.into(),
        1 => OrderPaid { at: at(), as_of: as_of(), status: FinancialStatus::Paid }.into(),
        2 => OrderFulfilled { at: at(), fulfillment: f }.into(),
        3 => OrderFulfillmentStatusChanged { at: at(), as_of: as_of(), status: FulfillmentStatus::Partial }.into(),
        _ => OrderTouched { at: at(), as_of: as_of() }.into(),
    }
}
