//! Which reports of what is held of somebody were handed over: it cannot be told from the log.

use std::collections::BTreeMap;

use db::{Change, Content, Document, Order, RowKey, Select, Table};
use events::{DataRequestId, Shop, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{Vault, VaultError, cipher};

/// A row for each request whose report was handed over.
pub(crate) const REPORTS: Table = Table { name: "reports", version: 1, columns: &[], indexes: &[] };

#[derive(Serialize, Deserialize)]
struct Row {
    handed_over_at: Timestamp,
    /// Of several who hand it over at once, this one was first.
    by: String,
}

impl Vault {
    /// Notes that the report of a request, by whoever `of` is, is handed over. Of all who ever ask this, in any process,
    /// one is told true.
    pub async fn hand_over(
        &self,
        shop: &Shop,
        of: &str,
        request: DataRequestId,
        at: Timestamp,
    ) -> Result<bool, VaultError> {
        let key = RowKey { shop: shop.clone(), id: report_id(of, request) };
        let by = hex::encode(cipher::random::<16>()?);
        let row = Row { handed_over_at: at, by: by.clone() };
        let content = Content { data: serde_json::to_string(&row)?, columns: Vec::new() };
        let change = Change { key: key.clone(), content: Some(content), position: 0 };
        let mut batch = self.table.db.begin().await?;
        batch.add(&REPORTS, vec![change]).await?;
        let found = batch.load(&REPORTS, &[key]).await?;
        batch.commit().await?;
        let first = found.first().map(read).transpose()?;
        Ok(first.is_some_and(|first| first.by == by))
    }

    /// When the report of a request was handed over.
    pub async fn handed_over_at(
        &self,
        shop: &Shop,
        of: &str,
        request: DataRequestId,
    ) -> Result<Option<Timestamp>, VaultError> {
        let found = self.table.db.get(&REPORTS, shop, &report_id(of, request)).await?;
        Ok(found.as_ref().map(read).transpose()?.map(|row| row.handed_over_at))
    }

    /// When those of a shop were; by who asked, and the request's number.
    pub async fn handed_over(&self, shop: &Shop) -> Result<BTreeMap<String, Timestamp>, VaultError> {
        let select = Select { shop, filters: Vec::new(), order: Order::Id, after: None, limit: u32::MAX };
        let page = self.table.db.select(&REPORTS, select).await?;
        let rows = page.documents.iter().map(|found| Ok((found.key.id.clone(), read(found)?.handed_over_at)));
        rows.collect()
    }
}

fn read(document: &Document) -> Result<Row, VaultError> {
    Ok(serde_json::from_str(&document.data)?)
}

/// Shopify's number alone would do, but for a number that came for two people.
pub fn report_id(of: &str, request: DataRequestId) -> String {
    format!("{of}/{request}")
}
