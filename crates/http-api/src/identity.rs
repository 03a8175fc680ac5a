//! The identity calls: `/users/identify`, `/users/merge`, aliases, external ids, undo and history.

pub(crate) mod calls;
pub(crate) mod delete;
pub(crate) mod external_ids;
pub(crate) mod history;
pub(crate) mod undo;

mod outcomes;
pub(crate) mod wish;
