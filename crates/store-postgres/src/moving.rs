//! A database on a server held for a copy: its tables as every engine has them, read and written page by page and shard by
//! shard.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use profile_model::{Buckets, ProfileId, WorkspaceId};
use profile_store::{Cell, Fault, Held, Home, Page, Row, Table, Unfinished, read_place, write_place};
use sqlx::postgres::PgRow;
use sqlx::{Connection as _, PgConnection};

use crate::connecting::{Options, connect};
use crate::fault::{to_fault, unreadable};
use crate::shards::{Shards, by_shard};
use crate::statement::{Bound, Counted, Placement, composed, get, plain};
use crate::store::PostgresStore;

mod plans;

use plans::Plan;

/// Rows of a page, and of a transaction.
const PAGE: usize = 2000;

/// How long a session that was closed may take to leave the server.
const LEAVING: Duration = Duration::from_secs(3);

/// Sequences behind the numbers of rows, with table and column.
const SEQUENCES: [(&str, &str); 6] = [
    ("events", "eid"),
    ("purchases", "eid"),
    ("consents", "cid"),
    ("journal", "jid"),
    ("merge_log", "lid"),
    ("import_issues", "iid"),
];

/// See the module's text.
#[derive(Debug)]
pub struct PostgresHeld {
    connection: PgConnection,
    buckets: BTreeMap<WorkspaceId, Buckets>,
}

impl PostgresHeld {
    /// Holds a database to copy from it, as it is at this moment.
    ///
    /// # Errors
    /// [`Fault::Unavailable`] if it cannot be reached or other processes of ours are connected; [`Fault::Inconsistent`] if
    /// it has another schema than this binary wants.
    pub async fn source(url: &str, options: &Options) -> Result<Self, Fault> {
        let mut held = Self::open(url, options).await?;
        let connection = &mut held.connection;
        let found = match crate::migrations::has_table(connection).await? {
            true => crate::migrations::version(connection).await?,
            false => 0,
        };
        if found != crate::SCHEMA_VERSION {
            return Err(Fault::Inconsistent(format!(
                "the source has schema version {found}, this binary wants {}: run `enmusubi migrate` on it first",
                crate::SCHEMA_VERSION
            )));
        }
        let begin = "-- begin_reading\nBEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY";
        plain(begin).execute(&mut *connection).await.map_err(|error| to_fault(&error))?;
        held.buckets = held.read_buckets().await?;
        Ok(held)
    }

    /// Brings the schema of a database up to date and holds it to copy into it.
    ///
    /// # Errors
    /// As [`PostgresStore::open`], and [`Fault::Unavailable`] if other processes of ours are connected.
    pub async fn target(url: &str, options: &Options) -> Result<Self, Fault> {
        PostgresStore::migrate(url, options).await?;
        Self::open(url, options).await
    }

    async fn open(url: &str, options: &Options) -> Result<Self, Fault> {
        let patient = Options { statement_timeout: Duration::ZERO, ..options.clone() };
        let mut connection = connect(url, &patient).await?;
        // The source waits in its transaction while the target is read.
        let patience = plain("-- wait_long\nSET idle_in_transaction_session_timeout = 0");
        patience.execute(&mut connection).await.map_err(|error| to_fault(&error))?;
        let end = Instant::now() + LEAVING;
        while has_others(&mut connection).await? {
            if Instant::now() >= end {
                return Err(Fault::Unavailable(
                    "other processes of Enmusubi are connected to the database: stop them first".into(),
                ));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(Self { connection, buckets: BTreeMap::new() })
    }

    async fn fetch(&mut self, query: Bound) -> Result<Vec<PgRow>, Fault> {
        Ok(Counted::new(&mut self.connection, Placement::Together).fetch(query).await?)
    }

    async fn number(&mut self, query: Bound) -> Result<Option<i64>, Fault> {
        let rows = self.fetch(query).await?;
        Ok(rows.first().map(|row| get::<Option<i64>>(row, 0)).transpose()?.flatten())
    }

    async fn read_buckets(&mut self) -> Result<BTreeMap<WorkspaceId, Buckets>, Fault> {
        let query = plain("-- read_buckets\nSELECT id, buckets FROM workspaces");
        let rows = self.fetch(query).await?;
        let buckets = rows.iter().map(|row| {
            let id = u32::try_from(get::<i64>(row, 0)?).map_err(|_| unreadable("workspaces.id"))?;
            Ok((WorkspaceId(id), crate::config::read_buckets(row, 1)?))
        });
        buckets.collect()
    }

    fn shards_of(&self, workspace: WorkspaceId) -> Shards {
        Shards::new(workspace, self.buckets.get(&workspace).copied().unwrap_or_default())
    }

    /// Every shard key, ascending.
    fn shards(&self) -> Vec<i64> {
        self.buckets.keys().flat_map(|workspace| self.shards_of(*workspace).all()).collect()
    }

    /// The shard of a row.
    fn shard_of(&self, table: &Table, row: &Row) -> Result<i64, Fault> {
        let broken = || unreadable(table.name);
        let Some(Cell::Number(workspace)) = row.first() else { return Err(broken()) };
        let shards = self.shards_of(u32::try_from(*workspace).map(WorkspaceId).map_err(|_| broken())?);
        // The workspace stands before the columns.
        let cell = |place: usize| row.get(place + 1).ok_or_else(broken);
        Ok(match table.home {
            Home::Everywhere | Home::First => shards.home(),
            Home::Profile(place) => match cell(place)? {
                Cell::Bytes(id) => {
                    let id = id.as_slice().try_into().map_err(|_| broken())?;
                    shards.of_profile(ProfileId::from_bytes(id))
                }
                _ => return Err(broken()),
            },
            Home::ProfileOrValue(kind, place) if *cell(kind)? == Cell::Number(0) => match cell(place)? {
                Cell::Text(id) => shards.of_profile(ProfileId::parse(id).ok_or_else(broken)?),
                _ => return Err(broken()),
            },
            Home::ValueElse(place, other) if *cell(place)? == Cell::Null => match cell(other)? {
                Cell::Text(value) => shards.of_value(value),
                _ => return Err(broken()),
            },
            Home::Value(place) | Home::ValueElse(place, _) | Home::ProfileOrValue(_, place) => {
                match cell(place)? {
                    Cell::Text(value) => shards.of_value(value),
                    Cell::Bytes(value) => shards.of_bytes(value),
                    _ => return Err(broken()),
                }
            }
        })
    }

    /// Rows of one shard, or of a table that has none, from a place on.
    async fn read(
        &mut self,
        plan: &Plan,
        shard: Option<i64>,
        from: Option<&[Cell]>,
        limit: usize,
    ) -> Result<Vec<PgRow>, Fault> {
        let mut query = composed(if from.is_some() { plan.read_after() } else { plan.read_first() });
        if let Some(shard) = shard {
            query = query.bind(shard);
        }
        for (cell, form) in from.unwrap_or_default().iter().zip(plan.key_forms()) {
            query = plans::bind_key(query, cell, form)?;
        }
        self.fetch(query.bind(i64::try_from(limit).unwrap_or(i64::MAX))).await
    }

    async fn write(
        &mut self,
        table: &'static Table,
        rows: &[Row],
        before: &str,
        progress: &str,
    ) -> Result<(), Fault> {
        let plan = Plan::of(table);
        let sorted = if table.has_workspace() {
            let shards = rows.iter().map(|row| self.shard_of(table, row)).collect::<Result<Vec<_>, _>>()?;
            let sorted = by_shard(shards.into_iter().zip(rows), |(shard, _)| *shard);
            sorted
                .into_iter()
                .map(|(shard, rows)| (Some(shard), rows.into_iter().map(|(_, row)| row).collect()))
                .collect()
        } else {
            vec![(None, rows.iter().collect::<Vec<_>>())]
        };
        let buckets = self.buckets.clone();
        let mut transaction = self.connection.begin().await.map_err(|error| to_fault(&error))?;
        let mut counted = Counted::new(&mut transaction, Placement::Together);
        let note = plain("-- note_copied\nUPDATE copying SET progress = $1 WHERE progress = $2");
        if counted.execute(note.bind(progress.to_owned()).bind(before.to_owned())).await? != 1 {
            return Err(Fault::Unavailable("another process copies into the same database".into()));
        }
        for (shard, rows) in sorted.iter().filter(|(_, rows)| !rows.is_empty()) {
            counted.execute(plan.bind_rows(*shard, rows, &buckets)?).await?;
        }
        transaction.commit().await.map_err(|error| to_fault(&error))
    }
}

/// Whether other sessions of ours are on the database.
async fn has_others(connection: &mut PgConnection) -> Result<bool, Fault> {
    let query = plain(
        "-- count_other_servers\nSELECT count(*) FROM pg_stat_activity WHERE application_name = 'enmusubi' \
         AND datname = current_database() AND pid <> pg_backend_pid()",
    );
    let rows = Counted::new(connection, Placement::Together).fetch(query).await?;
    let others: i64 = rows.first().map_or(Ok(0), |row| get(row, 0))?;
    Ok(others > 0)
}

/// Whether a copy into this database was begun and not finished.
pub(crate) async fn is_unfinished(connection: &mut PgConnection) -> Result<bool, Fault> {
    let query = sqlx::query_scalar::<_, bool>("-- is_copying\nSELECT to_regclass('copying') IS NOT NULL");
    query.fetch_one(connection).await.map_err(|error| to_fault(&error))
}

#[async_trait]
impl Held for PostgresHeld {
    async fn count(&mut self, table: &'static Table) -> Result<u64, Fault> {
        let query = composed(format!("-- count_copied\nSELECT count(*) FROM {}", table.name));
        Ok(self.number(query).await?.unwrap_or(0).unsigned_abs())
    }

    async fn page(&mut self, table: &'static Table, from: Option<&str>) -> Result<Page, Fault> {
        let plan = Plan::of(table);
        let place = from.map(read_place).transpose()?;
        let shards: Vec<Option<i64>> =
            if table.has_workspace() { self.shards().into_iter().map(Some).collect() } else { vec![None] };
        // A place is the shard's key, where there is one, and then the key of the last row that was read of it.
        let (begun, mut after) = match place.as_deref() {
            None => (None, None),
            Some([Cell::Number(shard), key @ ..]) if table.has_workspace() => {
                (Some(*shard), Some(key.to_vec()))
            }
            Some(key) => (None, Some(key.to_vec())),
        };
        let mut page = Page::default();
        for shard in shards.into_iter().skip_while(|shard| *shard < begun) {
            let wanted = PAGE - page.rows.len();
            let found = self.read(&plan, shard, after.take().as_deref(), wanted).await?;
            for row in &found {
                page.rows.push(plan.row(row, shard)?);
            }
            if let (true, Some(last)) = (found.len() == wanted, found.last()) {
                let mut place: Vec<Cell> = shard.map(Cell::Number).into_iter().collect();
                place.extend(plan.key(last)?);
                page.next = Some(write_place(&place)?);
                break;
            }
        }
        Ok(page)
    }

    async fn revision(&mut self) -> Result<i64, Fault> {
        let query = plain("-- config_revision\nSELECT value FROM meta WHERE name = 'config_revision'");
        self.number(query).await?.ok_or_else(|| unreadable("meta.config_revision"))
    }

    async fn secret_check(&mut self) -> Result<Option<i64>, Fault> {
        self.number(plain("-- secret_check\nSELECT value FROM meta WHERE name = 'secret_check'")).await
    }

    async fn buckets(&mut self) -> Result<BTreeMap<WorkspaceId, Buckets>, Fault> {
        self.read_buckets().await
    }

    fn spread(&mut self, buckets: BTreeMap<WorkspaceId, Buckets>) {
        self.buckets = buckets;
    }

    async fn unfinished(&mut self) -> Result<Option<Unfinished>, Fault> {
        if !is_unfinished(&mut self.connection).await? {
            return Ok(None);
        }
        let rows = self.fetch(plain("-- read_copying\nSELECT source, progress FROM copying")).await?;
        let row = rows.first().ok_or_else(|| unreadable("copying"))?;
        Ok(Some(Unfinished { source: get(row, 0)?, progress: get(row, 1)? }))
    }

    async fn begin(&mut self, copy: &Unfinished) -> Result<(), Fault> {
        let (source, progress) = (copy.source.clone(), copy.progress.clone());
        let mut transaction = self.connection.begin().await.map_err(|error| to_fault(&error))?;
        let mut counted = Counted::new(&mut transaction, Placement::Together);
        let text = "-- make_copying\nCREATE TABLE copying (source text NOT NULL, progress text NOT NULL)";
        counted.execute(plain(text)).await?;
        let note = plain("-- begin_copying\nINSERT INTO copying (source, progress) VALUES ($1, $2)");
        counted.execute(note.bind(source).bind(progress)).await?;
        transaction.commit().await.map_err(|error| to_fault(&error))
    }

    async fn put(
        &mut self,
        table: &'static Table,
        rows: &[Row],
        before: &str,
        progress: &str,
    ) -> Result<(), Fault> {
        self.write(table, rows, before, progress).await
    }

    async fn finish(&mut self, revision: i64, secret_check: i64) -> Result<(), Fault> {
        let shards = self.shards();
        let mut transaction = self.connection.begin().await.map_err(|error| to_fault(&error))?;
        let mut counted = Counted::new(&mut transaction, Placement::Together);
        for (table, column) in SEQUENCES {
            let mut last = 0;
            for shard in &shards {
                let text = format!("-- find_last_number\nSELECT max({column}) FROM {table} WHERE sk = $1");
                for row in counted.fetch(composed(text).bind(*shard)).await? {
                    last = get::<Option<i64>>(&row, 0)?.unwrap_or(0).max(last);
                }
            }
            let text = format!("-- set_next_number\nSELECT setval('{table}_{column}_seq', $1, false)");
            counted.fetch(composed(text).bind(last + 1)).await?;
        }
        let text = "-- set_config_revision\nUPDATE meta SET value = $1 WHERE name = 'config_revision'";
        counted.execute(plain(text).bind(revision)).await?;
        crate::config::keep_secret_check(&mut counted, secret_check).await?;
        counted.execute(plain("-- end_copying\nDROP TABLE copying")).await?;
        transaction.commit().await.map_err(|error| to_fault(&error))
    }

    async fn release(self: Box<Self>) {
        let _ = self.connection.close().await;
    }
}
