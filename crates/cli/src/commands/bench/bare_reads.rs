//! What reads by id are measured against: the least that finds a row and answers it, with sqlx's own pool.

use std::net::SocketAddr;
use std::path::PathBuf;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use db::BareReads;
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
    let router = Router::new().route("/v1/{shop}/orders/{id}", get(order)).with_state(BareReads::open(&file).await?);
    axum::serve(TcpListener::bind(args.listen).await?, router).await?;
    Ok(())
}

async fn order(State(reads): State<BareReads>, Path((shop, id)): Path<(String, String)>) -> Response {
    match reads.get(&Orders::TABLE, shop, id).await {
        Ok(Some(row)) => ([(header::CONTENT_TYPE, "application/json")], row).into_response(),
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}
