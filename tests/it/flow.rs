//! The law with real servers: what the simulated shop did is what the read models show, whatever
//! happened to its webhooks and to us on the way.

use std::time::Duration;

use serde_json::Value;
use simulator::{Delivery, Disorder, Report, Runner, RunnerSettings, Settings, Store, Truth};

use crate::house::{House, secret, shop};

const ORDERS: usize = 2_000;
const PATIENCE: Duration = Duration::from_secs(300);

/// A shop's life, as it arrives, and its end.
fn life(orders: usize, disorder: Disorder) -> (Vec<Delivery>, Truth) {
    let mut store = Store::new(&Settings::new(shop(), secret(), 42));
    let mut deliveries = store.open();
    deliveries.extend(store.live(orders));
    (disorder.apply(deliveries), store.truth())
}

fn runner(house: &House) -> Runner {
    let settings = RunnerSettings { concurrency: 32, attempts: 60, ..RunnerSettings::default() };
    Runner::new(&house.ingress(), settings).unwrap()
}

async fn compare(house: &House, truth: &Truth) {
    let mut differences = Vec::new();
    for expectation in truth.expectations() {
        let (status, body) = house.get(expectation.path).await;
        differences.extend(expectation.differences(status, &body));
    }
    assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), first(&differences));
}

fn first(differences: &[String]) -> String {
    differences.iter().take(20).map(String::as_str).collect::<Vec<_>>().join("\n")
}

async fn no_dead_letters(house: &House) {
    let (_, status) = house.get("/v1/status").await;
    let dead: Vec<&Value> = status["subscribers"].as_array().unwrap().iter().filter(|s| s["dead"] != 0).collect();
    assert!(dead.is_empty(), "{dead:?}");
}

fn arrived(report: Report) {
    assert_eq!(report.given_up, 0, "every webhook is answered 200 in the end");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_thousand_orders_in_heavy_disorder_end_as_the_shop_says() {
    let (arriving, truth) = life(ORDERS, Disorder::heavy(7));
    let house = House::start().await;
    arrived(runner(&house).run(arriving).await);
    house.settle(PATIENCE).await;
    compare(&house, &truth).await;
    no_dead_letters(&house).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_kills_in_the_middle_change_nothing() {
    let (arriving, truth) = life(ORDERS, Disorder::heavy(8));
    let mut house = House::start().await;
    let parts = arriving.len().div_ceil(11);
    for (number, part) in arriving.chunks(parts).enumerate() {
        let sending = {
            let (runner, part) = (runner(&house), part.to_vec());
            tokio::spawn(async move { runner.run(part).await })
        };
        if number > 0 {
            // Moments that differ from part to part, in the middle of the traffic.
            tokio::time::sleep(Duration::from_millis(137 * number as u64)).await;
            house.kill_and_restart();
        }
        arrived(sending.await.unwrap());
    }
    house.settle(PATIENCE).await;
    compare(&house, &truth).await;
    no_dead_letters(&house).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_twice_and_backwards_changes_no_read_model() {
    let (mut arriving, truth) = life(50, Disorder::none());
    let house = House::start().await;
    arrived(runner(&house).run(arriving.clone()).await);
    house.settle(PATIENCE).await;
    compare(&house, &truth).await;
    let before = house.get("/v1/status").await.1["events"]["head"].clone();
    arriving.reverse();
    arrived(runner(&house).run(arriving).await);
    house.settle(PATIENCE).await;
    compare(&house, &truth).await;
    assert_eq!(house.get("/v1/status").await.1["events"]["head"], before, "a repetition adds no event");
}
