//! The thread that a connection lives on.

use std::io;
use std::thread;

use async_nats::Client;
use tokio::runtime;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use crate::broker::{CONNECT_TIMEOUT, ConnectError, refused};
use crate::publish::{Outgoing, QUEUE, send_together};

/// Connects, on a thread of its own that ends with the connection's last user.
///
/// There the client's task and ours take turns: what was handed over while the one was writing is
/// given to it at once, and written at once. On threads of many tasks they run side by side, and
/// every message is a write, a wake-up of the broker, and a read of its answer.
pub(crate) async fn open<C>(url: String, connecting: C) -> Result<(Client, mpsc::Sender<Outgoing>), ConnectError>
where
    C: Future<Output = Result<Client, async_nats::ConnectError>> + Send + 'static,
{
    let (queue, outgoing) = mpsc::channel(QUEUE);
    let (report, reported) = oneshot::channel();
    let live = async move {
        match timeout(CONNECT_TIMEOUT, connecting).await {
            Ok(Ok(client)) => {
                let _ = report.send(Ok(client.clone()));
                send_together(client, outgoing).await;
            }
            Ok(Err(error)) => drop(report.send(Err(refused(&url, error)))),
            Err(_) => drop(report.send(Err(ConnectError::TimedOut { url }))),
        }
    };
    spawn(live).map_err(ConnectError::Thread)?;
    let client = reported.await.map_err(|_| ConnectError::Thread(io::ErrorKind::BrokenPipe.into()))??;
    Ok((client, queue))
}

fn spawn(live: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    thread::Builder::new().name("broker".to_owned()).spawn(move || runtime.block_on(live))?;
    Ok(())
}
