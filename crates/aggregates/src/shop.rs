//! The shop itself: its settings, and whether the app is installed there.

use std::collections::BTreeSet;

use events::{
    AsOf, ShopChanged, ShopEvent, ShopInstalled, ShopProfile, ShopRedacted, ShopRedactionRequested, ShopScopesChanged,
    ShopTouched, ShopUninstalled, Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::Decider;
use crate::decide::aggregate;
use crate::due::due;
use crate::latest::Latest;

/// The shop as its events tell it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ShopState {
    /// The newest news that only a shop with the app sends.
    as_of: Option<AsOf>,
    profile: ShopProfile,
    presence: Presence,
    scopes: Latest<Vec<String>>,
    redactions: BTreeSet<Timestamp>,
    /// Those that are done.
    redacted: BTreeSet<Timestamp>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
enum Presence {
    #[default]
    Unknown,
    Installed,
    /// Since when.
    Gone(Timestamp),
}

/// What a webhook says of the shop.
#[derive(Debug, Clone, PartialEq)]
pub enum ShopCommand {
    /// Its settings at one moment (`shop/update`).
    Snapshot {
        as_of: AsOf,
        profile: Box<ShopProfile>,
    },
    /// What the app may see and do (`app/scopes_update`).
    Grant {
        as_of: AsOf,
        scopes: Vec<String>,
    },
    Uninstall {
        at: Timestamp,
    },
    RequestRedaction {
        /// By Shopify's clock; the epoch when it does not say. It tells a request from its repetition.
        at: Timestamp,
        /// When it was asked, for the deadline: when it was received, if Shopify does not say.
        asked_at: Timestamp,
    },
    /// The keys are destroyed that there were when it was asked at this time.
    Redact {
        at: Timestamp,
    },
}

aggregate!(ShopState, ShopCommand, ShopEvent);

impl ShopState {
    fn evolve(&mut self, event: ShopEvent) {
        match event {
            ShopEvent::Installed(ShopInstalled { .. }) => self.presence = Presence::Installed,
            ShopEvent::Uninstalled(ShopUninstalled { at }) => self.presence = Presence::Gone(at),
            ShopEvent::Changed(ShopChanged { as_of, profile, .. }) => {
                self.as_of = Some(as_of);
                self.profile = profile;
            }
            ShopEvent::Touched(ShopTouched { as_of, .. }) => self.as_of = Some(as_of),
            ShopEvent::ScopesChanged(ShopScopesChanged { as_of, scopes, .. }) => self.scopes.hear(&as_of, scopes),
            ShopEvent::Redacted(ShopRedacted { at }) => drop(self.redacted.insert(at)),
            ShopEvent::RedactionRequested(ShopRedactionRequested { at, .. }) => drop(self.redactions.insert(at)),
        }
    }

    /// Whether what was asked at this time is done.
    pub fn is_redacted(&self, asked_at: Timestamp) -> bool {
        self.redacted.contains(&asked_at)
    }

    /// When it last spoke as a shop that has the app. The shop's news are ordered by the time at which they
    /// were triggered, as an uninstallation is, so the two can be compared.
    fn heard_at(&self) -> Option<Timestamp> {
        self.as_of.as_ref().max(self.scopes.as_of()).map(|as_of| as_of.updated_at)
    }
}

impl Decider for ShopState {
    fn decide(&mut self, command: ShopCommand) -> Result<Vec<ShopEvent>, Self::Error> {
        let mut decision = Decision { shop: self, events: Vec::new() };
        match command {
            ShopCommand::Snapshot { as_of, profile } => decision.snapshot(as_of, *profile),
            ShopCommand::Grant { as_of, scopes } => decision.grant(as_of, scopes),
            ShopCommand::Uninstall { at } => decision.uninstall(at),
            ShopCommand::RequestRedaction { at, asked_at } if !decision.shop.redactions.contains(&at) => {
                decision.emit(ShopRedactionRequested { at, due_at: due(asked_at) });
            }
            ShopCommand::Redact { at } if !decision.shop.redacted.contains(&at) => decision.emit(ShopRedacted { at }),
            ShopCommand::RequestRedaction { .. } | ShopCommand::Redact { .. } => {}
        }
        Ok(decision.events)
    }

    fn knows_newer(&self, command: &ShopCommand) -> bool {
        match (command, self.presence) {
            (ShopCommand::Snapshot { as_of, .. }, _) => self.as_of.as_ref() > Some(as_of),
            (ShopCommand::Grant { as_of, .. }, _) => self.scopes.as_of() > Some(as_of),
            (ShopCommand::Uninstall { at }, Presence::Gone(known)) => known > *at,
            (ShopCommand::Uninstall { at }, _) => self.heard_at() > Some(*at),
            (ShopCommand::RequestRedaction { .. } | ShopCommand::Redact { .. }, _) => false,
        }
    }
}

struct Decision<'a> {
    shop: &'a mut ShopState,
    events: Vec<ShopEvent>,
}

impl Decision<'_> {
    fn emit(&mut self, event: impl Into<ShopEvent>) {
        let event = event.into();
        self.shop.evolve(event.clone());
        self.events.push(event);
    }

    fn snapshot(&mut self, as_of: AsOf, profile: ShopProfile) {
        let at = as_of.updated_at;
        if self.shop.as_of.as_ref() < Some(&as_of) {
            if self.shop.profile != profile {
                self.emit(ShopChanged { at, as_of, profile });
            } else {
                self.emit(ShopTouched { at, as_of });
            }
        }
        self.prove_presence();
    }

    fn grant(&mut self, as_of: AsOf, scopes: Vec<String>) {
        if self.shop.scopes.is_older_than(&as_of) {
            self.emit(ShopScopesChanged { at: as_of.updated_at, as_of, scopes });
        }
        self.prove_presence();
    }

    /// News of after an uninstallation show a new installation.
    fn prove_presence(&mut self) {
        let installed_at = self.shop.heard_at().filter(|heard| match self.shop.presence {
            Presence::Unknown => true,
            Presence::Installed => false,
            Presence::Gone(at) => at < *heard,
        });
        installed_at.into_iter().for_each(|at| self.emit(ShopInstalled { at }));
    }

    /// It may come more than once, and after the app was installed again.
    fn uninstall(&mut self, at: Timestamp) {
        let known = match self.shop.presence {
            Presence::Gone(known) => at <= known,
            Presence::Unknown | Presence::Installed => self.shop.heard_at().is_some_and(|heard| at < heard),
        };
        if !known {
            self.emit(ShopUninstalled { at });
        }
    }
}
