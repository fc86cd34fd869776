use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use streams::Failure;
use tokio::sync::oneshot;

/// Questions of one kind: those that come while one is under way wait, and are then asked together.
///
/// An answer is never older than its question.
pub(super) struct Together<K, V> {
    waiting: Mutex<Vec<Question<K, V>>>,
    /// Held by the one who asks for all.
    turn: tokio::sync::Mutex<()>,
}

struct Question<K, V> {
    key: K,
    answer: oneshot::Sender<Result<V, Failure>>,
}

impl<K, V> Default for Together<K, V> {
    fn default() -> Self {
        Self { waiting: Mutex::default(), turn: tokio::sync::Mutex::default() }
    }
}

impl<K: Ord + Clone, V: Clone + Default> Together<K, V> {
    /// The answer of `read`, which is given the keys of all who wait; the default where it has none.
    pub(super) async fn ask<F>(&self, key: K, read: impl Fn(Vec<K>) -> F) -> Result<V, Failure>
    where
        F: Future<Output = Result<BTreeMap<K, V>, Failure>>,
    {
        loop {
            let (answer, mut answered) = oneshot::channel();
            self.waiting().push(Question { key: key.clone(), answer });
            let told = tokio::select! {
                biased;
                told = &mut answered => told,
                _turn = self.turn.lock() => {
                    self.ask_all(&read).await;
                    answered.await
                }
            };
            // Else whoever asked for all was torn down.
            if let Ok(told) = told {
                return told;
            }
        }
    }

    async fn ask_all<F>(&self, read: &impl Fn(Vec<K>) -> F)
    where
        F: Future<Output = Result<BTreeMap<K, V>, Failure>>,
    {
        // Whoever else is about to ask gets a turn first.
        tokio::task::yield_now().await;
        let questions = std::mem::take(&mut *self.waiting());
        // Somebody else has asked for us.
        if questions.is_empty() {
            return;
        }
        let found = read(questions.iter().map(|question| question.key.clone()).collect()).await;
        for Question { key, answer } in questions {
            let told = found.as_ref().map(|found| found.get(&key).cloned().unwrap_or_default());
            // Nobody may wait for the answer any more.
            let _ = answer.send(told.map_err(Failure::clone));
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<Question<K, V>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures::future::join_all;
    use tokio::task::yield_now;

    use super::*;

    type Numbers = Together<u32, u32>;

    fn tenfold(keys: Vec<u32>) -> BTreeMap<u32, u32> {
        keys.into_iter().filter(|key| *key != 0).map(|key| (key, key * 10)).collect()
    }

    #[tokio::test]
    async fn those_who_wait_are_asked_for_at_once_and_each_has_its_own_answer() {
        let (numbers, asked) = (Numbers::default(), AtomicUsize::new(0));
        let read = |keys| {
            asked.fetch_add(1, Ordering::Relaxed);
            async move {
                yield_now().await;
                Ok(tenfold(keys))
            }
        };
        let answers = join_all((0..100).map(|key| numbers.ask(key % 50, read))).await;
        let expected: Vec<Result<u32, Failure>> = (0..100).map(|key| Ok(key % 50 * 10)).collect();
        assert_eq!(answers, expected);
        assert!(asked.load(Ordering::Relaxed) <= 2, "{asked:?}");
        assert_eq!(numbers.ask(7, read).await, Ok(70), "nothing is left behind");
    }

    #[tokio::test]
    async fn a_failure_is_told_to_all_who_waited_and_to_nobody_else() {
        let numbers = Numbers::default();
        let failing = |_| async { Err(Failure::unavailable("down")) };
        let answers = join_all((0..10).map(|key| numbers.ask(key, failing))).await;
        assert!(answers.iter().all(|answer| answer == &Err(Failure::unavailable("down"))));
        assert_eq!(numbers.ask(3, |keys| async { Ok(tenfold(keys)) }).await, Ok(30));
    }

    #[tokio::test]
    async fn when_the_one_who_asks_is_torn_down_another_asks() {
        let numbers = Numbers::default();
        {
            let never = |_: Vec<u32>| std::future::pending();
            let mut dropped = std::pin::pin!(numbers.ask(1, never));
            let mut asks = std::pin::pin!(numbers.ask(2, |keys| async { Ok(tenfold(keys)) }));
            tokio::select! {
                biased;
                _ = &mut dropped => unreachable!("it never ends"),
                _ = &mut asks => unreachable!("it waits"),
                () = async { for _ in 0..10 { yield_now().await } } => {}
            }
        }
        assert_eq!(numbers.ask(2, |keys| async { Ok(tenfold(keys)) }).await, Ok(20));
    }
}
