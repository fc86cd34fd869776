//! Laying the sources over each other, and remembering which one won.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::{Table, Value};

use super::environment::{PREFIX, Place};
use super::{Config, FILE_NAME, KnownShop};
use crate::failure::{Exit, Failure, OrExit, Outcome};

/// The flags that override keys.
#[derive(Debug, Clone, Default)]
pub(crate) struct Flags {
    pub(crate) listen: Option<SocketAddr>,
    pub(crate) data_dir: Option<PathBuf>,
    pub(crate) nats_url: Option<String>,
    pub(crate) database_url: Option<String>,
}

/// Where a configuration is read from: now, and again when it has changed.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    pub(crate) file: Option<PathBuf>,
    pub(crate) flags: Flags,
}

impl Origin {
    /// As [`load`].
    pub(crate) fn load(&self) -> Outcome<Loaded> {
        load(self.file.as_deref(), &self.flags)
    }
}

/// A configuration and where its values came from.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) config: Config,
    sources: BTreeMap<String, String>,
}

/// Reads the file (`tillstream.toml` here when none is named and it is there), the environment and the flags.
///
/// # Errors
/// Usage, with the line or the variable, for whatever is not understood.
pub(crate) fn load(file: Option<&Path>, flags: &Flags) -> Outcome<Loaded> {
    let variables = std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with(PREFIX));
    layer(file, variables, flags)
}

pub(super) fn layer(
    file: Option<&Path>,
    variables: impl Iterator<Item = (OsString, OsString)>,
    flags: &Flags,
) -> Outcome<Loaded> {
    let mut table = Table::new();
    let mut sources = BTreeMap::new();
    if let Some((path, text)) = read(file)? {
        table = parse(&path, &text)?;
        let from = path.display().to_string();
        sources.extend(leaves(&table).into_keys().map(|key| (key, from.clone())));
    }
    for (name, value) in sorted(variables)? {
        let place = Place::of_variable(&name)?;
        place.put(&mut table, &value).map_err(|e| e.context(format!("variable {name}")))?;
        sources.insert(place.path(), name);
    }
    for (flag, key, value) in flags.set() {
        Place::Key(key).put(&mut table, &value)?;
        sources.insert(key.to_owned(), flag.to_owned());
    }
    let config = Config::deserialize(table).or_exit(Exit::Usage)?;
    refuse_twins(&config)?;
    Ok(Loaded { config, sources })
}

impl Loaded {
    /// Every key with its value and where it came from; secrets are stars.
    pub(crate) fn explain(&self) -> Outcome<Vec<(String, String, String)>> {
        let shown = Table::try_from(self.config.without_passwords()).or_exit(Exit::Failed)?;
        let source = |key: &str| self.sources.get(key).map_or("default", String::as_str).to_owned();
        Ok(leaves(&shown).into_iter().map(|(key, value)| (key.clone(), value, source(&key))).collect())
    }

    /// The shops with their secrets read.
    ///
    /// # Errors
    /// A secret that is missing or open to others.
    pub(crate) fn shops(&self) -> Outcome<Vec<KnownShop>> {
        self.config.shops.iter().map(super::shops::ShopConfig::known).collect()
    }
}

impl Flags {
    fn set(&self) -> Vec<(&'static str, &'static str, String)> {
        let listen = self.listen.map(|listen| listen.to_string());
        let data_dir = self.data_dir.as_ref().map(|dir| dir.display().to_string());
        let all = [
            ("--listen", "server.listen", listen),
            ("--data-dir", "data.dir", data_dir),
            ("--nats-url", "nats.url", self.nats_url.clone()),
            ("--database-url", "database.url", self.database_url.clone()),
        ];
        all.into_iter().filter_map(|(flag, key, value)| Some((flag, key, value?))).collect()
    }
}

impl Config {
    /// Itself, fit to be shown.
    pub(crate) fn without_passwords(&self) -> Self {
        let mut shown = self.clone();
        shown.nats.url = shown.nats.url.as_deref().map(without_password);
        shown.database.url = shown.database.url.as_deref().map(without_password);
        shown
    }
}

/// `nats://user:secret@host` as `nats://***@host`.
pub(crate) fn without_password(url: &str) -> String {
    let hide = |part: &str| match (part.split_once("://"), part.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://***@{host}"),
        (None, Some((_, host))) => format!("***@{host}"),
        _ => part.to_owned(),
    };
    url.split(',').map(hide).collect::<Vec<_>>().join(",")
}

fn read(file: Option<&Path>) -> Outcome<Option<(PathBuf, String)>> {
    let path = file.unwrap_or(Path::new(FILE_NAME));
    if file.is_none() && !path.exists() {
        return Ok(None);
    }
    let text = fs::read_to_string(path).or_exit(Exit::Usage).map_err(|e| e.context(path.display()))?;
    Ok(Some((path.to_owned(), text)))
}

fn parse(path: &Path, text: &str) -> Outcome<Table> {
    // typed first: only this way an unknown key or a wrong value is reported with its line
    let typed = toml::from_str::<Config>(text).map(drop);
    typed.and_then(|()| text.parse()).or_exit(Exit::Usage).map_err(|e| e.context(path.display()))
}

fn sorted(variables: impl Iterator<Item = (OsString, OsString)>) -> Outcome<BTreeMap<String, String>> {
    let readable =
        |text: OsString| text.into_string().map_err(|_| Failure::new(Exit::Usage, "a variable is not UTF-8"));
    variables.map(|(name, value)| Ok((readable(name)?, readable(value)?))).collect()
}

/// Two tables for one shop would make one of them count by chance.
fn refuse_twins(config: &Config) -> Outcome {
    let mut seen = BTreeSet::new();
    match config.shops.iter().find(|shop| !seen.insert(&shop.domain)) {
        Some(twin) => Err(Failure::new(Exit::Usage, format!("shop {} is configured twice", twin.domain.domain()))),
        None => Ok(()),
    }
}

fn leaves(table: &Table) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for (key, value) in table {
        walk(key.clone(), value, &mut found);
    }
    found
}

fn walk(path: String, value: &Value, found: &mut BTreeMap<String, String>) {
    match value {
        Value::Table(table) => table.iter().for_each(|(key, value)| walk(format!("{path}.{key}"), value, found)),
        Value::Array(list) if list.iter().any(Value::is_table) => {
            list.iter().enumerate().for_each(|(i, value)| walk(format!("{path}.{i}"), value, found));
        }
        leaf => drop(found.insert(path, leaf.to_string())),
    }
}
