use std::error::Error;

use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message as Mail, Tokio1Executor};

use super::{CallError, Message};
use crate::port::PortSettings;

pub(super) const NAME: &str = "smtp";

/// A mail server, as the merchant's provider names it.
#[derive(Debug, Clone)]
pub struct SmtpSettings {
    pub host: String,
    pub port: u16,
    pub security: SmtpSecurity,
    /// `Acme <shop@acme.example>`.
    pub from: String,
    pub username: Option<String>,
    pub password: Option<String>,
    pub port_settings: PortSettings,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpSecurity {
    /// Encrypted from the first byte, usually on port 465.
    Tls,
    /// Encrypted before anything is said, usually on port 587; a server that cannot is refused.
    StartTls,
    /// In plain text: for a relay on the same machine.
    None,
}

/// Sends mail over connections that are kept.
pub(super) struct Smtp {
    from: Mailbox,
    transport: AsyncSmtpTransport<Tokio1Executor>,
}

impl Smtp {
    pub(super) fn new(settings: &SmtpSettings) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let from: Mailbox = settings.from.parse()?;
        let parameters = || TlsParameters::new(settings.host.clone());
        let tls = match settings.security {
            SmtpSecurity::Tls => Tls::Wrapper(parameters()?),
            SmtpSecurity::StartTls => Tls::Required(parameters()?),
            SmtpSecurity::None => Tls::None,
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&settings.host)
            .port(settings.port)
            .tls(tls)
            .hello_name(ClientId::Domain(from.email.domain().to_owned()))
            .timeout(Some(settings.port_settings.timeout));
        if let (Some(username), Some(password)) = (&settings.username, &settings.password) {
            builder = builder.credentials(Credentials::new(username.clone(), password.clone()));
        }
        Ok(Self { from, transport: builder.build() })
    }

    pub(super) async fn send(&self, message: &Message) -> Result<(), CallError> {
        self.transport.send(self.mail(message)?).await.map(drop).map_err(|error| refusal(&error))
    }

    /// `Message-Id` is the message's own id: a repetition is recognised by it.
    fn mail(&self, message: &Message) -> Result<Mail, CallError> {
        let to = message.to.parse().map_err(|_| CallError::refused("the address is not one of e-mail"))?;
        let content = &message.content;
        let builder = Mail::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(content.subject.clone())
            .message_id(Some(format!("<{}@{}>", message.id, self.from.email.domain())))
            .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned()))
            .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Content-Language"), message.locale.clone()));
        let mail = match &content.html {
            Some(html) => builder.multipart(MultiPart::alternative_plain_html(content.text.clone(), html.clone())),
            None => builder.singlepart(lettre::message::SinglePart::plain(content.text.clone())),
        };
        mail.map_err(|_| CallError::refused("it cannot be written as a mail"))
    }
}

/// Bad credentials are the provider's trouble, and so is a server that takes nobody's mail; any other
/// final no is the message's. A server that says 4yz to one mail may take the next.
fn refusal(error: &lettre::transport::smtp::Error) -> CallError {
    match error.status().map(u16::from) {
        Some(code @ (421 | 500 | 502 | 503 | 504 | 530 | 534 | 535 | 538)) => CallError::failed(code),
        Some(code) if error.is_permanent() => CallError::refused(code),
        Some(code) => CallError::busy(code, None),
        None if error.is_timeout() => CallError::failed("no answer in time"),
        None if error.is_tls() => CallError::down("no encrypted connection"),
        None if error.is_response() => CallError::failed("an answer that is not one"),
        None => CallError::down("no connection"),
    }
}
