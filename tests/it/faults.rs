//! What the product stands on fails under it, one thing after the other and all of it for real: a cluster of three
//! nats-servers, a PostgreSQL server, the lines between. Nothing that was answered 200 is lost, and nothing is done twice.

mod fault;
mod ground;
mod journal;

use std::time::{Duration, Instant};

use simulator::{Delivery, Disorder, Report, Runner, RunnerSettings, Settings, Store};
use tokio::time::{MissedTickBehavior, interval};

use crate::flow::log::Log;
use crate::flow::{compare, messages, no_dead_letters};
use crate::house::{secret, shop};
use fault::Fault;
use ground::Ground;
use journal::Journal;

/// Of the shop's life, while one thing fails.
const ORDERS: usize = 6;
/// Deliveries that are under way together, and how often so many come.
const TOGETHER: usize = 8;
const PACE: Duration = Duration::from_millis(100);
/// For as long as a loaded machine may take; a quiet one needs a fraction of it.
const PATIENCE: Duration = Duration::from_secs(300);

/// How often everything fails: 20 is the long form, as in
/// `FAULT_ROUNDS=20 cargo test --workspace --test it whatever_fails -- --nocapture`.
fn rounds() -> usize {
    std::env::var("FAULT_ROUNDS").map_or(1, |rounds| rounds.parse().unwrap())
}

/// What fails: everything, or what is named, as in `FAULTS=LeaderKilled,LineCut`.
fn faults() -> Vec<Fault> {
    let Ok(named) = std::env::var("FAULTS") else { return Fault::ALL.to_vec() };
    let called = |name: &str| Fault::ALL.into_iter().find(|fault| format!("{fault:?}") == name);
    named.split(',').map(|name| called(name).unwrap_or_else(|| panic!("one of {:?}", Fault::ALL))).collect()
}

#[tokio::test(flavor = "multi_thread")]
#[allow(clippy::print_stdout, reason = "the figures of the long form")]
async fn whatever_fails_under_it_nothing_that_was_answered_is_lost_and_nothing_is_done_twice() {
    let (faults, rounds) = (faults(), rounds());
    let mut trial = Trial::begin().await;
    println!("round fault            refused   write gap    repaired     settled   (seconds)");
    for round in 1..=rounds {
        for &fault in &faults {
            let Figures { refused, gap, repaired } = trial.suffer(fault, round).await;
            // The short form has no time to come to rest in between.
            let settled = if rounds > 1 { trial.settle().await } else { Duration::ZERO };
            let [gap, repaired, settled] = [gap, repaired, settled].map(|time| time.as_secs_f64());
            println!(
                "{round:>5} {:<16} {refused:>7} {gap:>11.2} {repaired:>11.2} {settled:>11.2}",
                format!("{fault:?}")
            );
        }
    }
    trial.settle().await;
    println!("{}", trial.end().await);
}

/// A shop, and the product that hears of it.
struct Trial {
    ground: Ground,
    store: Store,
    journal: Journal,
    runner: Runner,
}

/// What a fault cost.
struct Figures {
    /// Requests that were not answered 200.
    refused: usize,
    /// The longest time between two that were.
    gap: Duration,
    /// What the repair took.
    repaired: Duration,
}

impl Trial {
    async fn begin() -> Self {
        let ground = Ground::start().await;
        // What lies before the start of the notifications is told to nobody.
        let start = jiff::Timestamp::now() + jiff::SignedDuration::from_mins(1);
        let mut store = Store::new(&Settings { start, ..Settings::new(shop(), secret(), 11) });
        let backoff_at_most = Duration::from_millis(200);
        let settings = RunnerSettings { concurrency: TOGETHER, attempts: 5_000, backoff_at_most, ..Default::default() };
        let (journal, answers) = Journal::new();
        let runner = Runner::new(&ground.house.ingress(), settings).unwrap().telling(answers);
        runner.run(store.open()).await;
        Self { ground, store, journal, runner }
    }

    /// The shop goes on, something fails under the product in the middle of it, and is repaired.
    async fn suffer(&mut self, fault: Fault, round: usize) -> Figures {
        let arriving = Disorder::heavy(round as u64).apply(self.store.live(ORDERS));
        let (before, third) = (self.journal.refused(), arriving.len() / 3);
        let calm = self.journal.accepted() + third;
        let sending = tokio::spawn(send(self.runner.clone(), arriving));
        self.journal.reaches(calm).await;
        let struck = tokio::time::Instant::now();
        let broken = fault.strike(&mut self.ground, &self.journal, round).await;
        let shown = Instant::now();
        broken.repair(&mut self.ground).await;
        let repaired = shown.elapsed();
        let report = sending.await.unwrap();
        assert_eq!(report.given_up, 0, "every webhook is answered 200 in the end");
        assert!(self.ground.house.is_alive(), "{fault:?} ended the product");
        Figures { refused: self.journal.refused() - before, gap: self.journal.longest_gap(struck), repaired }
    }

    /// When nothing is pending anywhere, the read models say what the shop says. Gives how long that took.
    async fn settle(&self) -> Duration {
        let (api, since) = (&self.ground.house.api, Instant::now());
        api.settle(PATIENCE).await;
        let settled = since.elapsed();
        compare(api, &self.store.truth()).await;
        no_dead_letters(api).await;
        settled
    }

    /// All that was ever answered, appended, folded and sent. Says how much that was.
    async fn end(self) -> String {
        let Self { ground, store, journal, .. } = self;
        ground.is_whole().await;
        let broker = ground.cluster.connect().await;
        let kept = journal.is_kept(&broker, ground.bodies().await).await;
        let log = Log::read(&broker).await;
        let prefixes = log.is_conserved();
        let told = messages::check(&ground.house.api, &ground.mail, &log, &store.truth()).await;
        assert_eq!(told.repeated, 0, "no process died, so no mail came twice");
        let verified = ground.house.command(&["projections", "verify", "--all"]).output().unwrap();
        assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
        let (answered, events) = (journal.accepted(), log.events());
        format!(
            "{answered} answers of 200 for {kept} deliveries, each kept as it was sent; {events} events, each once; stock \
             conserved at {prefixes} prefixes; {} notifications, {} mails, none twice; rows are those of the log",
            told.notifications, told.mails
        )
    }
}

/// A few at a time, at a steady pace.
pub(crate) async fn send(runner: Runner, arriving: Vec<Delivery>) -> Report {
    let mut ticks = interval(PACE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut report = Report::default();
    for few in arriving.chunks(TOGETHER) {
        ticks.tick().await;
        report += runner.run(few.to_vec()).await;
    }
    report
}
