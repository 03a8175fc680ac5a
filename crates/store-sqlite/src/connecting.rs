//! Connections to the file, and how they are set up.

use std::path::Path;
use std::str::FromStr as _;
use std::time::Duration;

use backon::{ConstantBuilder, Retryable as _};
use profile_store::Fault;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, SqliteConnection};

use crate::fault::{is_busy, to_fault};

/// How to open.
#[derive(Clone, Debug)]
pub struct Options {
    /// Connections for look-ups, and as many for everything else that is read.
    pub readers: u32,
    /// How long a locked file is waited for.
    pub busy_timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { readers: 2, busy_timeout: Duration::from_secs(5) }
    }
}

/// Pages of WAL before SQLite checkpoints inside a commit: large, because the checkpointer does it beside the writer.
const AUTOCHECKPOINT_PAGES: &str = "65536";

/// How long to wait before a file that another process is making is opened again.
const BUSY_PAUSE: Duration = Duration::from_millis(10);

/// Page cache of the writer, in KiB (negative: not pages).
const WRITER_CACHE: &str = "-32768";

/// Page cache of a reader: the inner pages of the trees. A commit empties it, and what is behind it is in the system's
/// cache, so that more would only be memory.
pub(crate) const READER_CACHE: &str = "-4096";

/// Rows a connection's thread may read ahead of who asked: a whole set, so that it does not stop and start.
const ROWS_AHEAD: usize = 1024;

pub(crate) fn connect_options(path: &Path, options: &Options) -> Result<SqliteConnectOptions, Fault> {
    let base = SqliteConnectOptions::from_str("sqlite:").map_err(|error| to_fault(&error))?;
    Ok(base
        .filename(path)
        .create_if_missing(true)
        .foreign_keys(false)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(options.busy_timeout)
        .pragma("wal_autocheckpoint", AUTOCHECKPOINT_PAGES)
        .pragma("cache_size", WRITER_CACHE)
        .pragma("temp_store", "memory")
        .statement_cache_capacity(256)
        .row_buffer_size(ROWS_AHEAD)
        .disable_statement_logging())
}

/// The first connection of a process. It may turn a new file to WAL, for which SQLite, unlike with every other lock,
/// does not wait if another process does the same at that moment: so we wait, as long as for the others.
pub(crate) async fn connect_first(path: &Path, options: &Options) -> Result<SqliteConnection, Fault> {
    let wanted = connect_options(path, options)?;
    let tries =
        usize::try_from(options.busy_timeout.as_millis() / BUSY_PAUSE.as_millis()).unwrap_or(usize::MAX);
    let pauses = ConstantBuilder::new().with_delay(BUSY_PAUSE).with_max_times(tries).with_jitter();
    let connect = || wanted.connect();
    connect.retry(pauses).when(is_busy).await.map_err(|error| to_fault(&error))
}
