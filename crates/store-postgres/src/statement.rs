//! Statements over sets: one array per column, so that a statement has one text, and is planned once, however many rows
//! it is about.

use profile_store::Fault;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, Decode, Execute as _, PgConnection, Postgres, Row as _, Type};

use crate::fault::{UnitFault, to_fault};
use crate::shards::Shards;

pub(crate) type Bound = Query<'static, Postgres, PgArguments>;

/// Where the tables are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Placement {
    /// All on one server.
    #[default]
    Together,
    /// Spread over the nodes of a Citus cluster.
    Distributed,
}

/// How changes and deletions of a set find their shard: by a set that carries it, because a condition of the table's own
/// would look cheap to a planner without statistics (docs/adr/010).
const JOINED: &str = "t.sk = v.sk";

/// Citus sends a statement to one node only if the table's own shard key is said to be a value.
const ROUTED: &str = "t.sk = $1 AND t.sk = v.sk";

/// A connection that counts its statements.
pub(crate) struct Counted<'c> {
    connection: &'c mut PgConnection,
    placement: Placement,
    pub(crate) statements: u32,
}

impl<'c> Counted<'c> {
    pub(crate) fn new(connection: &'c mut PgConnection, placement: Placement) -> Self {
        Self { connection, placement, statements: 0 }
    }

    pub(crate) async fn execute(&mut self, query: Bound) -> Result<u64, UnitFault> {
        let query = self.route(query)?;
        Ok(query.execute(&mut *self.connection).await?.rows_affected())
    }

    pub(crate) async fn fetch(&mut self, query: Bound) -> Result<Vec<PgRow>, UnitFault> {
        let query = self.route(query)?;
        Ok(query.fetch_all(&mut *self.connection).await?)
    }

    /// Rows that a statement ending in RETURNING wrote. What Citus says that INSERT .. SELECT .. ON CONFLICT affected is the
    /// number of rows it was given, also where it left some alone.
    pub(crate) async fn count(&mut self, query: Bound) -> Result<u64, UnitFault> {
        Ok(self.fetch(query).await?.len() as u64)
    }

    fn route(&mut self, mut query: Bound) -> Result<Bound, UnitFault> {
        self.statements += 1;
        if self.placement == Placement::Together {
            return Ok(query);
        }
        let arguments = query.take_arguments().map_err(sqlx::Error::Encode)?.unwrap_or_default();
        let text = query.sql();
        // Only texts of ours, and our own words put into them.
        let routed = AssertSqlSafe(text.as_str().replace(JOINED, ROUTED));
        Ok(sqlx::query_with(routed, arguments))
    }
}

/// A statement from a text of ours.
pub(crate) fn plain(text: &'static str) -> Bound {
    sqlx::query(text)
}

/// A statement whose text is put together from texts of ours only.
pub(crate) fn composed(text: String) -> Bound {
    sqlx::query(AssertSqlSafe(text))
}

/// One column of a set.
pub(crate) fn column<'r, R, T>(rows: &'r [R], get: impl Fn(&'r R) -> T) -> Vec<T> {
    rows.iter().map(get).collect()
}

/// One value of a row.
///
/// # Errors
/// When it is not what it must be: the column's number, never the value.
pub(crate) fn get<'r, T>(row: &'r PgRow, at: usize) -> Result<T, Fault>
where
    T: Decode<'r, Postgres> + Type<Postgres>,
{
    row.try_get(at).map_err(|error| to_fault(&error))
}

/// The element of `rows` whose place stands in column `at`.
pub(crate) fn at_place<'k, K>(row: &PgRow, at: usize, rows: &'k [K]) -> Result<Option<&'k K>, Fault> {
    let number: i64 = get(row, at)?;
    Ok(usize::try_from(number).ok().and_then(|number| rows.get(number)))
}

/// Places of a set's rows, for statements that say which one they answer.
pub(crate) fn places<R>(rows: &[R]) -> Vec<i64> {
    (0..).take(rows.len()).collect()
}

/// Numbers for `count` rows that keep their order although they go to several shards; none where one statement writes
/// them all, and the rows' own sequence keeps it.
pub(crate) async fn ordered(
    counted: &mut Counted<'_>,
    shards: Shards,
    text: &'static str,
    count: usize,
) -> Result<Vec<Option<i64>>, UnitFault> {
    if count < 2 || shards.is_one() {
        return Ok(vec![None; count]);
    }
    let rows = counted.fetch(plain(text).bind(places(&vec![(); count]))).await?;
    rows.iter().map(|row| Ok(Some(get(row, 0)?))).collect()
}

/// Times and counts are stored as `bigint`.
pub(crate) fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
