use std::collections::BTreeMap;

use events::{AsOf, TagsTold};
use serde::{Deserialize, Serialize};

use crate::latest::Latest;

/// A customer's tags: what the newest snapshot of all says, and what was said of single tags since.
/// Single words that are older than the snapshot are forgotten, so any order of telling ends the same. Of a
/// tag that is added and removed at the same moment nobody knows the order: it is there.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Tags {
    all: Latest<Vec<String>>,
    /// Whether the tag is there.
    single: BTreeMap<String, Latest<bool>>,
}

impl Tags {
    pub(super) fn hear(&mut self, as_of: &AsOf, told: TagsTold) {
        match told {
            TagsTold::All { tags } => {
                self.all.hear(as_of, tags);
                self.single.retain(|_, word| word.as_of() > self.all.as_of());
            }
            TagsTold::Added { tags } => self.hear_single(as_of, tags, true),
            TagsTold::Removed { tags } => self.hear_single(as_of, tags, false),
        }
    }

    fn hear_single(&mut self, as_of: &AsOf, tags: Vec<String>, there: bool) {
        if self.all.is_older_than(as_of) {
            for tag in tags {
                self.single.entry(tag).or_default().hear_or_greater(as_of, there);
            }
        }
    }

    /// Those of the snapshot in its order, then the others.
    pub(super) fn shown(&self) -> Vec<String> {
        let all = self.all.get().map_or(&[][..], Vec::as_slice);
        let says = |tag: &String, there: bool| self.single.get(tag).and_then(Latest::get) == Some(&there);
        let kept = all.iter().filter(|tag| !says(tag, false));
        let added = self.single.keys().filter(|tag| says(tag, true) && !all.contains(tag));
        kept.chain(added).cloned().collect()
    }
}
