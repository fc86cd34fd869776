use std::borrow::Cow;

use events::Timestamp;
use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use projections::sales::{self, SalesDay};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserializer, Error};
use serde::{Deserialize, Serialize};

use crate::answer::Answer;
use crate::call::{Call, Position};
use crate::document::Query;
use crate::problem::Problem;

/// More are asked for in parts.
const MOST_DAYS: i32 = 366;
/// Shown when nothing is said.
const DAYS: i32 = 30;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SalesQuery {
    /// The first day, by the shop's time zone; when not said, 30 days up to `to`.
    from: Option<Day>,
    /// The last day, not before `from`, and at most 366 days with it; when not said, today, or as far as goes.
    to: Option<Day>,
    /// Waits until the answer holds at this position of the log.
    min_position: Option<Position>,
}

/// `2026-05-01`, and no other spelling of a day.
#[derive(Debug, Clone, Copy)]
struct Day(Date);

impl JsonSchema for Day {
    fn schema_name() -> Cow<'static, str> {
        "Day".into()
    }

    /// There is no year 0, of which the format knows nothing.
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let years = "000[1-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-9][0-9]{3}";
        let pattern = format!("^({years})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$");
        json_schema!({"type": "string", "format": "date", "pattern": pattern})
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let day = text.parse().ok().filter(|day: &Date| day.to_string() == text && day.year() > 0);
        day.map(Self).ok_or_else(|| D::Error::custom("not a day"))
    }
}

/// Days on which something was sold or given back.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct DailySales {
    /// In order; a day for each currency that was used on it.
    data: Vec<SalesDay>,
    /// Always null: the whole range is one page.
    next_cursor: Option<String>,
}

/// What was sold, per day and currency.
#[utoipa::path(
    get, path = "/v1/{shop}/sales/daily", operation_id = "list_daily_sales", tag = "sales",
    params(Query<SalesQuery>),
    responses((status = 200, description = "The days", body = ref("#/components/schemas/DailySales"))),
)]
pub(crate) async fn daily(call: Call<SalesQuery>) -> Result<Answer, Problem> {
    let zone = call.shop_settings().time_zone;
    let range = call.query.range(&zone)?;
    let position = call.position(sales::READS, call.query.min_position).await?;
    let data = sales::daily(&call.state.database, &call.shop, range, &zone).await?;
    Ok(call.answer(position, &DailySales { data, next_cursor: None }))
}

impl SalesQuery {
    fn range(&self, zone: &TimeZone) -> Result<(Date, Date), Problem> {
        let today = || zone.to_datetime(Timestamp::now()).date();
        let to = match (self.from, self.to) {
            (_, Some(to)) => to.0,
            (Some(Day(from)), None) => today().clamp(from, from.saturating_add((MOST_DAYS - 1).days())),
            (None, None) => today(),
        };
        let from = self.from.map_or_else(|| to.saturating_sub((DAYS - 1).days()), |day| day.0);
        if from > to {
            return Err(Problem::range("the range ends before it begins"));
        }
        if from < to.saturating_sub((MOST_DAYS - 1).days()) {
            let detail = format!("no more than {MOST_DAYS} days at once: ask for the range in parts");
            return Err(Problem::range(detail));
        }
        Ok((from, to))
    }
}
