use std::cmp::Ordering;
use std::collections::VecDeque;

use db::{Build, Digest, RowKey, Snapshot, Stored, Table};
use serde_json::{Map, Value};

use crate::ReadModel;

/// Rows that are read at a time.
const PAGE: u32 = 2_000;

/// Two builds of a read model beside each other, at one position.
#[derive(Debug, Clone)]
pub struct Comparison {
    pub name: &'static str,
    /// The live build, and the one that it is compared with.
    pub live: u32,
    pub number: u32,
    pub position: u64,
    pub live_rows: u64,
    pub rows: u64,
    /// Rows that are not the same.
    pub differences: u64,
    /// The first of them.
    pub shown: Vec<Difference>,
    /// Whether the live rows are those that its checksum was made of: if not, somebody else wrote to the table.
    pub checksum_holds: bool,
}

/// A row that is not the same in both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    pub key: RowKey,
    pub kind: DifferenceKind,
    /// Of the event that last reached the row; none where it is not there.
    pub live_position: Option<u64>,
    pub position: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DifferenceKind {
    /// Only the log says that it should be there.
    Missing,
    /// Only the live table has it.
    Surplus,
    /// These fields or columns are not the same.
    Other(Vec<String>),
}

impl Comparison {
    /// Nothing is live yet.
    pub(super) fn with_nothing(model: &ReadModel, build: &Build) -> Self {
        Self {
            name: model.name,
            live: 0,
            number: build.number,
            position: build.position,
            live_rows: 0,
            rows: build.digest.rows,
            differences: 0,
            shown: Vec::new(),
            checksum_holds: true,
        }
    }
}

/// The rows of a build, one after the other.
struct Rows {
    table: Table,
    /// In which of the snapshots.
    moment: usize,
    read: VecDeque<Stored>,
    last: Option<RowKey>,
    ended: bool,
    digest: Digest,
}

impl Rows {
    fn new(table: Table, moment: usize) -> Self {
        Self { table, moment, read: VecDeque::new(), last: None, ended: false, digest: Digest::default() }
    }

    async fn fill(&mut self, moments: &mut [Snapshot]) -> Result<(), db::Error> {
        if self.read.is_empty() && !self.ended {
            let page = moments[self.moment].scan(&self.table, self.last.as_ref(), PAGE).await?;
            self.ended = page.len() < PAGE as usize;
            self.last = page.last().map(|row| row.document.key.clone());
            self.read = page.into();
        }
        Ok(())
    }

    fn take(&mut self) -> Option<Stored> {
        let row = self.read.pop_front()?;
        self.digest.add(&row.document.key, &row.document.data, row.document.position);
        Some(row)
    }
}

/// Walks through both in the order of keys. The live build is in the first moment, the other in the last.
pub(super) async fn compare(
    model: &ReadModel,
    live: &Build,
    mine: &Build,
    mut moments: Vec<Snapshot>,
    shown: usize,
) -> Result<Comparison, db::Error> {
    // Another version may have other columns.
    let columns = if live.code.version == mine.code.version { model.table.columns } else { &[] };
    let table = Table { columns, ..model.table };
    let mut theirs = Rows::new(table.build(live.number), 0);
    let mut ours = Rows::new(table.build(mine.number), moments.len() - 1);
    let (mut differences, mut first) = (0, Vec::new());
    loop {
        theirs.fill(&mut moments).await?;
        ours.fill(&mut moments).await?;
        let order = match (theirs.read.front(), ours.read.front()) {
            (None, None) => break,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(live), Some(mine)) => live.document.key.cmp(&mine.document.key),
        };
        let live = (order != Ordering::Greater).then(|| theirs.take()).flatten();
        let mine = (order != Ordering::Less).then(|| ours.take()).flatten();
        if let Some(difference) = difference(&table, live, mine) {
            differences += 1;
            if first.len() < shown {
                first.push(difference);
            }
        }
    }
    Ok(Comparison {
        name: model.name,
        live: live.number,
        number: mine.number,
        position: live.position,
        live_rows: theirs.digest.rows,
        rows: ours.digest.rows,
        differences,
        shown: first,
        checksum_holds: theirs.digest == live.digest,
    })
}

fn difference(table: &Table, live: Option<Stored>, mine: Option<Stored>) -> Option<Difference> {
    if live == mine {
        return None;
    }
    let key = live.as_ref().or(mine.as_ref())?.document.key.clone();
    let position = |row: &Option<Stored>| row.as_ref().map(|row| row.document.position);
    let (live_position, position) = (position(&live), position(&mine));
    let kind = match (live, mine) {
        (Some(live), Some(mine)) => DifferenceKind::Other(fields(table, &live, &mine)),
        (Some(_), None) => DifferenceKind::Surplus,
        (None, _) => DifferenceKind::Missing,
    };
    Some(Difference { key, kind, live_position, position })
}

/// The names of what differs; what stands there may be personal.
fn fields(table: &Table, live: &Stored, mine: &Stored) -> Vec<String> {
    let columns = table.columns.iter().zip(live.columns.iter().zip(&mine.columns));
    let columns = columns.filter(|(_, (live, mine))| live != mine).map(|(column, _)| format!("column {}", column.name));
    let mut fields: Vec<String> = columns.collect();
    let [one, other] = [live, mine].map(|row| parts(&row.document.data));
    let names = one.keys().chain(other.keys().filter(|name| !one.contains_key(*name)));
    fields.extend(names.filter(|name| one.get(*name) != other.get(*name)).cloned());
    if live.document.position != mine.document.position {
        fields.push("position".to_owned());
    }
    if fields.is_empty() {
        fields.push("spelling".to_owned());
    }
    fields
}

fn parts(data: &str) -> Map<String, Value> {
    match serde_json::from_str(data) {
        Ok(Value::Object(parts)) => parts,
        Ok(value) => [("row".to_owned(), value)].into_iter().collect(),
        Err(_) => [("row".to_owned(), Value::from("unreadable"))].into_iter().collect(),
    }
}
