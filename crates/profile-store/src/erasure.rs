//! `POST /users/delete`: erasure; and the suppressions it may leave.

use std::sync::Arc;

use profile_model::{
    Actor, ChangeSet, ConfigChange, Decision, Deletes, ErasureId, Keys, Loaded, Suppression, WorkspaceId,
    decide_deletes, delete_keys, parse_delete,
};
use serde_json::Value;

use crate::identity::{answered, manner};
use crate::{Fault, IdentityAnswer, IdentityError, ProfileStore, Wish, Work};

impl ProfileStore {
    /// Erases whom the body names, each with everything merged into it. Uploads are gone when their import has ended.
    ///
    /// # Errors
    /// See [`IdentityError`]; in each case nothing was erased.
    pub async fn delete(
        &self,
        workspace: WorkspaceId,
        actor: Actor,
        body: &Value,
        wish: Wish,
    ) -> Result<IdentityAnswer, IdentityError> {
        let occasion = self.occasion(workspace, actor).await?;
        let Deletes { parsed, suppress } = parse_delete(body, &occasion.settings)?;
        if parsed.items.is_empty() {
            return Err(IdentityError::NothingValid(parsed.errors));
        }
        let keys = delete_keys(&parsed.items);
        let dry_run = wish.dry_run;
        let manner = manner("delete", body, wish);
        let items = Arc::new(parsed.items);
        let accepted = vec![("", items.len())];
        let errors = parsed.errors;
        let decide = move |loaded: &Loaded| {
            let (decision, report) = decide_deletes(&items, suppress, loaded, &occasion, &manner);
            (note_erasures(decision, workspace), answered(report, &errors, &accepted))
        };
        let done = self.decide_identity(Work::new("delete", workspace, keys), dry_run, decide).await?;
        if !dry_run {
            self.refresh_config().await;
        }
        Ok(done)
    }

    /// One page of suppressions.
    ///
    /// # Errors
    /// When the backend cannot be read.
    pub async fn suppressions(
        &self,
        workspace: WorkspaceId,
        after: Option<ErasureId>,
        limit: u32,
    ) -> Result<Vec<Suppression>, Fault> {
        self.backend().scan_suppressions(workspace, after, limit).await
    }

    /// Lifts a suppression: its identifiers are welcome again; whether there was one.
    ///
    /// # Errors
    /// When the backend faults.
    pub async fn lift_suppression(&self, workspace: WorkspaceId, id: ErasureId) -> Result<bool, Fault> {
        self.told_before(workspace).await?;
        let mut before = id.0.as_u128();
        before = before.saturating_sub(1);
        let after = Some(ErasureId(uuid::Uuid::from_u128(before)));
        let found = self.backend().scan_suppressions(workspace, after, 1).await?;
        if found.first().is_none_or(|suppression| suppression.id != id) {
            return Ok(false);
        }
        let decide = move |_: &Loaded| (ChangeSet { lifted: vec![id], ..ChangeSet::default() }.into(), true);
        let work = Work::new("lift_suppression", workspace, Keys::default()).repeatable();
        Ok(self.decide_once(work, decide).await?.0)
    }
}

/// From the first erasure on, every process looks at the ledger.
fn note_erasures(decision: Decision, workspace: WorkspaceId) -> Decision {
    match decision {
        Decision::Write(mut change) if !change.erasures.is_empty() => {
            change.config.push(ConfigChange::NoteErasures(workspace));
            Decision::Write(change)
        }
        decision => decision,
    }
}
