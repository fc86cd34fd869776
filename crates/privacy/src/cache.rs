use std::collections::HashMap;
use std::time::{Duration, Instant};

use events::{AggregateKey, Shop};

use crate::table::Standing;

/// A key that another process destroys is used for so long at most.
const LIFE: Duration = Duration::from_secs(30);
const CAPACITY: usize = 20_000;

/// Keys that were just used, the older half forgotten whenever it is full.
#[derive(Default)]
pub(crate) struct Cache {
    young: HashMap<AggregateKey, (Instant, Standing)>,
    old: HashMap<AggregateKey, (Instant, Standing)>,
}

impl Cache {
    pub(crate) fn get(&self, subject: &AggregateKey) -> Option<Standing> {
        let (since, standing) = self.young.get(subject).or_else(|| self.old.get(subject))?;
        (since.elapsed() < LIFE).then(|| standing.clone())
    }

    pub(crate) fn put(&mut self, subject: AggregateKey, standing: Standing) {
        self.young.insert(subject, (Instant::now(), standing));
        if self.young.len() * 2 > CAPACITY {
            self.old = std::mem::take(&mut self.young);
        }
    }

    pub(crate) fn forget_shop(&mut self, shop: &Shop) {
        for kept in [&mut self.young, &mut self.old] {
            kept.retain(|subject, _| subject.shop != *shop);
        }
    }

    pub(crate) fn forget(&mut self, subject: &AggregateKey) {
        self.young.remove(subject);
        self.old.remove(subject);
    }
}
