//! A batch for a huge workspace: each part in a transaction of its own, so that none needs more than one shard but the
//! objects that write to several.

use std::sync::Arc;

use profile_model::{
    Door, Loaded, Occasion, TrackCall, TrackOutcome, TrackPart, WorkspaceId, decide_part, spread_keys,
    spread_track, track_keys,
};
use tokio::task::JoinSet;

use super::{Batch, TrackAnswer, TrackError, tracked, work_of};
use crate::{Applied, Fault, ProfileStore};

/// Parts of one request under way at once: others want connections, too.
const AT_ONCE: usize = 4;

type Done = Result<(TrackOutcome, Applied), Fault>;

impl ProfileStore {
    /// Tracks a batch part by part. Each object is applied as a whole or not at all; of a batch some may be, if the store
    /// fails between them.
    pub(super) async fn track_spread(
        &self,
        workspace: WorkspaceId,
        batch: Batch,
        call: TrackCall,
    ) -> Result<TrackAnswer, TrackError> {
        let Batch { items, errors, accepted, occasion } = batch;
        let loaded = self.backend().load(workspace, &spread_keys(&items)).await?;
        let mut waiting = spread_track(items, &loaded, occasion.buckets).into_iter();
        let occasion = Arc::new(occasion);
        let (mut running, mut done, mut failed) = (JoinSet::new(), Vec::new(), Vec::new());
        loop {
            while running.len() < AT_ONCE
                && let Some(part) = waiting.next()
            {
                let (store, occasion) = (self.clone(), Arc::clone(&occasion));
                running.spawn(async move {
                    let part = Arc::new(part);
                    let tried = store.track_part(workspace, Arc::clone(&part), call, occasion).await;
                    (part, tried)
                });
            }
            match running.join_next().await {
                Some(Ok((part, Err(fault)))) if is_undone(&fault) => failed.push((part, fault)),
                Some(Ok((_, tried))) => done.push(tried),
                Some(Err(_)) => done.push(Err(Fault::Internal("a part of a batch was cut off".into()))),
                None => break,
            }
        }
        // A batch that has begun is worth another try, one part after the other.
        let has_begun = done.iter().any(|part| part.as_ref().is_ok_and(|(_, applied)| applied.wrote));
        for (part, fault) in failed {
            done.push(if has_begun {
                tracing::warn!(%fault, "a part of a batch was not written while others were; it is tried again");
                self.track_part(workspace, part, call, Arc::clone(&occasion)).await
            } else {
                Err(fault)
            });
        }
        let (outcome, applied) = together(done)?;
        let tracked = tracked(accepted, &errors, &outcome)?;
        Ok(TrackAnswer { statements: applied.statements, retries: applied.retries, ..tracked })
    }

    async fn track_part(
        &self,
        workspace: WorkspaceId,
        part: Arc<TrackPart>,
        call: TrackCall,
        occasion: Arc<Occasion>,
    ) -> Done {
        let mut keys = track_keys(&part.items);
        occasion.remember(&mut keys);
        let decide = move |loaded: &Loaded| decide_part(&part, loaded, Door::Api, &occasion);
        self.decide(work_of(workspace, keys, call), decide).await
    }
}

/// Whether nothing was written, and trying again may help.
const fn is_undone(fault: &Fault) -> bool {
    matches!(fault, Fault::Unavailable(_) | Fault::Conflict)
}

/// What the parts did. If one failed after another had written, nobody can say of the batch that nothing was.
fn together(parts: Vec<Done>) -> Done {
    let mut whole = TrackOutcome::default();
    let mut applied = Applied { wrote: false, statements: 0, retries: 0 };
    let mut failed = None;
    for part in parts {
        match part {
            Ok((outcome, part)) => {
                whole.items.extend(outcome.items);
                whole.errors.extend(outcome.errors);
                applied.wrote |= part.wrote;
                applied.statements += part.statements;
                applied.retries += part.retries;
            }
            Err(fault) => failed = failed.or(Some(fault)),
        }
    }
    match failed {
        Some(fault) if applied.wrote => {
            tracing::error!(%fault, "a batch was written in part");
            Err(Fault::OutcomeUnknown)
        }
        Some(fault) => Err(fault),
        None => Ok((whole, applied)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(wrote: bool) -> Done {
        Ok((TrackOutcome::default(), Applied { wrote, statements: 2, retries: 1 }))
    }

    #[test]
    fn a_batch_of_which_a_part_may_be_written_is_not_said_to_have_failed() {
        let failed = || Err(Fault::Unavailable("gone".into()));
        assert!(matches!(together(vec![part(true), failed()]), Err(Fault::OutcomeUnknown)));
        assert!(matches!(together(vec![failed(), part(false)]), Err(Fault::Unavailable(_))));
        let (_, applied) = together(vec![part(true), part(false)]).unwrap();
        assert_eq!(applied, Applied { wrote: true, statements: 4, retries: 2 });
    }
}
