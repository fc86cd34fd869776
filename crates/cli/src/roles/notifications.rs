//! The notifications service, from what is configured.

use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroU32;
use std::path::Path;

use events::{Channel, Shop};
use handlers::notifications::{
    self, HttpSettings, NotificationSettings, Notifications, ShopFacts, SmtpSecurity, SmtpSettings, Templates,
};
use handlers::port::PortSettings;
use jiff::tz::TimeZone;
use query::Watched;

use super::{Ground, open_database};
use crate::config::{self, Config, KnownShop, SmtpTls};
use crate::failure::{Exit, Failure, OrExit, Outcome};
use crate::host::Host;

impl Ground {
    /// It also runs when it is off: what happens then is heard, and told to nobody.
    pub(super) async fn notifications(&self, host: &mut Host) -> Outcome<Watched> {
        let settings = notification_settings(&self.config, &self.shops)?;
        if settings.enabled && settings.smtp.is_none() && settings.http.is_empty() {
            tracing::warn!("notifications are on and no provider is configured: what would be sent is recorded");
        }
        let database = open_database(&self.config, notifications::NAME).await?;
        let service = Notifications::open(&self.broker, database.clone(), self.vault().await?, settings)
            .await
            .or_exit(Exit::Precondition)?;
        self.fold(host, "notifications copies", service.copies);
        self.subscribe(host, "request notifications", service.request).await?;
        self.subscribe(host, "send notifications", service.send).await?;
        self.subscribe(host, "wake notifications", service.wake).await?;
        Ok(Watched { service: Some(notifications::NAME), database, models: notifications::COPIES.to_vec() })
    }
}

/// Reads templates and secrets, and finds what is wrong before anything is sent.
///
/// # Errors
/// A key that is not understood (usage), or a file or a variable that cannot be read (precondition).
pub(crate) fn notification_settings(config: &Config, shops: &[KnownShop]) -> Outcome<NotificationSettings> {
    let notifications = &config.notifications;
    let doing = |e: Failure| e.context("notifications");
    let templates = notifications.templates.as_deref().map(read_templates).transpose().map_err(doing)?;
    let templates = templates.unwrap_or_default();
    Templates::new(&templates, &notifications.locale).or_exit(Exit::Usage).map_err(doing)?;
    let quiet_hours = notifications.quiet_hours.as_deref().map(str::parse).transpose();
    let expires_after = notifications.expires_after.try_into();
    Ok(NotificationSettings {
        enabled: notifications.enabled,
        rules: notifications.rules.iter().copied().collect(),
        operations: notifications.operations.clone(),
        templates,
        locale: notifications.locale.clone(),
        quiet_hours: quiet_hours.or_exit(Exit::Usage).map_err(doing)?,
        expires_after: expires_after.or_exit(Exit::Usage).map_err(doing)?,
        smtp: notifications.smtp.as_ref().map(smtp).transpose().map_err(doing)?,
        http: notifications.http.iter().map(http).collect::<Outcome<_>>().map_err(doing)?,
        shops: facts(config, shops)?,
        ..NotificationSettings::default()
    })
}

fn facts(config: &Config, shops: &[KnownShop]) -> Outcome<BTreeMap<Shop, ShopFacts>> {
    let only = config.notifications.only.as_ref();
    let mut facts = BTreeMap::new();
    for known in shops.iter().filter(|known| only.is_none_or(|only| *only == known.shop)) {
        let configured = config.shops.iter().find(|shop| shop.domain == known.shop);
        let zone = configured.and_then(|shop| shop.time_zone.as_deref());
        let doing = |e: Failure| e.context(format!("shop {}", known.shop.domain()));
        if zone.is_none() && config.notifications.quiet_hours.is_some() {
            return Err(doing(Failure::new(Exit::Usage, "quiet hours need the shop's time_zone")));
        }
        let time_zone = zone.map_or(Ok(TimeZone::UTC), TimeZone::get).or_exit(Exit::Usage).map_err(doing)?;
        facts.insert(known.shop.clone(), ShopFacts { time_zone });
    }
    Ok(facts)
}

fn smtp(smtp: &config::Smtp) -> Outcome<SmtpSettings> {
    if smtp.username_env.is_some() != smtp.password_env.is_some() {
        return Err(Failure::new(Exit::Usage, "smtp needs both of username_env and password_env, or neither"));
    }
    let (security, port) = match smtp.tls {
        SmtpTls::StartTls => (SmtpSecurity::StartTls, 587),
        SmtpTls::Tls => (SmtpSecurity::Tls, 465),
        SmtpTls::None => (SmtpSecurity::None, 25),
    };
    Ok(SmtpSettings {
        host: smtp.host.clone(),
        port: smtp.port.unwrap_or(port),
        security,
        from: smtp.from.clone(),
        username: smtp.username_env.as_deref().map(variable).transpose()?,
        password: smtp.password_env.as_deref().map(variable).transpose()?,
        port_settings: paced(smtp.per_second),
    })
}

fn http(http: &config::HttpProvider) -> Outcome<HttpSettings> {
    if http.channel != Channel::Email && http.rules.is_empty() {
        let message = format!("the provider {} has no rules: it would never be used", http.name);
        return Err(Failure::new(Exit::Usage, message));
    }
    Ok(HttpSettings {
        name: http.name.clone(),
        channel: http.channel,
        url: http.url.clone(),
        token: http.token_env.as_deref().map(variable).transpose()?,
        rules: http.rules.iter().copied().collect(),
        port_settings: paced(http.per_second),
    })
}

fn paced(per_second: Option<NonZeroU32>) -> PortSettings {
    per_second.map_or_else(PortSettings::default, PortSettings::paced)
}

fn variable(name: &str) -> Outcome<String> {
    std::env::var(name).or_exit(Exit::Precondition).map_err(|e| e.context(format!("variable {name}")))
}

/// `layout.html`, and what is in the folders of the locales.
fn read_templates(dir: &Path) -> Outcome<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    for (path, name) in files(dir)? {
        if path.is_dir() {
            for (path, file) in files(&path)? {
                found.insert(format!("{name}/{file}"), read(&path)?);
            }
        } else {
            found.insert(name, read(&path)?);
        }
    }
    Ok(found)
}

fn files(dir: &Path) -> Outcome<Vec<(std::path::PathBuf, String)>> {
    let doing = |e: Failure| e.context(dir.display());
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).or_exit(Exit::Precondition).map_err(doing)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        // An editor's leftovers.
        if !name.starts_with('.') && !name.ends_with('~') {
            found.push((entry.path(), name));
        }
    }
    Ok(found)
}

fn read(path: &Path) -> Outcome<String> {
    fs::read_to_string(path).or_exit(Exit::Precondition).map_err(|e| e.context(path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_is_called_as_often_as_it_is_set_to_be() {
        let server = "host = \"mail.example\"\nfrom = \"a@acme.example\"\n";
        let paced = |settings: &str| {
            let read: config::Smtp = toml::from_str(&format!("{server}{settings}")).unwrap();
            let settings = smtp(&read).unwrap().port_settings;
            (settings.burst, settings.gap.as_millis())
        };
        assert_eq!((paced(""), paced("per_second = 50")), ((10, 100), (50, 20)));
    }
}
