use events::{
    Currency, CustomerId, CustomerPaymentMethod, Dispute, Money, OrderId, PaymentInstrument, PaymentSchedule,
    PaymentScheduleId, PaymentTerms, PaymentTermsId, TenderTransaction, Timestamp,
};
use serde::Deserialize;

use super::Snapshot;
use crate::wire::{Amount, Id, List, Maybe, Object, Reference, Text, nonempty, optional, personal};
use crate::{Reading, Topic, Unreadable};

#[derive(Deserialize)]
struct DisputeBody<'a> {
    order_id: Option<Reference<OrderId>>,
    #[serde(borrow)]
    r#type: Text<'a>,
    amount: Amount,
    currency: Currency,
    reason: Option<Text<'a>>,
    network_reason_code: Option<Text<'a>>,
    status: Text<'a>,
    initiated_at: Option<Timestamp>,
    evidence_due_by: Option<Timestamp>,
    evidence_sent_on: Option<Timestamp>,
    finalized_on: Option<Timestamp>,
}

impl Snapshot for Dispute {
    fn read(_: &Topic, reading: &Reading<'_>) -> Result<Self, Unreadable> {
        let body: DisputeBody<'_> = reading.decode()?;
        Ok(Self {
            order_id: optional(body.order_id),
            kind: body.r#type.as_str().to_owned(),
            amount: Money::new(body.amount.0, body.currency),
            reason: nonempty(body.reason),
            network_reason_code: nonempty(body.network_reason_code),
            status: body.status.as_str().to_owned(),
            initiated_at: body.initiated_at,
            evidence_due_by: body.evidence_due_by,
            evidence_sent_on: body.evidence_sent_on,
            finalized_on: body.finalized_on,
        })
    }
}

#[derive(Deserialize)]
struct TenderBody<'a> {
    order_id: Id<OrderId>,
    amount: Amount,
    currency: Currency,
    #[serde(borrow)]
    payment_method: Option<Text<'a>>,
    /// No other transaction says it.
    test: bool,
    remote_reference: Option<Text<'a>>,
    processed_at: Option<Timestamp>,
}

impl Snapshot for TenderTransaction {
    fn read(_: &Topic, reading: &Reading<'_>) -> Result<Self, Unreadable> {
        let body: TenderBody<'_> = reading.decode()?;
        Ok(Self {
            order_id: body.order_id.0,
            amount: Money::new(body.amount.0, body.currency),
            method: nonempty(body.payment_method),
            test: body.test,
            remote_reference: nonempty(body.remote_reference),
            processed_at: body.processed_at,
        })
    }
}

#[derive(Deserialize)]
struct TermsBody<'a> {
    #[serde(borrow)]
    payment_terms_name: Option<Text<'a>>,
    payment_terms_type: Text<'a>,
    due_in_days: Option<u32>,
    #[serde(default)]
    payment_schedules: List<ScheduleBody>,
    created_at: Option<Timestamp>,
}

#[derive(Deserialize)]
struct ScheduleBody {
    id: Id<PaymentScheduleId>,
    payment_terms_id: Option<Reference<PaymentTermsId>>,
    amount: Amount,
    currency: Currency,
    balance_due: Option<Amount>,
    issued_at: Option<Timestamp>,
    due_at: Option<Timestamp>,
    completed_at: Option<Timestamp>,
}

impl From<ScheduleBody> for PaymentSchedule {
    fn from(body: ScheduleBody) -> Self {
        let money = |Amount(amount)| Money::new(amount, body.currency);
        Self {
            id: body.id.0,
            payment_terms_id: optional(body.payment_terms_id),
            amount: money(body.amount),
            balance_due: body.balance_due.map(money),
            issued_at: body.issued_at,
            due_at: body.due_at,
            completed_at: body.completed_at,
        }
    }
}

impl Snapshot for PaymentTerms {
    fn read(_: &Topic, reading: &Reading<'_>) -> Result<Self, Unreadable> {
        let body: TermsBody<'_> = reading.decode()?;
        Ok(Self {
            name: nonempty(body.payment_terms_name),
            kind: body.payment_terms_type.as_str().to_owned(),
            due_in_days: body.due_in_days,
            schedules: body.payment_schedules.0.into_iter().map(|Object(schedule)| schedule.into()).collect(),
            created_at: body.created_at,
        })
    }
}

impl Snapshot for PaymentSchedule {
    fn read(_: &Topic, reading: &Reading<'_>) -> Result<Self, Unreadable> {
        reading.decode::<ScheduleBody>().map(Into::into)
    }
}

#[derive(Deserialize)]
struct PaymentMethodBody<'a> {
    customer_id: Id<CustomerId>,
    #[serde(borrow)]
    instrument_type: Option<Text<'a>>,
    #[serde(default)]
    payment_instrument: Maybe<InstrumentBody<'a>>,
}

#[derive(Deserialize)]
struct InstrumentBody<'a> {
    #[serde(borrow)]
    name: Option<Text<'a>>,
    brand: Option<Text<'a>>,
    last_digits: Option<Text<'a>>,
    month: Option<u32>,
    year: Option<u32>,
}

impl Snapshot for CustomerPaymentMethod {
    fn read(_: &Topic, reading: &Reading<'_>) -> Result<Self, Unreadable> {
        let body: PaymentMethodBody<'_> = reading.decode()?;
        Ok(Self {
            customer_id: body.customer_id.0,
            instrument: nonempty(body.instrument_type),
            personal: body.payment_instrument.0.map_or_else(PaymentInstrument::default, Into::into),
        })
    }
}

impl From<InstrumentBody<'_>> for PaymentInstrument {
    fn from(body: InstrumentBody<'_>) -> Self {
        Self {
            holder: personal(body.name),
            brand: nonempty(body.brand),
            last_digits: personal(body.last_digits),
            month: body.month,
            year: body.year,
        }
    }
}
