//! `[privacy]`: where the keys to personal data are, and what wraps them.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Privacy {
    /// `env:<name>`, `file:<path>` or `command:<line for sh>`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) kek: Option<String>,
    /// Likewise: what still wraps some keys.
    pub(crate) previous: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) url: Option<String>,
}
