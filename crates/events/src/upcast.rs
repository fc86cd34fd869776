//! Old stored shapes become the current one when they are read; the log itself never changes.

use serde_json::{Value, json};

use crate::DecodeError;

/// One step: the body of `wire_type` at version `from` becomes that of `from + 1`.
struct Upcaster {
    wire_type: &'static str,
    from: u32,
    step: fn(Value) -> Value,
}

/// All steps, in any order. A new version of an event adds one line here.
static UPCASTERS: &[Upcaster] = &[
    Upcaster { wire_type: "customer.consent_changed", from: 1, step: |body| body },
    Upcaster { wire_type: "customer.tagged", from: 1, step: tags_were_told_by_snapshots },
    Upcaster { wire_type: "order.edited", from: 1, step: nothing_was_lacking },
    Upcaster { wire_type: "order.refunded", from: 1, step: nothing_was_lacking },
    Upcaster { wire_type: "order.placed", from: 1, step: nobody_asked_for_the_language },
    Upcaster { wire_type: "order.placed", from: 2, step: there_were_no_seals },
    Upcaster { wire_type: "order.refunded", from: 2, step: there_were_no_seals },
    Upcaster { wire_type: "order.contact_changed", from: 1, step: there_were_no_seals },
    Upcaster { wire_type: "order.address_changed", from: 1, step: there_were_no_seals },
    Upcaster { wire_type: "order.noted", from: 1, step: there_were_no_seals },
    Upcaster { wire_type: "customer.registered", from: 1, step: there_were_no_seals },
    Upcaster { wire_type: "customer.profile_changed", from: 1, step: there_were_no_seals },
    Upcaster { wire_type: "customer.address_changed", from: 1, step: there_were_no_seals },
    Upcaster { wire_type: "checkout.started", from: 1, step: there_were_no_seals },
    Upcaster { wire_type: "checkout.updated", from: 1, step: there_were_no_seals },
    Upcaster { wire_type: "draft_order.observed", from: 1, step: there_were_no_seals },
    Upcaster { wire_type: "company.observed", from: 1, step: there_were_no_seals },
    Upcaster { wire_type: "company_location.observed", from: 1, step: there_were_no_seals },
    Upcaster { wire_type: "customer_payment_method.observed", from: 1, step: there_were_no_seals },
    Upcaster { wire_type: "location.observed", from: 1, step: there_were_no_seals },
    Upcaster { wire_type: "customer.redaction_requested", from: 1, step: nobody_said_why },
];

/// Personal data stood there as it was told, and still does; a district was read from the postal code.
fn there_were_no_seals(mut body: Value) -> Value {
    match &mut body {
        Value::Object(members) => {
            if let Some(zip) = members.get("zip") {
                let district = zip.as_str().and_then(crate::Address::district_of);
                members.insert("district".to_owned(), district.into());
            }
            members.values_mut().for_each(|member| *member = there_were_no_seals(member.take()));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| *item = there_were_no_seals(item.take())),
        _ => {}
    }
    body
}

fn tags_were_told_by_snapshots(mut body: Value) -> Value {
    body["told"] = json!({"is": "all", "tags": body["tags"]});
    body
}

fn nobody_asked_for_the_language(mut body: Value) -> Value {
    body["locale"] = Value::Null;
    body
}

fn nobody_said_why(mut body: Value) -> Value {
    body["reason"] = Value::Null;
    body
}

/// What was taken off beyond the rest was forgotten.
fn nothing_was_lacking(mut body: Value) -> Value {
    body["lacking"] = json!([]);
    body
}

/// Brings a body stored at version `stored` to version `current`.
///
/// Fails when the log is newer than this binary, or a step is missing.
pub fn upcast(wire_type: &str, stored: u32, current: u32, body: Value) -> Result<Value, DecodeError> {
    walk(UPCASTERS, wire_type, stored, current, body)
}

fn walk(steps: &[Upcaster], wire_type: &str, stored: u32, current: u32, mut body: Value) -> Result<Value, DecodeError> {
    if stored > current {
        return Err(DecodeError::NewerVersion { wire_type: wire_type.to_owned(), version: stored });
    }
    for version in stored..current {
        let found = steps.iter().find(|step| step.wire_type == wire_type && step.from == version);
        let missing = || DecodeError::NoUpcaster { wire_type: wire_type.to_owned(), version };
        body = (found.ok_or_else(missing)?.step)(body);
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CustomerEvent, DomainEvents, OrderEvent, TagsTold};

    const STEPS: &[Upcaster] = &[
        Upcaster { wire_type: "order.closed", from: 2, step: |body| json!({"third": body}) },
        Upcaster { wire_type: "order.closed", from: 1, step: |body| json!({"second": body}) },
    ];

    #[test]
    fn an_old_body_walks_every_step_to_the_current_shape() {
        let body = walk(STEPS, "order.closed", 1, 3, json!(1)).unwrap();
        assert_eq!(body, json!({"third": {"second": 1}}));
    }

    #[test]
    fn a_current_body_is_left_alone() {
        assert_eq!(walk(STEPS, "order.closed", 3, 3, json!(1)).unwrap(), json!(1));
    }

    /// Bodies as version 1 stored them.
    #[test]
    fn what_was_stored_before_is_read_as_it_was_meant() {
        let at = "2026-03-29T16:00:10Z";
        let refund = json!({"id": "5", "created_at": at, "note": null, "lines": [], "transactions": []});
        let as_of = json!({"updated_at": at, "triggered_at": null, "digest": ""});
        let zero =
            json!({"shop": {"amount": "0", "currency": "EUR"}, "presentment": {"amount": "0", "currency": "EUR"}});
        let stored = [
            ("customer.tagged", json!({"at": at, "as_of": as_of, "tags": ["a"]})),
            ("order.refunded", json!({"at": at, "refund": refund, "quantities": []})),
            (
                "order.placed",
                json!({
                    "at": at, "as_of": as_of, "name": "#1", "test": false, "currency": "EUR", "source_name": null,
                    "contact": {"customer_id": null, "email": null, "phone": null}, "tags": [], "note": null,
                    "addresses": {"billing": null, "shipping": null}, "lines": [],
                    "totals": {
                        "total": zero, "current_total": zero, "subtotal": zero, "tax": zero, "discounts": zero,
                        "shipping": zero,
                    },
                }),
            ),
            (
                "order.edited",
                json!({"at": at, "as_of": as_of, "edit": null, "lines": [], "removed": [], "totals": null}),
            ),
        ];
        for (wire_type, body) in stored {
            let version = crate::spec(wire_type).unwrap().version;
            let current = upcast(wire_type, 1, version, body).unwrap().to_string();
            match wire_type {
                "customer.tagged" => match CustomerEvent::decode(wire_type, current.as_bytes()).unwrap() {
                    CustomerEvent::Tagged(event) => assert_eq!(event.told, TagsTold::All { tags: event.tags }),
                    other => panic!("{other:?}"),
                },
                _ => drop(OrderEvent::decode(wire_type, current.as_bytes()).unwrap()),
            }
        }
    }

    #[test]
    fn a_missing_step_and_a_newer_log_are_errors() {
        assert!(matches!(walk(STEPS, "order.closed", 0, 3, json!(1)), Err(DecodeError::NoUpcaster { version: 0, .. })));
        assert!(matches!(walk(STEPS, "order.closed", 4, 3, json!(1)), Err(DecodeError::NewerVersion { .. })));
    }
}
