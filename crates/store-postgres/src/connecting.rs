//! Connections: how they are made, and when they are looked at before they are used.

use std::str::FromStr as _;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use profile_store::Fault;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions as _, Connection as _, PgConnection};

use crate::fault::to_fault;

/// How to connect.
#[derive(Clone, Debug)]
pub struct Options {
    /// Most connections of this process.
    pub connections: u32,
    /// How long a connection is waited for, be it that none is free or that the server is gone.
    pub acquire_timeout: Duration,
    /// How long one statement may take; zero: as long as it takes.
    pub statement_timeout: Duration,
    /// How long a row that somebody else holds is waited for.
    pub lock_timeout: Duration,
    /// Whether sessions may only read.
    pub read_only: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            connections: 16,
            acquire_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(30),
            lock_timeout: Duration::from_secs(10),
            read_only: false,
        }
    }
}

impl Options {
    /// For migrations, which wait for each other and rewrite tables.
    pub(crate) fn patient(&self) -> Self {
        Self { statement_timeout: Duration::ZERO, lock_timeout: Duration::ZERO, ..self.clone() }
    }
}

/// When a connection was lost last: those made before are asked whether they live before they are used.
pub(crate) type LostAt = Arc<RwLock<Option<Instant>>>;

fn connect_options(url: &str, options: &Options) -> Result<PgConnectOptions, Fault> {
    let base = PgConnectOptions::from_str(url).map_err(|error| to_fault(&error))?;
    let milliseconds = |time: Duration| time.as_millis().to_string();
    Ok(base
        .application_name("enmusubi")
        .options([
            ("statement_timeout", milliseconds(options.statement_timeout)),
            ("lock_timeout", milliseconds(options.lock_timeout)),
            ("idle_in_transaction_session_timeout", "60000".to_owned()),
            ("default_transaction_isolation", "read committed".to_owned()),
            ("default_transaction_read_only", if options.read_only { "on" } else { "off" }.to_owned()),
            // Sets of a few rows: compiling the plan would take longer than running it.
            ("jit", "off".to_owned()),
            // A plan that was made when a table was empty is kept as it grows: it must not walk the table even then.
            ("enable_seqscan", "off".to_owned()),
        ])
        .disable_statement_logging())
}

/// A connection keeps its plans until statistics change. If they never do (autovacuum is off), a plan from the time when
/// tables were empty ends with its connection.
const LIFETIME: Duration = Duration::from_secs(300);

/// Statements are written so that one plan fits all values (docs/adr/010), and planning one takes longer than running it.
/// Citus has to plan each time: which shard it is about is among the values.
const KEEP_PLANS: &str = "-- keep_plans\nSELECT set_config('plan_cache_mode', CASE WHEN EXISTS (SELECT 1 FROM pg_extension \
     WHERE extname = 'citus') THEN 'auto' ELSE 'force_generic_plan' END, false)";

/// One connection, without a pool.
pub(crate) async fn connect(url: &str, options: &Options) -> Result<PgConnection, Fault> {
    connect_options(url, options)?.connect().await.map_err(|error| to_fault(&error))
}

/// A pool whose connections are checked only after one was lost: asking each time would cost a round trip.
pub(crate) async fn open_pool(url: &str, options: &Options, lost: &LostAt) -> Result<PgPool, Fault> {
    let lost = Arc::clone(lost);
    let pool = PgPoolOptions::new()
        .max_connections(options.connections)
        .acquire_timeout(options.acquire_timeout)
        .max_lifetime(LIFETIME)
        .test_before_acquire(false)
        .after_connect(|connection, _| {
            Box::pin(async move { sqlx::query(KEEP_PLANS).execute(connection).await.map(drop) })
        })
        .before_acquire(move |connection, known| {
            let made = Instant::now().checked_sub(known.age);
            let last = *lost.read().unwrap_or_else(PoisonError::into_inner);
            Box::pin(async move {
                if last.is_some_and(|last| made.is_none_or(|made| made <= last)) {
                    connection.ping().await?;
                }
                Ok(true)
            })
        });
    let to = connect_options(url, options)?;
    // A replica that is gone must not keep a server from starting.
    if options.read_only {
        return Ok(pool.connect_lazy_with(to));
    }
    pool.connect_with(to).await.map_err(|error| to_fault(&error))
}
