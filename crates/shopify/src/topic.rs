//! Every topic of Shopify's, and what becomes of its deliveries: one table, one file per group.

mod key;
mod version;

mod checkouts;
mod companies;
mod content;
mod customers;
mod discounts;
mod fulfillment;
mod inventory;
mod orders;
mod payments;
mod products;
mod shop;
mod subscriptions;

use aggregates::Command;

use self::key::Part::{Gid, Number};
use crate::resource::{self, Snapshot};
use crate::{Reading, Unreadable};

pub(crate) use key::id_of;
pub use key::{Key, Part};
pub use version::Version;

/// The table of contents.
static TOPICS: &[&[Topic]] = &[
    orders::TOPICS,
    checkouts::TOPICS,
    payments::TOPICS,
    fulfillment::TOPICS,
    products::TOPICS,
    inventory::TOPICS,
    customers::TOPICS,
    companies::TOPICS,
    subscriptions::TOPICS,
    discounts::TOPICS,
    content::TOPICS,
    shop::TOPICS,
];

/// One kind of webhook.
#[derive(Debug)]
pub struct Topic {
    /// As `X-Shopify-Topic` spells it.
    pub name: &'static str,
    /// What the body is about; for all that leads to events, the kind of the aggregate.
    pub resource: &'static str,
    /// Where the body says which one.
    pub key: Key,
    /// What says how new the body is.
    pub version: Version,
    pub end: End,
}

/// What becomes of a delivery.
#[derive(Debug)]
pub enum End {
    /// Events of our own words.
    Typed(Translator),
    /// The resource as it is shown, in one event.
    Observed(Observer),
    /// It stays in the inbox, because of this: a stable token.
    Kept(&'static str),
}

type Translator = fn(&Reading<'_>) -> Result<Vec<Command>, Unreadable>;
type Observer = fn(&Topic, &Reading<'_>) -> Result<Vec<Command>, Unreadable>;

/// The topics that every app must take; they are subscribed to in a list of their own.
pub const COMPLIANCE: [&str; 3] = ["customers/data_request", "customers/redact", "shop/redact"];

impl Topic {
    /// The topic of a body that is kept in a file: `orders__create`, or `orders__create--<anything>`.
    pub fn of_file(stem: &str) -> Option<&'static Self> {
        let name = stem.split("--").next().unwrap_or_default();
        Self::find(&name.replacen("__", "/", 1)).or_else(|| Self::find(&name.replacen('_', ".", 1)))
    }

    /// Whether its deliveries lead to events.
    pub const fn is_translated(&self) -> bool {
        !matches!(self.end, End::Kept(_))
    }

    /// The topic of this name, as the header spells it.
    pub fn find(name: &str) -> Option<&'static Self> {
        Self::all().find(|topic| topic.name == name)
    }

    /// What a body says, as commands; none when it is kept.
    pub(crate) fn read(&self, reading: &Reading<'_>) -> Result<Vec<Command>, Unreadable> {
        match self.end {
            End::Typed(translator) => translator(reading),
            End::Observed(observer) => observer(self, reading),
            End::Kept(_) => Ok(Vec::new()),
        }
    }

    /// What happened, the last word of the name.
    pub fn action(&self) -> &'static str {
        self.name.rsplit(['/', '.']).next().unwrap_or_default()
    }

    /// All there are, in the order of the table.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        TOPICS.iter().copied().flatten()
    }

    /// The id, in its shop, of what a body of this topic is about; empty when there is one in a shop.
    pub fn id_of(&self, body: &[u8]) -> Result<String, Unreadable> {
        key::id_of(self.key, crate::check_json(body)?)
    }
}

const fn typed(
    name: &'static str,
    resource: &'static str,
    key: Key,
    version: Version,
    translator: Translator,
) -> Topic {
    Topic { name, resource, key, version, end: End::Typed(translator) }
}

const fn observed<R: Snapshot>(name: &'static str, key: Key, version: Version) -> Topic {
    Topic { name, resource: R::KIND.as_str(), key, version, end: End::Observed(resource::observed::<R>) }
}

/// Shows the whole resource once more, at its end.
const fn ended<R: Snapshot>(name: &'static str, key: Key, version: Version) -> Topic {
    Topic { name, resource: R::KIND.as_str(), key, version, end: End::Observed(resource::ended::<R>) }
}

/// Shows an id and little more.
const fn deleted<R: Snapshot>(name: &'static str, key: Key, version: Version) -> Topic {
    Topic { name, resource: R::KIND.as_str(), key, version, end: End::Observed(resource::deleted::<R>) }
}

const fn kept(name: &'static str, resource: &'static str, key: Key, version: Version, reason: &'static str) -> Topic {
    Topic { name, resource, key, version, end: End::Kept(reason) }
}

const ID: Key = &[Number("id")];
const ORDER_ID: Key = &[Number("order_id")];
const PRODUCT_ID: Key = &[Number("product_id")];
const CUSTOMER_ID: Key = &[Number("customer_id")];
const ITEM_ID: Key = &[Number("inventory_item_id")];
const FULFILLMENT_ORDER: Key = &[Gid("fulfillment_order.id", &["FulfillmentOrder"])];
const CYCLE: Key = &[Number("subscription_contract_id"), Number("cycle_index")];
pub(crate) const DISCOUNT: Key =
    &[Gid("admin_graphql_api_id", &["DiscountAutomaticNode", "DiscountCodeNode", "DiscountNode"])];
const CONTACT_AT_LOCATION: Key = &[
    Gid("company_contact.admin_graphql_api_id", &["CompanyContact"]),
    Gid("company_location.admin_graphql_api_id", &["CompanyLocation"]),
];
/// There is one in a shop.
const SHOP: Key = &[];

const UPDATED_AT: Version = Version::Field("updated_at");
const HAPPENED_AT: Version = Version::Field("happened_at");
/// Of bodies that say no time: the header is all there is.
const TRIGGERED_AT: Version = Version::TriggeredAt;

/// A cart names nobody; it has a meaning once it is a checkout, and that has topics of its own.
const NO_CUSTOMER: &str = "names_no_customer";
/// A checkout is known by its token, and this body has another number.
const NO_TOKEN: &str = "names_no_token";
/// Another topic says the same, and more.
const REPEATS: &str = "repeats_another_topic";
/// Which sales channel shows what; the product and the collection say what is sold.
const CHANNEL: &str = "sales_channel";
/// Only a change of something that we do not see: the level that comes of it has its own topic.
const DELTA: &str = "delta_without_state";
/// Words and pictures of the storefront.
const CONTENT: &str = "content";
/// How the storefront looks and where it is found.
const PRESENTATION: &str = "presentation";
/// How the shop is set up.
const SETTINGS: &str = "settings";
/// A job of an app's has ended.
const JOB: &str = "job";
/// Saved searches of before segments.
const SUPERSEDED: &str = "superseded";
/// Of something to come, without the state it is about.
const WARNING: &str = "warning";
/// Sent to finance and tax apps only.
const OTHER_APPS: &str = "other_apps";
/// Where visitors come from.
const MARKETING: &str = "marketing";
/// Who used the Admin API; it never comes over HTTP.
const AUDIT: &str = "audit";
