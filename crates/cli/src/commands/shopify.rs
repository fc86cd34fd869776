//! `tillstream shopify`: what Shopify has to be told.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use shopify::{ApiVersion, COMPLIANCE, Part, Topic, Version};

use crate::cli::Common;
use crate::config::load;
use crate::failure::{Exit, Failure, OrExit, Outcome};
use crate::output;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum ShopifyCommand {
    /// Prints the [webhooks] section of shopify.app.toml: all that is listened to, and what the law demands.
    Toml {
        /// Where Shopify delivers: https://…, a path of the app's own, pubsub://… or arn:aws:events:…
        /// [default: webhooks.uri of the configuration].
        #[arg(long)]
        uri: Option<String>,
        /// Have bodies cut down to these fields, and to those that tell which thing a body is about and how new it is
        /// [default: webhooks.include_fields; whole bodies when it is empty].
        #[arg(long, value_delimiter = ',', value_name = "FIELD")]
        include_fields: Vec<String>,
    },
}

pub(crate) fn run(common: &Common, command: &ShopifyCommand) -> Outcome {
    let ShopifyCommand::Toml { uri, include_fields } = command;
    let configured = load(common.config.as_deref(), &common.flags(None))?.config.webhooks;
    let uri = uri.as_ref().unwrap_or(&configured.uri);
    let fields = if include_fields.is_empty() { &configured.include_fields } else { include_fields };
    check(uri)?;
    let document = AppToml { webhooks: webhooks(uri, fields) };
    Ok(output::text(&toml::to_string(&document).or_exit(Exit::Failed)?)?)
}

/// What Shopify takes.
fn check(uri: &str) -> Outcome {
    let fits = ["https://", "/", "pubsub://", "arn:aws:events:"].iter().any(|start| uri.starts_with(start));
    if fits && uri.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(());
    }
    let message = format!("{uri:?} is no address that Shopify delivers to");
    Err(Failure::new(Exit::Usage, message).hint("an https:// address, a path, pubsub://project:topic or an ARN"))
}

#[derive(Debug, Serialize)]
struct AppToml {
    webhooks: Webhooks,
}

#[derive(Debug, Serialize)]
struct Webhooks {
    api_version: String,
    subscriptions: Vec<Subscription>,
}

#[derive(Debug, Default, Serialize)]
struct Subscription {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    topics: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    compliance_topics: Vec<&'static str>,
    uri: String,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    include_fields: BTreeSet<String>,
}

fn webhooks(uri: &str, fields: &[String]) -> Webhooks {
    let listened = || Topic::all().filter(|topic| topic.is_translated() && !COMPLIANCE.contains(&topic.name));
    let compliance = Subscription { compliance_topics: COMPLIANCE.to_vec(), uri: uri.to_owned(), ..Default::default() };
    let mut subscriptions = Vec::new();
    if fields.is_empty() {
        let topics = listened().map(|topic| topic.name).collect();
        subscriptions.push(Subscription { topics, uri: uri.to_owned(), ..Default::default() });
    } else {
        subscriptions = cut_down(listened(), uri, fields);
    }
    subscriptions.push(compliance);
    Webhooks { api_version: ApiVersion::NEWEST.to_string(), subscriptions }
}

/// One subscription for all topics that say in the same fields which thing they are about and how new they are.
fn cut_down(topics: impl Iterator<Item = &'static Topic>, uri: &str, fields: &[String]) -> Vec<Subscription> {
    let mut groups: BTreeMap<BTreeSet<String>, Vec<&'static str>> = BTreeMap::new();
    for topic in topics {
        // Shopify drops a body that equals the one before it: the time must always be in it.
        let mut include: BTreeSet<String> = fields.iter().cloned().chain(["updated_at".to_owned()]).collect();
        include.extend(topic.key.iter().map(Part::path).map(str::to_owned));
        if let Version::Field(path) | Version::Revision(path) = topic.version {
            include.insert(path.to_owned());
        }
        groups.entry(include).or_default().push(topic.name);
    }
    let subscription = |(include_fields, topics)| Subscription {
        topics,
        compliance_topics: Vec::new(),
        uri: uri.to_owned(),
        include_fields,
    };
    groups.into_iter().map(subscription).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(fields: &[&str]) -> toml::Table {
        let fields: Vec<String> = fields.iter().map(|field| (*field).to_owned()).collect();
        let document = AppToml { webhooks: webhooks("https://hooks.example.com/shopify", &fields) };
        toml::to_string(&document).unwrap().parse().unwrap()
    }

    fn list<'a>(subscription: &'a toml::Value, key: &str) -> Vec<&'a str> {
        let list = subscription.get(key).and_then(toml::Value::as_array);
        list.into_iter().flatten().map(|value| value.as_str().unwrap()).collect()
    }

    #[test]
    fn every_topic_that_is_read_is_subscribed_to_once_and_compliance_always() {
        for fields in [&[][..], &["line_items.id"]] {
            let document = parsed(fields);
            let webhooks = &document["webhooks"];
            assert_eq!(webhooks["api_version"].as_str(), Some("2026-07"));
            let subscriptions = webhooks["subscriptions"].as_array().unwrap();
            let mut topics: Vec<&str> = subscriptions.iter().flat_map(|one| list(one, "topics")).collect();
            topics.sort_unstable();
            let read = Topic::all().filter(|topic| topic.is_translated() && !COMPLIANCE.contains(&topic.name));
            let mut expected: Vec<&str> = read.map(|topic| topic.name).collect();
            expected.sort_unstable();
            assert_eq!(topics, expected);
            let compliance: Vec<&str> = subscriptions.iter().flat_map(|one| list(one, "compliance_topics")).collect();
            assert_eq!(compliance, COMPLIANCE);
            assert!(subscriptions.iter().all(|one| one["uri"].as_str() == Some("https://hooks.example.com/shopify")));
        }
    }

    #[test]
    fn a_body_that_is_cut_down_still_says_which_and_when() {
        let document = parsed(&["line_items.id"]);
        let subscriptions = document["webhooks"]["subscriptions"].as_array().unwrap();
        for subscription in subscriptions.iter().filter(|one| one.get("topics").is_some()) {
            let fields = list(subscription, "include_fields");
            assert!(fields.contains(&"updated_at") && fields.contains(&"line_items.id"), "{subscription}");
            for topic in list(subscription, "topics") {
                let key = Topic::find(topic).unwrap().key;
                assert!(key.iter().all(|part| fields.contains(&part.path())), "{topic}");
            }
        }
        let whole = parsed(&[]);
        assert!(
            whole["webhooks"]["subscriptions"]
                .as_array()
                .unwrap()
                .iter()
                .all(|one| one.get("include_fields").is_none())
        );
    }

    #[test]
    fn only_addresses_that_shopify_delivers_to_pass() {
        for good in
            ["https://x.example/a", "/webhooks", "pubsub://project:topic", "arn:aws:events:eu-west-1::event-source/x"]
        {
            assert!(check(good).is_ok(), "{good}");
        }
        for bad in ["http://x.example", "x", "", "/a b", "https://x\n[[evil]]"] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
