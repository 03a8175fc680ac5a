//! A read replica: a server that follows another one, a moment behind. It is only read, and never migrated.

use std::time::{Duration, Instant};

use profile_store::Fault;
use sqlx::PgConnection;
use tokio::sync::OnceCell;

use crate::connecting::Options;
use crate::statement::Placement;
use crate::store::PostgresStore;

/// How long a replica may take to hear of migrations that its primary has just had.
const CATCH_UP: Duration = Duration::from_secs(10);

/// How long to wait before it is asked again.
const PAUSE: Duration = Duration::from_millis(100);

/// Whether a replica was seen to have the schema that this binary wants.
#[derive(Debug, Default)]
pub(crate) struct Replica {
    checked: OnceCell<()>,
}

impl Replica {
    /// Looks at the schema on the first connection that is had.
    ///
    /// # Errors
    /// [`Fault::Unavailable`] if it is another one.
    pub(crate) async fn check(&self, connection: &mut PgConnection) -> Result<(), Fault> {
        let checked = self.checked.get_or_try_init(|| async {
            match version(connection).await? {
                crate::SCHEMA_VERSION => Ok(()),
                found => Err(Fault::Unavailable(other(found))),
            }
        });
        checked.await.map(drop)
    }
}

fn other(found: i64) -> String {
    format!("the replica has schema version {found}, this binary wants {}", crate::SCHEMA_VERSION)
}

/// The version of the schema; 0 if there is none.
async fn version(connection: &mut PgConnection) -> Result<i64, Fault> {
    if crate::migrations::has_table(connection).await? {
        crate::migrations::version(connection).await
    } else {
        Ok(0)
    }
}

impl PostgresStore {
    /// Opens a replica. One that cannot be reached now is asked again when somebody wants to read from it; until then
    /// reads are [`Fault::ReplicaUnavailable`].
    ///
    /// # Errors
    /// [`Fault::Inconsistent`] if it has another schema than this binary wants, and does not catch up.
    pub async fn open_replica(url: &str, options: Options) -> Result<Self, Fault> {
        let store =
            // Where tables lie matters to writes only.
            Self::on_pool(url, Options { read_only: true, ..options }, Placement::Together, Some(Replica::default()))
                .await?;
        let end = Instant::now() + CATCH_UP;
        loop {
            let mut connection = match store.bare_connection().await.map_err(Fault::from) {
                Ok(connection) => connection,
                Err(fault) => {
                    tracing::warn!(%fault, "the read replica cannot be reached; it is asked again when it is needed");
                    return Ok(store);
                }
            };
            match version(&mut connection).await? {
                crate::SCHEMA_VERSION => return Ok(store),
                found if found > crate::SCHEMA_VERSION || Instant::now() >= end => {
                    return Err(Fault::Inconsistent(other(found)));
                }
                _ => {}
            }
            drop(connection);
            tokio::time::sleep(PAUSE).await;
        }
    }
}
