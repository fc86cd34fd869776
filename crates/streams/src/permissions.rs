//! Who may do what on the broker: the least that each role needs, made of what it declares.
//!
//! Nobody but the provisioner may make or change a stream or a durable consumer, and nobody at all may delete
//! or purge one. See ADR 27 for what the server's permissions cannot tell apart.

use std::collections::BTreeSet;
use std::fmt;

use events::{AggregateKind, subject};

use crate::topology::redrive_name;
use crate::{Durable, Stream};

/// How subjects begin on which a user is answered; each has its own, so that none can read another's.
const INBOX_PREFIX: &str = "_INBOX_";

/// One user of the broker, and what it may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    name: &'static str,
    publish: BTreeSet<String>,
    /// Taken out of what `publish` lets through.
    denied: BTreeSet<String>,
}

/// Where a user is answered.
pub(crate) fn inbox_prefix(user: &str) -> String {
    format!("{INBOX_PREFIX}{}", subject::encode(user))
}

impl User {
    /// May see how streams and consumers stand, which every role does before it begins.
    pub fn new(name: &'static str) -> Self {
        let user = Self { name, publish: BTreeSet::new(), denied: BTreeSet::new() };
        user.asks("STREAM.INFO.*").asks("CONSUMER.INFO.*.*").asks("CONSUMER.NAMES.*")
    }

    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Takes the messages of a durable consumer and what is redriven to it, settles them, and writes its dead
    /// letters.
    #[must_use]
    pub fn subscribes(mut self, durable: &Durable) -> Self {
        for (stream, name) in [(durable.stream, durable.name.to_owned()), redrives(durable)] {
            self = self.asks(&format!("CONSUMER.MSG.NEXT.{stream}.{name}"));
            // The second form is that of later servers, with domain and account.
            self = self.publishes(format!("$JS.ACK.{stream}.{name}.>"));
            self = self.publishes(format!("$JS.ACK.*.*.{stream}.{name}.>"));
            // What it tried in vain.
            self = self.publishes(format!("tries.{}.*", subject::encode(&name)));
        }
        if !durable.shared {
            self = self.asks(&format!("CONSUMER.UNPIN.{}.{}", durable.stream, durable.name));
        }
        let dead = format!("dead.{}.>", subject::encode(durable.name));
        let streams = [durable.stream, Stream::Timers];
        streams.iter().fold(self, |user, stream| user.asks(&format!("STREAM.MSG.GET.{stream}"))).publishes(dead)
    }

    /// Reads a stream from any position through consumers of its own, which the server forgets. Their names
    /// are made up, so those of the `durables` are taken out.
    #[must_use]
    pub fn reads(mut self, stream: Stream, durables: &[Durable]) -> Self {
        for verb in ["CONSUMER.CREATE", "CONSUMER.MSG.NEXT"] {
            self = self.asks(&format!("{verb}.{stream}.*"));
        }
        self = self.asks(&format!("CONSUMER.CREATE.{stream}.*.>"));
        let names = durables.iter().flat_map(|durable| [(durable.stream, durable.name.to_owned()), redrives(durable)]);
        for (_, name) in names.filter(|(of, _)| *of == stream) {
            self.denied.insert(format!("$JS.API.CONSUMER.CREATE.{stream}.{name}"));
            self.denied.insert(format!("$JS.API.CONSUMER.CREATE.{stream}.{name}.>"));
            let next = format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.{name}");
            if !self.publish.contains(&next) {
                self.denied.insert(next);
            }
        }
        self
    }

    /// Gets single messages of a stream, and histories by subject.
    #[must_use]
    pub fn gets(self, stream: Stream) -> Self {
        self.asks(&format!("STREAM.MSG.GET.{stream}")).asks(&format!("DIRECT.GET.{stream}"))
    }

    /// Loads any aggregate, and appends to those of these kinds.
    #[must_use]
    pub fn appends(self, kinds: impl IntoIterator<Item = AggregateKind>) -> Self {
        kinds.into_iter().fold(self.gets(Stream::Events), |user, kind| user.publishes(subject::events_of(kind)))
    }

    /// Sets and cancels the timers of a service.
    #[must_use]
    pub fn sets_timers(self, service: &str) -> Self {
        self.publishes(format!("timers.{}.*", subject::encode(service)))
    }

    /// Notes since when a service acts for a shop.
    #[must_use]
    pub fn notes_starts(self, service: &str) -> Self {
        self.publishes(subject::starts_of(service)).asks(&format!("STREAM.MSG.GET.{}", Stream::Timers))
    }

    #[must_use]
    pub fn publishes(mut self, subject: impl Into<String>) -> Self {
        let subject = subject.into();
        self.denied.remove(&subject);
        self.publish.insert(subject);
        self
    }

    /// Makes and changes the streams and these durables; restores a stream that is not there.
    #[must_use]
    pub fn provisions(mut self, durables: &[Durable]) -> Self {
        for stream in Stream::ALL {
            for verb in ["CREATE", "UPDATE", "RESTORE"] {
                self = self.asks(&format!("STREAM.{verb}.{stream}"));
            }
            self = self.publishes(format!("$JS.SNAPSHOT.RESTORE.{stream}.*"));
        }
        for durable in durables {
            for (stream, name) in [(durable.stream, durable.name.to_owned()), redrives(durable)] {
                self = self.asks(&format!("CONSUMER.CREATE.{stream}.{name}"));
            }
        }
        self
    }

    /// Copies whole streams out.
    #[must_use]
    pub fn backs_up(self) -> Self {
        self.asks("STREAM.SNAPSHOT.*").publishes("$JS.SNAPSHOT.ACK.>")
    }

    /// What an operator does by hand: look everywhere, pause and resume, redrive and drop dead letters,
    /// release what is in quarantine.
    #[must_use]
    pub fn operates(mut self, durables: &[Durable]) -> Self {
        for stream in Stream::ALL {
            self = self.gets(stream);
        }
        for stream in [Stream::Inbox, Stream::Events] {
            self = self.reads(stream, durables);
        }
        for durable in durables {
            for (stream, name) in [(durable.stream, durable.name.to_owned()), redrives(durable)] {
                self = self.asks(&format!("CONSUMER.PAUSE.{stream}.{name}"));
                // A note on a durable is an update of it.
                self = self.asks(&format!("CONSUMER.CREATE.{stream}.{name}"));
            }
        }
        for stream in [Stream::DeadLetters, Stream::Quarantine] {
            self = self.asks(&format!("STREAM.MSG.DELETE.{stream}"));
        }
        ["redrive.>", "dropped.>", "quarantine.>"].into_iter().fold(self, Self::publishes)
    }

    fn asks(self, verb: &str) -> Self {
        self.publishes(format!("$JS.API.{verb}"))
    }
}

/// As a block of nats-server's configuration; the password is a variable of its environment.
impl fmt::Display for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, publish, denied } = self;
        writeln!(f, "    {{")?;
        writeln!(f, "      user: {name}, password: $NATS_PASSWORD_{}", name.to_uppercase())?;
        writeln!(f, "      permissions: {{")?;
        writeln!(f, "        publish: {{")?;
        list(f, "allow", publish)?;
        list(f, "deny", denied)?;
        writeln!(f, "        }}")?;
        writeln!(f, "        subscribe: {{ allow: [\"{}.>\"] }}", inbox_prefix(name))?;
        writeln!(f, "      }}")?;
        writeln!(f, "    }}")
    }
}

/// The whole section of nats-server's configuration.
pub fn authorization(users: &[User]) -> String {
    let users: String = users.iter().map(User::to_string).collect();
    format!("authorization {{\n  users: [\n{users}  ]\n}}\n")
}

fn list(f: &mut fmt::Formatter<'_>, word: &str, subjects: &BTreeSet<String>) -> fmt::Result {
    if subjects.is_empty() {
        return Ok(());
    }
    writeln!(f, "          {word}: [")?;
    for subject in subjects {
        writeln!(f, "            \"{subject}\"")?;
    }
    writeln!(f, "          ]")
}

fn redrives(durable: &Durable) -> (Stream, String) {
    (Stream::DeadLetters, redrive_name(durable.name))
}
