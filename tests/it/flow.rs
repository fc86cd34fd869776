//! The law with real servers: what the simulated shop did is what the read models show, whatever
//! happened to its webhooks and to us on the way.

pub(crate) mod fleet;
pub(crate) mod log;
pub(crate) mod messages;

use std::time::Duration;

use serde_json::Value;
use simulator::{Delivery, Disorder, Report, Runner, RunnerSettings, Settings, Store, Truth};

use crate::api::Api;
use crate::house::{House, secret, shop};
use fleet::{Fleet, Kills};
use log::Log;

const ORDERS: usize = 1_000;
/// For as long as a loaded machine may take; a quiet one needs a fraction of it.
const PATIENCE: Duration = Duration::from_secs(900);

/// A shop's life, as it arrives, and its end.
fn life(orders: usize, disorder: Disorder) -> (Vec<Delivery>, Truth) {
    life_of(&Settings::new(shop(), secret(), 42), orders, disorder)
}

fn life_of(settings: &Settings, orders: usize, disorder: Disorder) -> (Vec<Delivery>, Truth) {
    let mut store = Store::new(settings);
    let mut deliveries = store.open();
    deliveries.extend(store.live(orders));
    (disorder.apply(deliveries), store.truth())
}

fn runner(ingress: &str) -> Runner {
    let settings = RunnerSettings { concurrency: 32, attempts: 60, ..RunnerSettings::default() };
    Runner::new(ingress, settings).unwrap()
}

pub(crate) async fn compare(api: &Api, truth: &Truth) {
    let mut differences = Vec::new();
    for expectation in truth.expectations() {
        let (status, body) = api.get(expectation.path).await;
        differences.extend(expectation.differences(status, &body));
    }
    none(&differences);
}

fn none(differences: &[String]) {
    assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), first(differences));
}

fn first(differences: &[String]) -> String {
    differences.iter().take(20).map(String::as_str).collect::<Vec<_>>().join("\n")
}

pub(crate) async fn no_dead_letters(api: &Api) {
    let (_, status) = api.get("/v1/status").await;
    let dead: Vec<&Value> = status["subscribers"].as_array().unwrap().iter().filter(|s| s["dead"] != 0).collect();
    assert!(dead.is_empty(), "{dead:?}");
}

fn arrived(report: Report) {
    assert_eq!(report.given_up, 0, "every webhook is answered 200 in the end");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_orders_in_heavy_disorder_end_as_the_shop_says() {
    let (arriving, truth) = life(ORDERS, Disorder::heavy(7));
    let house = House::start().await;
    arrived(runner(&house.ingress()).run(arriving).await);
    house.api.settle(PATIENCE).await;
    compare(&house.api, &truth).await;
    no_dead_letters(&house.api).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_kills_in_the_middle_change_nothing() {
    let (arriving, truth) = life(ORDERS / 2, Disorder::heavy(8));
    let mut house = House::start().await;
    let parts = arriving.len().div_ceil(11);
    for (number, part) in arriving.chunks(parts).enumerate() {
        let sending = {
            let (runner, part) = (runner(&house.ingress()), part.to_vec());
            tokio::spawn(async move { runner.run(part).await })
        };
        if number > 0 {
            // Moments that differ from part to part, in the middle of the traffic.
            tokio::time::sleep(Duration::from_millis(137 * number as u64)).await;
            house.kill_and_restart();
        }
        arrived(sending.await.unwrap());
    }
    house.api.settle(PATIENCE).await;
    compare(&house.api, &truth).await;
    no_dead_letters(&house.api).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_twice_and_backwards_changes_no_read_model() {
    let (mut arriving, truth) = life(50, Disorder::none());
    let house = House::start().await;
    arrived(runner(&house.ingress()).run(arriving.clone()).await);
    house.api.settle(PATIENCE).await;
    compare(&house.api, &truth).await;
    let before = house.api.get("/v1/status").await.1["events"]["head"].clone();
    arriving.reverse();
    arrived(runner(&house.ingress()).run(arriving).await);
    house.api.settle(PATIENCE).await;
    compare(&house.api, &truth).await;
    assert_eq!(house.api.get("/v1/status").await.1["events"]["head"], before, "a repetition adds no event");
}

/// How many orders the services live through: 5,000 is the long form, as in
/// `FLOW_ORDERS=5000 cargo test --workspace --test it every_service_twice -- --nocapture`.
fn orders_of_the_fleet() -> usize {
    std::env::var("FLOW_ORDERS").map_or(500, |orders| orders.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
#[allow(clippy::print_stdout, reason = "the figures of the long form")]
async fn every_service_twice_and_killed_again_and_again_ends_as_the_shop_says() {
    // What lies before the start of the notifications is told to nobody.
    let start = jiff::Timestamp::now() + jiff::SignedDuration::from_mins(1);
    let settings = Settings { start, ..Settings::new(shop(), secret(), 4) };
    let orders = orders_of_the_fleet();
    let (arriving, truth) = life_of(&settings, orders, Disorder::heavy(9));
    let mut fleet = Fleet::start().await;
    let sending = tokio::spawn({
        let runner = runner(&fleet.ingress);
        async move { runner.run(arriving).await }
    });
    let kills = fleet.suffer(|| sending.is_finished()).await;
    let report = sending.await.unwrap();
    arrived(report);
    fleet.api.settle(PATIENCE * u32::try_from(orders.div_ceil(1_000)).unwrap()).await;
    compare(&fleet.api, &truth).await;
    no_dead_letters(&fleet.api).await;
    let log = Log::read(&fleet.nats.connect().await).await;
    let prefixes = log.is_conserved();
    let told = messages::check(&fleet.api, &fleet.mail, &log, &truth).await;
    let most = kills.of_notifications * messages::UNDER_WAY;
    assert!(told.repeated <= most, "{} mails came again, of {} kills", told.repeated, kills.of_notifications);
    let messages::Told { notifications, mails, repeated } = told;
    let Kills { all: kills, of_notifications } = kills;
    println!(
        "{} webhooks sent and {kills} processes killed, {of_notifications} of them of notifications; stock conserved \
         at {prefixes} prefixes; {notifications} notifications, {mails} mails, {repeated} of them repeated",
        report.sent
    );
}
