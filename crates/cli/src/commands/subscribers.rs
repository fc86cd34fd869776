//! `tillstream subscribers`: what reads the streams, and an operator's word to it.

use std::time::{Duration, Instant};

use events::{Shop, Timestamp};
use serde_json::json;
use streams::status::{self, DurableStatus};
use streams::{Broker, Durability, Durable, OperatorError, Subscribers};

use super::instance;
use crate::cli::Common;
use crate::failure::{Exit, Failure, OrExit, Outcome};
use crate::output::{self, Format};
use crate::roles;

const LOOK: Duration = Duration::from_millis(200);

#[derive(Debug, clap::Subcommand)]
pub(crate) enum SubscribersCommand {
    /// All of them, with what waits for each.
    Ls,
    /// Nothing more is handed out; what is under way is finished.
    Pause {
        #[command(flatten)]
        whom: Whom,
        /// It goes on by itself after so many seconds [default: never].
        #[arg(long = "for", value_name = "SECONDS", conflicts_with = "shop")]
        seconds: Option<u32>,
    },
    /// It goes on where it was.
    Resume {
        #[command(flatten)]
        whom: Whom,
    },
    /// Pauses, and waits until nothing is under way any more.
    Drain {
        #[command(flatten)]
        whom: Whom,
        /// How long to wait, in seconds.
        #[arg(long, default_value_t = 60, value_name = "SECONDS")]
        wait: u64,
    },
}

#[derive(Debug, clap::Args)]
pub(crate) struct Whom {
    /// The subscriber.
    name: String,
    /// Only what belongs to this shop.
    #[arg(long)]
    shop: Option<String>,
    /// Kept with the subscriber, and shown.
    #[arg(long, default_value = "")]
    reason: String,
    /// Only says what would be done.
    #[arg(long)]
    dry_run: bool,
}

pub(crate) async fn run(common: &Common, command: &SubscribersCommand) -> Outcome {
    let broker = roles::connect(&instance::nats_url(common)?, "subscribers", Durability::Unknown).await?;
    match command {
        SubscribersCommand::Ls => list(common, &broker).await,
        SubscribersCommand::Pause { whom, seconds } => {
            let until = seconds.map(|seconds| Timestamp::now() + Duration::from_secs(seconds.into()));
            act(common, &broker, whom, "paused", async |subscribers, durable| match whom.shop()? {
                Some(shop) => subscribers.pause_shop(durable, &shop, &whom.reason).await.map_err(explain),
                None => subscribers.pause(durable, until, &whom.reason).await.map_err(explain),
            })
            .await
        }
        SubscribersCommand::Resume { whom } => {
            act(common, &broker, whom, "resumed", async |subscribers, durable| match whom.shop()? {
                Some(shop) => subscribers.resume_shop(durable, &shop).await.map_err(explain),
                None => subscribers.resume(durable).await.map_err(explain),
            })
            .await
        }
        SubscribersCommand::Drain { whom, wait } => {
            if whom.shop.is_some() {
                let failure = Failure::new(Exit::Usage, "a single shop cannot be drained");
                return Err(failure.hint("`subscribers pause --shop` holds its messages back"));
            }
            act(common, &broker, whom, "drained", async |subscribers, durable| {
                subscribers.pause(durable, None, &whom.reason).await.map_err(explain)?;
                drained(&broker, durable, Duration::from_secs(*wait)).await
            })
            .await
        }
    }
}

async fn list(common: &Common, broker: &Broker) -> Outcome {
    let status = status::read(broker, &roles::durables()).await.map_err(roles::explain)?;
    if common.output == Format::Json {
        return Ok(output::json(&status.durables)?);
    }
    let row = |durable: &DurableStatus| {
        let shops: Vec<&str> = durable.paused_shops.iter().map(|paused| paused.shop.as_str()).collect();
        let paused = match &durable.paused_reason {
            Some(reason) if !reason.is_empty() => format!("yes: {reason}"),
            _ if durable.paused => "yes".to_owned(),
            _ => shops.join(", "),
        };
        let numbers = [durable.pending, durable.ack_pending, durable.dead].map(|number| number.to_string());
        let [pending, unacked, dead] = numbers;
        [durable.name.to_owned(), durable.stream.to_owned(), pending, unacked, dead, paused]
    };
    let rows = status.durables.iter().map(row);
    Ok(output::table(["SUBSCRIBER", "STREAM", "PENDING", "UNACKED", "DEAD", "PAUSED"], rows)?)
}

impl Whom {
    fn shop(&self) -> Outcome<Option<Shop>> {
        self.shop.as_deref().map(str::parse::<Shop>).transpose().or_exit(Exit::Usage)
    }

    fn durable(&self) -> Outcome<Durable> {
        let durables = roles::durables();
        let names: Vec<&str> = durables.iter().map(|durable| durable.name).collect();
        let message = format!("there is no subscriber {:?}", self.name);
        let unknown = Failure::new(Exit::Usage, message).hint(format!("there are: {}", names.join(", ")));
        durables.into_iter().find(|durable| durable.name == self.name).ok_or(unknown)
    }
}

async fn act(
    common: &Common,
    broker: &Broker,
    whom: &Whom,
    word: &str,
    act: impl AsyncFnOnce(&Subscribers, &Durable) -> Outcome,
) -> Outcome {
    let (durable, shop) = (whom.durable()?, whom.shop()?);
    if !whom.dry_run {
        act(&Subscribers::new(broker), &durable).await?;
    }
    let would = if whom.dry_run { "would be " } else { "" };
    let of = shop.as_ref().map(|shop| format!(" for {shop}")).unwrap_or_default();
    match common.output {
        Format::Json => output::json(&json!({ "subscriber": durable.name, "shop": shop, "dry_run": whom.dry_run }))?,
        Format::Table => output::line(format!("{}{of} {would}{word}", durable.name))?,
    }
    Ok(())
}

/// # Errors
/// Something is still under way, or parked, after that time: unavailable. The pause stays.
async fn drained(broker: &Broker, durable: &Durable, patience: Duration) -> Outcome {
    let started = Instant::now();
    loop {
        let status = status::read(broker, std::slice::from_ref(durable)).await.map_err(roles::explain)?;
        let under_way = status.durables.iter().map(|durable| durable.ack_pending).sum::<u64>();
        if under_way == 0 {
            return Ok(());
        }
        if started.elapsed() > patience {
            let message = format!("{under_way} messages of {} are still handled, or parked", durable.name);
            return Err(Failure::new(Exit::Unavailable, message).hint("it stays paused; parked ones are tried again"));
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn explain(error: OperatorError) -> Failure {
    roles::explain(error.source)
}
