use async_nats::Message;
use tokio::time::{Duration, Instant, sleep, sleep_until};

use super::handling::{Finished, Settled};
use super::succession::Succession;
use super::{Subscriber, Subscription};
use crate::ReadError;
use crate::pull::Pull;

/// Whoever read before may be about to make way.
const MAKING_WAY: Duration = Duration::from_millis(400);

/// What one step of a subscription did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Step {
    pub handled: usize,
    /// Parked; those that are due are tried again by the next step.
    pub retried: usize,
    /// Became dead letters.
    pub dead: usize,
    /// Why the subscriber stopped before the end: nothing works now.
    pub unavailable: Option<String>,
    /// Held back by parked messages, these included.
    pub parked: usize,
}

impl<S: Subscriber> Subscription<S> {
    /// For tests: handles all that is there now, each message at most once, and returns when the server
    /// knows. What handling leads to in the same stream is handled too.
    pub async fn step(&mut self) -> Result<Step, ReadError> {
        let mut step = Step::default();
        self.pause = None;
        self.lanes.release(Instant::now());
        loop {
            let arrived = if step.unavailable.is_none() { self.fetch().await? } else { 0 };
            self.start(true);
            while let Some(ended) = self.running.join_next_with_id().await {
                match self.finish(ended) {
                    Finished::Settled(Settled::Handled) => step.handled += 1,
                    Finished::Settled(Settled::Dead) => step.dead += 1,
                    Finished::NotYet((), _) => {}
                    Finished::Retry((), _) => step.retried += 1,
                    Finished::Unavailable((), reason) => step.unavailable = Some(reason),
                }
                self.start(true);
            }
            if arrived == 0 {
                step.parked = self.lanes.parked();
                return Ok(step);
            }
        }
    }

    async fn fetch(&mut self) -> Result<usize, ReadError> {
        let room = self.room();
        if room == 0 {
            return Ok(0);
        }
        match self.arrived(room).await {
            Ok(count) => Ok(count),
            Err(error) => {
                self.disconnect().await;
                Err(error)
            }
        }
    }

    async fn arrived(&mut self, room: usize) -> Result<usize, ReadError> {
        self.connect().await?;
        let since = Instant::now();
        while self.stands_by {
            if since.elapsed() > MAKING_WAY {
                return Ok(0);
            }
            sleep(MAKING_WAY / 20).await;
            self.connect().await?;
        }
        let redrives = pending(self.redrives.as_mut(), room).await?;
        let mut count = redrives.len();
        for message in redrives {
            self.take_redrive(message).await;
        }
        loop {
            let is_held = self.place.as_ref().is_none_or(|place| place.is_held());
            let wanted = self.wanted();
            let messages = pending(self.pull.as_mut(), wanted).await?;
            let nothing = messages.is_empty();
            count += messages.len();
            for message in messages {
                self.receive(message).await;
            }
            match self.succession.as_ref().map(Succession::next_look) {
                Some(next_look) => sleep_until(next_look).await,
                // The first alone was asked for.
                None if is_held || nothing => return Ok(count),
                None => {}
            }
            self.succeed().await;
        }
    }
}

async fn pending(pull: Option<&mut Pull>, room: usize) -> Result<Vec<Message>, ReadError> {
    match pull {
        Some(pull) if room > 0 => pull.pending(room).await,
        _ => Ok(Vec::new()),
    }
}
