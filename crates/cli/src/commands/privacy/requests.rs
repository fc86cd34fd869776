//! Who waits to be forgotten, or to be told what is held of them.

use db::Database;
use events::{Shop, Timestamp};
use privacy::Vault;
use projections::Found;
use projections::redactions::{self, Due, Redaction};
use query::Asked;
use serde::Serialize;

use crate::cli::Common;
use crate::config::Config;
use crate::failure::{Exit, OrExit, Outcome};
use crate::output::{self, Format};
use crate::roles;

#[derive(Debug, clap::Args)]
pub(crate) struct RequestsArgs {
    /// Of this shop only.
    #[arg(long, value_parser = crate::commands::events::filter::shop)]
    shop: Option<Shop>,
    /// Only what is not done yet.
    #[arg(long)]
    open: bool,
}

#[derive(Serialize)]
struct Row {
    shop: Shop,
    #[serde(flatten)]
    request: Request,
    state: Due,
}

#[derive(Serialize)]
#[serde(tag = "request", rename_all = "snake_case")]
enum Request {
    Redaction(Found<Redaction>),
    /// To be told; its `id` names the report over HTTP.
    Report(Asked),
}

pub(super) async fn run(common: &Common, config: &Config, args: &RequestsArgs) -> Outcome {
    let database = roles::open_database(config, roles::READ_MODELS).await?;
    let vault = roles::open_vault(config).await?;
    let configured = config.shops.iter().map(|known| &known.domain);
    let (mut rows, now) = (Vec::new(), Timestamp::now());
    for shop in args.shop.as_ref().map_or_else(|| configured.collect::<Vec<_>>(), |shop| vec![shop]) {
        rows.extend(of(&database, &vault, shop, now).await?);
    }
    rows.retain(|row| !args.open || row.state != Due::Done);
    match common.output {
        Format::Json => Ok(output::json(&rows)?),
        Format::Table => {
            let header = ["SHOP", "WHO", "WANTS", "ORDERS", "ASKED", "DUE", "DONE"];
            Ok(output::table(header, rows.iter().map(|row| row.cells(now)))?)
        }
    }
}

async fn of(database: &Database, vault: &Vault, shop: &Shop, now: Timestamp) -> Outcome<Vec<Row>> {
    let redactions = redactions::list(database, shop).await.or_exit(Exit::Unavailable)?;
    let reports = query::asked(database, vault, shop).await.or_exit(Exit::Unavailable)?;
    let redactions = redactions.into_iter().map(|found| (found.view.due(now), Request::Redaction(found)));
    let reports = reports.into_iter().map(|asked| (asked.due(now), Request::Report(asked)));
    Ok(redactions.chain(reports).map(|(state, request)| Row { shop: shop.clone(), request, state }).collect())
}

impl Row {
    fn cells(&self, now: Timestamp) -> [String; 7] {
        let (of, wants, orders, [asked, due], done) = match &self.request {
            Request::Redaction(Found { view, .. }) => {
                let done = view.redacted_at.map(|at| format!("{at:.0}"));
                let reason = view.reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
                (&view.of, format!("to be forgotten{reason}"), &view.orders, [view.requested_at, view.due_at], done)
            }
            Request::Report(asked) => {
                let view = &asked.request.view;
                let forgotten = asked.forgotten.then(|| "forgotten".to_owned());
                let done = asked.handed_over_at.map(|at| format!("{at:.0}")).or(forgotten);
                (&view.of, format!("report {}", view.id), &view.orders, [view.requested_at, view.due_at], done)
            }
        };
        let left = || format!("{} days left", due.duration_since(now).as_hours() / 24);
        let done = done.unwrap_or_else(|| match self.state {
            Due::Overdue => output::alarmed("overdue", true),
            state => output::alarmed(&left(), state == Due::Near),
        });
        let [asked, due] = [asked, due].map(|at| format!("{at:.0}"));
        [self.shop.to_string(), of.clone(), wants, orders.len().to_string(), asked, due, done]
    }
}
