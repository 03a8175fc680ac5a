//! Rows about one person, from memory.

use async_trait::async_trait;
use profile_model::{
    EventRow, ImportId, ImportIssue, InboxKey, InboxRow, LineUserId, ProfileId, PurchaseRow, WorkspaceId,
};

use super::ModelBackend;
use crate::{Fault, Traces};

/// Numbers rows from 1 and takes a page of those that are wanted.
fn page<'r, R: Clone + 'r>(
    rows: impl Iterator<Item = &'r R>,
    wanted: impl Fn(&R) -> bool,
    after: u64,
    limit: u32,
) -> Vec<(u64, R)> {
    let numbered = (1..).zip(rows).filter(|(number, row)| *number > after && wanted(row));
    numbered.take(limit as usize).map(|(number, row)| (number, row.clone())).collect()
}

#[async_trait]
impl Traces for ModelBackend {
    async fn scan_events(
        &self,
        workspace: WorkspaceId,
        profiles: &[ProfileId],
        after: u64,
        limit: u32,
    ) -> Result<Vec<(u64, EventRow)>, Fault> {
        let wanted = |row: &EventRow| profiles.contains(&row.profile);
        Ok(self.read(workspace, |world| page(world.events.iter(), wanted, after, limit)))
    }

    async fn scan_purchases(
        &self,
        workspace: WorkspaceId,
        profiles: &[ProfileId],
        after: u64,
        limit: u32,
    ) -> Result<Vec<(u64, PurchaseRow)>, Fault> {
        let wanted = |row: &PurchaseRow| profiles.contains(&row.profile);
        Ok(self.read(workspace, |world| page(world.purchases.iter(), wanted, after, limit)))
    }

    async fn scan_inbox_of(
        &self,
        workspace: WorkspaceId,
        user: &LineUserId,
        after: Option<InboxKey>,
        limit: u32,
    ) -> Result<Vec<InboxRow>, Fault> {
        Ok(self.read(workspace, |world| {
            let of_user = world.inbox.values().filter(|row| row.user.as_ref() == Some(user));
            let rest = of_user.filter(|row| after.as_ref().is_none_or(|after| row.key > *after));
            rest.take(limit as usize).cloned().collect()
        }))
    }

    async fn scan_issues_naming(
        &self,
        workspace: WorkspaceId,
        texts: &[String],
        after: u64,
        limit: u32,
    ) -> Result<Vec<(u64, ImportId, ImportIssue)>, Fault> {
        let names = |cell: &String| texts.contains(&cell.trim().to_lowercase());
        Ok(self.read(workspace, |world| {
            let all: Vec<_> = world
                .issues
                .iter()
                .flat_map(|(id, issues)| issues.iter().map(|issue| (*id, issue.clone())))
                .collect();
            let wanted = |(_, issue): &(ImportId, ImportIssue)| issue.cells.iter().any(names);
            let found = page(all.iter(), wanted, after, limit);
            found.into_iter().map(|(number, (id, issue))| (number, id, issue)).collect()
        }))
    }
}
