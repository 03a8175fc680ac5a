//! Which shard a row lives in: `sk = workspace << 16 | bucket`.

use std::collections::BTreeMap;

use profile_model::{Buckets, InboxKey, ProfileId, WorkspaceId};

/// The shards of one workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shards {
    workspace: WorkspaceId,
    buckets: Buckets,
}

impl Shards {
    pub(crate) const fn new(workspace: WorkspaceId, buckets: Buckets) -> Self {
        Self { workspace, buckets }
    }

    /// Whether everything of the workspace is in one shard.
    pub(crate) const fn is_one(self) -> bool {
        self.buckets.is_one()
    }

    /// Every shard key, ascending.
    pub(crate) fn all(self) -> impl Iterator<Item = i64> {
        (0..self.buckets.count()).map(move |bucket| self.workspace.shard_key(bucket))
    }

    /// Where jobs, merge records and other rare rows are.
    pub(crate) fn home(self) -> i64 {
        self.workspace.shard_key(0)
    }

    /// Where a profile and everything that belongs to it is.
    pub(crate) fn of_profile(self, id: ProfileId) -> i64 {
        self.workspace.shard_key(id.bucket())
    }

    /// Where rows about a normalised value are.
    pub(crate) fn of_value(self, value: &str) -> i64 {
        self.of_bytes(value.as_bytes())
    }

    /// The same for a value that is no text.
    pub(crate) fn of_bytes(self, value: &[u8]) -> i64 {
        self.workspace.shard_key(self.buckets.of(value))
    }

    /// Where an event of the inbox is: beside what else is about its user.
    pub(crate) fn of_inbox(self, key: &InboxKey) -> i64 {
        self.of_value(key.found_by())
    }
}

/// Rows by shard, shards ascending: every statement is about one of them.
pub(crate) fn by_shard<R>(
    rows: impl IntoIterator<Item = R>,
    shard: impl Fn(&R) -> i64,
) -> BTreeMap<i64, Vec<R>> {
    let mut sorted = BTreeMap::<i64, Vec<R>>::new();
    for row in rows {
        sorted.entry(shard(&row)).or_default().push(row);
    }
    sorted
}
