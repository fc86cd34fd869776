use events::{Shop, Timestamp};
use futures::future::join_all;
use streams::{Start, Starts};
use testkit::Fixture;

const SERVICE: &str = "callers";

pub(crate) async fn laws(fixture: &mut Fixture) {
    of_all_who_begin_at_once_one_is_first(fixture).await;
    what_is_forgotten_begins_anew(fixture).await;
    a_start_survives_the_servers(fixture).await;
}

async fn of_all_who_begin_at_once_one_is_first(fixture: &Fixture) {
    let starts: Vec<_> = (1..=8).map(start).collect();
    let mut replicas = Vec::new();
    for _ in &starts {
        replicas.push(Starts::new(&fixture.connect().await, SERVICE));
    }
    let acme = shop("acme");
    let begun = join_all(replicas.iter().zip(&starts).map(|(replica, &start)| replica.begin(&acme, start)));
    let begun: Vec<_> = begun.await.into_iter().map(Result::unwrap).collect();
    assert!(starts.contains(&begun[0]) && begun.iter().all(|start| *start == begun[0]), "{begun:?}");
    assert_eq!(replicas[0].begin(&acme, start(99)).await.unwrap(), begun[0], "who comes later");
    assert_eq!(replicas[0].of(&shop("zeta")).await.unwrap(), None, "another shop");
    assert_eq!(Starts::new(&fixture.broker, "others").of(&acme).await.unwrap(), None, "another service");
}

async fn what_is_forgotten_begins_anew(fixture: &Fixture) {
    let (starts, shop) = (Starts::new(&fixture.broker, SERVICE), shop("beta"));
    starts.forget(&shop).await.unwrap();
    for position in [3, 7] {
        assert_eq!(starts.begin(&shop, start(position)).await.unwrap(), start(position));
        for _ in 0..2 {
            starts.forget(&shop).await.unwrap();
            assert_eq!(starts.of(&shop).await.unwrap(), None);
        }
    }
}

async fn a_start_survives_the_servers(fixture: &mut Fixture) {
    let shop = shop("gamma");
    Starts::new(&fixture.broker, SERVICE).begin(&shop, start(5)).await.unwrap();
    fixture.servers.iter_mut().for_each(testkit::NatsServer::kill);
    fixture.start_again().await;
    let starts = Starts::new(&fixture.connect().await, SERVICE);
    let held = loop {
        // A cluster that has just been started may not answer at once.
        match starts.of(&shop).await {
            Ok(held) => break held,
            Err(_) => tokio::time::sleep(std::time::Duration::from_millis(100)).await,
        }
    };
    assert_eq!(held, Some(start(5)));
}

fn start(position: u64) -> Start {
    Start { position, at: Timestamp::from_second(1_700_000_000).unwrap() }
}

fn shop(name: &str) -> Shop {
    name.parse().unwrap()
}
