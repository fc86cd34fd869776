use events::{AsOf, OrderReturn, ReturnId, ReturnLine, ReturnTold};
use serde::{Deserialize, Serialize};

use crate::latest::Latest;

/// A return: its webhooks tell a part each and no time of their own.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct HeldReturn {
    status: Latest<String>,
    name: Latest<String>,
    lines: Latest<Vec<ReturnLine>>,
}

impl HeldReturn {
    pub(super) fn hear(&mut self, as_of: &AsOf, told: ReturnTold) {
        self.status.hear(as_of, told.status);
        told.name.into_iter().for_each(|name| self.name.hear(as_of, name));
        told.lines.into_iter().for_each(|lines| self.lines.hear(as_of, lines));
    }

    pub(super) fn is_open(&self) -> bool {
        self.status.get().is_some_and(|status| status == "open")
    }

    pub(super) fn shown(&self, id: ReturnId) -> OrderReturn {
        OrderReturn {
            id,
            status: self.status.get().cloned().unwrap_or_default(),
            name: self.name.get().cloned(),
            lines: self.lines.get().cloned(),
        }
    }
}
