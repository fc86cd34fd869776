//! What reads by id are measured against: the least that finds a row and answers it, with sqlx's own pool.

use std::net::SocketAddr;
use std::path::PathBuf;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use projections::Projection;
use projections::orders::Orders;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{AssertSqlSafe, SqlitePool};
use tokio::net::TcpListener;

use crate::failure::Outcome;
use crate::roles::READ_MODELS;

/// As many as the query service has.
const CONNECTIONS: u32 = 4;

#[derive(Debug, clap::Args)]
pub(crate) struct BareReadsArgs {
    #[arg(long)]
    listen: SocketAddr,
    #[arg(long)]
    database_dir: PathBuf,
}

pub(super) async fn run(args: &BareReadsArgs) -> Outcome {
    let file = args.database_dir.join(format!("{READ_MODELS}.db"));
    let options = SqliteConnectOptions::new().filename(file).read_only(true);
    let pool = SqlitePoolOptions::new().max_connections(CONNECTIONS).test_before_acquire(false);
    let router =
        Router::new().route("/v1/{shop}/orders/{id}", get(order)).with_state(pool.connect_with(options).await?);
    axum::serve(TcpListener::bind(args.listen).await?, router).await?;
    Ok(())
}

async fn order(State(pool): State<SqlitePool>, Path((shop, id)): Path<(String, String)>) -> Response {
    let query = format!("SELECT data FROM {} WHERE shop = $1 AND id = $2", Orders::TABLE.versioned_name());
    match sqlx::query_scalar::<_, String>(AssertSqlSafe(query)).bind(shop).bind(id).fetch_optional(&pool).await {
        Ok(Some(row)) => ([(header::CONTENT_TYPE, "application/json")], row).into_response(),
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}
