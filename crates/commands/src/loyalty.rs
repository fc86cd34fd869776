//! Redemption in two phases: points are held, then spent for good or given back.

use aggregates::{LoyaltyAccount, LoyaltyCommand, RedemptionError};
use events::{AggregateKey, AggregateKind, CustomerId, OrderId, PointsBalance, Redemption, RedemptionId};
use http::StatusCode;
use query::Problem;
use query::limits::{LINE, is_line};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::call::{Call, Done};
use crate::refusal::Refused;
use crate::whole::whole;

/// Characters of a reason.
const LONGEST_REASON: usize = 200;
/// What every JSON number carries exactly.
const MOST_POINTS: i64 = (1 << 53) - 1;

/// What is to be held.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Hold {
    #[serde(deserialize_with = "whole")]
    #[schemars(extend("minimum" = 1, "maximum" = MOST_POINTS))]
    points: i64,
    /// What they are redeemed for, when that is an order.
    #[serde(default)]
    order_id: Option<OrderId>,
    /// The merchant's own word for it. One line.
    #[serde(default)]
    #[schemars(length(max = LONGEST_REASON), extend("pattern" = LINE))]
    reason: Option<String>,
}

/// The whole body is `{}`: the path says it all.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

/// A redemption as it stands, and what the account holds after it.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Answer {
    #[serde(flatten)]
    redemption: Redemption,
    balance: PointsBalance,
}

/// `POST /v1/{shop}/customers/{id}/loyalty/redemptions`. Its key names the redemption, so that a
/// repeated request finds it.
pub(crate) async fn hold(call: Call<Hold>) -> Result<Done<Answer>, Problem> {
    let reason = call.body.reason.clone().filter(|reason| !reason.is_empty());
    if reason.as_ref().is_some_and(|reason| !is_line(reason, LONGEST_REASON)) {
        let detail = format!("a reason is one line of at most {LONGEST_REASON} characters");
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "reason", detail));
    }
    if call.body.points > MOST_POINTS {
        let detail = format!("no more than {MOST_POINTS} points at once");
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "points", detail));
    }
    let id: RedemptionId = call.key.as_str().parse().map_err(|_| Problem::id())?;
    let (points, order_id, at) = (call.body.points, call.body.order_id, call.at);
    tell(&call, id.clone(), LoyaltyCommand::Hold { id, points, order_id, reason, at }).await
}

/// `POST …/redemptions/{redemption_id}/complete`.
pub(crate) async fn complete(call: Call<Nothing>) -> Result<Done<Answer>, Problem> {
    let (id, at) = (named(&call)?, call.at);
    tell(&call, id.clone(), LoyaltyCommand::Complete { id, at }).await
}

/// `POST …/redemptions/{redemption_id}/cancel`.
pub(crate) async fn cancel(call: Call<Nothing>) -> Result<Done<Answer>, Problem> {
    let (id, at) = (named(&call)?, call.at);
    tell(&call, id.clone(), LoyaltyCommand::Cancel { id, at }).await
}

fn named<B: serde::de::DeserializeOwned + 'static>(call: &Call<B>) -> Result<RedemptionId, Problem> {
    call.id("redemption_id").map_err(|_| Problem::not_found("redemption"))
}

async fn tell<B: serde::de::DeserializeOwned + 'static>(
    call: &Call<B>,
    id: RedemptionId,
    command: LoyaltyCommand,
) -> Result<Done<Answer>, Problem> {
    let customer: CustomerId = call.id("id")?;
    let key = AggregateKey::new(AggregateKind::Loyalty, &call.shop, customer);
    let receipt = call.execute::<LoyaltyAccount>(&key, command).await?;
    let account = call.load::<LoyaltyAccount>(&key, receipt.position).await?;
    let redemption = account.redemption(&id).cloned().ok_or_else(|| Problem::not_found("redemption"))?;
    Ok(Done { position: receipt.position, view: Answer { redemption, balance: account.balance() } })
}

impl Refused for RedemptionError {
    fn problem(&self) -> Problem {
        match self {
            Self::Nothing => Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "points", "redeem 1 point or more"),
            Self::Insufficient { points, available } => {
                let detail = format!(
                    "{points} points were asked for and {available} can be spent: ask for at most as many; pending \
                     points cannot be spent yet, and below 0 points are owed until orders earn them"
                );
                Problem::new(StatusCode::CONFLICT, "insufficient_points", detail)
            }
            Self::Different => {
                let detail =
                    "this Idempotency-Key began a redemption with another body: send that body, or another key";
                Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "key_reused", detail)
            }
            Self::Unknown => Problem::not_found("redemption"),
            Self::Completed => {
                let detail = "the points are spent for good: a completed redemption cannot be cancelled";
                Problem::new(StatusCode::CONFLICT, "redemption_completed", detail)
            }
            Self::Cancelled => {
                let detail = "the points were given back: hold them again with another Idempotency-Key";
                Problem::new(StatusCode::CONFLICT, "redemption_cancelled", detail)
            }
            Self::Closed { into } => {
                let detail = format!("the customer was merged into customer {into}: redeem there");
                Problem::new(StatusCode::CONFLICT, "customer_merged", detail)
            }
        }
    }
}
