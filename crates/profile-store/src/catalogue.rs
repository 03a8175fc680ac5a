//! Names in use.

use profile_model::{NameKind, Named, WorkspaceId};

use crate::{Fault, ProfileStore};

impl ProfileStore {
    /// One page of names in use, in byte order, behind the first `skip`.
    ///
    /// # Errors
    /// When the backend cannot be read.
    pub async fn names(
        &self,
        workspace: WorkspaceId,
        kind: NameKind,
        skip: u32,
        limit: u32,
    ) -> Result<Vec<Named>, Fault> {
        self.backend().scan_names(workspace, kind, skip, limit).await
    }
}
