use std::time::{Duration, Instant};

use streams::topology::{TopologySettings, ensure};
use streams::{Broker, Durable};

use crate::server::start_again;
use crate::{NatsCluster, NatsServer};

const ACK_WAIT: Duration = Duration::from_secs(2);
const PROVISIONED: Duration = Duration::from_secs(120);

/// A broker with our streams on it, alone or in a cluster.
pub struct Fixture {
    pub broker: Broker,
    pub servers: Vec<NatsServer>,
}

/// Small streams, and a server that soon takes a silent reader for dead.
pub fn topology_settings() -> TopologySettings {
    TopologySettings { max_bytes: 2 << 30, ack_wait: ACK_WAIT, ..TopologySettings::default() }
}

impl Fixture {
    /// One server with the streams and these durables.
    pub async fn single(durables: &[Durable]) -> Self {
        let server = NatsServer::start().await;
        let broker = server.connect().await;
        provision(&broker, &topology_settings(), durables).await;
        Self { broker, servers: vec![server] }
    }

    /// Three servers, every stream on all of them.
    pub async fn cluster(durables: &[Durable]) -> Self {
        let cluster = NatsCluster::start().await;
        let broker = cluster.connect().await;
        provision(&broker, &TopologySettings { replicas: 3, ..topology_settings() }, durables).await;
        Self { broker, servers: cluster.nodes }
    }

    /// Starts servers that were killed, on their stores and ports; all together, for a cluster needs most of
    /// them to answer.
    pub async fn start_again(&mut self) {
        start_again(&mut self.servers).await;
    }

    /// Has everything delivered to a durable once more, from the first message on.
    pub async fn replay(&self, durable: &Durable) {
        let client = async_nats::connect(self.servers[0].url()).await.expect("nats-server answers");
        let stream = async_nats::jetstream::new(client).get_stream(durable.stream.name()).await;
        let stream = stream.expect("the stream is there");
        stream.reset_consumer(durable.name, Some(1)).await.expect("the consumer is reset");
    }

    /// The address, or addresses, for further connections.
    pub fn url(&self) -> String {
        self.servers.iter().map(NatsServer::url).collect::<Vec<_>>().join(",")
    }

    /// A connection as another process would have.
    pub async fn connect(&self) -> Broker {
        crate::server::connect(&self.url()).await
    }
}

/// A young cluster may turn down the first requests.
async fn provision(broker: &Broker, settings: &TopologySettings, durables: &[Durable]) {
    let deadline = Instant::now() + PROVISIONED;
    while let Err(error) = ensure(broker, settings, durables).await {
        assert!(
            Instant::now() < deadline,
            "the streams cannot be made: {error}: {:?}",
            std::error::Error::source(&error)
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
