//! `tillstream notify`: what was told to whom, what would be, and what shall be once more.

mod preview;
mod resend;

pub(super) use resend::again;

use std::fmt::Write;

use serde_json::Value;

use self::preview::PreviewArgs;
use self::resend::ResendArgs;
use super::{instance, status};
use crate::cli::Common;
use crate::failure::Outcome;
use crate::output::{self, Format};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum NotifyCommand {
    /// The latest notifications of a shop, and what became of them.
    Ls(LsArgs),
    /// What a rule would send; nothing is sent. Without --order and --position, made-up data.
    Preview(PreviewArgs),
    /// Asks for a further attempt of a notification that was sent, suppressed, or has failed.
    Resend(ResendArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct LsArgs {
    /// The shop's myshopify.com name, without the suffix.
    #[arg(long)]
    shop: events::Shop,
    /// Those about this order.
    #[arg(long, value_name = "ID")]
    order: Option<events::OrderId>,
    /// Those about this customer.
    #[arg(long, value_name = "ID")]
    customer: Option<events::CustomerId>,
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=250))]
    limit: u32,
    /// Where tillstream runs [default: the `up` on the data directory, else the configured listen address].
    #[arg(long)]
    url: Option<String>,
}

pub(crate) async fn run(common: &Common, command: &NotifyCommand) -> Outcome {
    match command {
        NotifyCommand::Ls(args) => list(common, args).await,
        NotifyCommand::Preview(args) => preview::run(common, args).await,
        NotifyCommand::Resend(args) => resend::run(common, args).await,
    }
}

async fn list(common: &Common, args: &LsArgs) -> Outcome {
    let mut path = format!("/v1/{}/notifications?limit={}", args.shop, args.limit);
    if let Some(order) = args.order {
        let _ = write!(path, "&order_id={order}");
    }
    if let Some(customer) = args.customer {
        let _ = write!(path, "&customer_id={customer}");
    }
    let answer: Value = instance::get_with_key(common, &instance::url(common, args.url.as_deref())?, &path).await?;
    let rows = &answer["data"];
    match common.output {
        Format::Json => output::json(rows)?,
        Format::Table => {
            let fields = ["key", "rule", "channel", "recipient", "status", "reason", "attempt", "at"];
            let rows = status::rows(rows, fields);
            let header = ["KEY", "RULE", "CHANNEL", "RECIPIENT", "STATUS", "REASON", "ATTEMPT", "AT"];
            output::table(header, rows)?;
        }
    }
    Ok(())
}
