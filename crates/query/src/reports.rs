//! Requests of customers to know what is held of them, and the report that answers one, once.

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use db::Database;
use events::{AggregateKey, AggregateKind, CustomerId, DataRequestId, Shop, Timestamp};
use http::{HeaderValue, StatusCode, header};
use privacy::{Vault, VaultError, report_id};
use projections::belongings::Belongings;
use projections::data_requests::{self, DataRequest, DataRequests};
use projections::notifications::Notifications;
use projections::orders::Orders;
use projections::redactions::{self, Due};
use projections::{Found, Projection};
use schemars::JsonSchema;
use serde::Serialize;

use crate::QueryState;
use crate::answer::POSITION;
use crate::call::Confidential;
use crate::document::Query;
use crate::one::One;
use crate::problem::Problem;
use crate::report::{Report, ReportError, Sources};

/// What its readers wait for.
const READS: &[&str] = &[DataRequests::NAME, Orders::NAME, Belongings::NAME, Notifications::NAME];

/// All that is held of a customer who asked for it, by the number of their request. It is given once.
///
/// Again it is 410, also when the answer was lost on its way: `tillstream privacy export` makes another one. So it is
/// when the customer was forgotten meanwhile.
#[utoipa::path(
    get, path = "/v1/{shop}/privacy/reports/{id}", operation_id = "take_privacy_report", tag = "privacy",
    params(Query<One>),
    responses((status = 200, description = "The report", body = ref("#/components/schemas/Report"))),
)]
pub(crate) async fn take(Confidential(call): Confidential<One>) -> Result<Response, Problem> {
    let id: DataRequestId = call.id()?;
    let (state, shop) = (Arc::clone(&call.state), call.shop.clone());
    let position = call.position(READS, call.query.min_position).await?;
    let request = data_requests::get(&state.database, &shop, id).await?;
    let request = request.ok_or_else(|| Problem::not_found("request"))?.view;
    if state.vault.handed_over_at(&shop, &request.of, id).await?.is_some() {
        return Err(handed_over());
    }
    let report = state.report(&shop, &request).await?;
    // Asked last: who is forgotten while it was made has their words in it no more, and perhaps half of them.
    if is_forgotten(&state.vault, &shop, &request).await? {
        return Err(forgotten());
    }
    // Plain data with string keys: writing it to memory cannot fail.
    let body = serde_json::to_vec(&report).unwrap_or_default();
    if !state.vault.hand_over(&shop, &request.of, id, Timestamp::now()).await? {
        return Err(handed_over());
    }
    tracing::info!(%shop, request = id.get(), "the report of a data request is handed over");
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(POSITION, position.into());
    Ok(response)
}

/// Whoever asks for the head only must not lose the rest by it.
pub(crate) async fn no_head() -> Problem {
    Problem::method().with_header(header::ALLOW, HeaderValue::from_static("GET"))
}

impl QueryState {
    async fn report(&self, shop: &Shop, request: &DataRequest) -> Result<Report, Problem> {
        let sources = Sources { database: &self.database, events: &self.events, vault: &self.vault };
        let customer = customer_of(request).ok_or_else(|| Problem::not_found("customer"))?;
        Ok(Report::make(sources, shop, customer, &request.orders).await?)
    }
}

impl From<ReportError> for Problem {
    fn from(error: ReportError) -> Self {
        Self::unavailable(&error)
    }
}

impl From<VaultError> for Problem {
    fn from(error: VaultError) -> Self {
        Self::unavailable(&error)
    }
}

fn handed_over() -> Problem {
    let detail = "the report was handed over before; `tillstream privacy export` makes another one";
    Problem::new(StatusCode::GONE, "handed_over", detail)
}

fn forgotten() -> Problem {
    Problem::new(StatusCode::GONE, "forgotten", "the customer was forgotten meanwhile: nothing is held that names them")
}

/// A request, and what became of it.
#[derive(Debug, Clone, Serialize)]
pub struct Asked {
    #[serde(flatten)]
    pub request: Found<DataRequest>,
    /// When its report was handed over.
    pub handed_over_at: Option<Timestamp>,
    /// The customer, or the whole shop, was forgotten since: there is nothing to tell.
    pub forgotten: bool,
}

impl Asked {
    pub fn is_open(&self) -> bool {
        self.handed_over_at.is_none() && !self.forgotten
    }

    /// How it stands to its deadline.
    pub fn due(&self, now: Timestamp) -> Due {
        if self.is_open() { redactions::due(self.request.view.due_at, now) } else { Due::Done }
    }

    /// Whose it is; none when the log names no customer.
    pub fn customer_id(&self) -> Option<CustomerId> {
        customer_of(&self.request.view)
    }
}

/// Requests whose reports nobody has fetched.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct OpenReports {
    pub open: usize,
    /// By when the first of them has to be; none when there is none.
    pub due_at: Option<Timestamp>,
}

/// All requests of a shop, those due last first.
pub async fn asked(database: &Database, vault: &Vault, shop: &Shop) -> Result<Vec<Asked>, ReportError> {
    let found = data_requests::list(database, shop).await?;
    let taken = vault.handed_over(shop).await?;
    let mut asked = Vec::with_capacity(found.len());
    for request in found {
        let handed_over_at = taken.get(&report_id(&request.view.of, request.view.id)).copied();
        let forgotten = handed_over_at.is_none() && is_forgotten(vault, shop, &request.view).await?;
        asked.push(Asked { request, handed_over_at, forgotten });
    }
    Ok(asked)
}

/// What these shops have still to hand over.
pub async fn open_reports(
    database: &Database,
    vault: &Vault,
    shops: impl IntoIterator<Item = &Shop>,
) -> Result<OpenReports, ReportError> {
    let mut all = OpenReports::default();
    for shop in shops {
        for Asked { request, .. } in asked(database, vault, shop).await?.into_iter().filter(Asked::is_open) {
            let due_at = request.view.due_at;
            all.open += 1;
            all.due_at = Some(all.due_at.map_or(due_at, |first| first.min(due_at)));
        }
    }
    Ok(all)
}

async fn is_forgotten(vault: &Vault, shop: &Shop, request: &DataRequest) -> Result<bool, VaultError> {
    let Some(customer) = customer_of(request) else { return Ok(false) };
    let key = AggregateKey::new(AggregateKind::Customer, shop, customer);
    Ok(vault.is_forgotten(&key).await? || vault.emptied_at(shop).await? >= Some(request.requested_at))
}

fn customer_of(request: &DataRequest) -> Option<CustomerId> {
    request.of.strip_prefix("customer/")?.parse().ok()
}
