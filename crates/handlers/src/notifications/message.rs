use events::Channel;
use serde::Serialize;

use crate::port::IdempotencyKey;

/// A message as it is handed to a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Message {
    /// Of key and attempt: a provider that has taken it already knows it by this.
    pub(super) id: IdempotencyKey,
    pub(super) rule: &'static str,
    pub(super) channel: Channel,
    /// An e-mail address, a telephone number, a customer's id, or `operations`.
    pub(super) to: String,
    pub(super) locale: String,
    pub(super) content: Content,
}

/// What a template gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Content {
    pub subject: String,
    pub text: String,
    /// None where there is no such template.
    pub html: Option<String>,
    /// For channels that have room for a line.
    pub short: String,
}

/// A header that would have become two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a line break in {0}")]
pub(super) struct LineBreak(&'static str);

impl Message {
    /// Refuses what would add a header of its own: a name may hold a line break.
    pub(super) fn checked(self) -> Result<Self, LineBreak> {
        let breaks = |text: &str| text.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}'));
        if breaks(&self.content.subject) {
            return Err(LineBreak("the subject"));
        }
        if breaks(&self.to) { Err(LineBreak("the address")) } else { Ok(self) }
    }
}
