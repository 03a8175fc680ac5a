//! Moving everything from one database to another, of whatever engine: page by page, so that any size goes through little
//! memory; with the place noted in the target in the same transaction as each page, so that a broken copy goes on where it
//! stood; and compared, both sides read anew, before the target may be used.

use std::collections::BTreeMap;

use async_trait::async_trait;
use profile_model::{Buckets, WorkspaceId};
use serde::{Deserialize, Serialize};

use crate::Fault;

mod checksum;
mod tables;

pub use checksum::Checksum;
pub use tables::{Form, Home, TABLES, Table, table_named};

/// Why a database with [`Unfinished`] is not served.
pub const HALF_A_COPY: &str =
    "a copy into this database has not come to its end: run the same `enmusubi copy` again";

/// One value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cell {
    /// NULL.
    Null,
    /// An integer, or a flag.
    Number(i64),
    /// A text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// One row: the number of its workspace, unless the table is [`Home::Everywhere`], then its columns in their order.
pub type Row = Vec<Cell>;

/// Cells as a [`Page::next`].
///
/// # Errors
/// Never with cells of ours.
pub fn write_place(cells: &[Cell]) -> Result<String, Fault> {
    serde_json::to_string(cells).map_err(|_| Fault::Internal("a place in a table".into()))
}

/// What [`write_place`] wrote.
///
/// # Errors
/// When it is something else.
pub fn read_place(text: &str) -> Result<Vec<Cell>, Fault> {
    serde_json::from_str(text).map_err(|_| Fault::Inconsistent("copying.progress".into()))
}

/// A part of a table.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// Its rows.
    pub rows: Vec<Row>,
    /// Where the next page begins, in words of the engine; `None` behind the last one.
    pub next: Option<String>,
}

/// What a target says of a copy into it that has not come to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfinished {
    /// The source, as it was given to [`Held::begin`].
    pub source: String,
    /// How far it came, as it was given to [`Held::put`] or [`Held::begin`] last.
    pub progress: String,
}

/// A database that is held for a copy: nobody of ours works on it meanwhile.
#[async_trait]
pub trait Held: Send {
    /// Rows of a table.
    async fn count(&mut self, table: &'static Table) -> Result<u64, Fault>;

    /// One page of a table, from the beginning or from [`Page::next`] on. The order is the engine's.
    async fn page(&mut self, table: &'static Table, from: Option<&str>) -> Result<Page, Fault>;

    /// The revision of the configuration.
    async fn revision(&mut self) -> Result<i64, Fault>;

    /// The check value of the secret key that the database is used with, if the engine keeps one.
    async fn secret_check(&mut self) -> Result<Option<i64>, Fault>;

    /// In how many buckets each workspace must lie, so that every profile's own one is there.
    async fn buckets(&mut self) -> Result<BTreeMap<WorkspaceId, Buckets>, Fault>;

    /// Says, before anything is written, in how many buckets each workspace shall lie, where the engine has buckets.
    fn spread(&mut self, buckets: BTreeMap<WorkspaceId, Buckets>);

    /// A copy into this database that was begun and not finished.
    async fn unfinished(&mut self) -> Result<Option<Unfinished>, Fault>;

    /// Notes that a copy begins: from now on no server starts on it until [`Held::finish`].
    async fn begin(&mut self, copy: &Unfinished) -> Result<(), Fault>;

    /// Writes rows, and how far the copy came, in one transaction. `before` is what was noted last: if it is not so any
    /// more, another process copies into the same database, and nothing is written.
    async fn put(
        &mut self,
        table: &'static Table,
        rows: &[Row],
        before: &str,
        progress: &str,
    ) -> Result<(), Fault>;

    /// Makes the database ready to be used: numbers go on behind those that were copied, the configuration has this
    /// revision, the secret key this check value, and nothing says any more that a copy is under way.
    async fn finish(&mut self, revision: i64, secret_check: i64) -> Result<(), Fault>;

    /// Lets it go.
    async fn release(self: Box<Self>);
}

/// What happens at the moment, for a progress bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Whether rows are compared; else they are copied.
    pub is_checking: bool,
    /// Of which table.
    pub table: &'static str,
    /// Rows that are done, those of an earlier run included.
    pub done: u64,
    /// All of them. Rows are read once for copying, and once on either side for comparing.
    pub total: u64,
}

/// One table that is the same on both sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Its name.
    pub table: &'static str,
    /// Its rows.
    pub rows: u64,
    /// Of all its rows, whatever their order.
    pub checksum: Checksum,
}

/// A copy that is whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moving {
    /// Every table.
    pub tables: Vec<Moved>,
    /// Rows that an earlier, broken run had copied.
    pub resumed: u64,
}

/// Why a copy was not made, or is not whole.
#[derive(Debug, thiserror::Error)]
pub enum MovingFault {
    /// Nothing was written.
    #[error(
        "the target is not empty: it has rows in {0}; name an empty database, or one that a broken copy left"
    )]
    NotEmpty(&'static str),
    /// Nothing was written.
    #[error(
        "the target holds an unfinished copy of another database, or of this one before it was changed; name an empty one"
    )]
    OtherSource,
    /// Nothing was written.
    #[error(
        "the {0} was made with another secret key: set ENMUSUBI_SECRET_KEY to the one that the source's servers have"
    )]
    OtherSecret(&'static str),
    /// The target cannot be used.
    #[error("after the copy these tables differ: {}; the source was changed meanwhile: stop its servers, empty the target and copy again", .0.join(", "))]
    Differs(Vec<&'static str>),
    /// One of the two failed. What was copied stays, and the same copy can be made again.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// How far a copy came.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Progress {
    /// Tables that are done, and rows of the one in work.
    rows: BTreeMap<String, u64>,
    /// The table in work.
    table: Option<String>,
    /// Where its next page begins; absent at its beginning.
    next: Option<String>,
}

impl Progress {
    fn text(&self) -> Result<String, Fault> {
        serde_json::to_string(self).map_err(|_| Fault::Internal("the progress of a copy".into()))
    }

    fn done(&self) -> u64 {
        self.rows.values().sum()
    }
}

/// Copies everything from one database to another and compares the two. `secret_check` is that of the secret key, which
/// the copy needs, too. `told` hears of every page.
///
/// # Errors
/// See [`MovingFault`].
pub async fn copy_all(
    source: &mut dyn Held,
    target: &mut dyn Held,
    secret_check: i64,
    mut told: impl FnMut(Step) + Send,
) -> Result<Moving, MovingFault> {
    for (name, kept) in [("source", source.secret_check().await?), ("target", target.secret_check().await?)] {
        if kept.is_some_and(|kept| kept != secret_check) {
            return Err(MovingFault::OtherSecret(name));
        }
    }
    let name = fingerprint(source).await?;
    let mut progress = match target.unfinished().await? {
        Some(copy) if copy.source == name => serde_json::from_str::<Progress>(&copy.progress)
            .map_err(|_| Fault::Inconsistent("copying.progress".into()))?,
        Some(_) => return Err(MovingFault::OtherSource),
        None => {
            for table in TABLES {
                if target.count(table).await? > 0 {
                    return Err(MovingFault::NotEmpty(table.name));
                }
            }
            let progress = Progress::default();
            target.begin(&Unfinished { source: name, progress: progress.text()? }).await?;
            progress
        }
    };
    let resumed = progress.done();
    target.spread(source.buckets().await?);
    let mut total = 0;
    for table in TABLES {
        total += source.count(table).await?;
    }
    let begun = progress.table.as_deref().and_then(|name| TABLES.iter().position(|table| table.name == name));
    for table in &TABLES[begun.unwrap_or(0)..] {
        if progress.table.as_deref() != Some(table.name) {
            progress.table = Some(table.name.to_owned());
            progress.next = None;
            // What is noted must not say that this table is done before it is begun.
            let before = noted(target).await?;
            target.put(table, &[], &before, &progress.text()?).await?;
        }
        copy_table(source, target, table, &mut progress, |done| {
            told(Step { is_checking: false, table: table.name, done, total });
        })
        .await?;
    }
    let tables = compare(source, target, total, told).await?;
    target.finish(source.revision().await?, secret_check).await?;
    Ok(Moving { tables, resumed })
}

async fn noted(target: &mut dyn Held) -> Result<String, Fault> {
    let copy = target.unfinished().await?;
    copy.map(|copy| copy.progress).ok_or_else(|| Fault::Inconsistent("the note of the copy is gone".into()))
}

async fn copy_table(
    source: &mut dyn Held,
    target: &mut dyn Held,
    table: &'static Table,
    progress: &mut Progress,
    mut told: impl FnMut(u64) + Send,
) -> Result<(), Fault> {
    // A table that was copied to its end has rows and no next page: it is not begun again.
    if progress.next.is_none() && progress.rows.contains_key(table.name) {
        return Ok(());
    }
    loop {
        let page = source.page(table, progress.next.as_deref()).await?;
        let before = progress.text()?;
        *progress.rows.entry(table.name.to_owned()).or_default() += page.rows.len() as u64;
        progress.next = page.next;
        target.put(table, &page.rows, &before, &progress.text()?).await?;
        told(progress.done());
        if progress.next.is_none() {
            return Ok(());
        }
    }
}

/// Reads both sides anew: what was copied in an earlier run may have changed in the source since.
async fn compare(
    source: &mut dyn Held,
    target: &mut dyn Held,
    total: u64,
    mut told: impl FnMut(Step) + Send,
) -> Result<Vec<Moved>, MovingFault> {
    let (mut same, mut differing, mut done) = (Vec::new(), Vec::new(), 0);
    for table in TABLES {
        let (rows, checksum) = Checksum::of(source, table, |rows| {
            told(Step { is_checking: true, table: table.name, done: done + rows / 2, total });
        })
        .await?;
        let found = Checksum::of(target, table, |found| {
            told(Step { is_checking: true, table: table.name, done: done + (rows + found) / 2, total });
        })
        .await?;
        done += rows;
        if found == (rows, checksum) {
            same.push(Moved { table: table.name, rows, checksum });
        } else {
            differing.push(table.name);
        }
    }
    if differing.is_empty() { Ok(same) } else { Err(MovingFault::Differs(differing)) }
}

/// By what a source is recognised: its workspaces and keys, with the time of their last use. A server that worked on it
/// since makes it another source.
async fn fingerprint(source: &mut dyn Held) -> Result<String, Fault> {
    let mut text = String::new();
    for table in TABLES.iter().filter(|table| matches!(table.name, "workspaces" | "api_keys")) {
        let (rows, checksum) = Checksum::of(source, table, |_| {}).await?;
        text.push_str(&format!("{rows}:{checksum} "));
    }
    Ok(text.trim_end().to_owned())
}

#[cfg(test)]
mod tests;
