//! The replays that changed something: why, by whom, how far. By it one is resumed.

use db::{Change, Column, Content, Database, Order, RowKey, Select, Table};
use events::{Shop, Timestamp};
use serde::{Deserialize, Serialize};

use super::RunArgs;
use super::plan::Range;
use crate::cli::Common;
use crate::config::{Config, load};
use crate::failure::{Exit, Failure, OrExit, Outcome};
use crate::output::{self, Format};
use crate::roles;

/// The name of the database; like the keys, it cannot be made again from the log.
const DATABASE: &str = "operations";
const NO_COLUMNS: &[Column] = &[];
const TABLE: Table = Table { name: "replays", version: 1, columns: NO_COLUMNS, indexes: &[] };
/// Rows are of a shop; a replay may be of all.
const ALL_SHOPS: &str = "all-shops";

/// One replay.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Run {
    /// All that was said, but for the reason and the pace.
    pub(super) what: String,
    pub(super) reason: String,
    /// The user of this machine.
    pub(super) by: String,
    pub(super) started_at: Timestamp,
    pub(super) ended_at: Option<Timestamp>,
    /// Why it ended early.
    pub(super) error: Option<String>,
    pub(super) to: u64,
    /// All up to here is done.
    pub(super) position: u64,
    pub(super) events: u64,
    /// Of a file.
    pub(super) bytes: u64,
}

pub(super) struct Ledger {
    database: Database,
    pub(super) id: String,
    pub(super) run: Run,
}

impl Ledger {
    /// A new entry, or the one that is resumed.
    pub(super) async fn open(config: &Config, args: &RunArgs, range: Range) -> Outcome<Self> {
        let database = open(config).await?;
        let what = what(args);
        if let Some(id) = &args.resume {
            let run = get(&database, id).await?;
            if run.what != what {
                let failure = Failure::new(Exit::Usage, format!("replay {id} was another one: {}", run.what));
                return Err(failure.hint("say everything as it was said then"));
            }
            if run.ended_at.is_some() && run.error.is_none() {
                return Err(Failure::new(Exit::Precondition, format!("replay {id} is finished")));
            }
            return Ok(Self { database, id: id.clone(), run });
        }
        let started_at = Timestamp::now();
        let by = rustix::process::getuid().as_raw();
        let run = Run {
            what,
            reason: args.reason.clone().unwrap_or_default(),
            by: format!("uid {by}"),
            started_at,
            to: range.to,
            position: range.from - 1,
            ..Run::default()
        };
        let ledger = Self { database, id: format!("{:x}", started_at.as_microsecond()), run };
        ledger.save().await?;
        Ok(ledger)
    }

    pub(super) async fn note(&mut self, run: Run) -> Outcome {
        self.run = run;
        self.save().await
    }

    /// It did not even begin.
    pub(super) async fn fail(&mut self, failure: &Failure) -> Outcome {
        self.note(Run { ended_at: Some(Timestamp::now()), error: Some(failure.to_string()), ..self.run.clone() }).await
    }

    /// How it ended: finished, stopped or failed.
    pub(super) async fn end(&mut self, ended: &Outcome<bool>, run: Run) -> Outcome {
        let error = match ended {
            Ok(true) => None,
            Ok(false) => Some("stopped".to_owned()),
            Err(failure) => Some(failure.to_string()),
        };
        self.note(Run { ended_at: Some(Timestamp::now()), error, ..run }).await
    }

    async fn save(&self) -> Outcome {
        let content = Content { data: serde_json::to_string(&self.run)?, columns: Vec::new() };
        let key = RowKey { shop: all_shops()?, id: self.id.clone() };
        let mut batch = self.database.begin().await?;
        batch.save(&TABLE, vec![Change { key, content: Some(content), position: 0 }]).await?;
        Ok(batch.commit().await?)
    }
}

pub(super) async fn list(common: &Common) -> Outcome {
    let config = load(common.config.as_deref(), &common.flags(None))?.config;
    let (database, shop) = (open(&config).await?, all_shops()?);
    let select = Select { shop: &shop, filters: Vec::new(), order: Order::Id, after: None, limit: u32::MAX };
    let page = database.select(&TABLE, select).await?;
    let mut runs: Vec<(String, Run)> = Vec::new();
    for document in page.documents {
        runs.push((document.key.id, serde_json::from_str(&document.data)?));
    }
    if common.output == Format::Json {
        #[derive(Serialize)]
        struct Shown {
            id: String,
            #[serde(flatten)]
            run: Run,
        }
        let shown: Vec<Shown> = runs.into_iter().map(|(id, run)| Shown { id, run }).collect();
        return Ok(output::json(&shown)?);
    }
    let rows = runs.into_iter().map(|(id, run)| {
        let state = match (run.ended_at, run.error) {
            (None, _) => "running, or cut off".to_owned(),
            (Some(_), None) => "finished".to_owned(),
            (Some(_), Some(error)) => error,
        };
        let [position, events] = [run.position, run.events].map(|number| number.to_string());
        [id, format!("{:.0}", run.started_at), run.by, position, events, state, run.reason]
    });
    Ok(output::table(["REPLAY", "STARTED", "BY", "POSITION", "EVENTS", "STATE", "REASON"], rows)?)
}

async fn open(config: &Config) -> Outcome<Database> {
    let database = roles::open_database(config, DATABASE).await?;
    database.ensure(&TABLE).await?;
    Ok(database)
}

async fn get(database: &Database, id: &str) -> Outcome<Run> {
    let document = database.get(&TABLE, &all_shops()?, id).await?;
    let missing = || Failure::new(Exit::Precondition, format!("there is no replay {id:?}"));
    let document = document.ok_or_else(missing).map_err(|e| e.hint("`replay ls` lists them"))?;
    Ok(serde_json::from_str(&document.data)?)
}

fn all_shops() -> Outcome<Shop> {
    ALL_SHOPS.parse().or_exit(Exit::Failed)
}

fn what(args: &RunArgs) -> String {
    format!("{:?} {:?}", args.selection, args.effects)
}
