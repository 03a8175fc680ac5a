//! After a restore: who was erased since the backup was made goes again.

use std::sync::Arc;

use profile_model::{
    Actor, Keys, MergeId, Occasion, Profile, ProfileId, Recollection, UndoOutcome, WorkspaceId,
};
use serde_json::json;

use crate::{Fault, IdentityError, ProfileStore, Wish};

/// Profiles that are looked at together.
const PAGE: u32 = 500;

/// Most ids of one deletion (`DEL-1`).
const BATCH: usize = 50;

/// What [`ProfileStore::erase_again`] did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ErasedAgain {
    /// Profiles that were erased again.
    pub erased: u64,
    /// Merges that were undone, because one of the two was erased alone.
    pub parted: u64,
    /// Profiles that one who was erased is part of, by a merge that cannot be undone (any more): a person must decide.
    pub left: Vec<ProfileId>,
}

impl ProfileStore {
    /// Looks at every profile of a restored database, and erases again whom its ledger names. Before that the ledger must
    /// have been taken over from the database that was replaced.
    ///
    /// # Errors
    /// When the backend faults; what was erased by then stays erased, and it can be called again.
    pub async fn erase_again(&self, workspace: WorkspaceId) -> Result<ErasedAgain, Fault> {
        let mut done = ErasedAgain::default();
        let mut after = None;
        loop {
            let page = self.backend().scan_profiles(workspace, after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(done) };
            after = Some(last.id);
            for (id, what) in self.recollect(workspace, &page).await? {
                if what != Recollection::Keep {
                    self.forget(workspace, id, &mut done).await?;
                }
            }
        }
    }

    async fn recollect(
        &self,
        workspace: WorkspaceId,
        profiles: &[Arc<Profile>],
    ) -> Result<Vec<(ProfileId, Recollection)>, Fault> {
        let occasion: Occasion = self.occasion(workspace, restorer()).await?;
        let ledger = profiles.iter().flat_map(|profile| occasion.side_marks(profile)).collect();
        let loaded = self.backend().load(workspace, &Keys { ledger, ..Keys::default() }).await?;
        let each = profiles.iter().map(|profile| (profile.id, occasion.recollect(profile, &loaded)));
        Ok(each.collect())
    }

    /// Takes a profile apart as far as needed, and erases who of it was erased.
    async fn forget(
        &self,
        workspace: WorkspaceId,
        id: ProfileId,
        done: &mut ErasedAgain,
    ) -> Result<(), Fault> {
        let mut waiting = vec![id];
        let mut erased = Vec::new();
        while let Some(id) = waiting.pop() {
            let keys = Keys { profiles: vec![id], ..Keys::default() };
            let loaded = self.backend().load(workspace, &keys).await?;
            let Some(profile) = loaded.profiles.get(&id) else { continue };
            match self.recollect(workspace, std::slice::from_ref(profile)).await?.first() {
                Some((_, Recollection::Erase)) => erased.push(id),
                Some((_, Recollection::Part(merge))) => match self.part(workspace, *merge).await? {
                    Some(both) => {
                        done.parted += 1;
                        waiting.extend(both);
                    }
                    None => done.left.push(id),
                },
                _ => {}
            }
        }
        for ids in erased.chunks(BATCH) {
            let body = json!({"braze_ids": ids});
            match self.delete(workspace, restorer(), &body, Wish::default()).await {
                Ok(_) => done.erased += ids.len() as u64,
                Err(IdentityError::Fault(fault)) => return Err(fault),
                Err(_) => return Err(Fault::Internal("a profile could not be erased again".into())),
            }
        }
        Ok(())
    }

    /// Undoes a merge; both profiles, or `None` if it cannot be undone.
    async fn part(&self, workspace: WorkspaceId, merge: MergeId) -> Result<Option<[ProfileId; 2]>, Fault> {
        Ok(match self.undo_merge(workspace, restorer(), merge, true).await? {
            UndoOutcome::Undone { kept, removed } => Some([kept, removed]),
            _ => None,
        })
    }
}

/// Who the journal says did it.
fn restorer() -> Actor {
    Actor::new("operator", "restore")
}
