//! Bodies of old API versions become what the current one would have said.
//!
//! The decoder is tolerant of what a field looks like; this list is for what a version does not say and
//! the body says elsewhere. A step fills in what is missing and changes nothing else, so a body whose
//! version is not known walks all of them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use events::LineId;
use serde::Deserialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::api_version::{ApiVersion, StatedVersion};
use crate::refund::RefundBody;
use crate::wire::{Id, List};
use crate::{Topic, Unreadable};

/// An object whose values stay as they are written: no number is ever read to be written again.
type Fields = BTreeMap<String, Box<RawValue>>;

/// One change of Shopify's: bodies of before `since` are given what it brought.
struct Upcaster {
    resource: &'static str,
    since: ApiVersion,
    step: fn(&mut Fields) -> Result<(), serde_json::Error>,
}

/// All changes that matter to us, oldest first.
static UPCASTERS: &[Upcaster] = &[
    Upcaster { resource: "order", since: ApiVersion::new(2024, 1), step: lines_say_what_is_left },
    Upcaster { resource: "customer", since: ApiVersion::new(2024, 1), step: consent_is_an_object },
];

const CONSENT: &str = "email_marketing_consent";

/// Brings a body of `topic` to the current version.
pub(crate) fn upcast<'a>(topic: &Topic, stated: StatedVersion, body: &'a str) -> Result<Cow<'a, str>, Unreadable> {
    let due = |upcaster: &&Upcaster| upcaster.resource == topic.resource && stated.may_precede(upcaster.since);
    let mut due = UPCASTERS.iter().filter(due).peekable();
    if due.peek().is_none() {
        return Ok(Cow::Borrowed(body));
    }
    let mut fields: Fields = serde_json::from_str(body)?;
    for upcaster in due {
        (upcaster.step)(&mut fields)?;
    }
    Ok(Cow::Owned(serde_json::to_string(&fields)?))
}

/// 2024-01 brought a line's `current_quantity`; before, the reader takes the refunds off.
fn lines_say_what_is_left(order: &mut Fields) -> Result<(), serde_json::Error> {
    let Some(lines) = order.get("line_items") else { return Ok(()) };
    let mut lines: Vec<Fields> = serde_json::from_str(lines.get())?;
    let refunds: List<RefundBody<'_>> =
        order.get("refunds").map_or_else(|| Ok(List::default()), |refunds| serde_json::from_str(refunds.get()))?;
    let missing = lines.iter_mut().filter(|line| !line.contains_key("current_quantity"));
    for line in missing {
        let Counted { id: Id(id), quantity } = serde_json::from_str(&serde_json::to_string(line)?)?;
        let left = quantity.saturating_sub(RefundBody::quantity_of(&refunds, id));
        line.insert("current_quantity".to_owned(), to_raw_value(&left)?);
    }
    order.insert("line_items".to_owned(), to_raw_value(&lines)?);
    Ok(())
}

#[derive(Deserialize)]
struct Counted {
    id: Id<LineId>,
    quantity: u32,
}

/// 2024-01 took `accepts_marketing` away; the consent to mails is an object of its own since.
fn consent_is_an_object(customer: &mut Fields) -> Result<(), serde_json::Error> {
    let Some(accepts) = customer.get("accepts_marketing").filter(|_| !customer.contains_key(CONSENT)) else {
        return Ok(());
    };
    let state = if accepts.get() == "true" { "subscribed" } else { "not_subscribed" };
    let said = |name: &str| customer.get(name).map_or("null", |raw| raw.get());
    let (level, at) = (said("marketing_opt_in_level"), said("accepts_marketing_updated_at"));
    let consent = format!(r#"{{"state":"{state}","opt_in_level":{level},"consent_updated_at":{at}}}"#);
    customer.insert(CONSENT.to_owned(), RawValue::from_string(consent)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(topic: &str, version: Option<&str>, body: &str) -> String {
        upcast(Topic::find(topic).unwrap(), StatedVersion::of(version), body).unwrap().into_owned()
    }

    const OLD_CUSTOMER: &str = r#"{"id":9007199254740993,"total_spent":1.10,"accepts_marketing":true,"accepts_marketing_updated_at":"2020-01-01T00:00:00Z"}"#;

    #[test]
    fn a_customer_of_before_2024_is_given_the_consent_as_an_object() {
        let consent = r#""email_marketing_consent":{"state":"subscribed","opt_in_level":null,"consent_updated_at":"2020-01-01T00:00:00Z"}"#;
        for version in [Some("2023-10"), None] {
            let read = read("customers/update", version, OLD_CUSTOMER);
            assert!(read.contains(consent), "{read}");
            assert!(read.contains("9007199254740993") && read.contains("1.10"), "as it was written: {read}");
        }
        for version in ["2024-01", "2026-07", "2099-01", "unstable"] {
            assert_eq!(read("customers/update", Some(version), OLD_CUSTOMER), OLD_CUSTOMER, "{version}");
        }
    }

    #[test]
    fn what_a_body_says_itself_is_left_alone() {
        let consent = r#"{"accepts_marketing":true,"email_marketing_consent":null}"#;
        assert_eq!(read("customers/create", None, consent), consent);
        let lines = r#"{"line_items":[{"current_quantity":1,"id":1,"quantity":2}],"refunds":[{"id":1,"refund_line_items":[{"line_item_id":1,"quantity":2}]}]}"#;
        assert_eq!(read("orders/create", Some("2020-01"), lines), lines);
    }

    #[test]
    fn the_refunds_of_an_old_order_are_taken_off_its_lines() {
        let order = r#"{"line_items":[{"id":1,"quantity":5},{"id":2,"quantity":1}],"refunds":[{"id":1,"refund_line_items":[{"line_item_id":1,"quantity":2}]},{"id":2,"refund_line_items":[{"line_item_id":1,"quantity":1}]}]}"#;
        let read = read("orders/create", Some("2023-10"), order);
        assert!(
            read.contains(r#"[{"current_quantity":2,"id":1,"quantity":5},{"current_quantity":1,"id":2,"quantity":1}]"#),
            "{read}"
        );
    }

    #[test]
    fn an_old_body_of_another_shape_is_refused() {
        let topic = Topic::find("orders/create").unwrap();
        for body in [r#"{"line_items":7}"#, r#"{"line_items":[{"quantity":1}]}"#, r#"{"line_items":[[]]}"#] {
            assert_eq!(upcast(topic, StatedVersion::Unstated, body).unwrap_err().reason(), "wrong_shape", "{body}");
        }
    }
}
