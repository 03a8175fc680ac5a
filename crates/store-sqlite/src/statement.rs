//! Statements over sets: multi-row VALUES in a few fixed sizes, so that the statement cache holds them all and the
//! number of statements does not depend on the number of rows.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use sqlx::AssertSqlSafe;
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Sqlite, SqliteConnection};
use tokio::sync::{Mutex as AsyncMutex, MutexGuard};

/// Rows per statement; a set is padded with rows of NULL up to the next of these.
const SIZES: [usize; 4] = [1, 8, 80, 500];

/// Most rows of one statement.
pub(crate) const MAX_ROWS: usize = 500;

pub(crate) type Bound = Query<'static, Sqlite, SqliteArguments>;

/// A connection that counts its statements.
pub(crate) struct Counted<'c> {
    connection: Way<'c>,
    pub(crate) statements: u32,
}

/// How statements get to their connection.
enum Way<'c> {
    Own(&'c mut SqliteConnection),
    Shared(&'c Shared),
}

impl<'c> Counted<'c> {
    pub(crate) const fn new(connection: &'c mut SqliteConnection) -> Self {
        Self { connection: Way::Own(connection), statements: 0 }
    }

    /// On a connection that somebody else uses between its statements.
    pub(crate) const fn sharing(connection: &'c Shared) -> Self {
        Self { connection: Way::Shared(connection), statements: 0 }
    }

    pub(crate) async fn execute(&mut self, query: Bound) -> Result<u64, sqlx::Error> {
        self.statements += 1;
        let done = match &mut self.connection {
            Way::Own(connection) => query.execute(&mut **connection).await,
            Way::Shared(shared) => query.execute(&mut *shared.turn().await).await,
        };
        Ok(done?.rows_affected())
    }

    pub(crate) async fn fetch(&mut self, query: Bound) -> Result<Vec<SqliteRow>, sqlx::Error> {
        self.statements += 1;
        match &mut self.connection {
            Way::Own(connection) => query.fetch_all(&mut **connection).await,
            Way::Shared(shared) => {
                let rows = query.fetch_all(&mut *shared.turn().await).await;
                // Rows take a while to read; the connection is not to stand idle meanwhile.
                shared.give_way().await;
                rows
            }
        }
    }
}

/// A connection for two users within one task, who take turns statement by statement, in the order they came.
pub(crate) struct Shared {
    connection: AsyncMutex<SqliteConnection>,
    waiting: AtomicUsize,
}

impl Shared {
    pub(crate) fn new(connection: SqliteConnection) -> Self {
        Self { connection: AsyncMutex::new(connection), waiting: AtomicUsize::new(0) }
    }

    /// The connection, while nobody else has a part in it.
    pub(crate) fn alone(&mut self) -> &mut SqliteConnection {
        self.connection.get_mut()
    }

    pub(crate) fn into_inner(self) -> SqliteConnection {
        self.connection.into_inner()
    }

    async fn turn(&self) -> MutexGuard<'_, SqliteConnection> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let turn = self.connection.lock().await;
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        turn
    }

    /// Lets the other one send its statement first, if it waits to.
    async fn give_way(&self) {
        if self.waiting.load(Ordering::Relaxed) > 0 {
            tokio::task::yield_now().await;
        }
    }
}

/// A statement over rows: `{rows}` in its text becomes the placeholders. The rows must be filtered for a first column
/// that is not NULL (padding) unless a join on it does so.
pub(crate) struct SetStatement {
    /// Text with `{rows}`; its first line is a comment with its name.
    pub(crate) text: &'static str,
    /// Columns per row.
    pub(crate) columns: usize,
}

static TEXTS: Mutex<Option<HashMap<(usize, usize), &'static str>>> = Mutex::new(None);

impl SetStatement {
    /// The query for `count` rows (at most [`MAX_ROWS`]), its rows bound by `bind`, padding behind them. `before` are
    /// values of placeholders that stand before the rows.
    pub(crate) fn bind<R>(
        &'static self,
        before: impl FnOnce(Bound) -> Bound,
        rows: &[R],
        mut bind: impl FnMut(Bound, &R) -> Bound,
    ) -> Bound {
        let size = SIZES.into_iter().find(|size| rows.len() <= *size).unwrap_or(MAX_ROWS);
        let mut query = before(sqlx::query(self.sized(size)));
        for row in rows {
            query = bind(query, row);
        }
        for _ in 0..(size - rows.len()) * self.columns {
            query = query.bind(None::<i64>);
        }
        query
    }

    /// The text for a size; made once and kept for the life of the process (statements times four sizes).
    fn sized(&'static self, size: usize) -> &'static str {
        let mut texts = TEXTS.lock().unwrap_or_else(PoisonError::into_inner);
        let texts = texts.get_or_insert_default();
        texts.entry((self.text.as_ptr() as usize, size)).or_insert_with(|| {
            let row = format!("({})", vec!["?"; self.columns].join(","));
            let rows = vec![row; size].join(",");
            Box::leak(self.text.replace("{rows}", &rows).into_boxed_str())
        })
    }
}

/// A plain statement from a text of ours.
pub(crate) fn plain(text: &'static str) -> Bound {
    sqlx::query(text)
}

/// A statement whose text is put together from texts of ours only.
pub(crate) fn composed(text: String) -> Bound {
    sqlx::query(AssertSqlSafe(text))
}
