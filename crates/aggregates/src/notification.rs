//! One message to one recipient: asked for once, and ended once for each attempt.

use events::{
    Notice, NotificationEvent, NotificationFailed, NotificationRequested, NotificationSent, NotificationSuppressed,
    Suppression, Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::Decider;
use crate::decide::aggregate;

/// A notification as its events tell it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Notification {
    /// None before it is asked for.
    notice: Option<Notice>,
    /// From 1; 0 before it is asked for.
    attempt: u32,
    /// The attempt has been sent, has failed, or was suppressed.
    ended: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub enum NotificationCommand {
    /// Of a rule. A second one changes nothing: this is what makes a notification unique.
    Request {
        at: Timestamp,
        notice: Box<Notice>,
    },
    /// Of an operator: a further attempt, counted, so that saying it twice is one. It waits for the
    /// attempt before it to end.
    Resend {
        at: Timestamp,
        attempt: u32,
        /// The notice's own time is over by then.
        expires_at: Timestamp,
        reason: String,
    },
    End {
        at: Timestamp,
        attempt: u32,
        end: End,
    },
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq)]
pub enum End {
    Suppressed(Suppression),
    Sent(Receipt),
    Failed { provider: Option<String>, reason: String },
}

/// What is known of a message that a provider took.
#[derive(Debug, Clone, PartialEq)]
pub struct Receipt {
    pub provider: String,
    pub message_id: String,
    /// The address, masked.
    pub to: String,
    pub locale: String,
    /// A digest of the templates.
    pub template: String,
}

impl Notification {
    /// The attempt that is still to be made, and what it is to tell.
    pub fn pending(&self) -> Option<(u32, &Notice)> {
        self.notice.as_ref().filter(|_| !self.ended).map(|notice| (self.attempt, notice))
    }

    /// None before it is asked for.
    pub fn notice(&self) -> Option<&Notice> {
        self.notice.as_ref()
    }

    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    fn evolve(&mut self, event: NotificationEvent) {
        match event {
            NotificationEvent::Requested(NotificationRequested { attempt, notice, .. }) => {
                *self = Self { notice: Some(notice), attempt, ended: false };
            }
            NotificationEvent::Suppressed(_) | NotificationEvent::Sent(_) | NotificationEvent::Failed(_) => {
                self.ended = true;
            }
        }
    }

    fn further(&self, at: Timestamp, attempt: u32, expires_at: Timestamp, reason: String) -> Option<NotificationEvent> {
        let notice = self.notice.as_ref().filter(|_| self.ended && attempt == self.attempt + 1)?;
        let notice = Notice { expires_at, ..notice.clone() };
        Some(NotificationRequested { at, attempt, notice, reason: Some(reason) }.into())
    }
}

aggregate!(Notification, NotificationCommand, NotificationEvent);

impl Decider for Notification {
    fn decide(&mut self, command: NotificationCommand) -> Result<Vec<NotificationEvent>, Self::Error> {
        let event = match command {
            NotificationCommand::Request { at, notice } => self
                .notice
                .is_none()
                .then(|| NotificationRequested { at, attempt: 1, notice: *notice, reason: None }.into()),
            NotificationCommand::Resend { at, attempt, expires_at, reason } => {
                self.further(at, attempt, expires_at, reason)
            }
            NotificationCommand::End { at, attempt, end } => {
                self.pending().filter(|(pending, _)| *pending == attempt).map(|_| ended(at, attempt, end))
            }
        };
        event.iter().cloned().for_each(|event| self.evolve(event));
        Ok(event.into_iter().collect())
    }
}

fn ended(at: Timestamp, attempt: u32, end: End) -> NotificationEvent {
    match end {
        End::Suppressed(reason) => NotificationSuppressed { at, attempt, reason }.into(),
        End::Sent(Receipt { provider, message_id, to, locale, template }) => {
            NotificationSent { at, attempt, provider, message_id, to, locale, template }.into()
        }
        End::Failed { provider, reason } => NotificationFailed { at, attempt, provider, reason }.into(),
    }
}

#[cfg(test)]
mod tests {
    use events::{Channel, NotificationKey, Recipient};

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn request() -> NotificationCommand {
        let trigger = serde_json::from_value(serde_json::json!({"event_id": "e", "position": 7})).unwrap();
        let notice = Notice {
            rule: "refund".to_owned(),
            channel: Channel::Email,
            recipient: Recipient::Operations,
            trigger,
            order_id: None,
            customer_id: None,
            expires_at: at(9),
        };
        NotificationCommand::Request { at: at(1), notice: Box::new(notice) }
    }

    fn end(attempt: u32) -> NotificationCommand {
        let end = End::Failed { provider: None, reason: "smtp 550".to_owned() };
        NotificationCommand::End { at: at(2), attempt, end }
    }

    fn resend(attempt: u32) -> NotificationCommand {
        NotificationCommand::Resend { at: at(3), attempt, expires_at: at(20), reason: "asked to".to_owned() }
    }

    fn count(notification: &mut Notification, command: NotificationCommand) -> usize {
        notification.decide(command).unwrap().len()
    }

    #[test]
    fn it_is_asked_for_once_and_ends_once() {
        let mut notification = Notification::default();
        assert_eq!(count(&mut notification, end(1)), 0, "nothing is to be sent");
        assert_eq!(count(&mut notification, request()), 1);
        assert_eq!(count(&mut notification, request()), 0);
        assert_eq!(notification.pending().map(|(attempt, _)| attempt), Some(1));
        assert_eq!(count(&mut notification, end(1)), 1);
        assert_eq!(count(&mut notification, end(1)), 0);
        assert_eq!(count(&mut notification, request()), 0, "the rule does not ask again");
        assert_eq!(notification.pending(), None);
    }

    #[test]
    fn an_operator_asks_for_the_next_attempt_and_for_no_other() {
        let mut notification = Notification::default();
        assert_eq!(count(&mut notification, resend(1)), 0, "there is nothing to send again");
        count(&mut notification, request());
        assert_eq!(count(&mut notification, resend(2)), 0, "the first attempt is still under way");
        count(&mut notification, end(1));
        assert_eq!(count(&mut notification, resend(3)), 0);
        assert_eq!(count(&mut notification, resend(2)), 1);
        assert_eq!(count(&mut notification, resend(2)), 0, "said twice, sent once");
        assert_eq!(count(&mut notification, end(1)), 0, "a late word of the first attempt");
        let (attempt, notice) = notification.pending().unwrap();
        assert_eq!((attempt, notice.expires_at), (2, at(20)));
    }

    #[test]
    fn the_key_is_of_occasion_rule_recipient_and_channel() {
        let customer = Recipient::Customer { customer_id: "7".parse().unwrap() };
        let key = |occasion, rule, recipient: &Recipient, channel| {
            NotificationKey::derive(occasion, rule, recipient, channel)
        };
        let keys = [
            key("a", "refund", &customer, Channel::Email),
            key("b", "refund", &customer, Channel::Email),
            key("a", "delivery", &customer, Channel::Email),
            key("a", "refund", &Recipient::Operations, Channel::Email),
            key("a", "refund", &customer, Channel::Sms),
        ];
        let distinct: std::collections::BTreeSet<_> = keys.iter().collect();
        assert_eq!(distinct.len(), keys.len());
        assert_eq!(keys[0].as_str().parse(), Ok(keys[0].clone()));
    }
}
