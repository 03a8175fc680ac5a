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
        let settings = self.settings(workspace).await?;
        let Deletes { parsed, suppress } = parse_delete(body, &settings)?;
        if parsed.items.is_empty() {
            return Err(IdentityError::NothingValid(parsed.errors));
        }
        let keys = delete_keys(&parsed.items);
        let dry_run = wish.dry_run;
        if !dry_run {
            self.prepare_erasures(workspace, actor.clone()).await?;
        }
        let occasion = self.occasion(workspace, actor).await?;
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

    /// Lets every process know that this workspace looks at the ledger from now on, and waits until they all do: else
    /// an event that arrives beside the very first erasure could be decided without it. Does nothing from then on.
    ///
    /// # Errors
    /// When the backend faults.
    async fn prepare_erasures(&self, workspace: WorkspaceId, actor: Actor) -> Result<(), Fault> {
        if self.occasion(workspace, actor).await?.has_erasures {
            return Ok(());
        }
        let decide = move |_: &Loaded| {
            let config = vec![ConfigChange::NoteErasures(workspace)];
            (ChangeSet { config, ..ChangeSet::default() }.into(), ())
        };
        self.decide(Work::new("prepare_erasures", workspace, Keys::default()).repeatable(), decide).await?;
        self.refresh_config().await;
        tokio::time::sleep(2 * crate::store::CONFIG_TRUST).await;
        Ok(())
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
        if !self.is_suppression(workspace, id).await? {
            return Ok(false);
        }
        let decide = move |_: &Loaded| (ChangeSet { lifted: vec![id], ..ChangeSet::default() }.into(), true);
        let work = Work::new("lift_suppression", workspace, Keys::default()).repeatable();
        Ok(self.decide_once(work, decide).await?.0)
    }
}

impl ProfileStore {
    /// Whether an erasure still refuses anything: then the page behind the id just below it begins with it.
    async fn is_suppression(&self, workspace: WorkspaceId, id: ErasureId) -> Result<bool, Fault> {
        let below = id.0.as_u128().checked_sub(1).map(|below| ErasureId(uuid::Uuid::from_u128(below)));
        let page = self.backend().scan_suppressions(workspace, below, 1).await?;
        Ok(page.first().is_some_and(|suppression| suppression.id == id))
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
