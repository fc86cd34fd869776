//! Who carries messages: SMTP, and whatever takes a POST.

mod http;
mod smtp;

use std::collections::BTreeMap;

use events::Channel;
use streams::Failure;

pub use http::HttpSettings;
pub use smtp::{SmtpSecurity, SmtpSettings};

use super::message::Message;
use super::{NotificationSettings, StartError};
use crate::port::{CallError, Port};
use http::Http;
use smtp::Smtp;

/// The providers of each channel, in the order in which they are tried.
pub(super) struct Providers(BTreeMap<Channel, Vec<Provider>>);

struct Provider {
    name: String,
    port: Port,
    carrier: Carrier,
}

/// `Refused` is of the message: no provider would take it. Anything else is of the provider, and
/// another may take it. The texts are ours: an answer may quote the message.
enum Carrier {
    Smtp(Smtp),
    Http(Box<Http>),
    /// Says that it took the message.
    Nobody,
}

/// Why nobody took a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Undelivered {
    NoProvider,
    Refused {
        provider: String,
        reason: String,
    },
    /// Some of them may take it later.
    Later(Failure),
}

impl Providers {
    pub(super) fn new(settings: &NotificationSettings) -> Result<Self, StartError> {
        let mut providers: BTreeMap<Channel, Vec<Provider>> = BTreeMap::new();
        let or_nobody = |carrier| if settings.rehearse { Carrier::Nobody } else { carrier };
        let failed = |name: &str, source| StartError::Provider { name: name.to_owned(), source };
        if let Some(smtp) = &settings.smtp {
            let carrier = Carrier::Smtp(Smtp::new(smtp).map_err(|error| failed(smtp::NAME, error))?);
            let port = Port::new("smtp", &smtp.port_settings);
            providers.entry(Channel::Email).or_default().push(Provider {
                name: smtp::NAME.to_owned(),
                port,
                carrier: or_nobody(carrier),
            });
        }
        for http in &settings.http {
            let carrier = Carrier::Http(Http::new(http).map(Box::new).map_err(|error| failed(&http.name, error))?);
            let port = Port::new(port_name(http.channel), &http.port_settings);
            providers.entry(http.channel).or_default().push(Provider {
                name: http.name.clone(),
                port,
                carrier: or_nobody(carrier),
            });
        }
        Ok(Self(providers))
    }

    pub(super) fn serve(&self, channel: Channel) -> bool {
        self.0.contains_key(&channel)
    }

    /// Gives the message to the first provider that takes it, and says which.
    ///
    /// A provider that does not answer may have taken it all the same: the next one then sends it a
    /// second time, with the same id.
    pub(super) async fn send(&self, message: &Message) -> Result<&str, Undelivered> {
        let chain = self.0.get(&message.channel).ok_or(Undelivered::NoProvider)?;
        let mut later = None;
        for provider in chain {
            match provider.send(message).await {
                Ok(()) => return Ok(&provider.name),
                Err(Failure::Reject { reason }) => {
                    return Err(Undelivered::Refused { provider: provider.name.clone(), reason });
                }
                Err(failure) => later = Some(sooner(later, failure)),
            }
        }
        Err(later.map_or(Undelivered::NoProvider, Undelivered::Later))
    }
}

impl Provider {
    async fn send(&self, message: &Message) -> Result<(), Failure> {
        self.port
            .call(&message.id, async |_| match &self.carrier {
                Carrier::Smtp(smtp) => smtp.send(message).await,
                Carrier::Http(http) => http.send(message).await,
                Carrier::Nobody => Ok(()),
            })
            .await
    }
}

/// Of two providers that may take it later, the one to wait for: it is worth trying again while one of
/// them answers at all, and as soon as the first of them allows.
fn sooner(one: Option<Failure>, other: Failure) -> Failure {
    match (one, other) {
        (Some(Failure::Retry { reason: a, after: one }), Failure::Retry { reason: b, after: other }) => {
            let after = one.zip(other).map(|(one, other)| one.min(other));
            Failure::Retry { reason: format!("{a}; {b}"), after }
        }
        (Some(retry @ Failure::Retry { .. }), _) => retry,
        (_, other) => other,
    }
}

/// As the metrics know it: one name per channel, not one per configuration.
fn port_name(channel: Channel) -> &'static str {
    match channel {
        Channel::Email => "http_email",
        Channel::Sms => "http_sms",
        Channel::Push => "http_push",
        Channel::Chat => "http_chat",
    }
}
