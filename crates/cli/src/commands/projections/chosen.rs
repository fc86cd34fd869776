use db::{Build, Database};
use handlers::{inventory, notifications};
use projections::ReadModel;

use crate::cli::Common;
use crate::config::load;
use crate::failure::{Exit, Failure, Outcome};
use crate::roles;

/// Which read models.
#[derive(Debug, clap::Args)]
pub(super) struct Chosen {
    /// Their names.
    names: Vec<String>,
    /// All of them.
    #[arg(long, conflicts_with = "names")]
    all: bool,
    /// A service's own copies instead of what is queried: inventory or notifications.
    #[arg(long, value_name = "SERVICE")]
    service: Option<String>,
}

impl Chosen {
    /// The named ones; all of them with --all.
    pub(super) fn models(&self) -> Outcome<Vec<ReadModel>> {
        let known = self.place()?.1;
        if let Some(unknown) = self.names.iter().find(|name| !known.iter().any(|model| model.name == name.as_str())) {
            let names: Vec<&str> = known.iter().map(|model| model.name).collect();
            let failure = Failure::new(Exit::Usage, format!("there is no read model {unknown:?} here"));
            return Err(failure.hint(format!("there are: {}", names.join(", "))));
        }
        if self.names.is_empty() && !self.all {
            return Err(Failure::new(Exit::Usage, "no read model is named").hint("name one, or say --all"));
        }
        let chosen = |model: &&ReadModel| self.all || self.names.iter().any(|name| name == model.name);
        Ok(known.iter().filter(chosen).copied().collect())
    }

    pub(super) async fn database(&self, common: &Common) -> Outcome<Database> {
        let config = load(common.config.as_deref(), &common.flags(None))?.config;
        roles::open_database(&config, self.place()?.0).await
    }

    /// The builds of the named ones; of all when none is named.
    pub(super) async fn builds(&self, database: &Database) -> Outcome<Vec<Build>> {
        let builds = database.builds().await?;
        let chosen = |build: &Build| self.names.is_empty() || self.names.contains(&build.name);
        Ok(builds.into_iter().filter(chosen).collect())
    }

    /// As it is written in a command.
    pub(super) fn said(&self) -> String {
        let names = if self.names.is_empty() { "--all".to_owned() } else { self.names.join(" ") };
        self.service.as_ref().map_or(names.clone(), |service| format!("{names} --service {service}"))
    }

    fn place(&self) -> Outcome<(&'static str, &'static [ReadModel])> {
        match self.service.as_deref() {
            None => Ok((roles::READ_MODELS, projections::ALL)),
            Some(inventory::NAME) => Ok((inventory::NAME, inventory::COPIES)),
            Some(notifications::NAME) => Ok((notifications::NAME, notifications::COPIES)),
            Some(other) => {
                let hint = format!("there are: {}, {}", inventory::NAME, notifications::NAME);
                Err(Failure::new(Exit::Usage, format!("no service {other:?} has copies")).hint(hint))
            }
        }
    }
}
