//! What the product stands on, in the hands of the test.

use std::time::{Duration, Instant};

use db::Database;
use privacy::{Kek, Vault};
use streams::{Bodies, Stream};
use testkit::{MailServer, NatsCluster, PostgresServer, Proxy};

use super::PATIENCE;
use crate::house::{House, notifications};

const LOOK: Duration = Duration::from_millis(100);

/// The product ends before what it stands on.
pub(crate) struct Ground {
    pub(crate) house: House,
    pub(crate) mail: MailServer,
    /// Between the product and each node.
    pub(crate) lines: Vec<Proxy>,
    pub(crate) postgres: PostgresServer,
    /// Where it keeps its rows and its keys.
    database: String,
    pub(crate) cluster: NatsCluster,
}

impl Ground {
    pub(crate) async fn start() -> Self {
        let (cluster, mail) = (NatsCluster::start().await, MailServer::start().await);
        let postgres = tokio::task::block_in_place(PostgresServer::start);
        let mut lines = Vec::new();
        for node in &cluster.nodes {
            lines.push(Proxy::in_front_of(node.port()).await);
        }
        let nats: Vec<String> = lines.iter().map(|line| format!("nats://{}", line.address())).collect();
        let database = postgres.make_database();
        let sections = format!(
            "[nats]\nurl = \"{}\"\nreplicas = 3\nmax_bytes = 2147483648\n[database]\nurl = \"{}\"\n{}",
            nats.join(","),
            database,
            notifications(mail.port())
        );
        // What fails is told by whatever depends on it, again and again.
        let house = House::start_with(&sections, "off").await;
        Self { house, mail, lines, postgres, database, cluster }
    }

    /// What opens the bodies that the product keeps.
    pub(crate) async fn bodies(&self) -> Bodies {
        let joint = if self.database.contains('?') { '&' } else { '?' };
        let keys = Database::open_lasting(&format!("{}{joint}schema={}", self.database, privacy::DATABASE)).await;
        let kek = Kek::parse(&std::fs::read_to_string(self.house.data().join("kek")).unwrap()).unwrap();
        Vault::open(keys.unwrap(), vec![kek]).await.unwrap().for_bodies()
    }

    pub(crate) async fn reads_fail(&self) {
        let api = &self.house.api;
        eventually("reads fail", async || api.get("/readyz").await.0 == 503).await;
    }

    pub(crate) async fn recorder_pauses(&self) {
        let paused = "tillstream_subscriber_paused{subscriber=\"recorder\"} 1\n";
        eventually("the recorder pauses", async || self.house.api.text("/metrics").await.contains(paused)).await;
    }

    /// Returns when every node has every stream, up to its end.
    pub(crate) async fn is_whole(&self) {
        for stream in Stream::ALL {
            self.cluster.whole(stream).await;
        }
    }
}

async fn eventually(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let since = Instant::now();
    while !is_so().await {
        assert!(since.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        tokio::time::sleep(LOOK).await;
    }
}
