//! Look-ups: a few tasks with a connection each, which answer together whatever waits.
//!
//! A look-up costs SQLite a few microseconds; getting each statement to the driver's thread and its rows back costs
//! more. So a task that gets free takes every look-up that waits and loads them as one set: alone a look-up waits for
//! nobody, in a crowd several share the way.

use std::sync::Arc;

use profile_model::{Keys, Loaded, WorkspaceId};
use profile_store::Fault;
use sqlx::SqliteConnection;
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::load::{Found, load};
use crate::statement::Counted;

/// Look-ups that may wait; more of them wait for a place.
const WAITING: usize = 1024;

/// Most look-ups of one set.
const TOGETHER: usize = 32;

/// A look-up that waits.
struct Asked {
    workspace: WorkspaceId,
    keys: Keys,
    answer: oneshot::Sender<Result<Loaded, Fault>>,
}

/// The waiting line, and the tasks at its end.
pub(crate) struct Lookups {
    line: Mutex<Option<mpsc::Sender<Asked>>>,
    tasks: Mutex<Vec<JoinHandle<SqliteConnection>>>,
}

impl Lookups {
    /// One task per connection.
    pub(crate) fn start(connections: Vec<SqliteConnection>) -> Self {
        let (line, waiting) = mpsc::channel(WAITING);
        let waiting = Arc::new(Mutex::new(waiting));
        let tasks =
            connections.into_iter().map(|connection| tokio::spawn(run(connection, Arc::clone(&waiting))));
        Self { line: Mutex::new(Some(line)), tasks: Mutex::new(tasks.collect()) }
    }

    /// What these keys of a look-up find.
    pub(crate) async fn load(&self, workspace: WorkspaceId, keys: &Keys) -> Result<Loaded, Fault> {
        let line = self.line.lock().await.clone().ok_or_else(crate::store::closed)?;
        let (answer, answered) = oneshot::channel();
        let asked = Asked { workspace, keys: keys.clone(), answer };
        line.send(asked).await.map_err(|_| crate::store::closed())?;
        answered.await.map_err(|_| crate::store::closed())?
    }

    /// Takes no more, answers what waits, gives the connections back.
    pub(crate) async fn close(&self) -> Vec<SqliteConnection> {
        drop(self.line.lock().await.take());
        let mut connections = Vec::new();
        for task in std::mem::take(&mut *self.tasks.lock().await) {
            connections.extend(task.await.ok());
        }
        connections
    }
}

async fn run(
    mut connection: SqliteConnection,
    waiting: Arc<Mutex<mpsc::Receiver<Asked>>>,
) -> SqliteConnection {
    loop {
        let mut together = Vec::new();
        // The next one and those behind it; the other tasks are at work meanwhile, or wait for the lock.
        let mut waiting = waiting.lock().await;
        if waiting.recv_many(&mut together, TOGETHER).await == 0 {
            return connection;
        }
        drop(waiting);
        answer(&mut connection, together).await;
    }
}

/// Answers look-ups, as one set per workspace.
async fn answer(connection: &mut SqliteConnection, mut together: Vec<Asked>) {
    while let Some(first) = together.first() {
        let workspace = first.workspace;
        let (same, others): (Vec<_>, Vec<_>) =
            together.into_iter().partition(|asked| asked.workspace == workspace);
        together = others;
        let mut keys = Keys::default();
        for asked in &same {
            keys.join(&asked.keys);
        }
        match read(connection, workspace, &keys).await {
            Ok(loaded) => {
                for asked in same {
                    let _ = asked.answer.send(Ok(loaded.part(&asked.keys)));
                }
            }
            // Each by itself: one unreadable row must not fail the look-ups beside it.
            Err(_) if same.len() > 1 => {
                for asked in same {
                    let _ = asked.answer.send(read(connection, workspace, &asked.keys).await);
                }
            }
            Err(fault) => {
                for asked in same {
                    let _ = asked.answer.send(Err(fault.clone()));
                }
            }
        }
    }
}

async fn read(
    connection: &mut SqliteConnection,
    workspace: WorkspaceId,
    keys: &Keys,
) -> Result<Loaded, Fault> {
    let mut found = Found::default();
    load(&mut Counted::new(connection), workspace, keys, &mut found).await?;
    Ok(found.loaded)
}
