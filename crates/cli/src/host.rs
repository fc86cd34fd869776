//! What every role stands on: its tasks, its address, its end.

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use ingress::server::{ServerLimits, serve};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::config::Server;
use crate::failure::{Exit, Failure, OrExit, Outcome};
use crate::telemetry::Spans;

/// From the first signal to the end, whatever is still under way.
const DRAIN: Duration = Duration::from_secs(20);
/// What a shell expects of a program that was interrupted.
const INTERRUPTED: i32 = 130;

/// The tasks of this process. They end together: on a signal, or when one of them cannot go on.
pub(crate) struct Host {
    shutdown: CancellationToken,
    tasks: JoinSet<(&'static str, Outcome)>,
    /// What they did is told to the end.
    _spans: Spans,
}

impl Host {
    /// From here on SIGTERM and SIGINT drain; the second one ends the process at once.
    pub(crate) fn start(spans: Spans) -> Outcome<Self> {
        let shutdown = CancellationToken::new();
        let mut signals = [signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?];
        let drain = shutdown.clone();
        tokio::spawn(async move {
            let [terminate, interrupt] = &mut signals;
            for first in [true, false] {
                tokio::select! { _ = terminate.recv() => {} _ = interrupt.recv() => {} }
                if !first {
                    std::process::exit(INTERRUPTED);
                }
                tracing::info!("stopping");
                drain.cancel();
            }
        });
        Ok(Self { shutdown, tasks: JoinSet::new(), _spans: spans })
    }

    /// Cancelled when it is time to end.
    pub(crate) fn shutdown(&self) -> CancellationToken {
        self.shutdown.clone()
    }

    /// Adds a task that runs until the shutdown.
    pub(crate) fn spawn(&mut self, name: &'static str, task: impl Future<Output = Outcome> + Send + 'static) {
        self.tasks.spawn(async move { (name, task.await) });
    }

    /// Serves HTTP on an address that [`bind`] has taken.
    pub(crate) fn serve(&mut self, listener: TcpListener, router: Router, settings: &Server) {
        let limits = ServerLimits { connections: settings.max_connections, ..ServerLimits::default() };
        let shutdown = self.shutdown();
        self.spawn("http", async move {
            serve(listener, router, limits, shutdown).await;
            Ok(())
        });
    }

    /// Waits for the end of all tasks.
    ///
    /// # Errors
    /// The first failure of a task, or one that ended without being told to.
    pub(crate) async fn run(mut self) -> Outcome {
        let mut outcome = Ok(());
        let shutdown = self.shutdown.clone();
        let deadline = async {
            shutdown.cancelled().await;
            tokio::time::sleep(DRAIN).await;
        };
        tokio::pin!(deadline);
        loop {
            let ended = tokio::select! {
                ended = self.tasks.join_next() => ended,
                () = &mut deadline => {
                    tracing::warn!(tasks = self.tasks.len(), "cut off: they did not end in time");
                    return outcome;
                }
            };
            let Some(ended) = ended else { return outcome };
            outcome = outcome.and(self.judge(ended));
            shutdown.cancel();
        }
    }

    fn judge(&self, ended: Result<(&'static str, Outcome), tokio::task::JoinError>) -> Outcome {
        let (name, result) = ended?;
        match result {
            Err(failure) => Err(failure.context(name)),
            Ok(()) if self.shutdown.is_cancelled() => Ok(()),
            Ok(()) => Err(Failure::new(Exit::Failed, format!("{name} ended by itself"))),
        }
    }
}

/// Takes the address.
///
/// # Errors
/// Somebody else has it: a precondition.
pub(crate) async fn bind(listen: SocketAddr) -> Outcome<(TcpListener, SocketAddr)> {
    let bound = TcpListener::bind(listen).await.or_exit(Exit::Precondition);
    let listener = bound
        .map_err(|e| e.context(format!("cannot listen on {listen}")).hint("choose another address with --listen"))?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}
