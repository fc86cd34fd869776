use events::AsOf;
use serde::{Deserialize, Serialize};

/// A fact that webhooks tell again and again, each as of its moment: the newest wins, in whatever
/// order they come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Latest<T>(Option<(AsOf, T)>);

impl<T> Default for Latest<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Latest<T> {
    pub(crate) fn get(&self) -> Option<&T> {
        self.0.as_ref().map(|(_, value)| value)
    }

    /// The moment of which the fact is known.
    pub(crate) fn as_of(&self) -> Option<&AsOf> {
        self.0.as_ref().map(|(as_of, _)| as_of)
    }

    /// Whether something told as of this moment would be believed.
    pub(crate) fn is_older_than(&self, as_of: &AsOf) -> bool {
        self.as_of() < Some(as_of)
    }

    pub(crate) fn hear(&mut self, as_of: &AsOf, value: T) {
        if self.is_older_than(as_of) {
            self.0 = Some((as_of.clone(), value));
        }
    }

    /// Changes what is known without making it newer.
    pub(crate) fn amend(&mut self, change: impl FnOnce(&mut T)) {
        if let Some((_, value)) = &mut self.0 {
            change(value);
        }
    }
}

impl<T: Ord> Latest<T> {
    /// For facts that two topics tell with one body, which has one digest: of two values of one moment the
    /// greater wins.
    pub(crate) fn hear_or_greater(&mut self, as_of: &AsOf, value: T) {
        let same_moment = self.as_of() == Some(as_of);
        if self.is_older_than(as_of) || (same_moment && self.get() < Some(&value)) {
            self.0 = Some((as_of.clone(), value));
        }
    }
}
