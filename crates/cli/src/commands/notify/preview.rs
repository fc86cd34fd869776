use events::{AggregateKey, AggregateKind, Event, OrderId, Recorded, Shop};
use handlers::notifications::{self, Content, Context, Preview, Previewer, Rule, Templates};
use streams::{Broker, Durability, EventStore, FromDelivery, event_at};

use crate::cli::Common;
use crate::commands::instance;
use crate::config::{Config, KnownShop, load};
use crate::failure::{Exit, Failure, OrExit, Outcome};
use crate::output::{self, Format};
use crate::roles;

#[derive(Debug, clap::Args)]
pub(crate) struct PreviewArgs {
    /// order_confirmation, shipping_confirmation, …
    rule: Rule,
    /// Upon the latest event of this order that the rule tells of; needs --shop.
    #[arg(long, value_name = "ID", requires = "shop", conflicts_with = "position")]
    order: Option<OrderId>,
    /// The order's shop: its myshopify.com name, without the suffix.
    #[arg(long)]
    shop: Option<Shop>,
    /// Upon this event.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    position: Option<u64>,
    /// Of made-up data, in this language.
    #[arg(long)]
    locale: Option<String>,
}

pub(super) async fn run(common: &Common, args: &PreviewArgs) -> Outcome {
    let loaded = load(common.config.as_deref(), &common.flags(None))?;
    let shops = loaded.shops()?;
    let order = args.order.zip(args.shop.as_ref());
    if order.is_none() && args.position.is_none() {
        return sample(common, args, &loaded.config, &shops);
    }
    let broker = roles::connect(&instance::nats_url(common)?, "notify", Durability::Unknown).await?;
    let event = match (order, args.position) {
        (Some((order, shop)), _) => latest(&broker, args.rule, shop, order).await?,
        (None, position) => at(&broker, position.unwrap_or_default()).await?,
    };
    let mut settings = roles::notification_settings(&loaded.config, &shops)?;
    // Whether or not it is on by e-mail: it was asked for.
    settings.rules.insert(args.rule);
    let database = roles::open_database(&loaded.config, notifications::NAME).await?;
    let vault = roles::open_vault(&loaded.config).await?;
    let previewer = Previewer::open(&broker, database, vault, settings).await.or_exit(Exit::Precondition)?;
    let previews = previewer.preview(args.rule, &event).await.or_exit(Exit::Precondition)?;
    match common.output {
        Format::Json => output::json(&previews)?,
        Format::Table => previews.iter().try_for_each(print)?,
    }
    Ok(())
}

fn sample(common: &Common, args: &PreviewArgs, config: &Config, shops: &[KnownShop]) -> Outcome {
    let settings = roles::notification_settings(config, shops)?;
    let templates = Templates::new(&settings.templates, &settings.locale).or_exit(Exit::Usage)?;
    let rendered = templates.render(args.rule, args.locale.as_deref(), &Context::sample(args.rule));
    let rendered = rendered.or_exit(Exit::Failed)?;
    match common.output {
        Format::Json => output::json(&rendered.content)?,
        Format::Table => print_content(&rendered.content)?,
    }
    Ok(())
}

async fn latest(broker: &Broker, rule: Rule, shop: &Shop, order: OrderId) -> Outcome<Recorded<Event>> {
    let key = AggregateKey::new(AggregateKind::Order, shop, order);
    let events = EventStore::with_capacity(broker, 0).events(&key).await.or_exit(Exit::Unavailable)?;
    let told = events.into_iter().rev().find(|event| Previewer::tells(rule, event));
    told.ok_or_else(|| Failure::new(Exit::Precondition, format!("{key} has no event that {rule} tells of")))
}

async fn at(broker: &Broker, position: u64) -> Outcome<Recorded<Event>> {
    let raw = event_at(broker, position).await.map_err(roles::explain)?;
    let raw = raw.ok_or_else(|| Failure::new(Exit::Precondition, format!("there is no event at {position}")))?;
    Recorded::<Event>::read(&raw).or_exit(Exit::Failed)
}

fn print(preview: &Preview) -> std::io::Result<()> {
    let to = preview.to.as_deref().unwrap_or("-");
    output::line(format!(
        "{} to {} ({to}) by {}: {}",
        preview.rule, preview.recipient, preview.channel, preview.verdict
    ))?;
    preview.content.as_ref().map_or(Ok(()), print_content)
}

fn print_content(content: &Content) -> std::io::Result<()> {
    output::line(format!("\nSubject: {}\n\n{}\n[short] {}", content.subject, content.text, content.short))?;
    content.html.as_ref().map_or(Ok(()), |html| output::line(format!("\n[html]\n{html}")))
}
