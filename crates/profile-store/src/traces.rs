//! The storage contract for a disclosure: rows about one person in tables that nothing else reads row by row.

use async_trait::async_trait;
use profile_model::{
    EventRow, ImportId, ImportIssue, InboxKey, InboxRow, LineUserId, ProfileId, PurchaseRow, WorkspaceId,
};

use crate::Fault;

/// Pages of rows about one person, in the order they were written. The number before a row is its place: the next page
/// is asked for `after` the last one's, the first after 0.
#[async_trait]
pub trait Traces {
    /// Events written to these profiles.
    async fn scan_events(
        &self,
        workspace: WorkspaceId,
        profiles: &[ProfileId],
        after: u64,
        limit: u32,
    ) -> Result<Vec<(u64, EventRow)>, Fault>;

    /// Purchases written to these profiles.
    async fn scan_purchases(
        &self,
        workspace: WorkspaceId,
        profiles: &[ProfileId],
        after: u64,
        limit: u32,
    ) -> Result<Vec<(u64, PurchaseRow)>, Fault>;

    /// LINE events about this user, in the order of their keys.
    async fn scan_inbox_of(
        &self,
        workspace: WorkspaceId,
        user: &LineUserId,
        after: Option<InboxKey>,
        limit: u32,
    ) -> Result<Vec<InboxRow>, Fault>;

    /// Lines of import reports with one of these texts in a cell, blanks around it and letter case aside.
    async fn scan_issues_naming(
        &self,
        workspace: WorkspaceId,
        texts: &[String],
        after: u64,
        limit: u32,
    ) -> Result<Vec<(u64, ImportId, ImportIssue)>, Fault>;
}
