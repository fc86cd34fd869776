use events::{ShopEvent, ShopUninstalled, Timestamp};
use serde::{Deserialize, Serialize};

use crate::Decider;
use crate::decide::aggregate;

/// The shop itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ShopState {
    uninstalled_at: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum ShopCommand {
    Uninstall { at: Timestamp },
}

aggregate!(ShopState, ShopCommand, ShopEvent);

impl ShopState {
    fn evolve(&mut self, event: ShopEvent) {
        let ShopEvent::Uninstalled(ShopUninstalled { at }) = event;
        self.uninstalled_at = Some(at);
    }
}

impl Decider for ShopState {
    fn decide(&mut self, command: ShopCommand) -> Result<Vec<ShopEvent>, Self::Error> {
        let ShopCommand::Uninstall { at } = command;
        if self.uninstalled_at >= Some(at) {
            return Ok(Vec::new());
        }
        let event = ShopEvent::from(ShopUninstalled { at });
        self.evolve(event.clone());
        Ok(vec![event])
    }

    fn knows_newer(&self, command: &ShopCommand) -> bool {
        let ShopCommand::Uninstall { at } = command;
        self.uninstalled_at > Some(*at)
    }
}
