//! A release under load: every role is replaced, and nobody who asks is turned away.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use simulator::{Disorder, Report, Runner, RunnerSettings, Settings, Store};

use crate::api::Api;
use crate::faults::send;
use crate::flow::fleet::Fleet;
use crate::flow::{compare, no_dead_letters};
use crate::house::{SHOP, secret, shop};

const PATIENCE: Duration = Duration::from_secs(300);

#[tokio::test(flavor = "multi_thread")]
#[allow(clippy::print_stdout, reason = "the figures")]
async fn a_release_replaces_every_role_under_load_and_no_request_fails() {
    let mut fleet = Fleet::start().await;
    let start = jiff::Timestamp::now() + jiff::SignedDuration::from_mins(1);
    let store = Store::new(&Settings { start, ..Settings::new(shop(), secret(), 21) });
    let released = Arc::new(AtomicBool::new(false));
    // One attempt: what fails, fails.
    let settings = RunnerSettings { concurrency: 8, attempts: 1, ..RunnerSettings::default() };
    let runner = Runner::new(&fleet.ingress, settings).unwrap();
    let writing = tokio::spawn(write(runner, store, Arc::clone(&released)));
    let reading = tokio::spawn(read(fleet.api.clone(), Arc::clone(&released)));
    fleet.replace_all().await;
    released.store(true, Ordering::SeqCst);
    let ((report, store), (reads, failed)) = (writing.await.unwrap(), reading.await.unwrap());
    assert_eq!((report.given_up, failed), (0, 0), "of {} webhooks and {reads} reads", report.sent);
    fleet.api.settle(PATIENCE).await;
    compare(&fleet.api, &store.truth()).await;
    no_dead_letters(&fleet.api).await;
    println!("{} webhooks and {reads} reads during the release, none failed", report.sent);
}

/// The shop goes on until everything is replaced.
async fn write(runner: Runner, mut store: Store, released: Arc<AtomicBool>) -> (Report, Store) {
    let mut report = Report::default();
    let mut arriving = store.open();
    for day in 0.. {
        report += send(runner.clone(), arriving).await;
        if released.load(Ordering::SeqCst) {
            break;
        }
        arriving = Disorder::mild(day).apply(store.live(3));
    }
    (report, store)
}

/// Gives how many reads there were, and how many failed.
async fn read(api: Api, released: Arc<AtomicBool>) -> (usize, usize) {
    let (mut reads, mut failed) = (0, 0);
    while !released.load(Ordering::SeqCst) {
        reads += 1;
        failed += usize::from(!api.answers(&format!("/v1/{SHOP}/orders?limit=5")).await);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    (reads, failed)
}
