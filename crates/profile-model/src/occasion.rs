//! What a decision rests on beside the data.

use std::sync::Arc;

use crate::{Actor, Buckets, Fresh, LedgerSecret, Settings, Timestamp};

/// Time, fresh ids, actor and settings of one decision. A decision that runs again gets the same ones and so decides
/// the same.
#[derive(Clone, Debug)]
pub struct Occasion {
    /// Now; items of a batch happen at `now` plus their place in microseconds.
    pub now: Timestamp,
    /// Source of ids.
    pub fresh: Fresh,
    /// Who asks.
    pub actor: Actor,
    /// Settings of the workspace.
    pub settings: Arc<Settings>,
    /// Where new profiles go: into the bucket of the identifier that makes them.
    pub buckets: Buckets,
    /// Whether anybody was ever erased here: else nobody need look at the ledger.
    pub has_erasures: bool,
    /// The secret of the ledger.
    pub ledger: LedgerSecret,
}
