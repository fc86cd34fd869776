//! What reads by id are measured against: the least that finds a row and answers it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use db::Database;
use events::Shop;
use projections::Projection;
use projections::orders::Orders;
use tokio::net::TcpListener;

use crate::failure::Outcome;
use crate::roles::READ_MODELS;

#[derive(Debug, clap::Args)]
pub(crate) struct BareReadsArgs {
    #[arg(long)]
    listen: SocketAddr,
    #[arg(long)]
    database_dir: PathBuf,
}

pub(super) async fn run(args: &BareReadsArgs) -> Outcome {
    let file = args.database_dir.join(format!("{READ_MODELS}.db"));
    let database = Arc::new(Database::open(&format!("sqlite://{}", file.display())).await?);
    let router = Router::new().route("/v1/{shop}/orders/{id}", get(order)).with_state(database);
    axum::serve(TcpListener::bind(args.listen).await?, router).await?;
    Ok(())
}

async fn order(State(database): State<Arc<Database>>, Path((shop, id)): Path<(String, String)>) -> Response {
    let Ok(shop) = shop.parse::<Shop>() else { return StatusCode::NOT_FOUND.into_response() };
    match database.get(&Orders::TABLE, &shop, &id).await {
        Ok(Some(row)) => ([(header::CONTENT_TYPE, "application/json")], row.data).into_response(),
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}
