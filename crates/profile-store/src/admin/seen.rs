//! When a key was last used: written at most once a minute, beside the request and never for it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use profile_model::{ApiKey, ChangeSet, ConfigChange, Decision, KeyId, Loaded, Timestamp};

use super::config_work;
use crate::ProfileStore;

/// How far a stored time may lie behind.
const MINUTE_MICROS: i64 = 60 * 1_000_000;

/// What this process wrote, or began to write, last.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    last: Mutex<HashMap<KeyId, Timestamp>>,
}

impl Seen {
    /// Whether a use at `now` is to be written: not within a minute of the one before, by whichever process. If so,
    /// it counts as written, so that many requests at once write it once.
    fn is_due(&self, key: &ApiKey, now: Timestamp) -> bool {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let known = last.get(&key.id).copied().into_iter().chain(key.last_seen_at);
        if known.into_iter().any(|known| is_near(known, now)) {
            return false;
        }
        last.insert(key.id, now);
        true
    }
}

/// Within a minute. A clock that was set back does not stop the writing.
fn is_near(one: Timestamp, other: Timestamp) -> bool {
    one.as_micros().abs_diff(other.as_micros()) < MINUTE_MICROS.unsigned_abs()
}

impl ProfileStore {
    /// Notes that a key was used now. Returns at once: the write waits behind the work of others, and if it fails, the
    /// next use after a minute writes again.
    pub(super) fn note_seen(&self, key: &ApiKey) {
        let (id, workspace, now) = (key.id, key.workspace, self.now());
        if !self.seen().is_due(key, now) {
            return;
        }
        let store = self.clone();
        tokio::spawn(async move {
            let work = config_work("see_key", workspace).bulk();
            if let Err(fault) = store.decide(work, move |loaded| (decide_seen(loaded, id, now), ())).await {
                tracing::debug!(%fault, key_id = %id, "the last use of a key could not be written");
            }
        });
    }
}

/// Changes the key as it is stored by then: it may have been revoked meanwhile.
fn decide_seen(loaded: &Loaded, id: KeyId, now: Timestamp) -> Decision {
    let stored = loaded.config.as_deref().and_then(|config| config.keys.get(&id));
    match stored.filter(|key| !key.last_seen_at.is_some_and(|known| is_near(known, now))) {
        Some(key) => {
            let seen = ConfigChange::PutKey(ApiKey { last_seen_at: Some(now), ..key.clone() });
            ChangeSet { config: vec![seen], ..ChangeSet::default() }.into()
        }
        None => Decision::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::ModelBackend;
    use crate::{Clock as _, FixedClock};

    const START: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

    async fn store() -> (ProfileStore, Arc<FixedClock>, KeyId) {
        let clock = Arc::new(FixedClock::at(START));
        let backend = Arc::new(ModelBackend::default());
        let store = ProfileStore::new(backend, Arc::clone(&clock) as _, std::path::PathBuf::new());
        let made = store.bootstrap(Some("k".to_owned())).await.unwrap().unwrap();
        (store, clock, made.stored.id)
    }

    async fn stored(store: &ProfileStore, id: KeyId) -> ApiKey {
        store.backend().load_config().await.unwrap().keys[&id].clone()
    }

    /// Lets what was begun beside the test come to its end: one thread, and nothing in it waits for a clock.
    async fn settle() {
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_use_is_written_once_a_minute_and_nobody_waits_for_it() {
        let (store, clock, id) = store().await;
        let uses = async |count: usize| {
            for _ in 0..count {
                assert!(store.authenticate("k").await.unwrap().is_some());
            }
        };
        uses(5).await;
        // The answer is here and nothing is written yet: the caller has not waited for it.
        assert_eq!(stored(&store, id).await.last_seen_at, None);
        settle().await;
        assert_eq!(stored(&store, id).await.last_seen_at, Some(START));
        let revision = store.backend().config_revision().await.unwrap();
        clock.advance_micros(MINUTE_MICROS - 1);
        uses(5).await;
        settle().await;
        assert_eq!(store.backend().config_revision().await.unwrap(), revision);
        clock.advance_micros(1);
        uses(5).await;
        settle().await;
        assert_eq!(stored(&store, id).await.last_seen_at, Some(clock.now()));
        assert_eq!(store.backend().config_revision().await.unwrap(), revision + 1);
    }

    /// The key that this process knows is a moment old: writing it back would undo what another process did.
    #[tokio::test]
    async fn a_key_that_is_revoked_meanwhile_stays_revoked() {
        let (store, _, id) = store().await;
        store.authenticate("k").await.unwrap();
        store.revoke_key(&id.to_string()).await.unwrap();
        settle().await;
        let key = stored(&store, id).await;
        assert_eq!((key.revoked_at, key.last_seen_at), (Some(START), Some(START)));
        assert!(store.authenticate("k").await.unwrap().is_none());
    }

    #[tokio::test]
    async fn an_unknown_key_leaves_no_trace() {
        let (store, _, id) = store().await;
        assert!(store.authenticate("other").await.unwrap().is_none());
        settle().await;
        assert_eq!(stored(&store, id).await.last_seen_at, None);
    }
}
