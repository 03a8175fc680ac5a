//! A database file held for a copy: its tables as every engine has them, read and written page by page.

use std::collections::BTreeMap;
use std::path::Path;

use async_trait::async_trait;
use profile_model::{Buckets, WorkspaceId};
use profile_store::{Cell, Fault, Held, Page, Row, Table, Unfinished, read_place, write_place};
use sqlx::sqlite::SqliteRow;
use sqlx::{Connection as _, Row as _, SqliteConnection, TypeInfo as _, ValueRef as _};

use crate::connecting::Options;
use crate::fault::{to_fault, unreadable};
use crate::statement::{Bound, MAX_ROWS, composed, plain};
use crate::store::SqliteStore;

mod plans;

use plans::{Plan, plan_of};

/// Rows of a page, and of a transaction.
const PAGE: usize = 1000;

/// See the module's text.
#[derive(Debug)]
pub struct SqliteHeld {
    connection: SqliteConnection,
}

impl SqliteHeld {
    /// Holds a file to copy from it.
    ///
    /// # Errors
    /// [`Fault::Unavailable`] if another process has it open; [`Fault::Inconsistent`] if it has another schema than this
    /// binary wants.
    pub async fn source(path: &Path, options: &Options) -> Result<Self, Fault> {
        let mut connection = crate::replacement::take(path, options).await?;
        let found = crate::migrations::version(&mut connection).await?;
        if found != crate::SCHEMA_VERSION {
            return Err(Fault::Inconsistent(format!(
                "the source has schema version {found}, this binary wants {}: run `enmusubi migrate` on it first",
                crate::SCHEMA_VERSION
            )));
        }
        Ok(Self { connection })
    }

    /// Makes a file, or takes one that a broken copy left, brings its schema up to date and holds it to copy into it.
    ///
    /// # Errors
    /// As [`SqliteStore::open`], and [`Fault::Unavailable`] if another process has it open.
    pub async fn target(path: &Path, options: &Options) -> Result<Self, Fault> {
        SqliteStore::migrate(path, options).await?;
        Ok(Self { connection: crate::replacement::take(path, options).await? })
    }

    async fn fetch(&mut self, query: Bound) -> Result<Vec<SqliteRow>, Fault> {
        query.fetch_all(&mut self.connection).await.map_err(|error| to_fault(&error))
    }

    async fn number(&mut self, query: Bound) -> Result<Option<i64>, Fault> {
        let rows = self.fetch(query).await?;
        rows.first().map(|row| row.try_get(0).map_err(|error| to_fault(&error))).transpose()
    }

    async fn write(
        &mut self,
        plan: &'static Plan,
        rows: &[Row],
        before: &str,
        progress: &str,
    ) -> Result<(), sqlx::Error> {
        let mut transaction = self.connection.begin_with("BEGIN IMMEDIATE").await?;
        let note = plain("-- note_copied\nUPDATE copying SET progress = ? WHERE progress = ?");
        let noted = note.bind(progress.to_owned()).bind(before.to_owned());
        if noted.execute(&mut *transaction).await?.rows_affected() != 1 {
            return Err(sqlx::Error::RowNotFound);
        }
        for chunk in rows.chunks(MAX_ROWS) {
            let query = plan.write.bind(|query| query, chunk, |query, row| row.iter().fold(query, bind));
            query.execute(&mut *transaction).await?;
        }
        transaction.commit().await
    }
}

/// 1 if a copy into this file was begun and not finished, else 0.
pub(crate) const IS_UNFINISHED: &str =
    "-- is_copying\nSELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'copying')";

/// Whether a copy into this file was begun and not finished.
pub(crate) async fn is_unfinished(connection: &mut SqliteConnection) -> Result<bool, Fault> {
    let query = sqlx::query_scalar::<_, bool>(IS_UNFINISHED);
    query.fetch_one(connection).await.map_err(|error| to_fault(&error))
}

fn bind(query: Bound, cell: &Cell) -> Bound {
    match cell {
        Cell::Null => query.bind(None::<i64>),
        Cell::Number(number) => query.bind(*number),
        Cell::Text(text) => query.bind(text.clone()),
        Cell::Bytes(bytes) => query.bind(bytes.clone()),
    }
}

/// Tables are STRICT: a value has the type that its column must have.
fn read(row: &SqliteRow, at: usize) -> Result<Cell, Fault> {
    let failed = |error: sqlx::Error| to_fault(&error);
    let raw = row.try_get_raw(at).map_err(failed)?;
    if raw.is_null() {
        return Ok(Cell::Null);
    }
    let type_info = raw.type_info();
    match type_info.name() {
        "INTEGER" | "BOOLEAN" => row.try_get_unchecked(at).map(Cell::Number).map_err(failed),
        "TEXT" => row.try_get_unchecked(at).map(Cell::Text).map_err(failed),
        "BLOB" => row.try_get_unchecked(at).map(Cell::Bytes).map_err(failed),
        _ => Err(unreadable("a value of an unknown type")),
    }
}

#[async_trait]
impl Held for SqliteHeld {
    async fn count(&mut self, table: &'static Table) -> Result<u64, Fault> {
        let query = composed(format!("-- count_copied\nSELECT count(*) FROM {}", table.name));
        Ok(self.number(query).await?.unwrap_or(0).unsigned_abs())
    }

    async fn page(&mut self, table: &'static Table, from: Option<&str>) -> Result<Page, Fault> {
        let plan = plan_of(table)?;
        let query = match from {
            None => plain(plan.read_first),
            Some(from) => read_place(from)?.iter().fold(plain(plan.read_after), bind),
        };
        let found = self.fetch(query.bind(i64::try_from(PAGE).unwrap_or(i64::MAX))).await?;
        let mut page = Page::default();
        for row in &found {
            let cells = (0..plan.cells).map(|at| read(row, at));
            page.rows.push(cells.collect::<Result<_, _>>()?);
        }
        if let (PAGE, Some(last)) = (found.len(), found.last()) {
            let place: Result<Vec<_>, _> =
                (plan.cells..plan.cells + plan.keys).map(|at| read(last, at)).collect();
            page.next = Some(write_place(&place?)?);
        }
        Ok(page)
    }

    async fn revision(&mut self) -> Result<i64, Fault> {
        let query = plain("-- config_revision\nSELECT value FROM meta WHERE name = 'config_revision'");
        self.number(query).await?.ok_or_else(|| unreadable("meta.config_revision"))
    }

    async fn secret_check(&mut self) -> Result<Option<i64>, Fault> {
        Ok(None)
    }

    /// The last byte of an id is its bucket: 0, unless the profile was copied from where workspaces have several.
    async fn buckets(&mut self) -> Result<BTreeMap<WorkspaceId, Buckets>, Fault> {
        let query = plain(
            "-- find_buckets\nSELECT sk >> 16, max(substr(id, 16, 1)) FROM \
             (SELECT sk, id FROM profiles UNION ALL SELECT sk, id FROM retired_profiles) GROUP BY 1",
        );
        let mut buckets = BTreeMap::new();
        for row in &self.fetch(query).await? {
            if let (Cell::Number(workspace), Cell::Bytes(last)) = (read(row, 0)?, read(row, 1)?) {
                let id = u32::try_from(workspace).map_err(|_| unreadable("profiles.sk"))?;
                let count = last.first().copied().unwrap_or(0).saturating_add(1);
                buckets
                    .insert(WorkspaceId(id), Buckets::new(count).ok_or_else(|| unreadable("profiles.id"))?);
            }
        }
        Ok(buckets)
    }

    fn spread(&mut self, _: BTreeMap<WorkspaceId, Buckets>) {}

    async fn unfinished(&mut self) -> Result<Option<Unfinished>, Fault> {
        if !is_unfinished(&mut self.connection).await? {
            return Ok(None);
        }
        let rows = self.fetch(plain("-- read_copying\nSELECT source, progress FROM copying")).await?;
        let row = rows.first().ok_or_else(|| unreadable("copying"))?;
        match (read(row, 0)?, read(row, 1)?) {
            (Cell::Text(source), Cell::Text(progress)) => Ok(Some(Unfinished { source, progress })),
            _ => Err(unreadable("copying")),
        }
    }

    async fn begin(&mut self, copy: &Unfinished) -> Result<(), Fault> {
        let (source, progress) = (copy.source.clone(), copy.progress.clone());
        let begin = async {
            let mut transaction = self.connection.begin_with("BEGIN IMMEDIATE").await?;
            let text =
                "-- make_copying\nCREATE TABLE copying (source TEXT NOT NULL, progress TEXT NOT NULL) STRICT";
            plain(text).execute(&mut *transaction).await?;
            let note = plain("-- begin_copying\nINSERT INTO copying (source, progress) VALUES (?, ?)");
            note.bind(source).bind(progress).execute(&mut *transaction).await?;
            transaction.commit().await
        };
        begin.await.map_err(|error| to_fault(&error))
    }

    async fn put(
        &mut self,
        table: &'static Table,
        rows: &[Row],
        before: &str,
        progress: &str,
    ) -> Result<(), Fault> {
        let plan = plan_of(table)?;
        self.write(plan, rows, before, progress).await.map_err(|error| match error {
            sqlx::Error::RowNotFound => {
                Fault::Unavailable("another process copies into the same database".into())
            }
            error => to_fault(&error),
        })
    }

    async fn finish(&mut self, revision: i64, _: i64) -> Result<(), Fault> {
        let finish = async {
            let mut transaction = self.connection.begin_with("BEGIN IMMEDIATE").await?;
            let text = "-- set_config_revision\nUPDATE meta SET value = ? WHERE name = 'config_revision'";
            plain(text).bind(revision).execute(&mut *transaction).await?;
            plain("-- end_copying\nDROP TABLE copying").execute(&mut *transaction).await?;
            transaction.commit().await
        };
        finish.await.map_err(|error| to_fault(&error))
    }

    async fn release(self: Box<Self>) {
        let _ = self.connection.close().await;
    }
}
