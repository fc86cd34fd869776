use std::time::{Duration, Instant};

use async_nats::jetstream::Context;
use async_nats::jetstream::stream::ClusterInfo;
use streams::{Broker, Stream};

use crate::port::free_port;
use crate::server::{NatsServer, SyncInterval, connect, start_again};

const SIZE: usize = 3;
const ELECTION: Duration = Duration::from_secs(120);
const LOOK: Duration = Duration::from_millis(50);

/// Three nats-servers that are one JetStream; streams made with `replicas: 3` live on all of them.
pub struct NatsCluster {
    pub nodes: Vec<NatsServer>,
}

impl NatsCluster {
    pub async fn start() -> Self {
        let ports: Vec<u16> = (0..SIZE).map(|_| free_port()).collect();
        let routes: Vec<String> = ports.iter().map(|port| format!("nats://127.0.0.1:{port}")).collect();
        let routes = routes.join(", ");
        let nodes = ports.iter().map(|port| {
            // Not advertised: a client that is led through a proxy finds no way around it.
            let cluster = format!(
                "cluster {{ name: kit, host: 127.0.0.1, port: {port}, no_advertise: true, routes: [{routes}] }}"
            );
            NatsServer::prepare(SyncInterval::Default, &cluster)
        });
        let mut cluster = Self { nodes: nodes.collect() };
        cluster.nodes.iter_mut().for_each(NatsServer::spawn);
        for node in &cluster.nodes {
            assert!(node.answers().await, "a node of the cluster did not start");
        }
        cluster.elected().await;
        cluster
    }

    /// All nodes' addresses, for a client that moves on when one dies.
    pub fn url(&self) -> String {
        self.nodes.iter().map(NatsServer::url).collect::<Vec<_>>().join(",")
    }

    pub async fn connect(&self) -> Broker {
        connect(&self.url()).await
    }

    /// The index of the node that leads a stream.
    pub async fn leader(&self, stream: Stream) -> usize {
        let jetstream = self.jetstream().await;
        let deadline = Instant::now() + ELECTION;
        while Instant::now() < deadline {
            if let Ok(found) = jetstream.get_stream(stream.name()).await {
                let leader = found.cached_info().cluster.as_ref().and_then(|cluster| cluster.leader.clone());
                let index = self.nodes.iter().position(|node| Some(node.name()) == leader.as_deref());
                if let Some(index) = index {
                    return index;
                }
            }
            tokio::time::sleep(LOOK).await;
        }
        panic!("{stream} has no leader");
    }

    /// Starts nodes that were killed, on their stores and ports; all together, for a cluster needs most of
    /// them to answer.
    pub async fn start_again(&mut self) {
        start_again(&mut self.nodes).await;
    }

    /// Returns when a stream is on all nodes again, up to its end.
    pub async fn whole(&self, stream: Stream) {
        let jetstream = self.jetstream().await;
        let deadline = Instant::now() + ELECTION;
        loop {
            let found = jetstream.get_stream(stream.name()).await;
            let cluster = found.ok().and_then(|found| found.cached_info().cluster.clone());
            let current = |cluster: &ClusterInfo| {
                let up_to_date =
                    cluster.replicas.iter().filter(|peer| peer.current && !peer.offline && peer.lag.unwrap_or(0) == 0);
                cluster.leader.is_some() && up_to_date.count() + 1 == SIZE
            };
            if cluster.as_ref().is_some_and(current) {
                return;
            }
            assert!(Instant::now() < deadline, "{stream} is not on all nodes again: {cluster:?}");
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn elected(&self) {
        let jetstream = self.jetstream().await;
        let deadline = Instant::now() + ELECTION;
        while jetstream.query_account().await.is_err() {
            assert!(Instant::now() < deadline, "the cluster has not elected a leader");
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn jetstream(&self) -> Context {
        let urls: Vec<String> = self.nodes.iter().map(NatsServer::url).collect();
        let client = async_nats::connect(urls).await;
        let client = client.unwrap_or_else(|error| panic!("no connection to the cluster: {error}"));
        let mut jetstream = async_nats::jetstream::new(client);
        jetstream.set_timeout(Duration::from_secs(2));
        jetstream
    }
}
