//! Look-ups that wait together are answered together: one set for all of them costs hardly more round trips than one of
//! them, and PostgreSQL hardly more work.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use profile_model::{Keys, Loaded, WorkspaceId};
use profile_store::Fault;
use tokio::sync::{Semaphore, oneshot};

use crate::reading::read;
use crate::store::PostgresStore;

/// Sets that are read at once, so that one is under way while the next gathers. More would hold fewer look-ups each, and what a
/// set costs hardly depends on how many it holds.
const AT_ONCE: usize = 2;

/// Most look-ups of one set.
const TOGETHER: usize = 32;

/// A look-up that waits.
struct Asked {
    workspace: WorkspaceId,
    keys: Keys,
    answer: oneshot::Sender<Option<Result<Loaded, Fault>>>,
}

/// The waiting line, and the turns to read from it.
pub(crate) struct Lookups {
    line: Mutex<VecDeque<Asked>>,
    turns: Semaphore,
}

impl Default for Lookups {
    fn default() -> Self {
        Self { line: Mutex::default(), turns: Semaphore::new(AT_ONCE) }
    }
}

impl Lookups {
    fn push(&self, asked: Asked) {
        self.line.lock().unwrap_or_else(PoisonError::into_inner).push_back(asked);
    }

    /// The first in line and others of its workspace.
    fn take(&self) -> Vec<Asked> {
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(workspace) = line.front().map(|first| first.workspace) else { return Vec::new() };
        let mut taken = Vec::new();
        let mut others = VecDeque::new();
        while let Some(asked) = line.pop_front() {
            if asked.workspace == workspace && taken.len() < TOGETHER {
                taken.push(asked);
            } else {
                others.push_back(asked);
            }
        }
        *line = others;
        taken
    }
}

impl PostgresStore {
    /// What these keys of a look-up find. Whoever gets a turn answers all that wait, himself among them.
    pub(crate) async fn look_up(&self, workspace: WorkspaceId, keys: &Keys) -> Result<Loaded, Fault> {
        let (answer, mut answered) = oneshot::channel();
        self.lookups.push(Asked { workspace, keys: keys.clone(), answer });
        let answer = loop {
            tokio::select! {
                biased;
                answer = &mut answered => break answer,
                turn = self.lookups.turns.acquire() => {
                    let _turn = turn.map_err(|_| Fault::Unavailable("closed".into()))?;
                    let together = self.lookups.take();
                    let Some(first) = together.first() else { break Ok(None) };
                    let workspace = first.workspace;
                    self.answer(workspace, together).await;
                }
            }
        };
        // Nobody waits, so ours is being read by somebody else.
        let answer = match answer {
            Ok(None) => answered.await,
            given => given,
        };
        match answer {
            Ok(Some(answer)) => answer,
            // Who had the turn went away, as callers may.
            Ok(None) | Err(_) => self.load_set(workspace, keys).await,
        }
    }

    async fn answer(&self, workspace: WorkspaceId, together: Vec<Asked>) {
        let mut keys = Keys::default();
        for asked in &together {
            keys.join(&asked.keys);
        }
        match self.load_set(workspace, &keys).await {
            Ok(loaded) => {
                for asked in together {
                    let _ = asked.answer.send(Some(Ok(loaded.part(&asked.keys))));
                }
            }
            // Each by itself: one unreadable row must not fail the look-ups beside it.
            Err(Fault::Inconsistent(_)) if together.len() > 1 => {
                for asked in together {
                    let _ = asked.answer.send(Some(self.load_set(workspace, &asked.keys).await));
                }
            }
            Err(fault) => {
                for asked in together {
                    let _ = asked.answer.send(Some(Err(fault.clone())));
                }
            }
        }
    }

    /// What keys find, read by statements of their own.
    pub(crate) async fn load_set(&self, workspace: WorkspaceId, keys: &Keys) -> Result<Loaded, Fault> {
        let shards = self.shards(workspace).await?;
        read!(self, counted => crate::load::read(counted, shards, keys))
    }
}
