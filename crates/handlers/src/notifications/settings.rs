use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use events::{Channel, Shop, Timestamp};
use jiff::tz::TimeZone;

use super::{HttpSettings, QuietHours, Rule, SmtpSettings};

/// What a merchant may set. Off unless enabled.
#[derive(Clone)]
pub struct NotificationSettings {
    pub enabled: bool,
    /// Those that send e-mail; a provider of another channel says its own.
    pub rules: BTreeSet<Rule>,
    /// Where messages to the merchant's own people go.
    pub operations: Option<String>,
    /// Of the merchant, by name (`en/refund.html`); they win over those that are built in.
    pub templates: BTreeMap<String, String>,
    /// When the recipient's own is not known, or there is no template in it.
    pub locale: String,
    pub quiet_hours: Option<QuietHours>,
    /// How long after what happened a message is still worth sending.
    pub expires_after: Duration,
    pub smtp: Option<SmtpSettings>,
    /// In the order in which they are tried; for e-mail after SMTP.
    pub http: Vec<HttpSettings>,
    pub shops: BTreeMap<Shop, ShopFacts>,
    /// Messages are made, and handed to nobody: as if every provider had taken them.
    pub rehearse: bool,
    /// The time now.
    pub clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

/// What the service knows of a shop besides its events.
#[derive(Debug, Clone)]
pub struct ShopFacts {
    pub time_zone: TimeZone,
}

impl Default for NotificationSettings {
    fn default() -> Self {
        Self {
            enabled: false,
            rules: Rule::ALL.into(),
            operations: None,
            templates: BTreeMap::new(),
            locale: "en".to_owned(),
            quiet_hours: None,
            expires_after: Duration::from_secs(3 * 24 * 3600),
            smtp: None,
            http: Vec::new(),
            shops: BTreeMap::new(),
            rehearse: false,
            clock: Arc::new(Timestamp::now),
        }
    }
}

impl NotificationSettings {
    /// Whether the shop's customers are told anything.
    pub(super) fn is_on(&self, shop: &Shop) -> bool {
        self.enabled && self.shops.contains_key(shop)
    }

    /// The channels that a rule uses.
    pub(super) fn channels(&self, rule: Rule) -> BTreeSet<Channel> {
        let email = Some(Channel::Email).filter(|_| self.rules.contains(&rule));
        let others = self.http.iter().filter(|http| http.channel != Channel::Email && http.rules.contains(&rule));
        others.map(|http| http.channel).chain(email).collect()
    }
}

impl fmt::Debug for NotificationSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NotificationSettings").field("enabled", &self.enabled).finish_non_exhaustive()
    }
}
