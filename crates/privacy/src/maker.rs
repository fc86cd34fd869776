//! New keys: those who wait at one time are made together, for each transaction waits for the disk.

use std::collections::BTreeMap;
use std::sync::Arc;

use events::AggregateKey;
use tokio::sync::{mpsc, oneshot};

use crate::VaultError;
use crate::table::{KeyTable, Standing};

const QUEUE: usize = 1024;
const TOGETHER: usize = 256;

struct Wish {
    subject: AggregateKey,
    answer: oneshot::Sender<Result<Standing, Arc<VaultError>>>,
}

/// Makes keys, one transaction at a time.
#[derive(Clone)]
pub(crate) struct Maker(mpsc::Sender<Wish>);

impl Maker {
    /// It ends when nobody can ask any more.
    pub(crate) fn start(table: Arc<KeyTable>) -> Self {
        let (sender, mut wishes) = mpsc::channel::<Wish>(QUEUE);
        tokio::spawn(async move {
            let mut waiting = Vec::new();
            while wishes.recv_many(&mut waiting, TOGETHER).await > 0 {
                fulfil(&table, waiting.drain(..)).await;
            }
        });
        Self(sender)
    }

    pub(crate) async fn obtain(&self, subject: &AggregateKey) -> Result<Standing, Arc<VaultError>> {
        let (answer, answered) = oneshot::channel();
        let wish = Wish { subject: subject.clone(), answer };
        self.0.send(wish).await.map_err(|_| VaultError::Closed)?;
        answered.await.map_err(|_| VaultError::Closed)?
    }
}

async fn fulfil(table: &KeyTable, wishes: impl Iterator<Item = Wish>) {
    let mut waiting: BTreeMap<AggregateKey, Vec<oneshot::Sender<_>>> = BTreeMap::new();
    wishes.for_each(|wish| waiting.entry(wish.subject).or_default().push(wish.answer));
    let subjects: Vec<AggregateKey> = waiting.keys().cloned().collect();
    let made = table.obtain(&subjects).await.map_err(Arc::new);
    // Whoever has gone needs no answer.
    for (index, answers) in waiting.into_values().enumerate() {
        let standing = made.as_ref().map(|made| made[index].clone()).map_err(Arc::clone);
        answers.into_iter().for_each(|answer| drop(answer.send(standing.clone())));
    }
}
