//! `TILLSTREAM_…` variables as one layer over the file.

use toml::{Table, Value};

use crate::failure::{Exit, Failure, Outcome};

pub(crate) const PREFIX: &str = "TILLSTREAM_";

/// Every key outside `[[shops]]`.
pub(crate) const KEYS: &[&str] = &[
    "server.listen",
    "server.max_connections",
    "access.open",
    "access.per_second",
    "access.burst",
    "access.key",
    "access.jwt.issuer",
    "access.jwt.audience",
    "access.jwt.jwks_url",
    "access.jwt.jwks_file",
    "data.dir",
    "nats.url",
    "nats.sync",
    "nats.replicas",
    "nats.max_bytes",
    "database.url",
    "ingress.max_body_bytes",
    "ingress.deadline",
    "webhooks.uri",
    "webhooks.include_fields",
    "inventory.rules",
    "inventory.priority",
    "inventory.pinned",
    "inventory.addresses",
    "inventory.low_at",
    "loyalty.enabled",
    "loyalty.rate",
    "loyalty.rounding",
    "loyalty.pending_days",
    "loyalty.validity_days",
    "loyalty.include_shipping",
    "loyalty.include_tax",
    "loyalty.include_gift_cards",
    "loyalty.hold_hours",
    "loyalty.tier_window_days",
    "checkouts.abandoned_after",
    "notifications.enabled",
    "notifications.rules",
    "notifications.operations",
    "notifications.templates",
    "notifications.locale",
    "notifications.quiet_hours",
    "notifications.expires_after",
    "notifications.smtp.host",
    "notifications.smtp.port",
    "notifications.smtp.tls",
    "notifications.smtp.from",
    "notifications.smtp.username_env",
    "notifications.smtp.password_env",
    "notifications.smtp.per_second",
    "privacy.kek",
    "privacy.previous",
    "privacy.url",
    "simulator.deliveries_per_second",
    "log.filter",
    "log.format",
    "telemetry.otlp_endpoint",
];

/// Every key of a `[[shops]]` table.
pub(crate) const SHOP_KEYS: &[&str] =
    &["domain", "secrets", "secrets_env", "secrets_file", "stock_authority", "time_zone", "currency", "loyalty"];

const LISTS: &[&str] = &[
    "webhooks.include_fields",
    "inventory.rules",
    "inventory.priority",
    "inventory.pinned",
    "inventory.addresses",
    "notifications.rules",
    "privacy.previous",
    "secrets",
];
const NUMBERS: &[&str] = &[
    "server.max_connections",
    "access.per_second",
    "access.burst",
    "nats.replicas",
    "nats.max_bytes",
    "ingress.max_body_bytes",
    "inventory.low_at",
    "loyalty.pending_days",
    "loyalty.validity_days",
    "loyalty.hold_hours",
    "loyalty.tier_window_days",
    "notifications.smtp.per_second",
    "notifications.smtp.port",
    "simulator.deliveries_per_second",
];

const SWITCHES: &[&str] = &[
    "access.open",
    "loyalty.enabled",
    "loyalty.include_shipping",
    "loyalty.include_tax",
    "loyalty.include_gift_cards",
    "loyalty",
    "notifications.enabled",
];

/// Where a variable's value goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    Key(&'static str),
    Shop(usize, &'static str),
}

impl Place {
    /// Which key a variable stands for.
    ///
    /// # Errors
    /// A variable with our prefix that is no key: most likely a misspelt one.
    pub(crate) fn of_variable(name: &str) -> Outcome<Self> {
        let rest = name.strip_prefix(PREFIX).unwrap_or(name).to_ascii_lowercase();
        let key = KEYS.iter().find(|key| key.replace('.', "_") == rest).map(|key| Self::Key(key));
        key.or_else(|| shop_place(&rest)).ok_or_else(|| {
            Failure::new(Exit::Usage, format!("variable {name}: no such key"))
                .hint("`tillstream config default` lists the keys")
        })
    }

    /// The key's name as `config show --sources` prints it.
    pub(crate) fn path(&self) -> String {
        match self {
            Self::Key(key) => (*key).to_owned(),
            Self::Shop(index, key) => format!("shops.{index}.{key}"),
        }
    }

    /// Puts a variable's text where it belongs.
    ///
    /// # Errors
    /// Not a number where one is needed, or a shop beyond the next one.
    pub(crate) fn put(&self, table: &mut Table, text: &str) -> Outcome {
        let value = self.value(text)?;
        let (section, key) = match self {
            Self::Key(path) => {
                let (section, key) = path.rsplit_once('.').unwrap_or(("", path));
                (section_of(table, section), key)
            }
            Self::Shop(index, key) => (shop_of(table, *index), *key),
        };
        let section = section.ok_or_else(|| Failure::new(Exit::Usage, "the shops before it are missing"))?;
        section.insert(key.to_owned(), value);
        Ok(())
    }

    fn value(&self, text: &str) -> Outcome<Value> {
        let key = match self {
            Self::Key(key) | Self::Shop(_, key) => *key,
        };
        if LISTS.contains(&key) {
            let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
            return Ok(Value::Array(parts.map(|part| Value::String(part.to_owned())).collect()));
        }
        if NUMBERS.contains(&key) {
            let number = text.trim().parse().map_err(|_| Failure::new(Exit::Usage, "not a whole number"))?;
            return Ok(Value::Integer(number));
        }
        if SWITCHES.contains(&key) {
            let switch = text.trim().parse().map_err(|_| Failure::new(Exit::Usage, "neither true nor false"))?;
            return Ok(Value::Boolean(switch));
        }
        Ok(Value::String(text.to_owned()))
    }
}

/// A section may lie in another one: `notifications.smtp`.
fn section_of<'a>(table: &'a mut Table, path: &str) -> Option<&'a mut Table> {
    let deeper = |table: &'a mut Table, name| table.entry(name).or_insert_with(|| Table::new().into()).as_table_mut();
    path.split('.').try_fold(table, deeper)
}

fn shop_place(rest: &str) -> Option<Place> {
    let (index, key) = rest.strip_prefix("shops_")?.split_once('_')?;
    let key = SHOP_KEYS.iter().find(|known| **known == key)?;
    Some(Place::Shop(index.parse().ok()?, key))
}

fn shop_of(table: &mut Table, index: usize) -> Option<&mut Table> {
    let shops = table.entry("shops").or_insert_with(|| Value::Array(Vec::new())).as_array_mut()?;
    if index == shops.len() {
        shops.push(Table::new().into());
    }
    shops.get_mut(index)?.as_table_mut()
}
