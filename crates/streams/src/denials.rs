use std::collections::HashMap;

use async_nats::ServerError;
use tokio::sync::watch;

/// Subjects are remembered up to so many: what is denied is a mistake in the set-up, not a flood.
const REMEMBERED: usize = 256;

/// What the broker has denied to this connection, and how often.
///
/// The server answers nothing to a request that it denies: it says so beside the requests, by subject. Without
/// this a wrong permission looks like a broker that is away.
#[derive(Debug, Clone)]
pub(crate) struct Denials(watch::Receiver<HashMap<String, u64>>);

/// How often a subject was denied before a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Before(u64);

impl Denials {
    pub(crate) fn channel() -> (watch::Sender<HashMap<String, u64>>, Self) {
        let (told, heard) = watch::channel(HashMap::new());
        (told, Self(heard))
    }

    /// To be asked before the request is sent.
    pub(crate) fn before(&self, subject: &str) -> Before {
        Before(count(&self.0.borrow(), subject))
    }

    /// Ends when the subject is denied once more than before; never otherwise.
    pub(crate) async fn of(&self, subject: &str, Before(before): Before) {
        let denied = self.0.clone().wait_for(|denied| count(denied, subject) > before).await.is_ok();
        if !denied {
            std::future::pending().await
        }
    }
}

/// Looks out for denials from some moment on.
pub(crate) struct Lookout {
    denials: Denials,
    subjects: [(String, Before); 2],
}

impl Lookout {
    pub(crate) fn new(denials: &Denials, subjects: [String; 2]) -> Self {
        let subjects = subjects.map(|subject| {
            let before = denials.before(&subject);
            (subject, before)
        });
        Self { denials: denials.clone(), subjects }
    }

    /// The subject that is denied; waits for ever when none is.
    pub(crate) async fn denied(&self) -> String {
        let [(one, before_one), (other, before_other)] = &self.subjects;
        tokio::select! {
            () = self.denials.of(one, *before_one) => one.clone(),
            () = self.denials.of(other, *before_other) => other.clone(),
        }
    }
}

fn count(denied: &HashMap<String, u64>, subject: &str) -> u64 {
    denied.get(subject).copied().unwrap_or_default()
}

/// Takes note if it is a denial that the server speaks of.
pub(crate) fn note(error: &ServerError, told: &watch::Sender<HashMap<String, u64>>) -> bool {
    let ServerError::Other(text) = error else { return false };
    if !text.to_ascii_lowercase().contains("permissions violation") {
        return false;
    }
    let subject = text.split('"').nth(1).unwrap_or_default();
    told.send_modify(|denied| {
        if denied.len() < REMEMBERED || denied.contains_key(subject) {
            *denied.entry(subject.to_owned()).or_default() += 1;
        }
    });
    true
}
