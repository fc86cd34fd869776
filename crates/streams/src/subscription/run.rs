use std::time::Duration;

use async_nats::Message;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::delivery::Delivery;
use super::succession::Succession;
use super::{Subscriber, Subscription};
use crate::{ReadError, subscribers};

/// The next look is soon enough for an answer that takes longer: nothing else is done meanwhile.
const LOOK: Duration = Duration::from_secs(1);
/// Requests of operators that are taken ahead.
const REDRIVES: usize = 16;

/// How often a replica looks whether the place is free.
const TURN: Duration = Duration::from_secs(1);

/// How a subscription ended its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drained {
    /// Messages given back unhandled: they come again, to whoever reads next.
    pub given_back: usize,
    /// Messages whose handling was cut short; they come again too.
    pub cut_short: usize,
}

enum Turn<F> {
    Shutdown,
    Ended(F),
    Woken,
    KeepAlive,
    Look,
    Arrived(Result<Message, ReadError>),
    Redriven(Result<Message, ReadError>),
}

impl<S: Subscriber> Subscription<S> {
    /// Handles what comes until shutdown, whatever the broker does meanwhile.
    pub async fn run(mut self, shutdown: CancellationToken) -> Drained {
        let mut keep_alive = interval(self.keep_alive.max(Duration::from_millis(10)));
        keep_alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut turn = interval(TURN);
        turn.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            self.resume(Instant::now());
            self.start(false);
            if self.pause.is_none()
                && !self.stands_by
                && let Err(error) = self.connect().await
            {
                self.pause(&error.to_string());
            }
            let (room, wake) = (self.room(), self.wake());
            let open = room > 0 && self.pause.is_none() && !self.stands_by;
            let (wanted, settled) = (self.wanted(), self.succession.is_none());
            let awaited = self.pull.as_ref().is_some_and(|pull| pull.outstanding() > 0);
            let turn = tokio::select! {
                biased;
                () = shutdown.cancelled() => Turn::Shutdown,
                Some(ended) = self.running.join_next_with_id() => Turn::Ended(ended),
                () = sleep_until(wake.unwrap_or_else(Instant::now)), if wake.is_some() => Turn::Woken,
                _ = keep_alive.tick() => Turn::KeepAlive,
                _ = turn.tick(), if self.stands_by => Turn::Look,
                message = arrival(self.redrives.as_mut(), room.min(REDRIVES)), if open && settled => Turn::Redriven(message),
                message = arrival(self.pull.as_mut(), wanted), if open && (wanted > 0 || awaited) => Turn::Arrived(message),
            };
            match turn {
                Turn::Shutdown => return self.drain().await,
                Turn::Ended(ended) => {
                    self.finish(ended);
                    self.heed_the_loss().await;
                }
                Turn::Woken => self.succeed().await,
                // Not to be told whose turn it is means to wait.
                Turn::Look => drop(self.look().await),
                Turn::KeepAlive => {
                    self.keep_alive().await;
                    self.heed_the_operator().await;
                }
                Turn::Arrived(Ok(message)) => self.receive(message).await,
                Turn::Redriven(Ok(message)) => self.take_redrive(message).await,
                Turn::Arrived(Err(error)) | Turn::Redriven(Err(error)) => {
                    self.disconnect().await;
                    self.pause(&error.to_string());
                }
            }
        }
    }

    /// Ends a pause whose time has come, and makes parked lanes ready whose time has.
    pub(super) fn resume(&mut self, now: Instant) {
        if self.pause.is_some_and(|until| until <= now) {
            self.pause = None;
            metrics::gauge!("tillstream_subscriber_paused", "subscriber" => S::NAME).set(0.0);
        }
        self.lanes.release(now);
    }

    fn wake(&self) -> Option<Instant> {
        let next_look = self.succession.as_ref().map(Succession::next_look);
        self.pause.or_else(|| self.lanes.next_due().into_iter().chain(next_look).min())
    }

    /// Tells the server that all that is held here is not forgotten.
    async fn keep_alive(&mut self) {
        let parked = self.lanes.parked() + self.overflow.len();
        metrics::gauge!("tillstream_subscriber_parked", "subscriber" => S::NAME).set(parked as f64);
        if self.room() == 0 && parked * 2 > self.settings.capacity {
            tracing::error!(subscriber = S::NAME, parked, "parked messages fill the subscriber: others have to wait");
        }
        // In order: if we die, what we held is missed in this order, and comes again in it.
        let kept = self.succession.iter().flat_map(Succession::replies);
        for reply in self.held.values().cloned().chain(kept) {
            // Without a connection the words would only pile up.
            if !self.broker.is_connected() || self.broker.client.publish(reply, "+WPI".into()).await.is_err() {
                return;
            }
        }
        if let Some(pull) = &mut self.pull
            && let Err(error) = pull.keep_place().await
        {
            tracing::debug!(subscriber = S::NAME, %error, "the place is not kept");
        }
    }

    /// Takes note of what an operator has written on the durable meanwhile, and tells how far it is behind.
    async fn heed_the_operator(&mut self) {
        let info = timeout(LOOK, self.broker.consumer_info(self.durable.stream, self.durable.name)).await;
        let Ok(Ok(Some(info))) = info else { return };
        metrics::gauge!("tillstream_subscriber_pending", "subscriber" => S::NAME).set(info.num_pending as f64);
        metrics::gauge!("tillstream_subscriber_unacked", "subscriber" => S::NAME).set(info.num_ack_pending as f64);
        let paused_shops = subscribers::paused_shops(&info.config.metadata);
        if paused_shops != self.paused_shops {
            tracing::info!(subscriber = S::NAME, ?paused_shops, "an operator has paused or resumed shops");
            self.paused_shops = paused_shops;
        }
    }

    async fn drain(mut self) -> Drained {
        if let Some(mut pull) = self.pull.take() {
            for message in pull.close().await {
                self.receive(message).await;
            }
        }
        if let Some(mut redrives) = self.redrives.take() {
            for reply in redrives.close().await.into_iter().filter_map(|message| message.reply) {
                Delivery::new(&self.broker, reply).give_back().await;
            }
        }
        let mut given_back = self.make_way().await;
        let drained = timeout(self.settings.drain, async {
            while let Some(ended) = self.running.join_next_with_id().await {
                self.finish(ended);
            }
        });
        let cut_short = if drained.await.is_ok() { 0 } else { self.running.len() };
        // What is cut short gives itself back when it is dropped.
        self.running.shutdown().await;
        given_back += self.make_way().await;
        self.broker.flush().await;
        if let Some(place) = self.place.take() {
            place.give_up().await;
        }
        tracing::info!(subscriber = S::NAME, given_back, cut_short, "subscriber drained");
        Drained { given_back, cut_short }
    }
}

async fn arrival(pull: Option<&mut crate::pull::Pull>, room: usize) -> Result<Message, ReadError> {
    match pull {
        Some(pull) => pull.next(room).await,
        None => Err(ReadError::Unavailable("not connected".to_owned())),
    }
}
