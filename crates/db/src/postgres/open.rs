use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, PgPool};

use super::{DIALECT, lock_definitions};
use crate::OpenError;
use crate::database::{Backend, Loss};
use crate::definition::layout_of;

/// The layout of what is not a document table; raised when it changes.
const LAYOUT: i64 = 2;
const CONNECTIONS: u32 = 6;
/// How long a read or a batch waits for a connection.
const PATIENCE: Duration = Duration::from_secs(10);
/// Where the tables are unless the URL says otherwise.
const SCHEMA: &str = "tillstream";

pub(crate) fn is_url(url: &str) -> bool {
    url.starts_with("postgres://") || url.starts_with("postgresql://")
}

/// Opens `postgres://…?schema=<name>`; the other parameters are libpq's.
pub(crate) async fn open(url: &str, loss: Loss) -> Result<Backend, OpenError> {
    let (url, schema) = split(url);
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if !(1..=48).contains(&schema.len()) || !schema.chars().all(plain) {
        return Err(OpenError::Schema(schema));
    }
    let options = PgConnectOptions::from_str(&url).map_err(|_| OpenError::Url)?;
    // Else a crash of the server may lose the last transactions, rows and positions together.
    let synchronous_commit = if loss == Loss::Unbearable { "on" } else { "off" };
    let settings = [("search_path", schema.as_str()), ("synchronous_commit", synchronous_commit)];
    let options = options.application_name("tillstream").options(settings);
    let pool = PgPoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(PATIENCE);
    let pool = pool.connect_with(options).await.map_err(OpenError::Server)?;
    prepare(&pool, &schema).await?;
    Ok(Backend::Postgres { pool })
}

/// The URL without the parameter that is ours, and what that says.
fn split(url: &str) -> (String, String) {
    let (place, parameters) = url.split_once('?').unwrap_or((url, ""));
    let (ours, theirs): (Vec<&str>, Vec<&str>) =
        parameters.split('&').filter(|one| !one.is_empty()).partition(|one| one.starts_with("schema="));
    let schema = ours.first().and_then(|one| one.strip_prefix("schema=")).unwrap_or(SCHEMA);
    let url = if theirs.is_empty() { place.to_owned() } else { format!("{place}?{}", theirs.join("&")) };
    (url, schema.to_owned())
}

async fn prepare(pool: &PgPool, schema: &str) -> Result<(), OpenError> {
    let layout = prepared(pool, schema).await.map_err(OpenError::Server)?;
    if layout > LAYOUT { Err(OpenError::NewerSchema { schema: schema.to_owned(), layout }) } else { Ok(()) }
}

/// Makes the schema and what belongs in every one; gives its layout.
async fn prepared(pool: &PgPool, schema: &str) -> Result<i64, sqlx::Error> {
    let mut transaction = pool.begin().await?;
    lock_definitions(&mut transaction).await?;
    let statements = [
        // Its name is made of letters, digits and underscores.
        format!("CREATE SCHEMA IF NOT EXISTS {schema}"),
        "CREATE TABLE IF NOT EXISTS layout (version BIGINT NOT NULL)".to_owned(),
        format!("INSERT INTO layout SELECT {LAYOUT} WHERE NOT EXISTS (SELECT FROM layout WHERE version >= {LAYOUT})"),
    ];
    for statement in statements.into_iter().chain(layout_of(&DIALECT)) {
        sqlx::query(AssertSqlSafe(statement)).execute(&mut *transaction).await?;
    }
    let layout = sqlx::query_scalar("SELECT max(version) FROM layout").fetch_one(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(layout)
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn the_schema_is_taken_out_of_the_url_and_the_rest_stays() {
        let split = |url| {
            let (url, schema) = split(url);
            format!("{url} {schema}")
        };
        assert_eq!(split("postgres://u@h/d"), "postgres://u@h/d tillstream");
        assert_eq!(split("postgres://u@h/d?schema=query"), "postgres://u@h/d query");
        let both = "postgres://u@h/d?sslmode=require&schema=a&host=/run";
        assert_eq!(split(both), "postgres://u@h/d?sslmode=require&host=/run a");
    }
}
