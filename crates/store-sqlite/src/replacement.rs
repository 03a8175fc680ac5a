//! One database file in the place of another, and what must outlive the change: who was erased, and which keys were revoked.

use std::path::{Path, PathBuf};

use profile_model::Timestamp;
use profile_store::Fault;
use sqlx::sqlite::SqliteLockingMode;
use sqlx::{ConnectOptions as _, Connection as _, Row as _, SqliteConnection};

use crate::connecting::{Options, connect_options};
use crate::fault::to_fault;
use crate::statement::{Bound, Counted, MAX_ROWS, SetStatement, plain};
use crate::store::SqliteStore;

/// What a database that is replaced hands on.
#[derive(Clone, Debug, Default)]
pub struct Carried {
    ledger: Vec<Row<7>>,
    receipts: Vec<Row<7>>,
    revoked: Vec<Row<2>>,
}

impl Carried {
    /// How many erasures it knows.
    #[must_use]
    pub fn erasures(&self) -> usize {
        self.receipts.len()
    }
}

/// One value of a row, as SQLite has it.
#[derive(Clone, Debug)]
enum Cell {
    Number(i64),
    Text(String),
    Bytes(Vec<u8>),
}

type Row<const N: usize> = [Cell; N];

const LEDGER: &str = "-- carry_ledger\nSELECT sk, mark, kind, erasure, erased_at, opted_out, suppressed \
                      FROM erased_identifiers";

const RECEIPTS: &str =
    "-- carry_receipts\nSELECT id, sk, at, actor, profiles, occurrences, suppressed FROM erasures";

const REVOKED: &str =
    "-- carry_revoked_keys\nSELECT id, revoked_at FROM api_keys WHERE revoked_at IS NOT NULL";

/// An older row of the same identifier gives way; a younger one stays, as when a younger backup is restored.
static PUT_LEDGER: SetStatement = SetStatement {
    text: "-- put_carried_ledger\nINSERT INTO erased_identifiers (sk, mark, kind, erasure, erased_at, opted_out, \
           suppressed) SELECT column1, column2, column3, column4, column5, column6, column7 FROM (VALUES {rows}) \
           WHERE column1 IS NOT NULL ON CONFLICT (sk, mark) DO UPDATE SET erasure = excluded.erasure, \
           erased_at = excluded.erased_at, opted_out = excluded.opted_out, suppressed = excluded.suppressed \
           WHERE excluded.erased_at >= erased_identifiers.erased_at",
    columns: 7,
};

/// What was just erased once more has a younger row: the one from when it was really erased counts.
static PUT_LEDGER_BACK: SetStatement = SetStatement {
    text: "-- put_carried_ledger_back\nUPDATE erased_identifiers SET erasure = v.column4, erased_at = v.column5, \
           opted_out = v.column6, suppressed = v.column7 FROM (SELECT ? AS since) s, (VALUES {rows}) v \
           WHERE erased_identifiers.sk = v.column1 AND erased_identifiers.mark = v.column2 \
           AND erased_identifiers.erased_at >= s.since",
    columns: 7,
};

static PUT_RECEIPTS: SetStatement = SetStatement {
    text: "-- put_carried_receipts\nINSERT INTO erasures (id, sk, at, actor, profiles, occurrences, suppressed) \
           SELECT column1, column2, column3, column4, column5, column6, column7 FROM (VALUES {rows}) \
           WHERE column1 IS NOT NULL ON CONFLICT (id) DO NOTHING",
    columns: 7,
};

static REVOKE: SetStatement = SetStatement {
    text: "-- revoke_carried_keys\nUPDATE api_keys SET revoked_at = v.column2 FROM (VALUES {rows}) v \
           WHERE api_keys.id = v.column1 AND api_keys.revoked_at IS NULL",
    columns: 2,
};

/// Every process looks at the ledger from its first row on.
const NOTE: &str = "-- note_carried_erasures\nUPDATE workspaces SET has_erasures = 1 WHERE id IN \
                    (SELECT DISTINCT sk >> 16 FROM erased_identifiers)";

/// Opens a file for ourselves alone.
///
/// # Errors
/// [`Fault::Unavailable`] if another process has it open; [`Fault::Inconsistent`] if it is damaged.
pub(crate) async fn take(path: &Path, options: &Options) -> Result<SqliteConnection, Fault> {
    let wanted = connect_options(path, options)?
        .create_if_missing(false)
        .busy_timeout(std::time::Duration::from_millis(500))
        .locking_mode(SqliteLockingMode::Exclusive);
    let mut connection = wanted.connect().await.map_err(|error| to_fault(&error))?;
    for text in [
        "-- take_file\nSELECT count(*) FROM sqlite_schema",
        "-- checkpoint_before\nPRAGMA wal_checkpoint(TRUNCATE)",
    ] {
        plain(text).execute(&mut connection).await.map_err(|error| to_fault(&error))?;
    }
    Ok(connection)
}

/// A database file that is about to be replaced, held so that nobody else can use it.
#[derive(Debug)]
pub struct Displaced {
    path: PathBuf,
    connection: SqliteConnection,
}

impl Displaced {
    /// Takes the file for itself.
    ///
    /// # Errors
    /// [`Fault::Unavailable`] if another process has it open; [`Fault::Inconsistent`] if it is damaged.
    pub async fn take(path: &Path, options: &Options) -> Result<Self, Fault> {
        Ok(Self { path: path.to_owned(), connection: take(path, options).await? })
    }

    /// What it hands on; nothing from a file that is no database of ours.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn carried(&mut self) -> Result<Carried, Fault> {
        if crate::migrations::version(&mut self.connection).await? == 0 {
            return Ok(Carried::default());
        }
        let connection = &mut self.connection;
        Ok(Carried {
            ledger: read(connection, LEDGER).await?,
            receipts: read(connection, RECEIPTS).await?,
            revoked: read(connection, REVOKED).await?,
        })
    }

    /// Puts the file `new` in its place. Whoever opens the path from now on opens that one.
    ///
    /// # Errors
    /// When the folder refuses; the old file is still there then.
    pub async fn replace_by(self, new: &Path) -> Result<(), Fault> {
        // Closed first: the last connection takes the old write-ahead log away, which must not be found beside the new file.
        self.connection.close().await.map_err(|error| to_fault(&error))?;
        put_in_place(new, &self.path)
    }
}

/// Renames a database file to where none is in use; leftovers of the one that was there go first.
fn put_in_place(new: &Path, path: &Path) -> Result<(), Fault> {
    let refused =
        |error: std::io::Error| Fault::Unavailable(format!("the database cannot be replaced: {error}"));
    for suffix in ["-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        match std::fs::remove_file(&name) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(refused(error)),
            _ => {}
        }
    }
    std::fs::rename(new, path).map_err(refused)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(refused)
}

impl SqliteStore {
    /// Renames a database file to where none is, or a damaged one whose leftovers go. Nobody may have either open.
    ///
    /// # Errors
    /// When the folder refuses.
    pub fn put_in_place(new: &Path, path: &Path) -> Result<(), Fault> {
        put_in_place(new, path)
    }

    /// Enters what another database hands on. With `since`: once more, after its erasures were done again here from that
    /// time on, so that each counts from when it was.
    ///
    /// # Errors
    /// When the file cannot be written; it is as before then.
    pub async fn carry(
        path: &Path,
        options: &Options,
        carried: &Carried,
        since: Option<Timestamp>,
    ) -> Result<(), Fault> {
        let wanted = connect_options(path, options)?.create_if_missing(false);
        let mut connection = wanted.connect().await.map_err(|error| to_fault(&error))?;
        let mut transaction =
            connection.begin_with("BEGIN IMMEDIATE").await.map_err(|error| to_fault(&error))?;
        let counted = &mut Counted::new(&mut transaction);
        match since {
            None => put(counted, &PUT_LEDGER, |query| query, &carried.ledger).await?,
            Some(since) => {
                let since = since.as_micros();
                put(counted, &PUT_LEDGER_BACK, |query| query.bind(since), &carried.ledger).await?;
            }
        }
        put(counted, &PUT_RECEIPTS, |query| query, &carried.receipts).await?;
        put(counted, &REVOKE, |query| query, &carried.revoked).await?;
        counted.execute(plain(NOTE)).await.map_err(|error| to_fault(&error))?;
        transaction.commit().await.map_err(|error| to_fault(&error))?;
        connection.close().await.map_err(|error| to_fault(&error))
    }
}

async fn read<const N: usize>(
    connection: &mut SqliteConnection,
    text: &'static str,
) -> Result<Vec<Row<N>>, Fault> {
    let rows = plain(text).fetch_all(connection).await.map_err(|error| to_fault(&error))?;
    let mut all = Vec::with_capacity(rows.len());
    for row in &rows {
        let mut cells = std::array::from_fn(|_| Cell::Number(0));
        for (at, cell) in cells.iter_mut().enumerate() {
            *cell = if let Ok(number) = row.try_get(at) {
                Cell::Number(number)
            } else if let Ok(text) = row.try_get(at) {
                Cell::Text(text)
            } else {
                Cell::Bytes(row.try_get(at).map_err(|error| to_fault(&error))?)
            };
        }
        all.push(cells);
    }
    Ok(all)
}

async fn put<const N: usize>(
    counted: &mut Counted<'_>,
    statement: &'static SetStatement,
    before: impl Fn(Bound) -> Bound,
    rows: &[Row<N>],
) -> Result<(), Fault> {
    for chunk in rows.chunks(MAX_ROWS) {
        let query = statement.bind(&before, chunk, |query, row| {
            row.iter().fold(query, |query, cell| match cell {
                Cell::Number(number) => query.bind(*number),
                Cell::Text(text) => query.bind(text.clone()),
                Cell::Bytes(bytes) => query.bind(bytes.clone()),
            })
        });
        counted.execute(query).await.map_err(|error| to_fault(&error))?;
    }
    Ok(())
}
